//! Looks at the place of a storage file before SQLite does: its folder, and whether that is on another
//! machine, where SQLite's locks cannot be relied upon and a shared file is sooner or later damaged.

use std::path::{Path, PathBuf};

use super::error::refused;
use crate::error::Result;

/// The file's full path, once its place is found good.
pub(super) fn look(path: &Path) -> Result<PathBuf> {
    let shown = path.display();
    let Some(name) = path.file_name() else {
        return Err(refused(format!("storage: `{shown}` names no file")));
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let folder = folder.canonicalize().map_err(|error| {
        let message = format!(
            "storage file {shown}: its folder does not exist or cannot be read; create {}",
            folder.display()
        );
        refused(message).with_source(error)
    })?;
    if path.is_dir() {
        let how = "add the name of a file, for example slugline.db";
        return Err(refused(format!("storage: {shown} is a folder; {how}")));
    }
    // A link is followed: what counts is where the file itself is.
    let file = folder.join(name);
    let file = file.canonicalize().unwrap_or(file);
    if let Some(kind) = network(&file) {
        return Err(refused(format!(
            "storage file {shown} is on a network file system ({kind}), where SQLite's locks do not \
             hold: name a file on a local disk"
        )));
    }
    Ok(file)
}

/// The kind of network file system that a path is on.
#[cfg(target_os = "linux")]
fn network(path: &Path) -> Option<String> {
    let table = std::fs::read("/proc/self/mountinfo").ok()?;
    let kind = mount_kind(&String::from_utf8_lossy(&table), path)?;
    is_network(&kind).then_some(kind)
}

#[cfg(target_vendor = "apple")]
fn network(path: &Path) -> Option<String> {
    /// `MNT_LOCAL` of `sys/mount.h`.
    const LOCAL: u32 = 0x1000;
    let folder = path.parent()?;
    let found = rustix::fs::statfs(folder).ok()?;
    (found.f_flags & LOCAL == 0).then(|| "not local".to_owned())
}

#[cfg(windows)]
fn network(path: &Path) -> Option<String> {
    use std::path::{Component, Prefix};
    // A full path tells a mapped drive as the share it stands for.
    match path.components().next()? {
        Component::Prefix(prefix) => match prefix.kind() {
            Prefix::UNC(..) | Prefix::VerbatimUNC(..) => Some("a share".to_owned()),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple", windows)))]
fn network(_: &Path) -> Option<String> {
    None
}

/// The type of the file system that is mounted over a path: the last of the longest mount points.
#[cfg(any(target_os = "linux", test))]
fn mount_kind(table: &str, path: &Path) -> Option<String> {
    let mut best: Option<(usize, &str)> = None;
    for line in table.lines() {
        // "36 35 98:0 /root /mount/point rw,noatime - ext3 /dev/root rw"
        let mut fields = line.split(' ');
        let (Some(point), Some(kind)) = (
            fields.nth(4),
            line.split_once(" - ")
                .and_then(|(_, rest)| rest.split(' ').next()),
        ) else {
            continue;
        };
        let point = unescaped(point);
        let longest = best.map_or(0, |(length, _)| length);
        if path.starts_with(&point) && point.len() >= longest {
            best = Some((point.len(), kind));
        }
    }
    best.map(|(_, kind)| kind.to_owned())
}

/// A mount point with the kernel's octal escapes of blanks undone.
#[cfg(any(target_os = "linux", test))]
fn unescaped(text: &str) -> String {
    text.replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\")
}

/// File systems whose files are on another machine. `fuse` alone says nothing: virtual machines and
/// local disks are mounted so too.
#[cfg(any(target_os = "linux", test))]
fn is_network(kind: &str) -> bool {
    const KINDS: &[&str] = &[
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "davfs",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "orangefs",
        "pvfs2",
        "smb3",
        "smbfs",
    ];
    const OVER_FUSE: &[&str] = &[
        "ceph",
        "davfs",
        "davfs2",
        "gcsfuse",
        "glusterfs",
        "goofys",
        "juicefs",
        "mount-s3",
        "rclone",
        "s3fs",
        "sshfs",
    ];
    match kind.strip_prefix("fuse.") {
        Some(over) => OVER_FUSE.contains(&over),
        None => KINDS.contains(&kind),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TABLE: &str = "\
22 27 0:21 / / rw,relatime - ext4 /dev/vda rw
23 27 0:22 / /srv rw - nfs4 server:/srv rw
24 27 0:23 / /srv/ada/local rw shared:3 - xfs /dev/vdb rw
25 27 0:24 / /mnt/with\\040blank rw - fuse.sshfs ada@host:/ rw
26 27 0:25 / /mnt/host rw - fuse.grpcfuse host rw
";

    #[test]
    fn the_nearest_mount_counts() {
        let kind = |path| mount_kind(TABLE, Path::new(path)).unwrap();
        assert_eq!(kind("/var/slugline.db"), "ext4");
        assert_eq!(kind("/srv/ada/slugline.db"), "nfs4");
        assert_eq!(kind("/srv/ada/local/slugline.db"), "xfs");
        assert_eq!(kind("/srv2/slugline.db"), "ext4");
        assert_eq!(kind("/mnt/with blank/slugline.db"), "fuse.sshfs");
    }

    #[test]
    fn network_file_systems_are_known() {
        for kind in [
            "nfs",
            "nfs4",
            "cifs",
            "smb3",
            "fuse.sshfs",
            "fuse.s3fs",
            "ceph",
        ] {
            assert!(is_network(kind), "{kind}");
        }
        for kind in [
            "ext4",
            "xfs",
            "btrfs",
            "overlay",
            "tmpfs",
            "9p",
            "fuse.grpcfuse",
            "virtiofs",
        ] {
            assert!(!is_network(kind), "{kind}");
        }
    }

    #[test]
    fn a_place_that_cannot_be_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("absent").join("slugline.db");
        let error = look(&path).unwrap_err();
        assert_eq!(error.code(), "config_error");
        assert!(error.to_string().contains("folder does not exist"));
        assert!(
            look(folder.path())
                .unwrap_err()
                .to_string()
                .contains("is a folder")
        );
        assert!(look(&folder.path().join("slugline.db")).is_ok());
    }
}

//! Files by path below a root: on disk, or in memory.
//!
//! Paths are relative, with `/`, and made of checked names only. Here is all the file system
//! that prompts touch: nothing outside the root is read, whatever a link says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::frontmatter::{MAX_BODY, MAX_HEADER};
use super::place::{Spot, error_at};
use crate::{Error, ErrorKind, Result};

/// Most bytes of any file here.
const MAX_FILE: u64 = (MAX_HEADER + MAX_BODY + 4096) as u64;
/// A file changed this short a time ago may change again without its time showing it.
const COARSE_CLOCK: Duration = Duration::from_millis(50);

/// What tells whether a file is still the one that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stamp {
    /// There is none.
    Absent,
    /// Its time and size.
    Present {
        modified: Option<SystemTime>,
        size: u64,
        /// It was changed just before it was looked at, so the next look cannot rely on its time.
        fresh: bool,
    },
}

impl Stamp {
    /// Whether a file with this stamp is the one that had `old`.
    pub(crate) fn still(self, old: Stamp) -> bool {
        match (old, self) {
            (Stamp::Absent, Stamp::Absent) => true,
            (
                Stamp::Present {
                    modified,
                    size,
                    fresh: false,
                },
                Stamp::Present {
                    modified: now,
                    size: size_now,
                    ..
                },
            ) => modified == now && size == size_now,
            _ => false,
        }
    }
}

/// A name in a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) is_folder: bool,
}

/// A tree of files.
pub(crate) trait Files: Send + Sync {
    /// The text of a file; `None` where there is none.
    fn read(&self, path: &str) -> Result<Option<Arc<str>>>;
    /// The stamp of a file or folder.
    fn stamp(&self, path: &str) -> Stamp;
    /// Files and folders in a folder, by name; empty where there is no such folder.
    fn entries(&self, folder: &str) -> Result<Vec<Entry>>;
}

/// A name below a folder; `""` is the root.
pub(crate) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

/// The folder of a path.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A folder on disk.
#[derive(Debug)]
pub(crate) struct Folder {
    /// Canonical, so that what lies inside can be told by its prefix.
    root: PathBuf,
}

impl Folder {
    /// Opens a folder; `config_error` where it is none.
    pub(crate) fn open(path: &Path) -> Result<Folder> {
        let wrong = |why: &str| {
            let shown = path.display();
            Error::new(
                ErrorKind::ConfigError,
                format!("the prompt folder `{shown}` {why}"),
            )
            .with_param("prompts")
        };
        let root = path
            .canonicalize()
            .map_err(|error| wrong("cannot be opened").with_source(error))?;
        if !root.is_dir() {
            return Err(wrong("is not a folder"));
        }
        Ok(Folder { root })
    }

    /// The root.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The real place of a path: `None` where there is nothing, an error where a link leads out.
    pub(crate) fn locate(&self, path: &str) -> Result<Option<PathBuf>> {
        let wanted = self.root.join(path);
        let Ok(real) = wanted.canonicalize() else {
            return Ok(None);
        };
        let Ok(inside) = real.strip_prefix(&self.root) else {
            return Err(Error::new(
                ErrorKind::ConfigError,
                format!("`{path}` is a link that leaves the prompt folder: copy the file into it"),
            ));
        };
        // A disk that ignores case must not make two names of one prompt.
        let inside = inside.to_string_lossy().replace('\\', "/");
        if inside != path && inside.eq_ignore_ascii_case(path) {
            return Ok(None);
        }
        Ok(Some(real))
    }
}

impl Files for Folder {
    fn read(&self, path: &str) -> Result<Option<Arc<str>>> {
        let Some(real) = self.locate(path)? else {
            return Ok(None);
        };
        let failed = |error: std::io::Error| {
            Error::new(ErrorKind::ConfigError, format!("`{path}` cannot be read"))
                .with_source(error)
        };
        let metadata = std::fs::metadata(&real).map_err(failed)?;
        if !metadata.is_file() {
            return Ok(None);
        }
        if metadata.len() > MAX_FILE {
            let start = Spot { line: 1, column: 1 };
            return Err(error_at(path, start, "the file is larger than 1.25 MB"));
        }
        let bytes = std::fs::read(&real).map_err(failed)?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text.into())),
            Err(error) => {
                let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let spot = end_of(&String::from_utf8_lossy(good));
                Err(error_at(path, spot, "the file is not UTF-8 text"))
            }
        }
    }

    fn stamp(&self, path: &str) -> Stamp {
        let Ok(metadata) = std::fs::metadata(self.root.join(path)) else {
            return Stamp::Absent;
        };
        let modified = metadata.modified().ok();
        // A time in the future is some other machine's: it will change with the file.
        let is_fresh = |modified| {
            let age = SystemTime::now().duration_since(modified);
            age.is_ok_and(|age| age < COARSE_CLOCK)
        };
        Stamp::Present {
            modified,
            size: metadata.len(),
            fresh: modified.is_none_or(is_fresh),
        }
    }

    fn entries(&self, folder: &str) -> Result<Vec<Entry>> {
        let Some(real) = self.locate(folder)? else {
            return Ok(Vec::new());
        };
        let Ok(listing) = std::fs::read_dir(real) else {
            return Ok(Vec::new());
        };
        let mut entries: Vec<Entry> = listing
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let kind = entry.file_type().ok()?;
                // Links to folders are reachable by name and left out here: they may go round.
                let is_file = kind.is_file() || (kind.is_symlink() && entry.path().is_file());
                (kind.is_dir() || is_file).then_some(())?;
                Some(Entry {
                    name: entry.file_name().into_string().ok()?,
                    is_folder: kind.is_dir(),
                })
            })
            .collect();
        entries.sort();
        Ok(entries)
    }
}

fn end_of(text: &str) -> Spot {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Spot {
        line: count(text.matches('\n').count() + 1),
        column: count(text.rsplit('\n').next().unwrap_or_default().chars().count() + 1),
    }
}

/// Files in memory, by path.
#[derive(Debug, Default)]
pub(crate) struct MemoryFiles(pub(crate) BTreeMap<String, Arc<str>>);

impl Files for MemoryFiles {
    fn read(&self, path: &str) -> Result<Option<Arc<str>>> {
        Ok(self.0.get(path).cloned())
    }

    fn stamp(&self, path: &str) -> Stamp {
        match self.0.get(path) {
            None => Stamp::Absent,
            Some(text) => Stamp::Present {
                modified: None,
                size: text.len() as u64,
                fresh: false,
            },
        }
    }

    fn entries(&self, folder: &str) -> Result<Vec<Entry>> {
        let mut entries: Vec<Entry> = self
            .0
            .keys()
            .filter_map(|path| {
                let below = match folder {
                    "" => path,
                    folder => path.strip_prefix(folder)?.strip_prefix('/')?,
                };
                let (name, is_folder) = match below.split_once('/') {
                    Some((name, _)) => (name, true),
                    None => (below, false),
                };
                Some(Entry {
                    name: name.to_owned(),
                    is_folder,
                })
            })
            .collect();
        entries.dedup();
        Ok(entries)
    }
}

impl<T: Files + ?Sized> Files for &T {
    fn read(&self, path: &str) -> Result<Option<Arc<str>>> {
        (**self).read(path)
    }

    fn stamp(&self, path: &str) -> Stamp {
        (**self).stamp(path)
    }

    fn entries(&self, folder: &str) -> Result<Vec<Entry>> {
        (**self).entries(folder)
    }
}

impl<T: Files + ?Sized> Files for Arc<T> {
    fn read(&self, path: &str) -> Result<Option<Arc<str>>> {
        (**self).read(path)
    }

    fn stamp(&self, path: &str) -> Stamp {
        (**self).stamp(path)
    }

    fn entries(&self, folder: &str) -> Result<Vec<Entry>> {
        (**self).entries(folder)
    }
}

/// Files that remember what was looked at, so that a change of any of it can be told later.
pub(crate) struct Watched<'a> {
    files: &'a dyn Files,
    seen: Mutex<Vec<(String, Stamp)>>,
}

impl<'a> Watched<'a> {
    pub(crate) fn new(files: &'a dyn Files) -> Self {
        Watched {
            files,
            seen: Mutex::default(),
        }
    }

    /// Everything looked at, with the stamp it had before it was read.
    pub(crate) fn into_seen(self) -> Vec<(String, Stamp)> {
        self.seen
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn see(&self, path: &str) {
        let stamp = self.files.stamp(path);
        if stamp != Stamp::Absent || path.is_empty() {
            return self.note(path, stamp);
        }
        // A file that appears changes its folder, so one look at the folder stands for all that
        // are not in it.
        let mut folder = parent(path);
        let mut of_folder = self.files.stamp(folder);
        while of_folder == Stamp::Absent && !folder.is_empty() {
            folder = parent(folder);
            of_folder = self.files.stamp(folder);
        }
        self.note(folder, of_folder);
        if self.files.stamp(path) != Stamp::Absent {
            // It came while we looked: remembered as absent, it is a change at the next look.
            self.note(path, Stamp::Absent);
        }
    }

    fn note(&self, path: &str, stamp: Stamp) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.iter().any(|(one, _)| one == path) {
            seen.push((path.to_owned(), stamp));
        }
    }
}

impl Files for Watched<'_> {
    fn read(&self, path: &str) -> Result<Option<Arc<str>>> {
        self.see(path);
        self.files.read(path)
    }

    fn stamp(&self, path: &str) -> Stamp {
        self.see(path);
        self.files.stamp(path)
    }

    fn entries(&self, folder: &str) -> Result<Vec<Entry>> {
        self.see(folder);
        self.files.entries(folder)
    }
}

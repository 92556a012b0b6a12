//! Which files this process has open, and which a process it was forked from had.
//!
//! SQLite keeps its locks in tables a process: a child inherits the tables and not the locks. A file that
//! was open at the fork must not be opened in the child, or it is damaged sooner or later; one that was
//! closed then is as good as new. Read without a lock, as a lock may be held for ever in a child.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwap;

use crate::error::{Error, ErrorKind, Result};

/// A connection: its process, and its file.
type Entry = (u32, PathBuf);

static OPEN: LazyLock<ArcSwap<Vec<Entry>>> = LazyLock::new(ArcSwap::default);

/// Stands in the list while a connection is open.
pub(super) struct InUse(Entry);

impl InUse {
    /// A connection to this file is about to be opened.
    ///
    /// # Errors
    /// `store_error` in a process that was forked while the file was open.
    pub(super) fn enter(path: &Path) -> Result<InUse> {
        let own = std::process::id();
        let others = OPEN.load();
        if others
            .iter()
            .any(|(process, file)| *process != own && file == path)
        {
            return Err(Error::new(
                ErrorKind::StoreError,
                format!(
                    "storage file {}: this process was forked while the file was in use, which SQLite \
                     cannot follow; fork first, or a second after the last call, or start a new program",
                    path.display()
                ),
            ));
        }
        let entry = (own, path.to_owned());
        OPEN.rcu(|list| {
            let mut list = Vec::clone(list);
            list.push(entry.clone());
            Arc::new(list)
        });
        Ok(InUse(entry))
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        OPEN.rcu(|list| {
            let mut list = Vec::clone(list);
            if let Some(place) = list.iter().position(|entry| *entry == self.0) {
                list.remove(place);
            }
            Arc::new(list)
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_open_at_a_fork_is_refused() {
        let path = Path::new("/nowhere/forked.db");
        drop((InUse::enter(path).unwrap(), InUse::enter(path).unwrap()));
        // As a child finds the list.
        let inherited = (std::process::id() ^ 1, path.to_owned());
        OPEN.rcu(|list| {
            let mut list = Vec::clone(list);
            list.push(inherited.clone());
            Arc::new(list)
        });
        let error = InUse::enter(path).err().unwrap();
        assert_eq!(error.code(), "store_error");
        assert!(InUse::enter(Path::new("/nowhere/other.db")).is_ok());
    }
}

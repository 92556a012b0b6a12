//! Where a page ended: the time and the place in the store of its last row. Opaque to callers.

use crate::error::{Error, Result};

/// The last row of a page. The next page starts after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cursor {
    pub(super) created_ms: i64,
    /// The row's number in its store, which grows with each row written.
    pub(super) sequence: i64,
}

impl Cursor {
    pub(super) fn read(text: &str) -> Result<Cursor> {
        let read = || {
            let (created, sequence) = text.split_once('.')?;
            Some(Cursor {
                created_ms: created.parse().ok()?,
                sequence: sequence.parse().ok()?,
            })
        };
        read().ok_or_else(|| {
            let message = "`cursor` is not the `next_cursor` of a page: pass it as it was given";
            Error::invalid("cursor", message)
        })
    }

    pub(super) fn write(self) -> String {
        format!("{}.{}", self.created_ms, self.sequence)
    }
}

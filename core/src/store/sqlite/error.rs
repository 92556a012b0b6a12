//! SQLite's errors in our words: which file, what is wrong, how to mend it.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::error::{Error, ErrorKind};

/// An error of SQLite about this file. No value of a statement is in it.
pub(super) fn failed(path: &Path, error: rusqlite::Error) -> Error {
    let file = path.display();
    let what = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another process holds its lock for too long; try again"
        }
        Some(ErrorCode::DiskFull) => "the disk is full",
        Some(ErrorCode::CannotOpen) => {
            "it cannot be opened; see whether it was moved or removed, and who may write it and its folder"
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            "it cannot be written; check the permissions of the file and its folder, or use \
             storage = \"memory:\""
        }
        Some(ErrorCode::NotADatabase) => "it is not a SQLite database; name another file",
        Some(ErrorCode::DatabaseCorrupt) => "it is damaged; restore it, or name another file",
        Some(ErrorCode::SystemIoFailure) => "the disk failed",
        None if matches!(error, rusqlite::Error::FromSqlConversionFailure(..)) => {
            "a row of it cannot be read: another program has changed it; delete that row there"
        }
        _ => "SQLite refused a statement",
    };
    let busy = matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    );
    Error::new(
        ErrorKind::StoreError,
        format!("storage file {file}: {what}"),
    )
    .with_retryable(busy)
    .with_source(error)
}

/// The storage that the configuration names cannot be used.
pub(super) fn refused(message: String) -> Error {
    Error::new(ErrorKind::ConfigError, message).with_param("engine.storage")
}

//! Opens connections: the file is made for its owner alone, checked and brought up to date once, and
//! every connection gets the same settings.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::{failed, refused};
use super::guest;
use super::in_use::InUse;
use super::place;
use super::schema::{self, Problem};
use crate::error::Result;

/// How long a statement waits for another process.
pub(super) const BUSY: Duration = Duration::from_secs(10);
/// How often a setting is tried that other processes are changing.
const MOST_TRIES: u32 = 100;
/// Most bytes of a statement of the user.
const MOST_SQL: i32 = 1 << 20;

/// Looks at the place, makes the file where there is none, and brings it up to date. Gives its full path.
pub(super) fn prepare(path: &Path) -> Result<PathBuf> {
    let path = place::look(path)?;
    let _open = InUse::enter(&path)?;
    make(&path)?;
    let mut connection =
        Connection::open_with_flags(&path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE))
            .map_err(|error| failed(&path, error))?;
    let prepared = settings(&connection)
        .map_err(Problem::from)
        .and_then(|()| schema::migrate(&mut connection));
    match prepared {
        Ok(()) => Ok(path),
        Err(Problem::Sqlite(error)) => Err(failed(&path, error)),
        Err(Problem::Told(mut error)) => {
            let data = error.data_mut();
            data.message = format!("storage file {}: {}", path.display(), data.message);
            Err(error)
        }
    }
}

/// A connection for the thread that writes.
pub(super) fn writer(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE))?;
    settings(&connection)?;
    // A batch of recordings with payload: what does not fit is written twice.
    connection.pragma_update(None, "cache_size", -8_000)?;
    Ok(connection)
}

/// A connection for the thread that reads.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE))?;
    settings(&connection)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// A connection for one statement of the user, which can neither write nor reach another file.
pub(super) fn guest(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_ONLY))?;
    connection.busy_timeout(BUSY)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, MOST_SQL)?;
    let most = i32::try_from(guest::MOST_BYTES).unwrap_or(i32::MAX);
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, most)?;
    Ok(connection)
}

/// No mutex, as a connection stays on its thread; no names of the form `file:`.
fn flags(access: OpenFlags) -> OpenFlags {
    access | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

fn settings(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    // Says something of a new file only. A row with its payload takes about half of a common page of 4 KiB; a
    // page costs two writes and a read, whatever its size.
    connection.pragma_update(None, "page_size", 16_384)?;
    keep_log(connection)?;
    // In WAL mode a commit outlives the process at this level; a power cut may take the last ones, whole.
    connection.pragma_update(None, "synchronous", "normal")?;
    // What is deleted is overwritten, in the file and in its free pages.
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Has changes written to a log first. Where another process does the same to a new file at this moment SQLite
/// refuses at once; it waits for a transaction.
fn keep_log(connection: &Connection) -> rusqlite::Result<()> {
    let mut tries = 0;
    loop {
        let kept = connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()));
        match kept {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && tries < MOST_TRIES =>
            {
                tries += 1;
                connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?;
            }
            kept => return kept,
        }
    }
}

/// Makes the file where there is none, so that only its owner may read it. SQLite gives the same mode to
/// the files beside it.
fn make(path: &Path) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let how = "check the permissions of the file and its folder, or use storage = \"memory:\"";
    let cannot = |what: &str, error: std::io::Error| {
        refused(format!("storage file {}: {what}; {how}", path.display())).with_source(error)
    };
    options
        .open(path)
        .map_err(|error| cannot("it cannot be opened for writing", error))?;
    // SQLite needs files of its own beside it.
    let folder = path.parent().unwrap_or(Path::new("."));
    tempfile_in(folder).map_err(|error| cannot("its folder cannot be written", error))
}

/// Whether a file can be made in a folder.
fn tempfile_in(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(format!(".slugline-{}", uuid::Uuid::new_v4().simple()));
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)?;
    std::fs::remove_file(&path)
}

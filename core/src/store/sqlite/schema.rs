//! The tables, and how a file of an older release is brought up to date. `docs/recordings.md` describes
//! them for other tools: a column is added by a step, and none changes its meaning.

use rusqlite::{Connection, TransactionBehavior};

use crate::error::{Error, ErrorKind};

/// Marks a file as ours: "SLUG".
const APPLICATION: i32 = 0x534C_5547;

/// A step a version: the first makes an empty file one of version 1.
const STEPS: &[&str] = &[include_str!("schema_1.sql"), include_str!("schema_2.sql")];

/// Why a file cannot be used.
pub(super) enum Problem {
    Sqlite(rusqlite::Error),
    Told(Error),
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        Problem::Sqlite(error)
    }
}

/// Brings a file to the newest version. Of two processes that open it at once the second one waits.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), Problem> {
    // A look without a lock first: nearly always there is nothing to do.
    if is_current(connection)? {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = version(&transaction)?;
    if version == 0 {
        let tables: i64 =
            transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if tables > 0 {
            return Err(told(
                "it is the database of another program; name another file",
            ));
        }
    }
    for (step, version) in STEPS.iter().zip(1i64..).skip(version) {
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", version)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.commit()?;
    Ok(())
}

/// Whether the file is at the newest version already.
fn is_current(connection: &Connection) -> Result<bool, Problem> {
    let version = version(connection)?;
    let application: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if version > 0 && application != APPLICATION {
        return Err(told(
            "it is the database of another program; name another file",
        ));
    }
    if version > STEPS.len() {
        return Err(told(&format!(
            "it was written by a newer release of Slugline (its schema is {version}, this release \
             knows {}); update Slugline, or name another file",
            STEPS.len()
        )));
    }
    Ok(version == STEPS.len())
}

fn version(connection: &Connection) -> rusqlite::Result<usize> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or_default())
}

fn told(message: &str) -> Problem {
    Problem::Told(Error::new(ErrorKind::StoreError, message))
}

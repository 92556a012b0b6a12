//! The turns of sessions. A session's version is the number of its last turn, or of what emptied it.

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use sha2::{Digest as _, Sha256};

use super::row;
use crate::clock;
use crate::error::{Error, Result};
use crate::store::session::{Ending, State, is_over};
use crate::store::{Session, SessionTurn};

/// Sessions that are emptied in one transaction, so that another writer gets its turn.
const AT_ONCE: usize = 1_000;

/// A session's turns; none where the last one is older than `ttl` milliseconds (0: never).
pub(super) fn load(connection: &Connection, id: &str, ttl: i64) -> rusqlite::Result<Session> {
    let mut statement = connection.prepare_cached(
        "SELECT version, created_ms, completion_id, messages FROM turns \
         WHERE session_id = ? ORDER BY follows",
    )?;
    let mut session = Session {
        id: id.to_owned(),
        ..Session::default()
    };
    let mut rows = statement.query([id])?;
    while let Some(row) = rows.next()? {
        session.version = row::count(row.get(0)?);
        session.turns.push(SessionTurn {
            created_ms: row.get(1)?,
            completion_id: row.get(2)?,
            messages: row::parsed(row.get_ref(3)?.as_str()?, 3)?,
        });
    }
    let now = clock::unix_millis();
    match session.turns.last() {
        Some(last) if is_over(last.created_ms, ttl, now) => {
            session.version = 0;
            session.turns.clear();
        }
        Some(_) => {}
        // Where a turn came between the two looks, what is made from this is a conflict, as it should be.
        None => {
            let ending = ending(connection, id)?;
            session.version = State::of_none(ending, now).shown();
        }
    }
    Ok(session)
}

fn ending(connection: &Connection, id: &str) -> rusqlite::Result<Option<Ending>> {
    connection
        .prepare_cached("SELECT version, until_ms FROM endings WHERE session_sha256 = ?")?
        .query_row([&hash(id)[..]], |row| {
            Ok(Ending {
                version: row::count(row.get(0)?),
                until_ms: row.get(1)?,
            })
        })
        .optional()
}

/// An ending outlives what was said: it does not say in whose session.
fn hash(id: &str) -> [u8; 32] {
    Sha256::digest(id.as_bytes()).into()
}

fn end(transaction: &Transaction<'_>, id: &str, ending: Ending) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO endings (session_sha256, version, until_ms) VALUES (?, ?, ?)",
        )?
        .execute(params![
            &hash(id)[..],
            row::signed(ending.version),
            ending.until_ms
        ])?;
    Ok(())
}

/// A turn as its row has it.
pub(super) struct WrittenTurn {
    created_ms: i64,
    completion_id: Option<String>,
    messages: String,
}

impl WrittenTurn {
    /// # Errors
    /// `invalid_request` about `messages` that could not be read back: the session would be lost with them.
    pub(super) fn of(turn: SessionTurn) -> Result<WrittenTurn> {
        let refused =
            |why: &str| Error::invalid("messages", format!("the turn is not kept: {why}"));
        let messages =
            serde_json::to_string(&turn.messages).map_err(|error| refused(&error.to_string()))?;
        if row::nesting(&messages) > row::MOST_NESTED {
            return Err(refused(&format!(
                "lists and objects in it are nested more than {} deep",
                row::MOST_NESTED
            )));
        }
        Ok(WrittenTurn {
            created_ms: turn.created_ms,
            completion_id: turn.completion_id,
            messages,
        })
    }
}

/// A turn that was appended.
pub(super) struct Appended {
    /// The session's new version.
    pub(super) version: u64,
    /// Turns that were past their time made room for it.
    pub(super) erased: bool,
}

/// Appends a turn; `None` where the session is at another version by now.
pub(super) fn append(
    connection: &mut Connection,
    id: &str,
    version: u64,
    turn: &WrittenTurn,
    ttl: i64,
) -> rusqlite::Result<Option<Appended>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let now = clock::unix_millis();
    let last = transaction
        .prepare_cached(
            "SELECT version, created_ms FROM turns WHERE session_id = ? ORDER BY follows DESC LIMIT 1",
        )?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let state = match last {
        Some((version, created_ms)) => State {
            version: row::count(version),
            is_over: is_over(created_ms, ttl, now),
        },
        None => State::of_none(ending(&transaction, id)?, now),
    };
    if !state.takes(version) {
        return Ok(None);
    }
    let mut erased = 0;
    if version == 0 {
        erased = transaction.execute("DELETE FROM turns WHERE session_id = ?", [id])?;
    }
    if last.is_none() {
        transaction.execute(
            "DELETE FROM endings WHERE session_sha256 = ?",
            [&hash(id)[..]],
        )?;
    }
    transaction
        .prepare_cached(
            "INSERT INTO turns (session_id, follows, created_ms, completion_id, messages) \
             VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![
            id,
            row::signed(version),
            turn.created_ms,
            turn.completion_id,
            turn.messages
        ])?;
    let version = row::count(transaction.last_insert_rowid());
    transaction.commit()?;
    Ok(Some(Appended {
        version,
        erased: erased > 0,
    }))
}

/// Forgets a session's turns, and says whether there were any. It is at a new version then.
pub(super) fn clear(connection: &mut Connection, id: &str) -> rusqlite::Result<bool> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let gone = transaction.execute("DELETE FROM turns WHERE session_id = ?", [id])?;
    // A number of the turns' own, which none of them will get.
    transaction.execute(
        "INSERT INTO turns (session_id, follows, created_ms, messages) VALUES ('', -1, 0, '')",
        [],
    )?;
    let version = transaction.last_insert_rowid();
    transaction.execute("DELETE FROM turns WHERE version = ?", [version])?;
    end(&transaction, id, Ending::cleared(row::count(version)))?;
    transaction.commit()?;
    Ok(gone > 0)
}

/// Forgets the turns of sessions whose last one is older than `ttl` milliseconds (0: never), and says of how
/// many sessions.
pub(super) fn prune(connection: &mut Connection, ttl: i64) -> rusqlite::Result<u64> {
    let now = clock::unix_millis();
    connection.execute(
        "DELETE FROM endings WHERE until_ms <= ?",
        [Ending::forgotten(now)],
    )?;
    if ttl == 0 {
        return Ok(0);
    }
    let mut gone = 0;
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let over: Vec<(String, i64)> = transaction
            .prepare_cached(
                "SELECT session_id, version FROM turns last WHERE created_ms <= ? AND NOT EXISTS (\
                   SELECT 1 FROM turns newer \
                   WHERE newer.session_id = last.session_id AND newer.follows > last.follows) LIMIT ?",
            )?
            .query_map(params![now.saturating_sub(ttl), AT_ONCE as i64], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?
            .collect::<rusqlite::Result<_>>()?;
        for (id, version) in &over {
            transaction
                .prepare_cached("DELETE FROM turns WHERE session_id = ?")?
                .execute([id])?;
            end(&transaction, id, Ending::expired(row::count(*version), now))?;
        }
        transaction.commit()?;
        gone += over.len() as u64;
        if over.len() < AT_ONCE {
            return Ok(gone);
        }
    }
}

//! The turns of sessions. A session's version is the number of its last turn.

use rusqlite::{Connection, TransactionBehavior, params};

use super::row;
use crate::clock;
use crate::store::{Session, SessionTurn};

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
    let last = session.turns.last().map_or(0, |turn| turn.created_ms);
    if ttl > 0 && clock::unix_millis().saturating_sub(last) >= ttl {
        session.version = 0;
        session.turns.clear();
    }
    Ok(session)
}

/// Appends a turn and gives the new version; `None` where the session is at another version by now.
pub(super) fn append(
    connection: &mut Connection,
    id: &str,
    version: u64,
    turn: &SessionTurn,
    ttl: i64,
) -> rusqlite::Result<Option<u64>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if ttl > 0 {
        let last = "SELECT max(created_ms) FROM turns WHERE session_id = ?1";
        transaction.execute(
            &format!("DELETE FROM turns WHERE session_id = ?1 AND ({last}) <= ?2"),
            params![id, clock::unix_millis().saturating_sub(ttl)],
        )?;
    }
    let now: i64 = transaction.query_row(
        "SELECT coalesce(max(version), 0) FROM turns WHERE session_id = ?",
        [id],
        |row| row.get(0),
    )?;
    if now != row::signed(version) {
        return Ok(None);
    }
    transaction.execute(
        "INSERT INTO turns (session_id, follows, created_ms, completion_id, messages) \
         VALUES (?, ?, ?, ?, ?)",
        params![
            id,
            now,
            turn.created_ms,
            turn.completion_id,
            row::json(&turn.messages)?
        ],
    )?;
    let new = transaction.last_insert_rowid();
    transaction.commit()?;
    Ok(Some(row::count(new)))
}

/// Forgets a session's turns, and says how many there were.
pub(super) fn clear(connection: &Connection, id: &str) -> rusqlite::Result<u64> {
    let gone = connection.execute("DELETE FROM turns WHERE session_id = ?", [id])?;
    Ok(gone as u64)
}

/// Forgets the sessions whose last turn is older than `ttl` milliseconds.
pub(super) fn prune(connection: &Connection, ttl: i64) -> rusqlite::Result<usize> {
    connection.execute(
        "DELETE FROM turns WHERE session_id IN (\
           SELECT DISTINCT old.session_id FROM turns old WHERE old.created_ms <= ?1 AND NOT EXISTS (\
             SELECT 1 FROM turns new WHERE new.session_id = old.session_id AND new.created_ms > ?1))",
        [clock::unix_millis().saturating_sub(ttl)],
    )
}

//! Writes and deletes recordings and feedback.

use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior, params, params_from_iter};

use super::filter::Source;
use super::{open, row};
use crate::clock;
use crate::store::{Feedback, FeedbackValue, Filter, Recording, Retention};

/// Rows that are deleted in one transaction, so that another writer gets its turn.
const AT_ONCE: i64 = 1_000;

/// How long emptying the log waits for who reads from it.
const SCRUB: Duration = Duration::from_millis(200);

/// Appends recordings, all or none.
pub(super) fn record(connection: &mut Connection, batch: &[Recording]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    insert(&transaction, batch)?;
    transaction.commit()
}

fn insert(transaction: &Transaction<'_>, batch: &[Recording]) -> rusqlite::Result<()> {
    let mut rows = transaction.prepare_cached(&row::insert_sql())?;
    let mut payloads = transaction.prepare_cached(
        "INSERT INTO payloads (sequence, request, variables, answer) VALUES (?, ?, ?, ?)",
    )?;
    let mut labels = transaction.prepare_cached(
        "INSERT OR REPLACE INTO labels (key, value, created_ms, sequence) VALUES (?, ?, ?, ?)",
    )?;
    let mut completions = transaction.prepare_cached(
        "INSERT OR REPLACE INTO completions (completion_id, sequence) VALUES (?, ?)",
    )?;
    let mut text = Vec::new();
    for recording in batch {
        if !row::insert(&mut rows, recording, &mut text)? {
            // It is there already, with all that belongs to it.
            continue;
        }
        let sequence = transaction.last_insert_rowid();
        if recording.has_payload() {
            row::insert_payload(&mut payloads, sequence, recording, &mut text)?;
        }
        for (key, value) in row::labels(recording) {
            labels.execute(params![key, value, recording.created_ms, sequence])?;
        }
        for completion in &recording.completion_ids {
            completions.execute(params![completion, sequence])?;
        }
    }
    Ok(())
}

/// Keeps a judgement; `false` where its completion is not known.
pub(super) fn feedback(connection: &mut Connection, feedback: &Feedback) -> rusqlite::Result<bool> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let known: bool = transaction.query_row(
        "SELECT EXISTS (SELECT 1 FROM completions WHERE completion_id = ?)",
        [&feedback.completion_id],
        |row| row.get(0),
    )?;
    if !known {
        return Ok(false);
    }
    transaction.execute(
        "INSERT INTO feedback \
           (id, created_ms, completion_id, metric, value, is_bool, comment, user_id) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            feedback.id,
            feedback.created_ms,
            feedback.completion_id,
            feedback.metric,
            feedback.value.as_f64(),
            matches!(feedback.value, FeedbackValue::Bool(_)),
            feedback.comment,
            feedback.user_id,
        ],
    )?;
    transaction.commit()?;
    Ok(true)
}

/// Deletes the recordings that are meant, and says how many.
pub(super) fn delete(connection: &mut Connection, filter: &Filter) -> rusqlite::Result<u64> {
    let meant = Source::of(connection, filter)?;
    delete_where(connection, &meant)
}

/// Deletes the recordings that are too old or too many, and says how many.
pub(super) fn prune(connection: &mut Connection, retention: &Retention) -> rusqlite::Result<u64> {
    let mut gone = 0;
    if retention.recording_age_ms > 0 {
        let oldest = clock::unix_millis().saturating_sub(row::signed(retention.recording_age_ms));
        gone += delete_where(connection, &Source::only("r.created_ms <= ?", oldest))?;
    }
    if retention.recordings > 0 {
        let newest = "SELECT sequence FROM recordings ORDER BY sequence DESC LIMIT 1 OFFSET ?";
        let beyond = format!("r.sequence <= ({newest})");
        let meant = Source::only(&beyond, row::signed(retention.recordings));
        gone += delete_where(connection, &meant)?;
    }
    Ok(gone)
}

fn delete_where(connection: &mut Connection, meant: &Source) -> rusqlite::Result<u64> {
    let sql = format!(
        "SELECT r.sequence, r.created_ms, r.completion_ids, r.labels {} LIMIT {AT_ONCE}",
        meant.sql()
    );
    let mut gone = 0;
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut rows = Vec::new();
        {
            let mut statement = transaction.prepare_cached(&sql)?;
            let mut found = statement.query(params_from_iter(&meant.values))?;
            while let Some(row) = found.next()? {
                rows.push((
                    row.get::<_, i64>(0)?,
                    row.get::<_, i64>(1)?,
                    row::parsed::<Vec<String>>(row.get_ref(2)?.as_str()?, 2)?,
                    row::parsed::<std::collections::BTreeMap<String, String>>(
                        row.get_ref(3)?.as_str()?,
                        3,
                    )?,
                ));
            }
        }
        for (sequence, created_ms, completions, labels) in &rows {
            let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
                transaction.prepare_cached(sql)?.execute(values)
            };
            for completion in completions {
                run(
                    "DELETE FROM feedback WHERE completion_id = ?",
                    &[completion],
                )?;
                run(
                    "DELETE FROM completions WHERE completion_id = ?",
                    &[completion],
                )?;
            }
            for (key, value) in labels {
                run(
                    "DELETE FROM labels WHERE key = ? AND value = ? AND created_ms = ? AND sequence = ?",
                    &[key, value, created_ms, sequence],
                )?;
            }
            run("DELETE FROM payloads WHERE sequence = ?", &[sequence])?;
            run("DELETE FROM recordings WHERE sequence = ?", &[sequence])?;
        }
        transaction.commit()?;
        gone += rows.len() as u64;
        if (rows.len() as i64) < AT_ONCE {
            return Ok(gone);
        }
    }
}

/// Moves everything from the log into the file and empties the log, where old pages of what was deleted
/// would stay. `false` where another process still reads from the log: to be tried again, as waiting for it
/// holds all writers up.
pub(super) fn scrub(connection: &Connection) -> rusqlite::Result<bool> {
    connection.busy_timeout(SCRUB)?;
    let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
        row.get::<_, i64>(0)
    });
    connection.busy_timeout(open::BUSY)?;
    Ok(busy? == 0)
}

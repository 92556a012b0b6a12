//! Reads recordings: a page, and one.

use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use super::filter::Source;
use super::row;
use crate::store::cursor::Cursor;
use crate::store::{Page, Recording, RecordingQuery};

/// A page, newest first.
pub(super) fn page(
    connection: &Connection,
    query: &RecordingQuery,
    after: Option<Cursor>,
    limit: usize,
) -> rusqlite::Result<Page> {
    // One snapshot for the rows and what belongs to them.
    let connection = connection.unchecked_transaction()?;
    let mut source = Source::of(&connection, &query.filter)?;
    if let Some(after) = after {
        source.after(after);
    }
    let sql = row::select_sql(&format!(
        "{} {} LIMIT {}",
        source.sql(),
        source.order(),
        limit + 1
    ));
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found: Vec<(i64, Recording)> = statement
        .query_map(params_from_iter(source.values), row::read)?
        .collect::<rusqlite::Result<_>>()?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| more).map(|(sequence, recording)| {
        let cursor = Cursor {
            created_ms: recording.created_ms,
            sequence: *sequence,
        };
        cursor.write()
    });
    let mut recordings = Vec::with_capacity(found.len());
    for (sequence, mut recording) in found {
        if query.payload {
            row::read_payload(&connection, sequence, &mut recording)?;
        }
        row::read_feedback(&connection, &mut recording)?;
        recordings.push(recording);
    }
    Ok(Page {
        recordings,
        next_cursor,
    })
}

/// One recording with everything.
pub(super) fn one(connection: &Connection, id: &str) -> rusqlite::Result<Option<Recording>> {
    let connection = connection.unchecked_transaction()?;
    let sql = row::select_sql("FROM recordings r WHERE r.id = ?");
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_row([id], row::read).optional()?;
    let Some((sequence, mut recording)) = found else {
        return Ok(None);
    };
    row::read_payload(&connection, sequence, &mut recording)?;
    row::read_feedback(&connection, &mut recording)?;
    Ok(Some(recording))
}

//! Reads recordings: a page, one, and the rows of the user's own statement.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};
use serde_json::Value;

use super::error::failed;
use super::filter::Source;
use super::{open, row};
use crate::chat::JsonMap;
use crate::error::{Error, Result};
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

/// The rows of the user's own statement, on a connection of its own that cannot write.
pub(super) fn guest(path: &Path, sql: &str) -> Result<Vec<JsonMap>> {
    let connection = open::guest(path).map_err(|error| failed(path, error))?;
    let wrong = |error: rusqlite::Error| {
        let message = match &error {
            rusqlite::Error::SqliteFailure(_, Some(told)) => told.clone(),
            rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
            other => other.to_string(),
        };
        Error::invalid("sql", format!("the statement failed: {message}")).with_source(error)
    };
    let mut statement = connection.prepare(sql).map_err(wrong)?;
    if !statement.readonly() {
        let message = "only statements that read are allowed: start it with SELECT or WITH";
        return Err(Error::invalid("sql", message));
    }
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query([]).map_err(wrong)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(wrong)? {
        let mut object = JsonMap::new();
        for (column, name) in names.iter().enumerate() {
            let value = row.get_ref(column).map_err(wrong)?;
            object.insert(name.clone(), value_of(value));
        }
        found.push(object);
    }
    Ok(found)
}

/// A value of SQLite in JSON: bytes that are no text are hexadecimal digits.
fn value_of(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
        ValueRef::Blob(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            digits.into()
        }
    }
}

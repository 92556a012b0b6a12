//! The user's own statement, on a connection of its own that can only read. It ends when nobody waits for
//! its rows any more, when the store is closed, or when it gives more than a program can hold.

use std::path::Path;

use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::ValueRef;
use rusqlite::{Batch, Connection, ErrorCode, Statement};
use serde_json::Value;

use super::error::failed;
use super::open;
use super::stop::Stop;
use crate::chat::JsonMap;
use crate::error::{Error, ErrorKind, Result};

/// Most rows that a statement may give.
const MOST_ROWS: usize = 100_000;
/// Most bytes that they may take together, and one value alone.
pub(super) const MOST_BYTES: usize = 64 << 20;
/// What a row and a value take beside their texts, about.
const VALUE_BYTES: usize = 32;

/// What tells of tables and of the file, and changes nothing.
const TOLD: &[&str] = &[
    "application_id",
    "collation_list",
    "compile_options",
    "database_list",
    "encoding",
    "freelist_count",
    "function_list",
    "module_list",
    "page_count",
    "page_size",
    "pragma_list",
    "schema_version",
    "user_version",
];
/// The same, of what is named or at most so many.
const TOLD_OF: &[&str] = &[
    "foreign_key_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "quick_check",
    "table_info",
    "table_list",
    "table_xinfo",
];

/// The rows of a statement.
pub(super) fn query(path: &Path, sql: &str, stop: &Stop) -> Result<Vec<JsonMap>> {
    if stop.is_set() {
        return Err(stopped());
    }
    if sql.contains('\0') {
        return Err(refused("it holds a character with the code 0"));
    }
    let mut connection = open::guest(path).map_err(|error| failed(path, error))?;
    stop.watch(&mut connection)
        .and_then(|()| connection.authorizer(Some(|asks: AuthContext<'_>| may(&asks.action))))
        .map_err(|error| failed(path, error))?;
    let mut statement = prepare(&connection, sql)?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query([]).map_err(wrong)?;
    let mut found = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.next().map_err(wrong)? {
        if stop.is_set() {
            return Err(stopped());
        }
        let mut object = JsonMap::new();
        for (column, name) in names.iter().enumerate() {
            let value = row.get_ref(column).map_err(wrong)?;
            bytes += VALUE_BYTES + name.len() + length(value);
            if bytes > MOST_BYTES {
                return Err(too_much());
            }
            object.insert(name.clone(), value_of(value));
        }
        if found.len() == MOST_ROWS {
            return Err(too_much());
        }
        found.push(object);
    }
    Ok(found)
}

/// What a statement may do. A connection that cannot write the file could still set limits of the whole process,
/// or hold locks.
fn may(action: &AuthAction<'_>) -> Authorization {
    let is_in = |list: &[&str], name: &str| list.iter().any(|own| own.eq_ignore_ascii_case(name));
    let allowed = match action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => true,
        AuthAction::Function { function_name } => {
            !function_name.eq_ignore_ascii_case("load_extension")
        }
        AuthAction::Pragma {
            pragma_name,
            pragma_value,
        } => is_in(TOLD_OF, pragma_name) || pragma_value.is_none() && is_in(TOLD, pragma_name),
        _ => false,
    };
    match allowed {
        true => Authorization::Allow,
        false => Authorization::Deny,
    }
}

/// The one statement of a text.
fn prepare<'c>(connection: &'c Connection, sql: &str) -> Result<Statement<'c>> {
    // Not `Connection::prepare`: to see whether more follow, that calls itself once a statement.
    let mut batch = Batch::new(connection, sql);
    let statement = match batch.next().map_err(wrong)? {
        None => return Err(refused("it is empty")),
        Some(statement) => statement,
    };
    if !matches!(batch.next(), Ok(None)) {
        return Err(refused("it holds several"));
    }
    if !statement.readonly() {
        return Err(refused("it does more than read"));
    }
    Ok(statement)
}

fn refused(why: &str) -> Error {
    let message =
        format!("`sql` takes one statement that only reads, such as SELECT or WITH: {why}");
    Error::invalid("sql", message)
}

fn too_much() -> Error {
    let message = format!(
        "the statement gives more than {MOST_ROWS} rows or {} MiB: add LIMIT, name fewer columns, or use \
         `recordings.export`",
        MOST_BYTES >> 20
    );
    Error::invalid("sql", message)
}

fn stopped() -> Error {
    let message = "the statement was broken off: the engine was closed";
    Error::new(ErrorKind::StoreError, message)
}

fn wrong(error: rusqlite::Error) -> Error {
    let message = match &error {
        failed if failed.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
            return stopped();
        }
        failed if failed.sqlite_error_code() == Some(ErrorCode::TooBig) => return too_much(),
        failed
            if failed.sqlite_error_code() == Some(ErrorCode::AuthorizationForStatementDenied) =>
        {
            return refused("it does more than read");
        }
        rusqlite::Error::SqliteFailure(_, Some(told)) => told.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    Error::invalid("sql", format!("the statement failed: {message}")).with_source(error)
}

/// How many bytes a value takes in JSON, about.
fn length(value: ValueRef<'_>) -> usize {
    match value {
        ValueRef::Text(text) => text.len(),
        ValueRef::Blob(bytes) => bytes.len() * 2,
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => 0,
    }
}

/// A value of SQLite in JSON: bytes that are no text are hexadecimal digits.
fn value_of(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
        ValueRef::Blob(bytes) => {
            let mut digits = String::with_capacity(bytes.len() * 2);
            for byte in bytes {
                for digit in [byte >> 4, byte & 15] {
                    digits.extend(char::from_digit(digit.into(), 16));
                }
            }
            digits.into()
        }
    }
}

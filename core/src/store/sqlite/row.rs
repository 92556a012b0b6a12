//! A recording as a row, and back.

use std::borrow::Cow;

use rusqlite::types::{Null, ToSqlOutput, Type, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Row, Statement, ToSql};
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};

use crate::chat::{CampaignRef, Cost, PromptRef, Timing};
use crate::store::filter::label_text;
use crate::store::{Feedback, FeedbackValue, Recording};

/// The columns of a row, in the order of [`insert`] and [`read`].
const COLUMNS: &[&str] = &[
    "id",
    "created_ms",
    "session_id",
    "completion_ids",
    "project",
    "prompt_slug",
    "prompt_version",
    "prompt_hash",
    "prompt_environment",
    "prompt_variant",
    "campaign",
    "arm",
    "requested_models",
    "model",
    "provider",
    "provider_model",
    "stream",
    "finish_reason",
    "error_code",
    "queue_ms",
    "ttft_ms",
    "total_ms",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "usage",
    "cost_amount",
    "cost_currency",
    "cost_source",
    "labels",
    "tags",
    "attempts",
    "warnings",
];

/// Appends a row, unless its id is there already.
pub(super) fn insert_sql() -> String {
    let names = COLUMNS.join(", ");
    let places = vec!["?"; COLUMNS.len()].join(", ");
    format!("INSERT OR IGNORE INTO recordings ({names}) VALUES ({places})")
}

/// Selects rows of `recordings r`; what begins with `FROM` is the caller's. The last column is `sequence`.
pub(super) fn select_sql(rest: &str) -> String {
    let names: Vec<String> = COLUMNS.iter().map(|name| format!("r.{name}")).collect();
    format!("SELECT {}, r.sequence {rest}", names.join(", "))
}

/// A count as SQLite's signed number.
pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// SQLite's signed number as a count.
pub(super) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// The labels with their values as strings.
pub(super) fn labels(recording: &Recording) -> impl Iterator<Item = (&String, Cow<'_, str>)> {
    recording.labels.iter().map(|(key, value)| match value {
        serde_json::Value::String(text) => (key, text.into()),
        other => (key, label_text(other).into()),
    })
}

/// Gives a statement its values one after the other, without copies of ours. The statement is reused: each of
/// its values must be given each time.
struct Writer<'a, 'b> {
    statement: &'a mut Statement<'b>,
    next: usize,
    /// JSON text, of one value at a time.
    text: &'a mut Vec<u8>,
}

impl Writer<'_, '_> {
    fn put(&mut self, value: impl ToSql) -> rusqlite::Result<()> {
        self.next += 1;
        self.statement.raw_bind_parameter(self.next, value)
    }

    fn number(&mut self, number: Option<u64>) -> rusqlite::Result<()> {
        self.put(number.map(signed))
    }

    fn json(&mut self, value: &impl Serialize) -> rusqlite::Result<()> {
        self.text.clear();
        serde_json::to_writer(&mut *self.text, value)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        self.next += 1;
        let text = ToSqlOutput::Borrowed(ValueRef::Text(self.text));
        self.statement.raw_bind_parameter(self.next, text)
    }

    fn maybe_json(&mut self, value: Option<&impl Serialize>) -> rusqlite::Result<()> {
        match value {
            Some(value) => self.json(value),
            None => self.put(Null),
        }
    }
}

/// Inserts a row by the statement of [`insert_sql`]; `false` where its id was there. `text` is room for JSON.
pub(super) fn insert(
    statement: &mut Statement<'_>,
    recording: &Recording,
    text: &mut Vec<u8>,
) -> rusqlite::Result<bool> {
    let prompt = recording.prompt.as_ref();
    let campaign = recording.campaign.as_ref();
    let usage = recording.usage.as_ref();
    let cost = recording.cost.as_ref();
    let mut to = Writer {
        statement,
        next: 0,
        text,
    };
    to.put(&recording.id)?;
    to.put(recording.created_ms)?;
    to.put(&recording.session_id)?;
    to.json(&recording.completion_ids)?;
    to.put(&recording.project)?;
    to.put(prompt.map(|prompt| &prompt.slug))?;
    to.number(prompt.and_then(|prompt| prompt.version))?;
    to.put(prompt.map(|prompt| &prompt.hash))?;
    to.put(prompt.and_then(|prompt| prompt.environment.as_ref()))?;
    to.put(prompt.and_then(|prompt| prompt.variant.as_ref()))?;
    to.put(campaign.map(|campaign| &campaign.key))?;
    to.put(campaign.map(|campaign| &campaign.arm))?;
    to.json(&recording.requested_models)?;
    to.put(&recording.model)?;
    to.put(&recording.provider)?;
    to.put(&recording.provider_model)?;
    to.put(recording.stream)?;
    to.put(&recording.finish_reason)?;
    to.put(&recording.error_code)?;
    to.put(signed(recording.timing.queue_ms))?;
    to.number(recording.timing.ttft_ms)?;
    to.put(signed(recording.timing.total_ms))?;
    to.number(usage.map(|usage| usage.prompt_tokens))?;
    to.number(usage.map(|usage| usage.completion_tokens))?;
    to.number(usage.map(|usage| usage.total_tokens))?;
    to.maybe_json(usage)?;
    to.put(cost.map(|cost| cost.amount))?;
    to.put(cost.map(|cost| &cost.currency))?;
    to.put(cost.map(|cost| &cost.source))?;
    to.json(&Labels(recording))?;
    to.json(&recording.tags)?;
    to.json(&recording.attempts)?;
    to.json(&recording.warnings)?;
    Ok(to.statement.raw_execute()? > 0)
}

/// Inserts the payload of a row.
pub(super) fn insert_payload(
    statement: &mut Statement<'_>,
    sequence: i64,
    recording: &Recording,
    text: &mut Vec<u8>,
) -> rusqlite::Result<()> {
    let mut to = Writer {
        statement,
        next: 0,
        text,
    };
    to.put(sequence)?;
    to.maybe_json(recording.request.as_ref())?;
    to.maybe_json(recording.variables.as_ref())?;
    to.maybe_json(recording.answer.as_ref())?;
    to.statement.raw_execute().map(|_| ())
}

/// The labels as an object of strings.
struct Labels<'a>(&'a Recording);

impl Serialize for Labels<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(labels(self.0))
    }
}

/// Reads the columns of a row one after the other.
struct Reader<'a, 'b> {
    row: &'a Row<'b>,
    next: usize,
}

impl Reader<'_, '_> {
    fn get<T: rusqlite::types::FromSql>(&mut self) -> rusqlite::Result<T> {
        self.next += 1;
        self.row.get(self.next - 1)
    }

    fn count(&mut self) -> rusqlite::Result<u64> {
        self.get::<i64>().map(count)
    }

    fn maybe_count(&mut self) -> rusqlite::Result<Option<u64>> {
        Ok(self.get::<Option<i64>>()?.map(count))
    }

    fn json<T: DeserializeOwned>(&mut self) -> rusqlite::Result<T> {
        let text = self.get::<String>()?;
        parsed(&text, self.next - 1)
    }
}

/// How deep lists and objects may be nested to be read back: deeper than calls and answers are, by what stands
/// around them here, and not too deep for the stack of a thread.
pub(super) const MOST_NESTED: usize = 256;

/// A value of its JSON text in this column.
pub(super) fn parsed<T: DeserializeOwned>(text: &str, column: usize) -> rusqlite::Result<T> {
    let read = match serde_json::from_str(text) {
        // Its own limit is that of calls.
        Err(_) if (128..=MOST_NESTED).contains(&nesting(text)) => {
            let mut deserializer = serde_json::Deserializer::from_str(text);
            deserializer.disable_recursion_limit();
            T::deserialize(&mut deserializer)
        }
        read => read,
    };
    read.map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
    })
}

/// How deep lists and objects of a JSON text are nested.
pub(super) fn nesting(text: &str) -> usize {
    let (mut depth, mut most) = (0usize, 0);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                most = most.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => {
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'\\' => drop(bytes.next()),
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    most
}

/// The recording of a row without its payload, and the row's number.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<(i64, Recording)> {
    let mut from = Reader { row, next: 0 };
    let mut recording = Recording {
        id: from.get()?,
        created_ms: from.get()?,
        session_id: from.get()?,
        completion_ids: from.json()?,
        project: from.get()?,
        ..Recording::default()
    };
    let slug: Option<String> = from.get()?;
    let version = from.maybe_count()?;
    let hash: Option<String> = from.get()?;
    let environment = from.get()?;
    let variant = from.get()?;
    recording.prompt = slug.map(|slug| PromptRef {
        slug,
        version,
        environment,
        variant,
        hash: hash.unwrap_or_default(),
    });
    let key: Option<String> = from.get()?;
    let arm: Option<String> = from.get()?;
    recording.campaign = key.map(|key| CampaignRef {
        key,
        arm: arm.unwrap_or_default(),
    });
    recording.requested_models = from.json()?;
    recording.model = from.get()?;
    recording.provider = from.get()?;
    recording.provider_model = from.get()?;
    recording.stream = from.get()?;
    recording.finish_reason = from.get()?;
    recording.error_code = from.get()?;
    recording.timing = Timing {
        queue_ms: from.count()?,
        ttft_ms: from.maybe_count()?,
        total_ms: from.count()?,
    };
    // The counts stand once more in `usage`, with all their parts.
    from.next += 3;
    let usage: Option<String> = from.get()?;
    recording.usage = usage.map(|text| parsed(&text, from.next - 1)).transpose()?;
    let amount: Option<f64> = from.get()?;
    let currency: Option<String> = from.get()?;
    let source: Option<String> = from.get()?;
    recording.cost = amount.map(|amount| Cost {
        amount,
        currency: currency.unwrap_or_default(),
        source: source.unwrap_or_default(),
    });
    recording.labels = from.json()?;
    recording.tags = from.json()?;
    recording.attempts = from.json()?;
    recording.warnings = from.json()?;
    Ok((from.get()?, recording))
}

/// Adds a recording's payload, where it was kept.
pub(super) fn read_payload(
    connection: &Connection,
    sequence: i64,
    recording: &mut Recording,
) -> rusqlite::Result<()> {
    let mut statement = connection
        .prepare_cached("SELECT request, variables, answer FROM payloads WHERE sequence = ?")?;
    let found = statement
        .query_row([sequence], |row| {
            Ok((
                row.get::<_, Option<String>>(0)?,
                row.get::<_, Option<String>>(1)?,
                row.get::<_, Option<String>>(2)?,
            ))
        })
        .optional()?;
    if let Some((request, variables, answer)) = found {
        // One call must not keep a whole page from being read.
        let is_readable = |text: &String| nesting(text) <= MOST_NESTED;
        let request = request.filter(is_readable);
        let variables = variables.filter(is_readable);
        let answer = answer.filter(is_readable);
        recording.request = request.map(|text| parsed(&text, 0)).transpose()?;
        recording.variables = variables.map(|text| parsed(&text, 1)).transpose()?;
        recording.answer = answer.map(|text| parsed(&text, 2)).transpose()?;
    }
    Ok(())
}

/// Adds a recording's feedback, oldest first.
pub(super) fn read_feedback(
    connection: &Connection,
    recording: &mut Recording,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT id, created_ms, completion_id, metric, value, is_bool, comment, user_id \
         FROM feedback WHERE completion_id = ? ORDER BY sequence",
    )?;
    for completion in &recording.completion_ids {
        let found = statement.query_map([completion], |row| {
            let value: f64 = row.get(4)?;
            Ok(Feedback {
                id: row.get(0)?,
                created_ms: row.get(1)?,
                completion_id: row.get(2)?,
                metric: row.get(3)?,
                value: feedback_value(value, row.get(5)?),
                comment: row.get(6)?,
                user_id: row.get(7)?,
            })
        })?;
        for feedback in found {
            recording.feedback.push(feedback?);
        }
    }
    recording
        .feedback
        .sort_by_key(|feedback| feedback.created_ms);
    Ok(())
}

/// A judgement as the two columns keep it.
pub(super) fn feedback_value(value: f64, is_bool: bool) -> FeedbackValue {
    match is_bool {
        true => FeedbackValue::Bool(value != 0.0),
        false => FeedbackValue::Number(value),
    }
}

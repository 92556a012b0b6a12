//! A recording as a row, and back.

use rusqlite::types::{Type, Value};
use rusqlite::{Connection, OptionalExtension as _, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::chat::{CampaignRef, Cost, PromptRef, Timing};
use crate::store::filter::label_text;
use crate::store::{Feedback, FeedbackValue, Recording};

/// The columns of a row, in the order of [`values`] and [`read`].
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

/// Inserts a row, unless its id is there already.
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

/// JSON text of a value.
pub(super) fn json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// The labels with their values as strings.
pub(super) fn labels(recording: &Recording) -> impl Iterator<Item = (&String, String)> {
    recording
        .labels
        .iter()
        .map(|(key, value)| (key, label_text(value)))
}

/// The values of a row.
pub(super) fn values(recording: &Recording) -> rusqlite::Result<Vec<Value>> {
    let text = |text: &Option<String>| text.clone().map_or(Value::Null, Value::Text);
    let number = |number: Option<u64>| number.map_or(Value::Null, |number| signed(number).into());
    let prompt = recording.prompt.as_ref();
    let campaign = recording.campaign.as_ref();
    let usage = recording.usage.as_ref();
    let cost = recording.cost.as_ref();
    let labels: serde_json::Map<String, serde_json::Value> = labels(recording)
        .map(|(key, value)| (key.clone(), value.into()))
        .collect();
    Ok(vec![
        recording.id.clone().into(),
        recording.created_ms.into(),
        recording.session_id.clone().into(),
        json(&recording.completion_ids)?.into(),
        text(&recording.project),
        prompt.map(|prompt| prompt.slug.clone()).into(),
        number(prompt.and_then(|prompt| prompt.version)),
        prompt.map(|prompt| prompt.hash.clone()).into(),
        prompt.and_then(|prompt| prompt.environment.clone()).into(),
        prompt.and_then(|prompt| prompt.variant.clone()).into(),
        campaign.map(|campaign| campaign.key.clone()).into(),
        campaign.map(|campaign| campaign.arm.clone()).into(),
        json(&recording.requested_models)?.into(),
        text(&recording.model),
        text(&recording.provider),
        text(&recording.provider_model),
        recording.stream.into(),
        text(&recording.finish_reason),
        text(&recording.error_code),
        signed(recording.timing.queue_ms).into(),
        number(recording.timing.ttft_ms),
        signed(recording.timing.total_ms).into(),
        number(usage.map(|usage| usage.prompt_tokens)),
        number(usage.map(|usage| usage.completion_tokens)),
        number(usage.map(|usage| usage.total_tokens)),
        usage.map(json).transpose()?.into(),
        cost.map(|cost| cost.amount).into(),
        cost.map(|cost| cost.currency.clone()).into(),
        cost.map(|cost| cost.source.clone()).into(),
        json(&labels)?.into(),
        json(&recording.tags)?.into(),
        json(&recording.attempts)?.into(),
        json(&recording.warnings)?.into(),
    ])
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

/// A value of its JSON text in this column.
pub(super) fn parsed<T: DeserializeOwned>(text: &str, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
    })
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

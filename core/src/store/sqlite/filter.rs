//! A filter as the conditions of a statement.

use rusqlite::types::Value;

use crate::store::Filter;
use crate::store::cursor::Cursor;
use crate::store::filter::label_text;

/// Conditions joined by AND, and the values of their places.
#[derive(Default)]
pub(super) struct Conditions {
    all: Vec<String>,
    pub(super) values: Vec<Value>,
}

impl Conditions {
    /// What a filter asks of the row `r`.
    pub(super) fn of(filter: &Filter) -> Self {
        let mut conditions = Conditions::default();
        if !filter.ids.is_empty() {
            let places = vec!["?"; filter.ids.len()].join(", ");
            conditions.all.push(format!("r.id IN ({places})"));
            let ids = filter.ids.iter().cloned().map(Value::from);
            conditions.values.extend(ids);
        }
        for (column, value) in [
            ("prompt_slug", &filter.prompt),
            ("session_id", &filter.session_id),
            ("campaign", &filter.campaign),
            ("project", &filter.project),
        ] {
            if let Some(value) = value {
                conditions.add(&format!("r.{column} = ?"), value.clone());
            }
        }
        if let Some(since) = filter.since_ms {
            conditions.add("r.created_ms >= ?", since);
        }
        if let Some(until) = filter.until_ms {
            conditions.add("r.created_ms < ?", until);
        }
        for (key, value) in &filter.labels {
            conditions.add(
                "EXISTS (SELECT 1 FROM labels l WHERE l.key = ? AND l.value = ? \
                 AND l.created_ms = r.created_ms AND l.sequence = r.sequence)",
                key.clone(),
            );
            conditions.values.push(label_text(value).into());
        }
        conditions
    }

    /// Adds a condition with one place.
    pub(super) fn add(&mut self, condition: &str, value: impl Into<Value>) {
        self.all.push(condition.to_owned());
        self.values.push(value.into());
    }

    /// Rows that come after this one, newest first.
    pub(super) fn after(&mut self, cursor: Cursor) {
        self.all
            .push("(r.created_ms, r.sequence) < (?, ?)".to_owned());
        self.values.push(cursor.created_ms.into());
        self.values.push(cursor.sequence.into());
    }

    /// `WHERE ..`, or nothing.
    pub(super) fn sql(&self) -> String {
        match self.all.is_empty() {
            true => String::new(),
            false => format!("WHERE {}", self.all.join(" AND ")),
        }
    }
}

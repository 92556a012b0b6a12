//! A filter as what a statement reads from: the rows, by which index, under which conditions.
//!
//! The index is chosen here and not by SQLite, which cannot know how many rows a value has: of the
//! conditions that have an index the one with the fewest rows is read, in order of time, and the others are
//! checked row by row.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::store::Filter;
use crate::store::cursor::Cursor;
use crate::store::filter::label_text;

/// How far rows are counted. What has more is common, and reading it newest first finds a page soon.
const MOST_COUNTED: usize = 20_000;

/// What stands between `FROM` and the end of `WHERE`, and the values of its places.
pub(super) struct Source {
    from: String,
    /// The table whose times are in the order of the index.
    time: &'static str,
    conditions: Vec<String>,
    pub(super) values: Vec<Value>,
}

/// A condition that has an index.
#[derive(Clone, Copy)]
enum Driver<'a> {
    Ids,
    /// A column and its value. Its index is named after it.
    Column(&'static str, &'a str),
    Label(&'a str, &'a serde_json::Value),
}

impl Source {
    /// The rows that a filter means, by the index that leaves the fewest to look at.
    pub(super) fn of(connection: &Connection, filter: &Filter) -> rusqlite::Result<Self> {
        let drivers = drivers(filter);
        let mut best = drivers.first().copied();
        if drivers.len() > 1 {
            let mut fewest = usize::MAX;
            for driver in &drivers {
                let count = Source::by(filter, Some(*driver), true).count(connection)?;
                if count < fewest {
                    (best, fewest) = (Some(*driver), count);
                }
            }
        }
        Ok(Source::by(filter, best, false))
    }

    /// Every row under one condition.
    pub(super) fn only(condition: &str, value: impl Into<Value>) -> Self {
        Source {
            from: "recordings r".to_owned(),
            time: "r",
            conditions: vec![condition.to_owned()],
            values: vec![value.into()],
        }
    }

    /// By this index; `alone`: without the conditions that are checked row by row.
    fn by(filter: &Filter, driver: Option<Driver<'_>>, alone: bool) -> Self {
        let mut source = Source {
            from: "recordings r".to_owned(),
            time: "r",
            conditions: Vec::new(),
            values: Vec::new(),
        };
        match driver {
            None => source.from.push_str(" INDEXED BY recordings_by_time"),
            Some(Driver::Ids) => source.from.push_str(" INDEXED BY recordings_by_id"),
            Some(Driver::Column(column, value)) => {
                source.from.push_str(" INDEXED BY recordings_by_");
                source.from.push_str(column);
                source.add(&format!("r.{column} = ?"), value.to_owned());
            }
            Some(Driver::Label(key, value)) => {
                source.time = "l";
                source.from = match alone {
                    true => "labels l".to_owned(),
                    // The order of a cross join is the order of reading.
                    false => {
                        "labels l CROSS JOIN recordings r ON r.sequence = l.sequence".to_owned()
                    }
                };
                source.add("l.key = ?", key.to_owned());
                source.add("l.value = ?", label_text(value));
            }
        }
        if !filter.ids.is_empty() && (!alone || matches!(driver, Some(Driver::Ids))) {
            // One value, however many there are: SQLite has a bound for places.
            let ids = serde_json::Value::from(filter.ids.clone()).to_string();
            source.add("r.id IN (SELECT value FROM json_each(?))", ids);
        }
        let time = source.time;
        if let Some(since) = filter.since_ms {
            source.add(&format!("{time}.created_ms >= ?"), since);
        }
        if let Some(until) = filter.until_ms {
            source.add(&format!("{time}.created_ms < ?"), until);
        }
        if !alone {
            source.check(filter, driver);
        }
        source
    }

    /// The conditions that the index does not see to.
    fn check(&mut self, filter: &Filter, driver: Option<Driver<'_>>) {
        for (column, value) in columns(filter) {
            if !matches!(driver, Some(Driver::Column(own, _)) if own == column) {
                self.add(&format!("r.{column} = ?"), value.to_owned());
            }
        }
        for (key, value) in &filter.labels {
            if !matches!(driver, Some(Driver::Label(own, _)) if own == key) {
                self.add(
                    "EXISTS (SELECT 1 FROM labels other WHERE other.key = ? AND other.value = ? \
                     AND other.created_ms = r.created_ms AND other.sequence = r.sequence)",
                    key.clone(),
                );
                self.values.push(label_text(value).into());
            }
        }
    }

    fn add(&mut self, condition: &str, value: impl Into<Value>) {
        self.conditions.push(condition.to_owned());
        self.values.push(value.into());
    }

    /// How many rows there are, as far as they are counted.
    fn count(&self, connection: &Connection) -> rusqlite::Result<usize> {
        let rows = format!("SELECT 1 {} LIMIT {MOST_COUNTED}", self.sql());
        let mut statement = connection.prepare_cached(&format!("SELECT count(*) FROM ({rows})"))?;
        let count: i64 = statement.query_row(params_from_iter(&self.values), |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// Leaves the rows that come after this one, newest first.
    pub(super) fn after(&mut self, cursor: Cursor) {
        let time = self.time;
        self.conditions
            .push(format!("({time}.created_ms, {time}.sequence) < (?, ?)"));
        self.values.push(cursor.created_ms.into());
        self.values.push(cursor.sequence.into());
    }

    /// One more condition without a place.
    pub(super) fn narrowed(mut self, condition: &str) -> Self {
        self.conditions.push(condition.to_owned());
        self
    }

    /// `FROM .. WHERE ..`.
    pub(super) fn sql(&self) -> String {
        match self.conditions.is_empty() {
            true => format!("FROM {}", self.from),
            false => format!("FROM {} WHERE {}", self.from, self.conditions.join(" AND ")),
        }
    }

    /// `ORDER BY ..`: newest first.
    pub(super) fn order(&self) -> String {
        let time = self.time;
        format!("ORDER BY {time}.created_ms DESC, {time}.sequence DESC")
    }
}

/// The columns that a filter asks for, each with an index of its name.
fn columns(filter: &Filter) -> impl Iterator<Item = (&'static str, &str)> {
    [
        ("session_id", &filter.session_id),
        ("prompt_slug", &filter.prompt),
        ("campaign", &filter.campaign),
        ("project", &filter.project),
    ]
    .into_iter()
    .filter_map(|(column, value)| Some((column, value.as_deref()?)))
}

fn drivers(filter: &Filter) -> Vec<Driver<'_>> {
    let ids = (!filter.ids.is_empty()).then_some(Driver::Ids);
    let columns = columns(filter).map(|(column, value)| Driver::Column(column, value));
    let labels = filter.labels.iter();
    let labels = labels.map(|(key, value)| Driver::Label(key, value));
    ids.into_iter().chain(columns).chain(labels).collect()
}

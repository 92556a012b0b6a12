//! From a file, plain data and overrides to a [`Config`].
//!
//! Every source becomes one plain JSON value first: relative paths are resolved there, against the
//! folder of the file they stand in or the working directory; overrides are merged; then `model.rs`
//! reads the whole. [`Places`] remembers where each key of a TOML file stands, also for the errors that
//! are found when entries are checked against each other.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::model::{Config, EngineConfig};
use super::paths::resolve_paths;
use super::read::At;
use crate::chat::JsonMap;
use crate::error::{Error, ErrorKind, Location, Result};
use crate::nearest::nearest;
use crate::provider::env_var;

/// The variable that names a configuration file where none is given.
const CONFIG_VARIABLE: &str = "SLUGLINE_CONFIG";

/// The file that `SLUGLINE_CONFIG` names, where it is set.
pub fn default_file() -> Option<PathBuf> {
    env_var(CONFIG_VARIABLE).map(PathBuf::from)
}

/// What an engine is opened with.
#[derive(Debug, Clone, Default)]
pub enum ConfigSource {
    /// The file that `SLUGLINE_CONFIG` names where it is set, else the defaults. Nothing is searched for.
    #[default]
    Default,
    /// A TOML file, or a JSON file where its name ends in `.json`.
    File(PathBuf),
    /// Plain data in the shape of the file.
    Data(Value),
}

impl Config {
    /// Reads a configuration, with keyword overrides: each a top-level table or a key of `[engine]`.
    /// Tables merge per key. Relative paths start at the file's folder; in plain data and overrides,
    /// at the working directory.
    ///
    /// # Errors
    /// `config_error` that names the key, what is expected and the nearest known key, with file, line
    /// and column where it stands in a TOML file.
    pub fn open(source: ConfigSource, overrides: JsonMap) -> Result<Config> {
        let (mut value, mut places) = match source {
            ConfigSource::File(path) => read_file(&path)?,
            ConfigSource::Data(value) => (value, Places::default()),
            ConfigSource::Default => match env_var(CONFIG_VARIABLE) {
                Some(path) => read_file(Path::new(&path))?,
                None => (Value::Object(JsonMap::new()), Places::default()),
            },
        };
        if value.is_null() {
            value = Value::Object(JsonMap::new());
        }
        if !value.is_object() {
            return Err(At::Root.wrong("a table", &value));
        }
        // What a file said is absolute by now: only plain data is left to resolve here.
        resolve_paths(&mut value, working_directory)?;
        if !overrides.is_empty() {
            let mut overrides = by_table(overrides)?;
            resolve_paths(&mut overrides, working_directory)?;
            merge(&mut value, overrides, 1, &At::Root, &mut places);
        }
        let mut config = Config::read(value).map_err(|error| places.locate(error))?;
        config.places = places;
        Ok(config)
    }

    /// Reads a TOML or JSON file.
    ///
    /// # Errors
    /// As [`Config::open`].
    pub fn from_file(path: impl Into<PathBuf>) -> Result<Config> {
        Config::open(ConfigSource::File(path.into()), JsonMap::new())
    }

    /// Reads plain data; relative paths start at the working directory.
    ///
    /// # Errors
    /// As [`Config::open`].
    pub fn from_value(value: Value) -> Result<Config> {
        Config::open(ConfigSource::Data(value), JsonMap::new())
    }
}

/// Line and column by path of the key.
type Positions = HashMap<String, (u32, u32)>;

/// Where the keys of a TOML file stand.
#[derive(Debug, Clone, Default)]
pub(super) struct Places(Option<Arc<FilePlaces>>);

#[derive(Debug, Clone)]
struct FilePlaces {
    file: String,
    positions: Positions,
}

impl Places {
    /// Adds file, line and column to an error whose `param` is the path of a key.
    pub(super) fn locate(&self, error: Error) -> Error {
        let Some(places) = &self.0 else { return error };
        let mut path = error.data().param.as_deref().unwrap_or_default();
        let position = loop {
            if let Some(position) = places.positions.get(path) {
                break Some(*position);
            }
            // A key that is missing is located by the table it is missing from.
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => break None,
            }
        };
        error.with_location(Location {
            file: Some(places.file.clone()),
            line: position.map(|(line, _)| line),
            column: position.map(|(_, column)| column),
            message: None,
        })
    }

    /// The value at this path comes from elsewhere now.
    fn forget(&mut self, at: &At<'_>) {
        if let Some(places) = &mut self.0 {
            let path = at.to_string();
            Arc::make_mut(places).positions.retain(|known, _| {
                !known
                    .strip_prefix(&path)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            });
        }
    }
}

fn working_directory() -> Result<PathBuf> {
    std::env::current_dir().map_err(|error| {
        let message = format!("cannot resolve a relative path: no working directory ({error})");
        Error::new(ErrorKind::ConfigError, message)
    })
}

/// The file's value, its paths absolute.
fn read_file(path: &Path) -> Result<(Value, Places)> {
    let file = path.display().to_string();
    let fail = |message: String| {
        Error::new(ErrorKind::ConfigError, message).with_location(Location {
            file: Some(file.clone()),
            ..Location::default()
        })
    };
    let bytes = std::fs::read(path)
        .map_err(|error| fail(format!("cannot read the configuration file: {error}")))?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| fail("the configuration file is not UTF-8".to_owned()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_json = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let (mut value, places) = if is_json {
        (parse_json(text, &file)?, Positions::new())
    } else {
        parse_toml(text, &file)?
    };
    resolve_paths(&mut value, || {
        std::path::absolute(path)
            .ok()
            .and_then(|path| path.parent().map(Path::to_path_buf))
            .ok_or_else(|| fail("the configuration file has no folder".to_owned()))
    })?;
    let places = FilePlaces {
        file,
        positions: places,
    };
    Ok((value, Places(Some(Arc::new(places)))))
}

fn parse_json(text: &str, file: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        // The reader appends the place, which has fields of its own here.
        let message = message.split(" at line ").next().unwrap_or_default();
        Error::new(ErrorKind::ConfigError, format!("not valid JSON: {message}")).with_location(
            Location {
                file: Some(file.to_owned()),
                line: u32::try_from(error.line()).ok(),
                column: u32::try_from(error.column()).ok(),
                message: None,
            },
        )
    })
}

fn parse_toml(text: &str, file: &str) -> Result<(Value, Positions)> {
    let mut reader = TomlReader {
        text,
        file,
        line_starts: std::iter::once(0)
            .chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|end| end + 1))
            .collect(),
        positions: Positions::new(),
    };
    let table = DeTable::parse(text).map_err(|error| {
        let says = format!("not valid TOML: {}", error.message());
        reader.error(error.span().unwrap_or_default(), &says)
    })?;
    let value = reader.table(table.into_inner(), &At::Root)?;
    Ok((value, reader.positions))
}

struct TomlReader<'a> {
    text: &'a str,
    file: &'a str,
    line_starts: Vec<usize>,
    positions: Positions,
}

impl TomlReader<'_> {
    fn position(&self, offset: usize) -> (u32, u32) {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = line
            .checked_sub(1)
            .and_then(|line| self.line_starts.get(line));
        let before = start.and_then(|start| self.text.get(*start..offset));
        let column = before.map_or(0, |text| text.chars().count()) + 1;
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        (narrow(line), narrow(column))
    }

    fn error(&self, span: Range<usize>, says: &str) -> Error {
        let (line, column) = self.position(span.start);
        Error::new(ErrorKind::ConfigError, says).with_location(Location {
            file: Some(self.file.to_owned()),
            line: Some(line),
            column: Some(column),
            message: None,
        })
    }

    fn table(&mut self, table: DeTable<'_>, at: &At<'_>) -> Result<Value> {
        let mut object = JsonMap::new();
        for (key, value) in table {
            let span = key.span();
            let key = key.into_inner().into_owned();
            let at_key = at.key(&key);
            self.positions
                .insert(at_key.to_string(), self.position(span.start));
            let value = self.value(value.into_inner(), span, &at_key)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }

    fn value(&mut self, value: DeValue<'_>, span: Range<usize>, at: &At<'_>) -> Result<Value> {
        Ok(match value {
            DeValue::String(text) => Value::String(text.into_owned()),
            DeValue::Boolean(flag) => Value::Bool(flag),
            DeValue::Datetime(time) => Value::String(time.to_string()),
            DeValue::Integer(number) => {
                let (digits, radix) = (number.as_str(), number.radix());
                let number = i64::from_str_radix(digits, radix)
                    .map(serde_json::Number::from)
                    .or_else(|_| u64::from_str_radix(digits, radix).map(serde_json::Number::from))
                    .map_err(|_| self.error(span, &format!("`{at}` is too large")))?;
                Value::Number(number)
            }
            DeValue::Float(number) => {
                let number = number.as_str().parse().ok();
                let number = number
                    .and_then(serde_json::Number::from_f64)
                    .ok_or_else(|| self.error(span, &format!("`{at}` must be a finite number")))?;
                Value::Number(number)
            }
            DeValue::Array(items) => {
                let mut list = Vec::with_capacity(items.len());
                for (index, item) in items.into_iter().enumerate() {
                    let at_item = at.index(index);
                    let span = item.span();
                    self.positions
                        .insert(at_item.to_string(), self.position(span.start));
                    list.push(self.value(item.into_inner(), span, &at_item)?);
                }
                Value::Array(list)
            }
            DeValue::Table(table) => self.table(table, at)?,
        })
    }
}

/// Puts overrides into the tables they belong to.
fn by_table(overrides: JsonMap) -> Result<Value> {
    let mut tables = JsonMap::new();
    for (key, value) in overrides {
        let place = if Config::KEYS.contains(&key.as_str()) {
            &mut tables
        } else if EngineConfig::KEYS.contains(&key.as_str()) {
            let engine = tables
                .entry("engine")
                .or_insert_with(|| Value::Object(JsonMap::new()));
            match engine {
                Value::Object(engine) => engine,
                other => return Err(At::Root.key("engine").wrong("a table", other)),
            }
        } else {
            let known = Config::KEYS.iter().chain(EngineConfig::KEYS).copied();
            let hint = match nearest(&key, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "it is neither a table of the configuration nor a key of [engine]".into(),
            };
            let message = format!("unknown option `{key}`: {hint}");
            return Err(Error::new(ErrorKind::ConfigError, message).with_param(key));
        };
        match (place.get_mut(&key), value) {
            // `engine=` beside single keys of it: neither undoes the other.
            (Some(Value::Object(known)), Value::Object(more)) => known.extend(more),
            (_, value) => {
                place.insert(key, value);
            }
        }
    }
    Ok(Value::Object(tables))
}

/// How deep the overrides of a table merge per key: below that a value is replaced whole, because half
/// an alias or half a JSON Schema would be neither the old one nor the new.
fn merge_depth(table: &str) -> usize {
    match table {
        "engine" | "campaigns" | "tools" => 2,
        "providers" | "projects" => 3,
        _ => 1,
    }
}

fn merge(value: &mut Value, over: Value, depth: usize, at: &At<'_>, places: &mut Places) {
    match (value, over) {
        (Value::Object(table), Value::Object(over)) if depth > 0 => {
            for (key, over) in over {
                let at_key = at.key(&key);
                let depth = match at {
                    At::Root => merge_depth(&key),
                    _ => depth - 1,
                };
                match table.get_mut(&key) {
                    _ if over.is_null() => {}
                    Some(value) => merge(value, over, depth, &at_key, places),
                    None => {
                        table.insert(key, over);
                    }
                }
            }
        }
        (value, over) => {
            places.forget(at);
            *value = over;
        }
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;

//! The values of single keys that are more than a number or a text: what they are and how they are written.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::model::{AliasConfig, AliasTarget};
use super::read::{At, Read, words};
use crate::chat::{ChatRequest, JsonMap, Options, UnsupportedPolicy};
use crate::error::Result;
use crate::provider::{KeyProvider, KeySource, Secret};
use crate::template::{Limits, MissingPolicy};

words! {
    /// What is kept of a call.
    Recording {
        /// Nothing.
        Off = "off",
        /// Everything but prompt, variables and answer.
        #[default]
        Metadata = "metadata",
        /// Everything.
        Full = "full",
    }
}

words! {
    /// How an alias chooses among its targets.
    Strategy {
        /// In the order given; the next after a failure.
        #[default]
        Ordered = "ordered",
        /// At random by weight; the others after a failure.
        Weighted = "weighted",
        /// The quickest lately; the others after a failure.
        Latency = "latency",
    }
}

words! {
    /// Which way of a metric is better.
    Goal {
        /// More.
        #[default]
        Up = "up",
        /// Less.
        Down = "down",
    }
}

words!(@read UnsupportedPolicy { Warn = "warn", Error = "error", });
words!(@read MissingPolicy { Error = "error", Empty = "empty", Keep = "keep", });

/// Where sessions, recordings and feedback are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Storage {
    /// In memory, for the life of the engine.
    #[default]
    Memory,
    /// In a SQLite file.
    Sqlite(PathBuf),
}

/// Where prompts are read from. `Debug` shows no text.
#[derive(Clone, PartialEq, Eq)]
pub enum PromptSource {
    /// A folder.
    Folder(PathBuf),
    /// Texts from code, by the names their files would have below a folder: `greet`,
    /// `faq.prompt.yaml`, `_voice`.
    Texts(BTreeMap<String, String>),
}

impl PromptSource {
    /// The folder, where there is one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            PromptSource::Folder(folder) => Some(folder),
            PromptSource::Texts(_) => None,
        }
    }
}

impl fmt::Debug for PromptSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PromptSource::Folder(folder) => folder.fmt(f),
            PromptSource::Texts(texts) => f.debug_set().entries(texts.keys()).finish(),
        }
    }
}

/// The proxy that connections go through. `Debug` shows no URL: it may hold a password.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Proxy {
    /// What the environment says (`HTTPS_PROXY`, `NO_PROXY` and kin).
    #[default]
    System,
    /// None.
    Off,
    /// This one.
    Url(String),
}

impl Proxy {
    /// `system`, `off`, or the URL.
    pub fn as_str(&self) -> &str {
        match self {
            Proxy::System => "system",
            Proxy::Off => "off",
            Proxy::Url(url) => url,
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Proxy::System => "System",
            Proxy::Off => "Off",
            Proxy::Url(_) => "Url([redacted])",
        })
    }
}

/// Names and values of headers, in the order given. `Debug` shows the names only.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Headers(pub Vec<(String, String)>);

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

/// Keys that code provides, by provider.
#[derive(Clone, Default)]
pub struct KeyProviders(pub HashMap<String, Arc<dyn KeyProvider>>);

impl fmt::Debug for KeyProviders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// `env:NAME`, `file:PATH` or the key itself.
impl Read for KeySource {
    fn read(value: Value, at: &At<'_>) -> Result<Self> {
        let text = String::read(value, at)?;
        if let Some(name) = text.strip_prefix("env:") {
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(at.error("must name an environment variable after `env:`"));
            }
            Ok(KeySource::Env(vec![name.to_owned()]))
        } else if let Some(path) = text.strip_prefix("file:") {
            if path.is_empty() {
                return Err(at.error("must name a file after `file:`"));
            }
            Ok(KeySource::File(PathBuf::from(path)))
        } else {
            Secret::new(&text, &format!("`{at}`"))
                .map(KeySource::Literal)
                .map_err(|error| error.with_param(at.to_string()))
        }
    }
}

/// Why what follows `sqlite:` is not the path of a file, where it is in another notation of SQLite: taken as a
/// path it would silently make a file of that name.
pub(super) fn no_sqlite_path(text: &str) -> Option<&'static str> {
    if text.starts_with(':') {
        Some("names no file: use \"memory:\" for storage in memory, or \"sqlite:PATH\"")
    } else if text.starts_with("file:") {
        Some("takes a path and no URI: leave `file:` out, as in \"sqlite:PATH\"")
    } else if text.starts_with("//") {
        Some("takes a path and no URL: leave `//` and the host out, as in \"sqlite:PATH\"")
    } else {
        None
    }
}

impl Read for Storage {
    fn read(value: Value, at: &At<'_>) -> Result<Self> {
        let text = String::read(value, at)?;
        match text.split_once(':') {
            None if text == "memory" => Ok(Storage::Memory),
            Some(("memory", "")) => Ok(Storage::Memory),
            Some(("sqlite", path)) if !path.is_empty() => match no_sqlite_path(path) {
                Some(why) => Err(at.error(why)),
                None => Ok(Storage::Sqlite(PathBuf::from(path))),
            },
            Some(("postgres" | "postgresql", _)) => {
                Err(at.error("names PostgreSQL, which is not built in"))
            }
            _ => Err(at.error("must be \"memory:\" or \"sqlite:PATH\"")),
        }
    }
}

impl Read for PromptSource {
    fn read(value: Value, at: &At<'_>) -> Result<Self> {
        match value {
            Value::String(_) => PathBuf::read(value, at).map(PromptSource::Folder),
            Value::Object(_) => BTreeMap::read(value, at).map(PromptSource::Texts),
            other => Err(at.wrong("a folder, or a table of texts by name", &other)),
        }
    }
}

impl Read for Proxy {
    fn read(value: Value, at: &At<'_>) -> Result<Self> {
        let text = String::read(value, at)?;
        match text.as_str() {
            "system" => Ok(Proxy::System),
            "off" => Ok(Proxy::Off),
            url => match url::Url::parse(url) {
                Ok(parsed)
                    if matches!(parsed.scheme(), "http" | "https") && parsed.host().is_some() =>
                {
                    Ok(Proxy::Url(text))
                }
                _ => Err(at.error("must be \"system\", \"off\" or an http(s) URL")),
            },
        }
    }
}

/// Headers that the transport writes itself, or that would change how the message is framed.
const FRAMING: &[&str] = &[
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl Read for Headers {
    fn read(value: Value, at: &At<'_>) -> Result<Self> {
        let mut headers = Vec::new();
        for (name, value) in at.table(value)? {
            let at_name = at.key(&name);
            let value = String::read(value, &at_name)?;
            if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
                return Err(at_name.error("is not a legal header name"));
            }
            if FRAMING.contains(&name.to_ascii_lowercase().as_str()) {
                return Err(at_name.error("is a header that only the transport sets"));
            }
            if http::HeaderValue::from_str(&value).is_err() {
                return Err(at_name.error("holds a character that cannot stand in a header"));
            }
            headers.push((name, value));
        }
        Ok(Headers(headers))
    }
}

/// `"openai/gpt-5"`, a list of targets in order, or the whole table.
impl Read for AliasConfig {
    fn read(value: Value, at: &At<'_>) -> Result<Self> {
        let alias = match value {
            Value::String(_) | Value::Array(_) => AliasConfig {
                targets: Vec::read(value, at)?,
                ..AliasConfig::default()
            },
            Value::Object(_) => AliasConfig::read_table(value, at)?,
            other => return Err(at.wrong("a model string, a list or a table", &other)),
        };
        if alias.targets.is_empty() {
            return Err(at.error("names no target"));
        }
        Ok(alias)
    }
}

impl Read for AliasTarget {
    fn read(value: Value, at: &At<'_>) -> Result<Self> {
        let target = match value {
            Value::String(model) => AliasTarget {
                model,
                ..AliasTarget::default()
            },
            Value::Object(_) => AliasTarget::read_table(value, at)?,
            other => return Err(at.wrong("a model string or a table with `model`", &other)),
        };
        if target.model.is_empty() {
            return Err(at.error("names no model"));
        }
        Ok(target)
    }
}

/// Options that say whose call it is, and so belong to the call alone.
const CALL_ONLY: &[&str] = &[
    "model",
    "project",
    "session_id",
    "user",
    "ab_campaign",
    "assignment_key",
    "system_prompt_args",
    "store",
    "do_not_record",
    "stream_options",
];

/// `params`: options of a target or an arm.
impl Read for Options {
    fn read(value: Value, at: &At<'_>) -> Result<Self> {
        let mut options = Options::default();
        for (key, value) in at.table(value)? {
            let at_key = at.key(&key);
            if CALL_ONLY.contains(&key.as_str()) {
                return Err(at_key.error("belongs to a call, not to the configuration"));
            }
            if !Options::NAMES.contains(&key.as_str()) {
                return Err(at.unknown(&key, Options::NAMES));
            }
            // One at a time, so that an error can name its key.
            let one = JsonMap::from_iter([(key.clone(), value)]);
            let request = ChatRequest::deserialize(Value::Object(one))
                .map_err(|error| at_key.error(expected(&error.to_string())))?;
            options.overlay(request.options);
        }
        Ok(options)
    }
}

/// What a reader expected, without the value that it found.
fn expected(message: &str) -> String {
    let found_a_value = message.starts_with("invalid ");
    match message.rsplit_once(", expected ") {
        Some((_, "f64")) => "must be a number".to_owned(),
        Some((_, "u32" | "u64" | "i64" | "usize")) => "must be a whole number".to_owned(),
        Some((_, "a boolean")) => "must be true or false".to_owned(),
        Some((_, expected)) if found_a_value => format!("must be {expected}"),
        _ if found_a_value => "has a value of the wrong type".to_owned(),
        _ => message.to_owned(),
    }
}

/// `template_limits`: its keys are the limits' own.
impl Read for Limits {
    fn read(value: Value, at: &At<'_>) -> Result<Self> {
        let table = at.table(value)?;
        let known = serde_json::to_value(Limits::DEFAULT).unwrap_or_default();
        for (key, value) in &table {
            if known.get(key).is_none() {
                let known: Vec<&str> = known
                    .as_object()
                    .into_iter()
                    .flat_map(|known| known.keys())
                    .map(String::as_str)
                    .collect();
                return Err(at.unknown(key, &known));
            }
            u64::read(value.clone(), &at.key(key))?;
        }
        Limits::deserialize(Value::Object(table))
            .map_err(|_| at.error("holds a number that is too large"))
    }
}

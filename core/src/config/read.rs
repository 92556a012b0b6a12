//! Reads plain JSON values into the data of the configuration, strictly.
//!
//! [`table!`] declares a table once: its keys, their documentation and their defaults. From that come
//! the struct, its `Default`, the list of keys and the reader, so that none can differ from another.
//! Errors name the path of the key and what is expected there, and never show a value.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde_json::Value;

use crate::chat::JsonMap;
use crate::error::{Error, ErrorKind, Result};
use crate::nearest::nearest;

/// The path of the value that is read.
#[derive(Clone, Copy)]
pub(super) enum At<'a> {
    Root,
    Key(&'a At<'a>, &'a str),
    Index(&'a At<'a>, usize),
}

impl<'a> At<'a> {
    pub(super) fn key(&'a self, key: &'a str) -> At<'a> {
        At::Key(self, key)
    }

    pub(super) fn index(&'a self, index: usize) -> At<'a> {
        At::Index(self, index)
    }

    /// An error about this place.
    pub(super) fn error(&self, says: impl fmt::Display) -> Error {
        let path = self.to_string();
        if path.is_empty() {
            return Error::new(ErrorKind::ConfigError, format!("the configuration {says}"));
        }
        Error::new(ErrorKind::ConfigError, format!("`{path}` {says}")).with_param(path)
    }

    /// The value has the wrong type.
    pub(super) fn wrong(&self, expected: &str, value: &Value) -> Error {
        self.error(format!("must be {expected}, not {}", type_name(value)))
    }

    /// The value is none of these words.
    pub(super) fn not_one_of(&self, words: &[&str], value: &Value) -> Error {
        match value {
            Value::String(_) => self.error(format!("must be one of {words:?}")),
            other => self.wrong(&format!("one of {words:?}"), other),
        }
    }

    /// No table here has this key.
    pub(super) fn unknown(&self, key: &str, known: &[&str]) -> Error {
        let table = self.to_string();
        let place = if table.is_empty() {
            "at the top level of the configuration".to_owned()
        } else {
            format!("in `{table}`")
        };
        let hint = match nearest(key, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known are {}", known.join(", ")),
        };
        Error::new(
            ErrorKind::ConfigError,
            format!("unknown key `{key}` {place}: {hint}"),
        )
        .with_param(self.key(key).to_string())
    }

    /// The entries of a table; a key that is null counts as absent.
    pub(super) fn table(&self, value: Value) -> Result<JsonMap> {
        match value {
            Value::Object(mut table) => {
                table.retain(|_, value| !value.is_null());
                Ok(table)
            }
            other => Err(self.wrong("a table", &other)),
        }
    }
}

/// `providers.openai.headers."x.y"`, `models.smart.targets[1]`; empty at the top.
impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Root => Ok(()),
            At::Key(parent, key) => {
                write!(f, "{parent}")?;
                if !matches!(parent, At::Root) {
                    f.write_str(".")?;
                }
                let bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
                if !key.is_empty() && key.bytes().all(bare) {
                    f.write_str(key)
                } else {
                    write!(f, "{key:?}")
                }
            }
            At::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

/// A type that can stand as a value in the configuration.
pub(super) trait Read: Sized {
    fn read(value: Value, at: &At<'_>) -> Result<Self>;
}

impl Read for bool {
    fn read(value: Value, at: &At<'_>) -> Result<Self> {
        value
            .as_bool()
            .ok_or_else(|| at.wrong("true or false", &value))
    }
}

impl Read for u64 {
    fn read(value: Value, at: &At<'_>) -> Result<Self> {
        value.as_u64().ok_or_else(|| match value {
            Value::Number(_) => at.error("must be a whole number from 0"),
            other => at.wrong("a whole number", &other),
        })
    }
}

impl Read for u32 {
    fn read(value: Value, at: &At<'_>) -> Result<Self> {
        let wide = u64::read(value, at)?;
        u32::try_from(wide).map_err(|_| at.error(format!("must be at most {}", u32::MAX)))
    }
}

impl Read for f64 {
    fn read(value: Value, at: &At<'_>) -> Result<Self> {
        value
            .as_f64()
            .filter(|number| number.is_finite())
            .ok_or_else(|| at.wrong("a number", &value))
    }
}

impl Read for String {
    fn read(value: Value, at: &At<'_>) -> Result<Self> {
        match value {
            Value::String(text) => Ok(text),
            other => Err(at.wrong("a string", &other)),
        }
    }
}

impl Read for PathBuf {
    fn read(value: Value, at: &At<'_>) -> Result<Self> {
        match value {
            Value::String(text) if text.is_empty() => Err(at.error("must be a path, not empty")),
            Value::String(text) => Ok(PathBuf::from(text)),
            other => Err(at.wrong("a path", &other)),
        }
    }
}

/// Kept as it is: a JSON Schema.
impl Read for Value {
    fn read(value: Value, _: &At<'_>) -> Result<Self> {
        Ok(value)
    }
}

/// Kept as it is: an open table.
impl Read for JsonMap {
    fn read(value: Value, at: &At<'_>) -> Result<Self> {
        at.table(value)
    }
}

impl<T: Read> Read for Option<T> {
    fn read(value: Value, at: &At<'_>) -> Result<Self> {
        T::read(value, at).map(Some)
    }
}

/// A list; where a list of strings is meant, one string will do.
impl<T: Read> Read for Vec<T> {
    fn read(value: Value, at: &At<'_>) -> Result<Self> {
        match value {
            Value::Array(items) => items
                .into_iter()
                .enumerate()
                .map(|(index, item)| T::read(item, &at.index(index)))
                .collect(),
            one @ Value::String(_) => Ok(vec![T::read(one, at)?]),
            other => Err(at.wrong("a list", &other)),
        }
    }
}

/// Named entries.
impl<T: Read> Read for BTreeMap<String, T> {
    fn read(value: Value, at: &At<'_>) -> Result<Self> {
        at.table(value)?
            .into_iter()
            .map(|(name, value)| {
                let entry = T::read(value, &at.key(&name))?;
                Ok((name, entry))
            })
            .collect()
    }
}

/// Declares a table of the configuration: `key: Type = default;`, where no default is the type's own.
/// With `short` first it may also be written shorter than a table; its reader is in `setting.rs`.
macro_rules! table {
    (short $($declaration:tt)+) => {
        table!(@declare $($declaration)+);
    };
    (@declare $(#[$doc:meta])* $name:ident { $($(#[$key_doc:meta])* $key:ident: $type:ty $(= $default:expr)?;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name { $($(#[$key_doc])* pub $key: $type,)+ }

        impl $name {
            /// The keys of this table, in the order of the documentation.
            pub const KEYS: &'static [&'static str] = &[$(stringify!($key),)+];

            pub(super) fn read_table(
                value: serde_json::Value,
                at: &$crate::config::read::At<'_>,
            ) -> $crate::error::Result<Self> {
                let mut table = $name::default();
                for (key, value) in at.table(value)? {
                    let at_key = at.key(&key);
                    match key.as_str() {
                        $(stringify!($key) => {
                            table.$key = $crate::config::read::Read::read(value, &at_key)?;
                        })+
                        _ => return Err(at.unknown(&key, $name::KEYS)),
                    }
                }
                Ok(table)
            }
        }

        impl Default for $name {
            fn default() -> Self {
                $name { $($key: table!(@default $($default)?),)+ }
            }
        }
    };
    (@default) => { Default::default() };
    (@default $default:expr) => { $default };
    ($(#[$doc:meta])* $name:ident $keys:tt) => {
        table!(@declare $(#[$doc])* $name $keys);

        impl $crate::config::read::Read for $name {
            fn read(
                value: serde_json::Value,
                at: &$crate::config::read::At<'_>,
            ) -> $crate::error::Result<Self> {
                $name::read_table(value, at)
            }
        }
    };
}

/// Declares a setting with a fixed set of words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub enum $name { $($(#[$word_doc])* $variant,)+ }

        impl $name {
            /// The word in configuration.
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }
        }

        words!(@read $name { $($variant = $word,)+ });
    };
    // The reader alone, for a type that is declared elsewhere.
    (@read $name:ident { $($variant:ident = $word:literal,)+ }) => {
        impl $crate::config::read::Read for $name {
            fn read(
                value: serde_json::Value,
                at: &$crate::config::read::At<'_>,
            ) -> $crate::error::Result<Self> {
                match value.as_str() {
                    $(Some($word) => Ok($name::$variant),)+
                    _ => Err(at.not_one_of(&[$($word),+], &value)),
                }
            }
        }
    };
}

pub(super) use {table, words};

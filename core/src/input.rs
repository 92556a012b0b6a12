//! Host data in: any serde deserializer -> request nouns, with errors that name the path.
//!
//! Reading takes one pass. Only where it fails is the input read again through [`Tracked`], which
//! knows the path and never repeats a value in its message: a prompt must not end up in a log.

use std::fmt;

use serde::de::{
    self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Value;

use crate::chat::{ChatRequest, PromptRequest};
use crate::error::{Error, ErrorKind, Result};

/// Reads a request from JSON text. Errors are `invalid_request` with `param` set.
pub fn from_json<T: de::DeserializeOwned>(json: &[u8]) -> Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    if let Ok(read) = T::deserialize(&mut reader)
        && reader.end().is_ok()
    {
        return Ok(read);
    }
    let value: Value = serde_json::from_slice(json).map_err(|error| {
        // serde_json's own words may repeat a token of the input; the place is enough.
        let message = format!(
            "not valid JSON at line {}, column {}",
            error.line(),
            error.column()
        );
        Error::new(ErrorKind::InvalidRequest, message)
    })?;
    from_value(&value)
}

/// Reads a request from a JSON value. Errors are `invalid_request` with `param` set.
pub fn from_value<T: de::DeserializeOwned>(value: &Value) -> Result<T> {
    T::deserialize(Tracked(value)).map_err(InputError::into_error)
}

/// How deep lists and objects of host data may be nested; as deep as JSON text is read.
pub const MAX_DEPTH: usize = 128;

/// Why host data does not fit, and where.
///
/// The bindings' readers of host objects use it too, so that the words are the same in every language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputError {
    path: Vec<Step>,
    message: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

impl InputError {
    /// Says that the error happened below this key.
    #[must_use]
    pub fn at_key(mut self, key: &str) -> Self {
        self.path.push(Step::Key(key.to_owned()));
        self
    }

    /// Not a finite number.
    pub fn not_finite() -> Self {
        de::Error::custom("NaN and infinities cannot be sent")
    }

    /// A whole number outside of `i64::MIN..=u64::MAX`.
    pub fn out_of_range() -> Self {
        de::Error::custom("a whole number beyond 64 bits cannot be sent")
    }

    /// A text with half of a surrogate pair.
    pub fn lone_surrogate() -> Self {
        de::Error::custom("a text with a lone surrogate is not Unicode and cannot be sent")
    }

    /// A key that is not a text.
    pub fn key_not_text(kind: &str) -> Self {
        de::Error::custom(format_args!("keys must be strings, got {kind}"))
    }

    /// A value that holds itself.
    pub fn cycle() -> Self {
        de::Error::custom("a value that holds itself cannot be sent")
    }

    /// Lists and objects in one another beyond [`MAX_DEPTH`].
    pub fn too_deep() -> Self {
        de::Error::custom(format_args!(
            "lists and objects are nested more than {MAX_DEPTH} deep"
        ))
    }

    /// Says that the error happened below this element.
    #[must_use]
    pub fn at_index(mut self, index: usize) -> Self {
        self.path.push(Step::Index(index));
        self
    }

    /// The path as `messages[2].content`.
    pub fn path(&self) -> String {
        let mut path = String::new();
        for step in self.path.iter().rev() {
            match step {
                Step::Index(index) => path.push_str(&format!("[{index}]")),
                Step::Key(key) if path.is_empty() => path.push_str(key),
                Step::Key(key) => {
                    path.push('.');
                    path.push_str(key);
                }
            }
        }
        path
    }

    /// `invalid_request`, or `invalid_variables` where a variable is at fault.
    pub fn into_error(self) -> Error {
        let path = self.path();
        // An unknown option is named in the message itself.
        let param = match unknown_name(&self.message) {
            Some(name) if path.is_empty() => name.to_owned(),
            _ => path.clone(),
        };
        let message = if path.is_empty() {
            self.message
        } else {
            format!("`{path}`: {}", self.message)
        };
        if path == "variables" || path.starts_with("variables.") || path.starts_with("variables[") {
            let kind = ErrorKind::InvalidVariables;
            return Error::new(kind, message).with_param(param);
        }
        if param.is_empty() {
            Error::new(ErrorKind::InvalidRequest, message)
        } else {
            Error::invalid(param, message)
        }
    }
}

fn unknown_name(message: &str) -> Option<&str> {
    let named = ["unknown option `", "unknown key `"];
    let rest = named.iter().find_map(|words| message.strip_prefix(words))?;
    rest.split('`').next()
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for InputError {}

impl de::Error for InputError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        InputError {
            path: Vec::new(),
            message: message.to_string(),
        }
    }

    fn invalid_type(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format_args!(
            "expected {}, got {}",
            words(&expected.to_string()),
            kind_of(&unexpected)
        ))
    }

    fn invalid_value(_unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format_args!("expected {}", words(&expected.to_string())))
    }

    fn unknown_variant(_variant: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!("expected one of {}", quoted(expected)))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let near = crate::nearest::nearest(field, expected.iter().copied());
        match near {
            Some(near) => Self::custom(format_args!(
                "unknown key `{field}`: did you mean `{near}`?"
            )),
            None => Self::custom(format_args!(
                "unknown key `{field}`; known are {}",
                quoted(expected)
            )),
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format_args!("needs `{field}`"))
    }
}

fn quoted(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("\"{name}\""))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Rust's names of types in words that a Python, Node or Swift user knows.
fn words(expected: &str) -> &str {
    match expected {
        "f32" | "f64" => "a number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number of 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        other if other.starts_with("struct ") || other.starts_with("map") => "an object",
        other if other.starts_with("enum ") => "a string",
        other => other,
    }
}

/// The kind of a value, never the value.
fn kind_of<'a>(unexpected: &de::Unexpected<'a>) -> &'a str {
    match unexpected {
        de::Unexpected::Bool(_) => "true or false",
        de::Unexpected::Unsigned(_) | de::Unexpected::Signed(_) => "a whole number",
        de::Unexpected::Float(_) => "a number",
        de::Unexpected::Char(_) | de::Unexpected::Str(_) => "a string",
        de::Unexpected::Bytes(_) => "bytes",
        de::Unexpected::Unit | de::Unexpected::Option => "null",
        de::Unexpected::Seq => "a list",
        de::Unexpected::Map | de::Unexpected::StructVariant | de::Unexpected::NewtypeStruct => {
            "an object"
        }
        // What a host language calls a type that JSON lacks.
        de::Unexpected::Other(name) => name,
        _ => "something else",
    }
}

/// A JSON value that is read with its path in mind.
struct Tracked<'a>(&'a Value);

impl<'de> Deserializer<'de> for Tracked<'de> {
    type Error = InputError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), _, _) => visitor.visit_u64(value),
                (_, Some(value), _) => visitor.visit_i64(value),
                (_, _, Some(value)) => visitor.visit_f64(value),
                _ => Err(de::Error::custom("a number out of range")),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => visitor.visit_seq(Items {
                items: items.iter(),
                index: 0,
            }),
            Value::Object(map) => visitor.visit_map(Entries {
                entries: map.iter(),
                pending: None,
            }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, InputError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InputError> {
        match self.0 {
            Value::String(text) => {
                let unit: de::value::StrDeserializer<'_, InputError> =
                    text.as_str().into_deserializer();
                unit.deserialize_enum(name, variants, visitor)
            }
            _ => Err(de::Error::custom(format_args!(
                "expected one of {}",
                quoted(variants)
            ))),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct Items<'a> {
    items: std::slice::Iter<'a, Value>,
    index: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = InputError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, InputError> {
        let Some(item) = self.items.next() else {
            return Ok(None);
        };
        self.index += 1;
        seed.deserialize(Tracked(item))
            .map(Some)
            .map_err(|error| error.at_index(self.index - 1))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Entries<'a> {
    entries: serde_json::map::Iter<'a>,
    pending: Option<(&'a str, &'a Value)>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = InputError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, InputError> {
        let Some((key, value)) = self.entries.next() else {
            return Ok(None);
        };
        self.pending = Some((key, value));
        let key: de::value::BorrowedStrDeserializer<'_, InputError> =
            de::value::BorrowedStrDeserializer::new(key);
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, InputError> {
        let Some((key, value)) = self.pending.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        seed.deserialize(Tracked(value))
            .map_err(|error| error.at_key(key))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

impl ChatRequest {
    /// Reads a request from JSON, for example `{"messages": "Hi", "model": "test/echo"}`.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        from_json(json)
    }
}

impl PromptRequest {
    /// Reads a request from JSON, for example `{"slug": "greet", "variables": {"name": "Ada"}}`.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        from_json(json)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn refused(json: &str) -> (String, String) {
        let error = ChatRequest::from_json(json.as_bytes()).unwrap_err();
        (
            error.data().param.clone().unwrap_or_default(),
            error.to_string(),
        )
    }

    #[test]
    fn names_the_path_and_no_value() {
        let (param, message) = refused(
            r#"{"messages": [{"role": "user", "content": "x"}, {"role": "user", "content": 5}]}"#,
        );
        assert_eq!(param, "messages[1].content");
        assert_eq!(
            message,
            "`messages[1].content`: expected a string or a list of parts, got a whole number"
        );
        let (param, message) = refused(r#"{"messages": ["a secret prompt"]}"#);
        assert_eq!(param, "messages[0]");
        assert!(!message.contains("secret"), "{message}");
    }

    #[test]
    fn names_unknown_options_and_the_nearest() {
        assert_eq!(
            refused(r#"{"messages": "x", "temprature": 1}"#),
            (
                "temprature".into(),
                "unknown option `temprature`: did you mean `temperature`?".into()
            )
        );
        assert!(
            refused(r#"{"messages": "x", "stream": true}"#)
                .1
                .contains("`chat_stream`")
        );
    }

    #[test]
    fn names_unknown_keys_of_plain_structs() {
        let asked = br#"{"promt": "greet"}"#;
        let error = from_json::<crate::engine::asks::ListRecordings>(asked).unwrap_err();
        assert_eq!(error.data().param.as_deref(), Some("promt"));
        assert_eq!(
            error.to_string(),
            "unknown key `promt`: did you mean `prompt`?"
        );
    }

    #[test]
    fn says_what_a_number_should_be() {
        assert_eq!(
            refused(r#"{"temperature": "hot"}"#).1,
            "`temperature`: expected a number, got a string"
        );
        assert_eq!(
            refused(r#"{"n": -1}"#).1,
            "`n`: expected a whole number of 0 or more"
        );
        assert_eq!(
            refused(r#"{"messages": [{"role": "robot"}]}"#).0,
            "messages[0].role"
        );
    }

    #[test]
    fn reads_what_openai_clients_send() {
        let request = ChatRequest::from_json(
            br#"{"model": "a/b", "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}], "stop": "x", "top_p": null}"#,
        )
        .unwrap();
        assert_eq!(request.options.model, ["a/b"]);
        assert_eq!(request.messages[0].text(), "hi");
        assert_eq!(request.options.stop, ["x"]);
    }
}

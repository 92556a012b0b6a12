//! Bodies, whatever the dialect: the caller's `extra_body` laid over an encoded request, and a JSON answer read
//! with the reasons why it cannot be.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::Target;
use crate::chat::JsonMap;
use crate::error::{Error, ErrorKind, Result};

/// The key of `extra_body` that scripts the `test` provider and goes to no other.
pub(crate) const TEST_KEY: &str = "test";

/// The encoded request with the keys of `extra_body` over it: a key that is there already is replaced where it
/// stands, others follow at the end. Without `extra_body` the bytes pass untouched.
pub(crate) fn merge(body: Vec<u8>, extra_body: &JsonMap) -> Result<Vec<u8>> {
    if !extra_body.keys().any(|key| key != TEST_KEY) {
        return Ok(body);
    }
    let broken = |error: serde_json::Error| {
        Error::new(ErrorKind::Internal, "the encoded request is not an object").with_source(error)
    };
    let Pairs(pairs) = serde_json::from_slice(&body).map_err(broken)?;
    let mut out = Vec::with_capacity(body.len() + 256);
    let mut serializer = serde_json::Serializer::new(&mut out);
    let mut map = serializer.serialize_map(None).map_err(broken)?;
    for (key, raw) in &pairs {
        match extra_body.get(key.as_ref()) {
            Some(value) if key != TEST_KEY => map.serialize_entry(key, value),
            _ => map.serialize_entry(key, raw),
        }
        .map_err(broken)?;
    }
    for (key, value) in extra_body {
        if key != TEST_KEY && !pairs.iter().any(|(known, _)| known == key) {
            map.serialize_entry(key, value).map_err(broken)?;
        }
    }
    map.end().map_err(broken)?;
    Ok(out)
}

/// The members of an object, values unread.
struct Pairs<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;
        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Pairs<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(PairsVisitor)
    }
}

/// The text of a JSON body: a byte order mark and leading blanks are no part of it, and bytes that are not
/// UTF-8 become U+FFFD.
pub(crate) fn text(body: &[u8]) -> Cow<'_, str> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let body = body.trim_ascii();
    match std::str::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(body),
    }
}

/// Reads the text of a whole answer. Nesting beyond [`limits::JSON_DEPTH`](crate::transport::limits::JSON_DEPTH)
/// is an error, as serde_json has the same limit.
pub(crate) fn read<'a, T: Deserialize<'a>>(text: &'a str, target: &Target) -> Result<T> {
    serde_json::from_str(text).map_err(|error| unreadable(text, &error, target))
}

/// Why a 2xx answer is no answer: `invalid_response`, retryable where the body was empty or cut.
pub(crate) fn unreadable(text: &str, error: &serde_json::Error, target: &Target) -> Error {
    let provider = &target.provider.name;
    let bytes = text.len();
    let (message, retryable) = if text.is_empty() {
        (format!("{provider} sent an empty answer"), true)
    } else if text.starts_with('<') {
        let message = format!(
            "{provider} sent a web page instead of JSON; is its `base_url` right, or a login page in between?"
        );
        (message, false)
    } else if error.is_eof() {
        (
            format!("the answer of {provider} was cut after {bytes} bytes"),
            true,
        )
    } else {
        let (line, column) = (error.line(), error.column());
        let message =
            format!("the answer of {provider} cannot be read (line {line}, column {column})");
        (message, false)
    };
    Error::new(ErrorKind::InvalidResponse, message)
        .with_target(provider, &target.model)
        .with_retryable(retryable)
}

/// Why an event of a stream is none: `invalid_response`.
pub(crate) fn unreadable_event(error: &serde_json::Error, provider: &str, model: &str) -> Error {
    let (line, column) = (error.line(), error.column());
    let message = format!(
        "an event in the stream of {provider} cannot be read (line {line}, column {column})"
    );
    Error::new(ErrorKind::InvalidResponse, message).with_target(provider, model)
}

/// Why a stream that ended too early is no answer: `stream_interrupted` after output, else an
/// `invalid_response` that may be tried again.
pub(crate) fn cut(any_output: bool, provider: &str, model: &str) -> Error {
    let error = if any_output {
        let message = format!("the stream of {provider} ended before the answer was complete");
        Error::new(ErrorKind::StreamInterrupted, message)
    } else {
        let message = format!("the stream of {provider} ended without an answer");
        Error::new(ErrorKind::InvalidResponse, message).with_retryable(true)
    };
    error.with_target(provider, model)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn merged(body: &str, extra: &str) -> String {
        let extra = serde_json::from_str(extra).unwrap();
        String::from_utf8(merge(body.as_bytes().to_vec(), &extra).unwrap()).unwrap()
    }

    #[test]
    fn extra_keys_replace_in_place_or_follow() {
        let body = r#"{"model":"m","n":1.50,"stream":true}"#;
        assert_eq!(merged(body, "{}"), body);
        assert_eq!(
            merged(body, r#"{"top_k": 4, "model": {"a": 1}}"#),
            r#"{"model":{"a":1},"n":1.50,"stream":true,"top_k":4}"#
        );
    }

    #[test]
    fn the_script_of_the_test_provider_is_not_sent() {
        let body = r#"{"model":"m"}"#;
        assert_eq!(merged(body, r#"{"test": {}}"#), body);
        assert_eq!(
            merged(body, r#"{"test": {}, "a": 1}"#),
            r#"{"model":"m","a":1}"#
        );
    }

    #[test]
    fn marks_and_blanks_before_json_are_no_part_of_it() {
        assert_eq!(text(b"\xEF\xBB\xBF\n\n  {}\r\n"), "{}");
        assert_eq!(text(b"{\"a\":\"\xFF\"}"), "{\"a\":\"\u{FFFD}\"}");
    }
}

//! Tool arguments: text on our side, a JSON object on the wire of most dialects other than OpenAI's.
//! Objects pass through as the bytes they are, so that no number and no key order changes.

use serde_json::value::RawValue;

use crate::error::{Error, Result};

/// The arguments of a call as a JSON object, borrowed. `Ok(None)`: there are none.
/// Anything but an object is refused before sending; `param` names the call, for the error.
pub(crate) fn object<'a>(arguments: &'a str, param: &str) -> Result<Option<&'a RawValue>> {
    let arguments = arguments.trim();
    if arguments.is_empty() || arguments == "null" {
        return Ok(None);
    }
    match serde_json::from_str::<&RawValue>(arguments) {
        Ok(raw) if raw.get().starts_with('{') => Ok(Some(raw)),
        _ => Err(Error::invalid(
            param,
            format!(
                "`{param}` is not a JSON object; replay tool arguments as the model wrote them"
            ),
        )),
    }
}

/// A JSON text without the white space between its tokens.
pub(crate) fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut start = 0;
    let mut in_string = false;
    let mut escaped = false;
    for (place, byte) in json.bytes().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
        } else if byte == b'"' {
            in_string = true;
        } else if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
            out.push_str(&json[start..place]);
            start = place + 1;
        }
    }
    out.push_str(&json[start..]);
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_object_passes_unchanged() {
        let raw = object(" {\"b\": 12345678901234567890123, \"a\": 0.50} ", "p")
            .unwrap()
            .unwrap();
        assert_eq!(raw.get(), "{\"b\": 12345678901234567890123, \"a\": 0.50}");
        assert!(object("", "p").unwrap().is_none());
        assert!(object("null", "p").unwrap().is_none());
    }

    #[test]
    fn anything_else_is_refused() {
        for broken in ["[1]", "\"{}\"", "{", "{\"a\":1} x", "city: Paris"] {
            let error = object(broken, "messages[1].tool_calls[0].function.arguments").unwrap_err();
            assert_eq!(
                error.data().param.as_deref(),
                Some("messages[1].tool_calls[0].function.arguments")
            );
            assert!(!error.to_string().contains("Paris"));
        }
    }

    #[test]
    fn compacts_outside_strings_only() {
        assert_eq!(
            compact("{ \"a b\\\" \" : [ 1 ,\n\t2.50 ] }"),
            "{\"a b\\\" \":[1,2.50]}"
        );
    }
}

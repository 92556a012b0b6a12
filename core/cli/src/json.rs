//! JSON text before it is read: how many values it holds, and whether its numbers come through.

use slugline::{Error, ErrorKind};

/// Most values that are read: texts, numbers, lists, objects and what they hold. A value of two bytes takes a
/// hundred in memory.
pub(crate) const MOST_VALUES: usize = 200_000;

/// How deep lists and objects stand in one another at most: the reader of JSON goes no further.
const DEEPEST: usize = 127;

/// Checks a text before anything of it is made. What is no JSON at all is not found here.
///
/// # Errors
/// `request_too_large` for more than [`MOST_VALUES`]; `invalid_request` for more levels than are read, and for a
/// whole number beyond 64 bits, which would be rounded.
pub(crate) fn check(json: &[u8]) -> Result<(), Error> {
    // Each value comes after a comma or at the beginning of a list or object.
    let mut values = 1;
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = json.get(at) {
        at += 1;
        match byte {
            b'"' => at = after_text(json, at),
            b',' => values += 1,
            b'[' | b'{' => {
                values += 1;
                depth += 1;
                if depth > DEEPEST {
                    let message = format!("lists and objects are nested more than {DEEPEST} deep");
                    return Err(Error::new(ErrorKind::InvalidRequest, message));
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'-' | b'0'..=b'9' => {
                let rest = json.get(at..).unwrap_or_default();
                let more = rest.iter().take_while(|byte| is_numeric(**byte)).count();
                let number = json.get(at - 1..at + more).unwrap_or_default();
                if !fits(number) {
                    return Err(too_far(json, at));
                }
                at += more;
            }
            _ => {}
        }
    }
    match values > MOST_VALUES {
        true => {
            let message = format!("the JSON holds more than {MOST_VALUES} values");
            Err(Error::new(ErrorKind::RequestTooLarge, message))
        }
        false => Ok(()),
    }
}

/// The place behind a text that begins here.
fn after_text(json: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(byte) = json.get(at) {
        at += 1;
        match byte {
            b'"' => break,
            b'\\' => at += 1,
            _ => {}
        }
    }
    at
}

fn is_numeric(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-')
}

/// Whether a number keeps its value: any with a point or an exponent is a float, and meant as one.
fn fits(number: &[u8]) -> bool {
    let digits = number.strip_prefix(b"-").unwrap_or(number);
    if digits.len() < 19 || !digits.iter().all(u8::is_ascii_digit) {
        return true;
    }
    let number = std::str::from_utf8(number).unwrap_or_default();
    number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok()
}

fn too_far(json: &[u8], at: usize) -> Error {
    let before = json.get(..at).unwrap_or_default();
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before
        .iter()
        .rev()
        .take_while(|byte| **byte != b'\n')
        .count();
    let message = format!(
        "the whole number at line {line}, column {column} is beyond 64 bits: send it as a text, or with a point as a float"
    );
    Error::new(ErrorKind::InvalidRequest, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_of_texts() {
        let list = |count: usize| format!("[{}0]", "0,".repeat(count - 2));
        assert!(check(list(MOST_VALUES).as_bytes()).is_ok());
        assert!(check(list(MOST_VALUES + 1).as_bytes()).is_err());
        let text = format!(r#"["\\", "a\"{}"]"#, ",[{\\\"".repeat(MOST_VALUES));
        assert!(check(text.as_bytes()).is_ok());
        assert!(check("[[]".repeat(DEEPEST + 1).as_bytes()).is_err());
        for broken in ["", "\"", "\"\\", "-", "{\"a"] {
            assert!(check(broken.as_bytes()).is_ok(), "{broken}");
        }
    }

    #[test]
    fn depth_is_what_is_read() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        for (depth, right) in [(DEEPEST, true), (DEEPEST + 1, false)] {
            let text = nested(depth);
            let read = serde_json::from_str::<serde_json::Value>(&text);
            assert_eq!(
                (read.is_ok(), check(text.as_bytes()).is_ok()),
                (right, right)
            );
        }
        assert!(check("[[]]".repeat(DEEPEST).as_bytes()).is_ok());
    }

    #[test]
    fn numbers_come_through_or_are_named() {
        for right in [
            "[18446744073709551615, -9223372036854775808, 1e400, 123456789012345678901234567890.0]",
            r#"{"a": "123456789012345678901234567890"}"#,
            "[0.1234567890123456789012345]",
        ] {
            assert!(check(right.as_bytes()).is_ok(), "{right}");
        }
        for (wrong, place) in [
            ("18446744073709551616", "line 1, column 1"),
            ("[1,\n -9223372036854775809]", "line 2, column 2"),
            (
                r#"{"a": 123456789012345678901234567890}"#,
                "line 1, column 7",
            ),
        ] {
            let error = check(wrong.as_bytes()).unwrap_err();
            assert!(error.to_string().contains(place), "{error}");
        }
    }
}

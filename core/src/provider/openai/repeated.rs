//! Half of a chunk is what every chunk of the stream says: id, model and the like, before `choices`. Where that
//! beginning is the same as before, byte by byte, only the rest is read.

use memchr::memmem;
use serde_json::Deserializer;

use super::types::{Answer, AnswerChoice, Many};

/// What the rest begins with.
const CHOICES: &str = "\"choices\":";
/// After so many chunks with another beginning the host is one that changes it each time.
const MOST_MISSES: u8 = 4;

/// The beginning that the last chunks share.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    /// Up to `"choices":`; empty where there is none.
    head: String,
    misses: u8,
}

impl Repeated {
    /// Reads a chunk. What stands in a repeated beginning is absent in it: it was read before.
    pub(super) fn read<'a>(
        &mut self,
        data: &'a str,
        scratch: &'a mut String,
    ) -> serde_json::Result<Answer<'a>> {
        if let Some(answer) = self.rest(data).and_then(|rest| read_rest(rest, scratch)) {
            self.misses = 0;
            return Ok(answer);
        }
        let answer = serde_json::from_str(data)?;
        if self.misses < MOST_MISSES {
            self.misses += 1;
            self.head.clear();
            if let Some(head) = head(data) {
                self.head.push_str(head);
            }
        }
        Ok(answer)
    }

    /// What follows the repeated beginning and `"choices":`.
    fn rest<'a>(&self, data: &'a str) -> Option<&'a str> {
        let rest = data.strip_prefix(self.head.as_str())?;
        rest.strip_prefix(CHOICES).filter(|_| !self.head.is_empty())
    }
}

/// Reads the choices, and the members after them from a copy that is an object again. `None`: read it whole.
fn read_rest<'a>(rest: &'a str, scratch: &'a mut String) -> Option<Answer<'a>> {
    let mut values = Deserializer::from_str(rest).into_iter::<Option<Many<AnswerChoice<'a>>>>();
    let choices = values.next()?.ok()?;
    let tail = rest.get(values.byte_offset()..)?.trim_ascii();
    if tail == "}" {
        return Some(Answer {
            choices,
            ..Answer::default()
        });
    }
    let members = tail.strip_prefix(',')?.trim_ascii_start();
    if !members.starts_with('"') {
        return None;
    }
    scratch.clear();
    scratch.push('{');
    scratch.push_str(members);
    let mut answer: Answer<'a> = serde_json::from_str(scratch).ok()?;
    answer.choices = answer.choices.or(choices);
    Some(answer)
}

/// The beginning of a chunk, up to its `choices`.
fn head(data: &str) -> Option<&str> {
    // A quote inside a string has a backslash before it, so this one begins a key; whose, the depth tells.
    let head = data.get(..memmem::find(data.as_bytes(), CHOICES.as_bytes())?)?;
    let (mut depth, mut in_string, mut escaped) = (0_u32, false, false);
    for byte in head.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    (depth == 1 && !in_string).then_some(head)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(repeated: &mut Repeated, data: &str) -> (String, String, usize) {
        let mut scratch = String::new();
        let answer = repeated.read(data, &mut scratch).unwrap();
        let choices = answer.choices.unwrap().0;
        let finish = choices
            .first()
            .map(|choice| choice.finish_reason.0.to_string());
        (
            answer.id.0.to_string(),
            finish.unwrap_or_default(),
            answer.more.len(),
        )
    }

    #[test]
    fn a_beginning_is_read_once() {
        let mut repeated = Repeated::default();
        let chunk = |id: &str, rest: &str| format!(r#"{{"id":"{id}","n":"{{[","choices":{rest}"#);
        let first = chunk("a", r#"[{"finish_reason":"x"}],"u":1}"#);
        assert_eq!(read(&mut repeated, &first), ("a".into(), "x".into(), 2));
        // Only what is new; the same where it is read whole.
        assert_eq!(read(&mut repeated, &first), (String::new(), "x".into(), 1));
        let closed = chunk("a", r#" [{"finish_reason":"y"}] } "#);
        assert_eq!(read(&mut repeated, &closed), (String::new(), "y".into(), 0));
        let twice = chunk(
            "a",
            r#"[{"finish_reason":"y"}],"choices":[{"finish_reason":"z"}]}"#,
        );
        assert_eq!(read(&mut repeated, &twice), (String::new(), "z".into(), 0));
        let other = chunk("b", r#"[]}"#);
        assert_eq!(read(&mut repeated, &other), ("b".into(), String::new(), 1));
        assert_eq!(
            read(&mut repeated, &other),
            (String::new(), String::new(), 0)
        );
    }

    #[test]
    fn what_is_broken_is_an_error_either_way() {
        for rest in [
            "",
            "[",
            "[]",
            "[]]",
            "[],}",
            "[] x}",
            "[],\"a\":}",
            "[{\"index\":}]}",
        ] {
            let mut repeated = Repeated::default();
            read(&mut repeated, r#"{"id":"a","choices":[]}"#);
            let data = format!(r#"{{"id":"a","choices":{rest}"#);
            let mut scratch = String::new();
            assert!(repeated.read(&data, &mut scratch).is_err(), "{data}");
        }
    }

    #[test]
    fn choices_of_something_else_are_no_end_of_the_beginning() {
        for data in [
            r#"{"a":{"choices":[1]},"choices":[]}"#,
            r#"{"a":"\"choices\":[","b":1}"#,
            r#"{"a":1}"#,
        ] {
            assert_eq!(head(data), None, "{data}");
        }
        assert_eq!(head(r#"{"a":"\\","choices":[]}"#), Some(r#"{"a":"\\","#));
        assert_eq!(head(r#"{"choices":[]}"#), Some("{"));
    }

    #[test]
    fn a_host_that_changes_its_beginning_is_given_up() {
        let mut repeated = Repeated::default();
        for id in 0..10 {
            let data = format!(r#"{{"id":"{id}","choices":[]}}"#);
            assert_eq!(read(&mut repeated, &data).0, id.to_string());
        }
        assert_eq!(repeated.misses, MOST_MISSES);
    }
}

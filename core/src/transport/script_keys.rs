//! The keys of a script for the `test` provider, `extra_body.test`, each read and checked by name.

use std::time::Duration;

use http::HeaderValue;
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::nearest::nearest;

/// Every key that a script may have.
const KEYS: [&str; 13] = [
    "content",
    "chunks",
    "tool_calls",
    "finish_reason",
    "usage",
    "ttft_ms",
    "chunk_delay_ms",
    "status",
    "retry_after",
    "fail_times",
    "cut_after",
    "stall_after",
    "panic",
];

/// How an answer goes wrong on its way.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// The connection breaks off.
    Cut,
    /// Nothing more comes, and no end.
    Stall,
}

/// The script as given; empty where the request has none. `null` is as good as absent, except for `content` and
/// `usage`, where it is an answer without.
pub(super) struct Keys<'a>(Option<&'a Map<String, Value>>);

impl<'a> Keys<'a> {
    /// The script of this request, every key of which is known.
    pub(super) fn of(body: &'a Value) -> Result<Keys<'a>> {
        let script = match body.get("test") {
            None | Some(Value::Null) => None,
            Some(Value::Object(script)) => Some(script),
            Some(_) => return Err(Error::invalid("extra_body.test", "`test` is not an object")),
        };
        let unknown = script
            .into_iter()
            .flat_map(Map::keys)
            .find(|key| !KEYS.contains(&key.as_str()));
        match unknown {
            None => Ok(Keys(script)),
            Some(key) => {
                let near = match nearest(key, KEYS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known are {}", KEYS.join(", ")),
                };
                Err(wrong(
                    key,
                    &format!("is not known to the `test` provider; {near}"),
                ))
            }
        }
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.0?.get(key)
    }

    fn given(&self, key: &str) -> Option<&'a Value> {
        self.get(key).filter(|value| !value.is_null())
    }

    fn number(&self, key: &str) -> Result<Option<u64>> {
        self.given(key)
            .map(|value| {
                let whole = "is not a whole number from 0";
                value.as_u64().ok_or_else(|| wrong(key, whole))
            })
            .transpose()
    }

    /// A number of milliseconds, by default none.
    pub(super) fn delay(&self, key: &str) -> Result<Duration> {
        Ok(Duration::from_millis(self.number(key)?.unwrap_or(0)))
    }

    /// A text.
    pub(super) fn string(&self, key: &str) -> Result<Option<String>> {
        self.given(key)
            .map(|value| {
                let text = value
                    .as_str()
                    .ok_or_else(|| wrong(key, "is not a string"))?;
                Ok(text.to_owned())
            })
            .transpose()
    }

    /// The content and its chunks: as given, else the last user message in words. Tool calls have none by default.
    pub(super) fn content(
        &self,
        messages: &[Value],
        echo: bool,
    ) -> Result<(Option<String>, Vec<String>)> {
        let chunks = self.chunks()?;
        let content = match (self.get("content"), &chunks) {
            (Some(Value::Null), None) => None,
            (Some(Value::String(content)), None) => Some(content.clone()),
            (None, Some(chunks)) => Some(chunks.concat()),
            (None, None) => echo.then(|| last_user_text(messages)),
            (Some(Value::String(content)), Some(chunks)) if *content == chunks.concat() => {
                Some(content.clone())
            }
            (Some(Value::String(_) | Value::Null), Some(_)) => {
                return Err(wrong("chunks", "do not join to `content`"));
            }
            (Some(_), _) => return Err(wrong("content", "is neither a string nor null")),
        };
        let chunks = match (chunks, &content) {
            (Some(chunks), _) => chunks,
            (None, Some(content)) => pieces(content),
            (None, None) => Vec::new(),
        };
        Ok((content, chunks))
    }

    fn chunks(&self) -> Result<Option<Vec<String>>> {
        let Some(chunks) = self.given("chunks") else {
            return Ok(None);
        };
        let strings = chunks.as_array().and_then(|chunks| {
            let strings = chunks.iter().map(|chunk| chunk.as_str().map(str::to_owned));
            strings.collect::<Option<Vec<String>>>()
        });
        strings
            .map(Some)
            .ok_or_else(|| wrong("chunks", "are not a list of strings"))
    }

    /// Tool calls in OpenAI's form. `id` and `type` may be left out, and `arguments` may be an object.
    pub(super) fn tool_calls(&self) -> Result<Vec<Value>> {
        let Some(calls) = self.given("tool_calls") else {
            return Ok(Vec::new());
        };
        let whole = calls.as_array().and_then(|calls| {
            let whole = calls
                .iter()
                .enumerate()
                .map(|(index, call)| tool_call(index, call));
            whole.collect::<Option<Vec<Value>>>()
        });
        whole.ok_or_else(|| {
            let form = "are not a list of `{id, type, function: {name, arguments}}`";
            wrong("tool_calls", form)
        })
    }

    /// Token counts: as given, else of words.
    pub(super) fn usage(&self, prompt: u64, said: u64) -> Result<Value> {
        match self.get("usage") {
            Some(usage @ (Value::Null | Value::Object(_))) => Ok(usage.clone()),
            Some(_) => Err(wrong("usage", "is neither an object nor null")),
            None => Ok(json!({
                "prompt_tokens": prompt,
                "completion_tokens": said,
                "total_tokens": prompt.saturating_add(said),
            })),
        }
    }

    /// The status of failing attempts.
    pub(super) fn status(&self) -> Result<Option<u16>> {
        let Some(status) = self.number("status")? else {
            return Ok(None);
        };
        match u16::try_from(status) {
            Ok(status) if (300..600).contains(&status) => Ok(Some(status)),
            _ => Err(wrong(
                "status",
                "is not between 300 and 599: a failure is meant",
            )),
        }
    }

    /// The header of failing attempts: seconds, or a text as it is.
    pub(super) fn retry_after(&self, status: Option<u16>) -> Result<Option<HeaderValue>> {
        let Some(wait) = self.given("retry_after") else {
            return Ok(None);
        };
        needs_status("retry_after", status)?;
        let text = match wait {
            Value::Number(seconds) => seconds.to_string(),
            Value::String(text) => text.clone(),
            _ => return Err(wrong("retry_after", "is neither a number nor a string")),
        };
        HeaderValue::from_str(&text)
            .map(Some)
            .map_err(|_| wrong("retry_after", "cannot stand in a header"))
    }

    /// How many attempts of the call fail.
    pub(super) fn fail_times(&self, status: Option<u16>) -> Result<Option<u64>> {
        let times = self.number("fail_times")?;
        if times.is_some() {
            needs_status("fail_times", status)?;
        }
        Ok(times)
    }

    /// Whether there is a bug in the transport: what a panic does to a caller must be tried.
    pub(super) fn panic(&self) -> Result<bool> {
        match self.given("panic") {
            None => Ok(false),
            Some(Value::Bool(panics)) => Ok(*panics),
            Some(_) => Err(wrong("panic", "is neither true nor false")),
        }
    }

    /// After how many pieces what goes wrong.
    pub(super) fn fault(&self) -> Result<Option<(usize, Fault)>> {
        let place = |after: u64| usize::try_from(after).unwrap_or(usize::MAX);
        match (self.number("cut_after")?, self.number("stall_after")?) {
            (Some(_), Some(_)) => Err(wrong("stall_after", "and `cut_after` exclude each other")),
            (Some(after), None) => Ok(Some((place(after), Fault::Cut))),
            (None, Some(after)) => Ok(Some((place(after), Fault::Stall))),
            (None, None) => Ok(None),
        }
    }
}

fn needs_status(key: &str, status: Option<u16>) -> Result<()> {
    match status {
        Some(_) => Ok(()),
        None => Err(wrong(key, "says nothing without `status`")),
    }
}

fn wrong(key: &str, what: &str) -> Error {
    let param = format!("extra_body.test.{key}");
    let message = format!("`{param}` {what}");
    Error::invalid(param, message)
}

fn tool_call(index: usize, call: &Value) -> Option<Value> {
    let function = call.get("function")?;
    let name = function.get("name")?.as_str()?;
    let arguments = match function.get("arguments") {
        None | Some(Value::Null) => "{}".to_owned(),
        Some(Value::String(arguments)) => arguments.clone(),
        Some(arguments) => arguments.to_string(),
    };
    let id = match call.get("id") {
        None => format!("call_{index}"),
        Some(id) => id.as_str()?.to_owned(),
    };
    Some(json!({
        "id": id,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }))
}

/// The arguments of a tool call that was read here.
pub(super) fn arguments(call: &Value) -> &str {
    call.pointer("/function/arguments")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn last_user_text(messages: &[Value]) -> String {
    let user = |message: &&Value| message.get("role").and_then(Value::as_str) == Some("user");
    messages.iter().rfind(user).map(text).unwrap_or_default()
}

/// The text of a message: its string, or its text parts in a row.
pub(super) fn text(message: &Value) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts
            .iter()
            .filter_map(|part| part.get("text")?.as_str())
            .collect(),
        _ => String::new(),
    }
}

/// The `test` provider's tokens.
pub(super) fn words(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

/// A piece a word, each with the white space that follows it; what stands before the first word goes with it.
fn pieces(content: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = content;
    while !rest.is_empty() {
        let blank = |text: &str| text.len() - text.trim_start().len();
        let before = if pieces.is_empty() { blank(rest) } else { 0 };
        let (head, tail) = rest.split_at(before);
        let word = tail.find(char::is_whitespace).unwrap_or(tail.len());
        let after = blank(tail.get(word..).unwrap_or_default());
        let (piece, next) = rest.split_at(head.len() + word + after);
        pieces.push(piece.to_owned());
        rest = next;
    }
    pieces
}

//! What the `test` provider shall answer: a request's body read into a script, and the script's JSON.
//!
//! Without a script the content is the text of the last user message, a chunk a word, and usage counts words.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderValue;
use serde::Serialize;
use serde_json::{Value, json};

use super::script_keys::{Fault, Keys, arguments, text, words};
use crate::error::{Error, Result};

/// As many choices as one call may ask for.
const MOST_CHOICES: u64 = 128;

/// One call's answer.
pub(super) struct Script {
    /// Whether the answer is streamed.
    pub(super) stream: bool,
    /// The header of a failure.
    pub(super) retry_after: Option<HeaderValue>,
    /// After so many pieces the answer goes wrong.
    pub(super) fault: Option<(usize, Fault)>,
    /// Whether sending panics.
    pub(super) panic: bool,
    id: String,
    created: u64,
    model: Value,
    opening: String,
    choices: u64,
    include_usage: bool,
    content: Option<String>,
    chunks: Vec<String>,
    tool_calls: Vec<Value>,
    finish_reason: String,
    usage: Value,
    ttft: Duration,
    chunk_delay: Duration,
    status: Option<u16>,
    fail_times: Option<u64>,
}

impl Script {
    /// Reads a request's body.
    pub(super) fn read(body: &[u8]) -> Result<Script> {
        let body: Value = serde_json::from_slice(body)
            .map_err(|_| Error::invalid("body", "the request's body is not JSON"))?;
        let keys = Keys::of(&body)?;
        let choices = match body.get("n") {
            None | Some(Value::Null) => 1,
            Some(n) => n
                .as_u64()
                .filter(|n| (1..=MOST_CHOICES).contains(n))
                .ok_or_else(|| {
                    Error::invalid("n", format!("`n` is not between 1 and {MOST_CHOICES}"))
                })?,
        };
        let messages: &[Value] = body
            .get("messages")
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice);
        let tool_calls = keys.tool_calls()?;
        let (content, chunks) = keys.content(messages, tool_calls.is_empty())?;
        let finish_reason = match keys.string("finish_reason")? {
            Some(reason) => reason,
            None if tool_calls.is_empty() => "stop".to_owned(),
            None => "tool_calls".to_owned(),
        };
        let said = words(content.as_deref().unwrap_or_default())
            + tool_calls
                .iter()
                .map(|call| words(arguments(call)))
                .sum::<u64>();
        let prompt = messages.iter().map(|message| words(&text(message))).sum();
        let status = keys.status()?;
        let id = format!("chatcmpl-{}", uuid::Uuid::new_v4().simple());
        let created = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_secs());
        let model = body.get("model").cloned().unwrap_or(Value::Null);
        Ok(Script {
            stream: body.get("stream").and_then(Value::as_bool).unwrap_or(false),
            retry_after: keys.retry_after(status)?,
            fault: keys.fault()?,
            panic: keys.panic()?,
            opening: opening(&id, created, &model),
            id,
            created,
            model,
            choices,
            include_usage: body
                .pointer("/stream_options/include_usage")
                .and_then(Value::as_bool)
                .unwrap_or(false),
            content,
            chunks,
            tool_calls,
            finish_reason,
            usage: keys.usage(prompt, said.saturating_mul(choices))?,
            ttft: keys.delay("ttft_ms")?,
            chunk_delay: keys.delay("chunk_delay_ms")?,
            status,
            fail_times: keys.fail_times(status)?,
        })
    }

    /// The status of this attempt, counted from 0, where it shall fail.
    pub(super) fn failure(&self, attempt: u32) -> Option<u16> {
        let times = self.fail_times.unwrap_or(u64::MAX);
        self.status.filter(|_| u64::from(attempt) < times)
    }

    /// The body of a failure.
    pub(super) fn refusal(&self, status: u16) -> String {
        let error = json!({
            "message": format!("the script of this call answers {status}"),
            "type": "test_error",
            "param": null,
            "code": null,
        });
        json!({ "error": error }).to_string()
    }

    /// How many pieces a streamed answer has: one a chunk of content and one a tool call.
    pub(super) fn pieces(&self) -> usize {
        self.chunks.len() + self.tool_calls.len()
    }

    /// How long a piece keeps the reader waiting.
    pub(super) fn delay_before(&self, piece: usize) -> Duration {
        if piece == 0 {
            self.ttft
        } else {
            self.chunk_delay
        }
    }

    /// How long an answer in one takes: as long as its stream would.
    pub(super) fn whole_delay(&self) -> Duration {
        let more = u32::try_from(self.pieces().saturating_sub(1)).unwrap_or(u32::MAX);
        self.ttft
            .saturating_add(self.chunk_delay.saturating_mul(more))
    }

    /// The answer in one.
    pub(super) fn completion(&self) -> String {
        let mut message = json!({"role": "assistant", "content": self.content, "refusal": null});
        if !self.tool_calls.is_empty() {
            message["tool_calls"] = Value::from(self.tool_calls.clone());
        }
        let choices: Vec<Value> = (0..self.choices)
            .map(|index| {
                json!({
                    "index": index,
                    "message": message,
                    "logprobs": null,
                    "finish_reason": self.finish_reason,
                })
            })
            .collect();
        let mut answer = json!({
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        });
        if !self.usage.is_null() {
            answer["usage"] = self.usage.clone();
        }
        answer.to_string()
    }

    /// The event that opens a stream: the role of each choice.
    pub(super) fn first_event(&self) -> String {
        let content = self.content.as_ref().map(|_| "");
        self.events(&json!({"role": "assistant", "content": content}), None)
    }

    /// The events of one piece, for every choice.
    pub(super) fn piece(&self, piece: usize) -> String {
        if let Some(chunk) = self.chunks.get(piece) {
            return self.events(&ContentPart { content: chunk }, None);
        }
        let index = piece - self.chunks.len();
        let Some(call) = self.tool_calls.get(index) else {
            return String::new();
        };
        // As the real ones do it: the name first, then the arguments.
        let mut opened = call.clone();
        opened["index"] = Value::from(index);
        opened["function"]["arguments"] = Value::from("");
        let rest = json!({"index": index, "function": {"arguments": arguments(call)}});
        let mut events = self.events(&json!({"tool_calls": [opened]}), None);
        events.push_str(&self.events(&json!({"tool_calls": [rest]}), None));
        events
    }

    /// The events that close a stream.
    pub(super) fn last_events(&self) -> String {
        let mut events = self.events(&json!({}), Some(&self.finish_reason));
        if self.include_usage && !self.usage.is_null() {
            self.event::<()>(&mut events, &[], Some(&self.usage));
        }
        events.push_str("data: [DONE]\n\n");
        events
    }

    /// One event a choice with this delta.
    fn events(&self, delta: &impl Serialize, finish_reason: Option<&str>) -> String {
        let mut events = String::new();
        let usage = self.include_usage.then_some(&Value::Null);
        for index in 0..self.choices {
            let choice = ChoicePart {
                index,
                delta,
                logprobs: (),
                finish_reason,
            };
            self.event(&mut events, &[choice], usage);
        }
        events
    }

    fn event<D: Serialize>(
        &self,
        events: &mut String,
        choices: &[ChoicePart<'_, D>],
        usage: Option<&Value>,
    ) {
        // Strings and JSON values always can be written.
        let choices = serde_json::to_string(choices).unwrap_or_default();
        events.extend([self.opening.as_str(), &choices]);
        if let Some(usage) = usage {
            events.extend([",\"usage\":", &usage.to_string()]);
        }
        events.push_str("}\n\n");
    }
}

/// What every chunk begins with, up to its choices. Made once: benchmarks read long streams of these.
fn opening(id: &str, created: u64, model: &Value) -> String {
    let head =
        json!({"id": id, "object": "chat.completion.chunk", "created": created, "model": model})
            .to_string();
    let head = head.strip_suffix('}').unwrap_or(&head);
    format!("data: {head},\"choices\":")
}

#[derive(Serialize)]
struct ChoicePart<'a, D> {
    index: u64,
    delta: &'a D,
    logprobs: (),
    finish_reason: Option<&'a str>,
}

#[derive(Serialize)]
struct ContentPart<'a> {
    content: &'a str,
}

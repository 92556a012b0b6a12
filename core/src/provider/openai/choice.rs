//! One choice of an answer under way: what must be known between its chunks, and what each of them adds. Its text
//! is not kept: that moves on.

use serde_json::Value;

use super::calls::Calls;
use super::types::{AnswerCall, AnswerFunction, AnswerMessage, Key, More, Raw, Text};
use super::{decode, replay};
use crate::chat::{Delta, JsonMap, Role};
use crate::error::Result;
use crate::provider::Provider;

/// A choice between chunks.
#[derive(Default)]
pub(super) struct Choice {
    pub(super) index: u32,
    /// A finish reason has come.
    pub(super) finished: bool,
    begun: bool,
    /// Bytes of text passed on.
    text_bytes: usize,
    calls: Calls,
    reasoning_details: Vec<Value>,
    replay_due: bool,
    extras: Extras,
}

/// Fields not known here, the last value of each. Kept as text, since most hosts repeat them on every chunk.
#[derive(Default)]
pub(super) struct Extras(Vec<(String, String)>);

impl Extras {
    /// Puts the value into `into`, where it is new or another than before.
    pub(super) fn add(&mut self, Key(key): Key<'_>, raw: Raw<'_>, into: &mut JsonMap) {
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some((_, text)) if text == raw.get() => return,
            Some((_, text)) => raw.get().clone_into(text),
            None => self.0.push((key.to_string(), raw.get().to_owned())),
        }
        // A value that cannot be read (nested too deep, a number out of range) is left out.
        if let Ok(value) = serde_json::from_str(raw.get()) {
            into.insert(key.into_owned(), value);
        }
    }
}

impl Choice {
    /// A choice before its first chunk.
    pub(super) fn new(index: u32) -> Self {
        Choice {
            index,
            ..Choice::default()
        }
    }

    /// Takes a message of a `whole` answer, or what is new of one.
    pub(super) fn absorb(
        &mut self,
        message: AnswerMessage<'_>,
        whole: bool,
        delta: &mut Delta,
    ) -> Result<()> {
        if !self.begun {
            self.begun = true;
            delta.role = Some(Role::Assistant);
        }
        let mut parts = Vec::new();
        let (text, thinking) = message.content.split(&mut parts);
        if !parts.is_empty() {
            delta
                .extra
                .insert("content_parts".into(), Value::Array(parts));
        }
        self.text_bytes += text.as_ref().map_or(0, String::len);
        delta.text = text;
        delta.reasoning = message
            .reasoning_content
            .0
            .or(message.reasoning.0)
            .or(thinking);
        let of = message.tool_calls.0.len();
        for (place, call) in message.tool_calls.0.into_iter().enumerate() {
            self.calls.add(call, place, of, &mut delta.tool_calls)?;
        }
        for (key, raw) in message.more {
            match key.0.as_ref() {
                "refusal" => delta.refusal = read::<Text>(raw).unwrap_or_default().0,
                "annotations" => delta.annotations = read(raw).unwrap_or_default(),
                "audio" => delta.audio = read(raw).filter(|audio| !is_blank(audio)),
                "function_call" => self.absorb_function(raw, delta)?,
                "reasoning_details" => {
                    let details = read(raw).unwrap_or_default();
                    replay::add_details(&mut self.reasoning_details, details, whole);
                    self.replay_due = true;
                }
                _ => self.extras.add(key, raw, &mut delta.extra),
            }
        }
        Ok(())
    }

    /// Takes a message that repeats everything so far.
    pub(super) fn absorb_repeated(
        &mut self,
        message: AnswerMessage<'_>,
        whole: bool,
        delta: &mut Delta,
    ) -> Result<()> {
        let seen = std::mem::take(&mut self.text_bytes);
        self.absorb(message, whole, delta)?;
        if seen > 0 {
            let new = |all: String| all.get(seen..).map(str::to_owned);
            delta.text = delta
                .text
                .take()
                .and_then(new)
                .filter(|new| !new.is_empty());
        }
        Ok(())
    }

    /// Takes what stands beside the message.
    pub(super) fn absorb_more(&mut self, more: More<'_>, delta: &mut Delta) {
        for (key, raw) in more {
            match key.0.as_ref() {
                // An empty one.
                "error" => {}
                "logprobs" => decode::logprobs(raw, delta),
                "native_finish_reason" if self.finished => {
                    delta.native_finish_reason = read(raw).or(delta.native_finish_reason.take());
                }
                _ => self.extras.add(key, raw, &mut delta.extra),
            }
        }
    }

    /// The legacy form of a single call; some gateways send it empty beside the new one.
    fn absorb_function(&mut self, raw: Raw<'_>, delta: &mut Delta) -> Result<()> {
        let said = |call: &AnswerFunction<'_>| {
            let arguments = call.arguments.map_or("", |raw| raw.get());
            call.name.get().is_some() || !matches!(arguments, "" | "\"\"")
        };
        let Some(function) = read(raw).filter(said) else {
            return Ok(());
        };
        let call = AnswerCall {
            function: Some(function),
            ..AnswerCall::default()
        };
        self.calls.add(call, 0, 1, &mut delta.tool_calls)
    }

    /// Puts what is held back until the end into a delta: calls that never got a name, replay data.
    pub(super) fn release(&mut self, family: &str, provider: &Provider, delta: &mut Delta) {
        self.calls.finish(&mut delta.tool_calls);
        if self.calls.take_news() | std::mem::take(&mut self.replay_due) {
            let calls = self.calls.replay();
            let details = &self.reasoning_details;
            delta.provider_state = replay::state(family, &provider.base_url, details, calls);
        }
    }
}

/// A value that may have another form than the one that is known.
fn read<'a, T: serde::Deserialize<'a>>(raw: Raw<'a>) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

/// An object of which every member is empty, as some gateways send for what they do not have.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_u64() == Some(0),
        Value::Object(map) => map.values().all(is_blank),
        _ => false,
    }
}

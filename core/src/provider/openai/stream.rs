//! From chunks to deltas. A whole answer goes the same way as one big chunk, so that both forms of an answer add
//! up to the same.

use std::sync::Arc;

use serde_json::Value;

use super::choice::{Choice, Extras};
use super::decode;
use super::repeated::Repeated;
use super::types::{Answer, AnswerChoice, Groq, Key, Raw, Word};
use super::usage::usage;
use crate::chat::{Delta, JsonMap, Usage};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::{Provider, ReplyHead, StreamDecoder, Target};
use crate::transport::Frame;

/// More choices than any host gives.
const MOST_CHOICES: usize = 256;

/// Reads one streamed answer, or one whole one.
pub(super) struct Decoder {
    provider: Arc<Provider>,
    model: String,
    family: &'static str,
    head: ReplyHead,
    extras: Extras,
    choices: Vec<Choice>,
    repeated: Repeated,
    /// Kept for its memory.
    scratch: String,
    done: bool,
    any_output: bool,
}

impl Decoder {
    /// A decoder before the first chunk; `family` names the dialect in replay data.
    pub(super) fn new(target: &Target, family: &'static str) -> Self {
        Decoder {
            provider: Arc::clone(&target.provider),
            model: target.model.clone(),
            family,
            head: ReplyHead::default(),
            extras: Extras::default(),
            choices: Vec::new(),
            repeated: Repeated::default(),
            scratch: String::new(),
            done: false,
            any_output: false,
        }
    }

    /// Takes a chunk (or, `whole`, an answer) apart.
    pub(super) fn absorb(
        &mut self,
        answer: Answer<'_>,
        whole: bool,
        out: &mut Vec<Delta>,
    ) -> Result<()> {
        let mut counts = answer.usage;
        for (key, raw) in answer.more {
            match key.0.as_ref() {
                "error" if says_something(raw) => return Err(self.reported(raw)),
                "error" => {}
                "x_groq" => counts = counts.or(self.absorb_groq(raw)?),
                _ => self.extras.add(key, raw, &mut self.head.extra),
            }
        }
        let head = &mut self.head;
        first(&mut head.id, &answer.id);
        first(&mut head.model, &answer.model);
        last(&mut head.system_fingerprint, &answer.system_fingerprint);
        last(&mut head.service_tier, &answer.service_tier);
        if head.created.is_none() {
            head.created = answer.created.0.filter(|created| *created > 0);
        }
        let before = out.len();
        let choices = answer.choices.map(|choices| choices.0).unwrap_or_default();
        for (place, choice) in choices.into_iter().enumerate() {
            self.absorb_choice(choice, place, whole, out)?;
        }
        let counts = counts.and_then(|raw| usage(raw, self.provider.quirks.reasoning_apart));
        if let Some((counts, cost)) = counts {
            if cost.is_some() {
                self.head.cost = cost;
            }
            put_usage(counts, before, out);
        }
        Ok(())
    }

    /// Groq's object: an id and a seed, at the end usage or an error.
    fn absorb_groq<'a>(&mut self, raw: Raw<'a>) -> Result<Option<Raw<'a>>> {
        let Ok(groq) = serde_json::from_str::<Groq<'a>>(raw.get()) else {
            return Ok(None);
        };
        if let Some(error) = groq.error.filter(|raw| says_something(raw)) {
            return Err(self.reported(error));
        }
        let place = self.head.extra.entry("x_groq");
        let place = place.or_insert_with(|| Value::Object(JsonMap::new()));
        if let Value::Object(place) = place {
            for (Key(key), raw) in groq.more {
                if let Ok(value) = serde_json::from_str(raw.get()) {
                    place.insert(key.into_owned(), value);
                }
            }
        }
        Ok(groq.usage)
    }

    fn absorb_choice(
        &mut self,
        choice: AnswerChoice<'_>,
        place: usize,
        whole: bool,
        out: &mut Vec<Delta>,
    ) -> Result<()> {
        let finish_reason = choice.finish_reason.get();
        let error = choice
            .more
            .iter()
            .find(|(key, raw)| key.0 == "error" && says_something(raw));
        if let Some((_, error)) = error {
            return Err(self.reported(error));
        }
        if finish_reason == Some("error") {
            let provider = &self.provider.name;
            let message = format!("{provider} gave up on the answer");
            return Err(
                Error::new(ErrorKind::ServerError, message).with_target(provider, &self.model)
            );
        }
        let index = match choice.index.0 {
            Some(index) => u32::try_from(index).unwrap_or(0),
            None if whole => u32::try_from(place).unwrap_or(0),
            None => 0,
        };
        let state = find(&mut self.choices, index)?;
        let mut delta = Delta {
            index,
            ..Delta::default()
        };
        match (choice.delta, choice.message) {
            // Perplexity sends both: in a chunk the message is everything so far, in an answer the delta is empty.
            (Some(new), Some(all)) => {
                state.absorb(if whole { *all } else { new }, whole, &mut delta)?;
            }
            (Some(new), None) => state.absorb(new, whole, &mut delta)?,
            (None, Some(all)) => state.absorb_repeated(*all, whole, &mut delta)?,
            (None, None) => {}
        }
        if let Some(word) = finish_reason {
            delta.finish_reason = Some(decode::finish_reason(word));
            delta.native_finish_reason = Some(word.to_owned());
            state.finished = true;
        }
        state.absorb_more(choice.more, &mut delta);
        if state.finished || whole {
            state.release(self.family, &self.provider, &mut delta);
        }
        if !is_nothing(&delta) {
            self.any_output |= delta.is_output();
            out.push(delta);
        }
        Ok(())
    }

    /// The answer is complete: what was held back comes out.
    fn complete(&mut self, out: &mut Vec<Delta>) {
        self.done = true;
        for state in &mut self.choices {
            let mut delta = Delta {
                index: state.index,
                ..Delta::default()
            };
            state.release(self.family, &self.provider, &mut delta);
            if !is_nothing(&delta) {
                out.push(delta);
            }
        }
    }

    /// What is known of the answer as a whole.
    pub(super) fn into_head(self) -> ReplyHead {
        self.head
    }

    /// The error that the value of an `error` key stands for.
    fn reported(&self, raw: Raw<'_>) -> Error {
        let mut outer = JsonMap::new();
        let value = serde_json::from_str(raw.get()).unwrap_or(Value::Null);
        outer.insert("error".into(), value);
        decode::reported(&Value::Object(outer), &self.provider.name, &self.model)
    }

    /// Why a stream that ends here is no answer.
    fn cut(&self) -> Error {
        let provider = &self.provider.name;
        let error = if self.any_output {
            let message = format!("the stream of {provider} ended before the answer was complete");
            Error::new(ErrorKind::StreamInterrupted, message)
        } else {
            let message = format!("the stream of {provider} ended without an answer");
            Error::new(ErrorKind::InvalidResponse, message).with_retryable(true)
        };
        error.with_target(provider, &self.model)
    }
}

impl StreamDecoder for Decoder {
    fn frame(&mut self, frame: Frame<'_>, out: &mut Vec<Delta>) -> Result<()> {
        if self.done {
            return Ok(());
        }
        let data = frame.data.trim_ascii();
        if data == "[DONE]" {
            if self.choices.is_empty() {
                return Err(self.cut());
            }
            self.complete(out);
            return Ok(());
        }
        if frame.event == "error" {
            let value = serde_json::from_str(data).unwrap_or_else(|_| Value::from(data));
            return Err(decode::reported(&value, &self.provider.name, &self.model));
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        let answer = self.repeated.read(data, &mut scratch).map_err(|error| {
            let (provider, line, column) = (&self.provider.name, error.line(), error.column());
            let message = format!(
                "an event in the stream of {provider} cannot be read (line {line}, column {column})"
            );
            Error::new(ErrorKind::InvalidResponse, message).with_target(provider, &self.model)
        })?;
        if answer.object.get() == Some("error") {
            let value = serde_json::from_str(data).unwrap_or(Value::Null);
            return Err(decode::reported(&value, &self.provider.name, &self.model));
        }
        self.absorb(answer, false, out)?;
        self.scratch = scratch;
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<Delta>) -> Result<()> {
        if self.done {
            return Ok(());
        }
        // Some hosts never say `[DONE]`; a finish reason is as good.
        if self.choices.is_empty() || !self.choices.iter().all(|choice| choice.finished) {
            return Err(self.cut());
        }
        self.complete(out);
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn head(&self) -> &ReplyHead {
        &self.head
    }
}

fn find(choices: &mut Vec<Choice>, index: u32) -> Result<&mut Choice> {
    if let Some(at) = choices.iter().position(|choice| choice.index == index) {
        return Ok(&mut choices[at]);
    }
    if choices.len() >= MOST_CHOICES {
        let message = "the provider sent more choices than can be right";
        return Err(Error::new(ErrorKind::InvalidResponse, message));
    }
    choices.push(Choice::new(index));
    let last = choices.len() - 1;
    Ok(&mut choices[last])
}

/// Keeps the first word that is not empty.
fn first(slot: &mut Option<String>, word: &Word<'_>) {
    if slot.is_none() {
        *slot = word.get().map(str::to_owned);
    }
}

/// Keeps the last word that is not empty.
fn last(slot: &mut Option<String>, word: &Word<'_>) {
    if let Some(word) = word.get().filter(|word| slot.as_deref() != Some(word)) {
        *slot = Some(word.to_owned());
    }
}

/// Usage goes with the last delta of its chunk, or alone.
fn put_usage(usage: Usage, before: usize, out: &mut Vec<Delta>) {
    match out.get_mut(before..).and_then(<[Delta]>::last_mut) {
        Some(delta) => delta.usage = Some(usage),
        None => out.push(Delta {
            usage: Some(usage),
            ..Delta::default()
        }),
    }
}

/// Whether a value under an `error` key is an error: gateways send empty ones.
pub(super) fn says_something(raw: Raw<'_>) -> bool {
    !matches!(raw.get(), "null" | "false" | "0" | "\"\"" | "{}" | "[]")
}

fn is_nothing(delta: &Delta) -> bool {
    delta.role.is_none()
        && delta.text.is_none()
        && delta.refusal.is_none()
        && delta.reasoning.is_none()
        && delta.tool_calls.is_empty()
        && delta.finish_reason.is_none()
        && delta.logprobs.is_none()
        && delta.annotations.is_empty()
        && delta.audio.is_none()
        && delta.provider_state.is_none()
        && delta.extra.is_empty()
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;

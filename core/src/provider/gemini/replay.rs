//! Replay data of a model turn: its parts in their order with the signatures they came with.
//! Text, calls and other parts live in the message and are only referred to.
//!
//! The form is a list of `{"text": BYTES}`, `{"call": PLACE}` and `{"annotation": PLACE}`, each with
//! `thoughtSignature` where the part had one. A turn without signatures and odd parts needs none.

use serde_json::Value;

use crate::chat::{JsonMap, Message};
use crate::provider::{own_state, provider_state};

use super::FAMILY;

const SIGNATURE: &str = "thoughtSignature";

/// Collects the parts of one choice.
#[derive(Debug, Default)]
pub(super) struct Replay {
    entries: Vec<JsonMap>,
    needed: bool,
    calls: usize,
    annotations: usize,
}

impl Replay {
    /// A text part of so many bytes; streams cut one part into many without a signature.
    pub(super) fn text(&mut self, bytes: usize, signature: Option<String>) {
        if bytes == 0 && signature.is_none() {
            return;
        }
        // Text after a call would come before it, were the turn rebuilt from the message alone.
        self.needed |= self.calls > 0;
        if signature.is_none()
            && let Some(last) = self
                .entries
                .last_mut()
                .filter(|last| !last.contains_key(SIGNATURE))
            && let Some(before) = last.get("text").and_then(Value::as_u64)
        {
            last.insert("text".into(), (before + bytes as u64).into());
            return;
        }
        self.entry("text", bytes.into(), signature);
    }

    /// The next call.
    pub(super) fn call(&mut self, signature: Option<String>) {
        self.entry("call", self.calls.into(), signature);
        self.calls += 1;
    }

    /// A part that went into the message's annotations as it is.
    pub(super) fn annotation(&mut self, signature: Option<String>) {
        self.needed = true;
        self.entry("annotation", self.annotations.into(), signature);
        self.annotations += 1;
    }

    fn entry(&mut self, key: &str, value: Value, signature: Option<String>) {
        let mut entry = JsonMap::new();
        entry.insert(key.to_owned(), value);
        if let Some(signature) = signature {
            self.needed = true;
            entry.insert(SIGNATURE.to_owned(), signature.into());
        }
        self.entries.push(entry);
    }

    /// The message's `provider_state`.
    pub(super) fn into_state(self) -> Option<Value> {
        let entries = || self.entries.into_iter().map(Value::Object).collect();
        self.needed
            .then(|| provider_state(FAMILY, Value::Array(entries())))
    }
}

/// One part of a turn to be replayed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Entry<'a> {
    pub(super) part: Referred,
    pub(super) signature: Option<&'a str>,
}

/// What of the message it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Referred {
    /// The next so many bytes of the content.
    Text(usize),
    /// The call at this place.
    Call(usize),
    /// The annotation at this place.
    Annotation(usize),
}

/// The entries of a message, where this dialect answered it.
pub(super) fn entries(message: &Message) -> Option<Vec<Entry<'_>>> {
    let list = own_state(message, FAMILY)?.as_array()?;
    Some(list.iter().filter_map(entry).collect())
}

fn entry(value: &Value) -> Option<Entry<'_>> {
    let number = |key: &str| usize::try_from(value.get(key)?.as_u64()?).ok();
    let part = if let Some(bytes) = number("text") {
        Referred::Text(bytes)
    } else if let Some(place) = number("annotation") {
        Referred::Annotation(place)
    } else {
        Referred::Call(number("call")?)
    };
    Some(Entry {
        part,
        signature: value.get(SIGNATURE).and_then(Value::as_str),
    })
}

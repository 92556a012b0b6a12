//! Deltas in, the whole answer out: what a stream adds up to is equal to what the same
//! provider would have answered without streaming. Each text is kept once, nothing per delta.

use serde_json::Value;

use crate::chat::{
    Choice, Content, Delta, FinishReason, FunctionCall, JsonMap, Logprobs, Message, Role, ToolCall,
    ToolCallDelta, Usage,
};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::{Reply, ReplyHead};

/// More choices than any provider gives; an index beyond is a broken answer, not a reason to allocate.
const MOST_CHOICES: usize = 256;
/// Likewise for the tool calls of one choice.
const MOST_TOOL_CALLS: usize = 4096;

/// Adds up the deltas of one answer.
#[derive(Debug)]
pub struct Accumulator {
    choices: Vec<Growing>,
    usage: Option<Usage>,
    bytes: u64,
    max_bytes: u64,
}

/// One choice under way.
#[derive(Debug, Default)]
struct Growing {
    index: u32,
    text: Option<String>,
    refusal: Option<String>,
    reasoning: Option<String>,
    tool_calls: Vec<ToolCall>,
    finish_reason: Option<FinishReason>,
    native_finish_reason: Option<String>,
    logprobs: Option<Logprobs>,
    annotations: Vec<Value>,
    audio: Option<Value>,
    provider_state: Option<Value>,
    extra: JsonMap,
}

impl Accumulator {
    /// An empty answer that may grow to `max_bytes`.
    pub fn new(max_bytes: u64) -> Self {
        Accumulator {
            choices: Vec::new(),
            usage: None,
            bytes: 0,
            max_bytes,
        }
    }

    /// Adds a delta. Past the limit it is `invalid_response`.
    pub fn push(&mut self, delta: &Delta) -> Result<()> {
        if let Some(usage) = &delta.usage {
            self.usage = Some(usage.clone());
        }
        if delta.is_usage_only() {
            return Ok(());
        }
        let mut grown = 0;
        let choice = self.choice(delta.index)?;
        append(&mut choice.text, delta.text.as_deref(), &mut grown);
        append(&mut choice.refusal, delta.refusal.as_deref(), &mut grown);
        append(
            &mut choice.reasoning,
            delta.reasoning.as_deref(),
            &mut grown,
        );
        for call in &delta.tool_calls {
            choice.tool_call(call, &mut grown)?;
        }
        if delta.finish_reason.is_some() {
            choice.finish_reason = delta.finish_reason;
        }
        if delta.native_finish_reason.is_some() {
            choice
                .native_finish_reason
                .clone_from(&delta.native_finish_reason);
        }
        if let Some(logprobs) = &delta.logprobs {
            grown += choice.add_logprobs(logprobs);
        }
        if !delta.annotations.is_empty() {
            choice.annotations.extend(delta.annotations.iter().cloned());
            grown += 64 * delta.annotations.len() as u64;
        }
        if let Some(audio) = &delta.audio {
            grown += merge_audio(&mut choice.audio, audio);
        }
        if delta.provider_state.is_some() {
            choice.provider_state.clone_from(&delta.provider_state);
        }
        // The last value of a field counts, as dialects hand out what is new or changed.
        for (key, value) in &delta.extra {
            if choice.extra.insert(key.clone(), value.clone()).is_none() {
                grown += 64 + key.len() as u64;
            }
        }
        self.bytes += grown;
        if self.bytes > self.max_bytes {
            let message = format!(
                "the streamed answer is larger than `max_answer_bytes` ({} bytes)",
                self.max_bytes
            );
            return Err(Error::new(ErrorKind::InvalidResponse, message).with_retryable(false));
        }
        Ok(())
    }

    /// True before any text, reasoning or call has come.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// True once every choice that has begun has said why it stopped.
    pub(crate) fn is_finished(&self) -> bool {
        let mut choices = self.choices.iter();
        !self.choices.is_empty() && choices.all(|choice| choice.finish_reason.is_some())
    }

    /// The answer so far; leaves nothing behind.
    pub fn take(&mut self, head: ReplyHead) -> Reply {
        let mut choices: Vec<Choice> = std::mem::take(&mut self.choices)
            .into_iter()
            .map(Growing::into_choice)
            .collect();
        choices.sort_by_key(|choice| choice.index);
        Reply {
            head,
            choices,
            usage: self.usage.take(),
        }
    }

    fn choice(&mut self, index: u32) -> Result<&mut Growing> {
        // Nearly always the one choice there is.
        if let Some(place) = self.choices.iter().position(|choice| choice.index == index) {
            return Ok(&mut self.choices[place]);
        }
        if self.choices.len() >= MOST_CHOICES {
            return Err(Error::new(
                ErrorKind::InvalidResponse,
                "the provider streamed more choices than can be right",
            ));
        }
        // Large, and nearly always the only one.
        self.choices.reserve_exact(1);
        self.choices.push(Growing {
            index,
            ..Growing::default()
        });
        let last = self.choices.len() - 1;
        Ok(&mut self.choices[last])
    }
}

impl Growing {
    fn tool_call(&mut self, delta: &ToolCallDelta, grown: &mut u64) -> Result<()> {
        let index = delta.index as usize;
        if index >= self.tool_calls.len() {
            if self.tool_calls.len() >= MOST_TOOL_CALLS {
                let message = "the provider streamed more tool calls than can be right";
                return Err(Error::new(ErrorKind::InvalidResponse, message));
            }
            self.tool_calls.push(ToolCall {
                id: delta.id.clone().unwrap_or_default(),
                function: FunctionCall {
                    name: delta.name.clone().unwrap_or_default(),
                    arguments: delta.arguments.clone(),
                },
                extra: JsonMap::new(),
            });
            *grown += 64 + delta.arguments.len() as u64;
            return Ok(());
        }
        let call = &mut self.tool_calls[index];
        if let (true, Some(id)) = (call.id.is_empty(), &delta.id) {
            call.id.clone_from(id);
        }
        if let (true, Some(name)) = (call.function.name.is_empty(), &delta.name) {
            call.function.name.clone_from(name);
        }
        call.function.arguments.push_str(&delta.arguments);
        *grown += delta.arguments.len() as u64;
        Ok(())
    }

    fn add_logprobs(&mut self, new: &Logprobs) -> u64 {
        let all = self.logprobs.get_or_insert_with(Logprobs::default);
        let mut grown = 0;
        for (all, new) in [
            (&mut all.content, &new.content),
            (&mut all.refusal, &new.refusal),
        ] {
            if let Some(new) = new {
                grown += new
                    .iter()
                    .map(|token| 64 * (1 + token.top_logprobs.len() as u64))
                    .sum::<u64>();
                all.get_or_insert_with(Vec::new).extend(new.iter().cloned());
            }
        }
        grown
    }

    fn into_choice(self) -> Choice {
        Choice {
            index: self.index,
            message: Message {
                role: Role::Assistant,
                content: self.text.map(Content::Text),
                refusal: self.refusal,
                reasoning_content: self.reasoning,
                tool_calls: self.tool_calls,
                annotations: self.annotations,
                audio: self.audio,
                provider_state: self.provider_state,
                ..Message::default()
            },
            finish_reason: self.finish_reason,
            native_finish_reason: self.native_finish_reason,
            logprobs: self.logprobs,
            extra: self.extra,
            ..Choice::default()
        }
    }
}

/// Empty strings add nothing: a text that never came stays absent.
fn append(text: &mut Option<String>, new: Option<&str>, grown: &mut u64) {
    if let Some(new) = new.filter(|new| !new.is_empty()) {
        text.get_or_insert_with(String::new).push_str(new);
        *grown += new.len() as u64;
    }
}

/// Spoken answers come as objects whose `data` and `transcript` are pieces and whose other keys are whole.
fn merge_audio(all: &mut Option<Value>, new: &Value) -> u64 {
    let Value::Object(new) = new else {
        *all = Some(new.clone());
        return 64;
    };
    let mut grown = 0;
    let all = all.get_or_insert_with(|| Value::Object(JsonMap::new()));
    let Value::Object(all) = all else { return 0 };
    for (key, value) in new {
        match (all.get_mut(key), value) {
            (Some(Value::String(text)), Value::String(piece))
                if key == "data" || key == "transcript" =>
            {
                text.push_str(piece);
                grown += piece.len() as u64;
            }
            _ => {
                grown += 64 + value.as_str().map_or(0, |text| text.len() as u64);
                all.insert(key.clone(), value.clone());
            }
        }
    }
    grown
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn text(piece: &str) -> Delta {
        Delta {
            text: Some(piece.to_owned()),
            ..Delta::default()
        }
    }

    #[test]
    fn texts_add_up_and_empty_ones_add_nothing() {
        let mut all = Accumulator::new(1 << 20);
        for piece in ["", "Hel", "", "lo"] {
            all.push(&text(piece)).unwrap();
        }
        let reply = all.take(ReplyHead::default());
        assert_eq!(reply.choices[0].message.text(), "Hello");
        let mut none = Accumulator::new(1 << 20);
        none.push(&text("")).unwrap();
        assert_eq!(
            none.take(ReplyHead::default()).choices[0].message.content,
            None
        );
    }

    #[test]
    fn calls_keep_their_first_id_and_name() {
        let mut all = Accumulator::new(1 << 20);
        let piece = |id: Option<&str>, arguments: &str| Delta {
            tool_calls: vec![ToolCallDelta {
                index: 0,
                id: id.map(str::to_owned),
                name: id.map(|_| "look".to_owned()),
                arguments: arguments.to_owned(),
            }],
            ..Delta::default()
        };
        all.push(&piece(Some("a"), "")).unwrap();
        all.push(&piece(Some("b"), "{\"x\":")).unwrap();
        all.push(&piece(None, "1}")).unwrap();
        let reply = all.take(ReplyHead::default());
        let call = &reply.choices[0].message.tool_calls[0];
        assert_eq!(
            (call.id.as_str(), call.function.name.as_str()),
            ("a", "look")
        );
        assert_eq!(call.function.arguments, "{\"x\":1}");
    }

    #[test]
    fn choices_are_sorted_and_the_last_usage_counts() {
        let mut all = Accumulator::new(1 << 20);
        all.push(&Delta {
            index: 1,
            ..text("b")
        })
        .unwrap();
        all.push(&Delta {
            usage: Some(Usage {
                total_tokens: 1,
                ..Usage::default()
            }),
            ..text("a")
        })
        .unwrap();
        all.push(&Delta {
            usage: Some(Usage {
                total_tokens: 9,
                ..Usage::default()
            }),
            ..Delta::default()
        })
        .unwrap();
        let reply = all.take(ReplyHead::default());
        assert_eq!(
            reply
                .choices
                .iter()
                .map(|c| c.message.text())
                .collect::<String>(),
            "ab"
        );
        assert_eq!(reply.usage.unwrap().total_tokens, 9);
    }

    #[test]
    fn growth_is_bounded() {
        let mut all = Accumulator::new(4);
        all.push(&text("1234")).unwrap();
        assert_eq!(
            all.push(&text("5")).unwrap_err().kind(),
            ErrorKind::InvalidResponse
        );
    }
}

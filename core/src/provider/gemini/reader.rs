//! What the parts of an answer mean. Whole answers and chunks of streams go through this one [`Reader`], so
//! that both ways give the same message.

use serde_json::Value;

use crate::chat::{
    Delta, FinishReason, JsonMap, Logprobs, Role, TokenLogprob, ToolCallDelta, TopLogprob,
};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::{ReplyHead, Target, arguments};

use super::answer::{
    Answer, AnswerCall, AnswerPart, Candidate, LogprobCandidate, LogprobsResult, WireUsage,
};
use super::decode::{error_in, finish_reason};
use super::partial::Arguments;
use super::replay::Replay;

/// More candidates than any answer has; an index beyond is a broken answer and no reason to allocate.
const MOST_CANDIDATES: u32 = 256;

/// Turns answers, whole or in chunks, into deltas.
#[derive(Debug)]
pub(super) struct Reader {
    provider: String,
    model: String,
    pub(super) head: ReplyHead,
    candidates: Vec<State>,
    /// The newest `usageMetadata`, as it came.
    usage: String,
    blocked: bool,
}

/// A candidate under way.
#[derive(Debug, Default)]
struct State {
    index: u32,
    started: bool,
    finished: bool,
    calls: u32,
    open: Option<OpenCall>,
    replay: Replay,
    extra: JsonMap,
}

/// A call whose arguments come in pieces.
#[derive(Debug)]
struct OpenCall {
    place: u32,
    arguments: Arguments,
}

impl Reader {
    pub(super) fn new(target: &Target) -> Self {
        Reader {
            provider: target.provider.name.clone(),
            model: target.model.clone(),
            head: ReplyHead::default(),
            candidates: Vec::new(),
            usage: String::new(),
            blocked: false,
        }
    }

    /// An error of the provider's making.
    pub(super) fn error(&self, kind: ErrorKind, message: String) -> Error {
        Error::new(kind, message).with_target(&self.provider, &self.model)
    }

    /// The provider's name, for messages.
    pub(super) fn provider(&self) -> &str {
        &self.provider
    }

    /// True once a candidate has come, or the prompt was refused.
    pub(super) fn has_answer(&self) -> bool {
        self.blocked || !self.candidates.is_empty()
    }

    /// True once every candidate has said why it stopped.
    pub(super) fn is_complete(&self) -> bool {
        self.has_answer() && self.candidates.iter().all(|state| state.finished)
    }

    /// Reads an answer or a chunk.
    pub(super) fn answer(&mut self, answer: Answer<'_>, out: &mut Vec<Delta>) -> Result<()> {
        if let Some(error) = answer.error.filter(|error| !error.is_null()) {
            return Err(error_in(&error, &self.provider, &self.model));
        }
        let head = &mut self.head;
        if let (None, Some(id)) = (&head.id, answer.response_id) {
            head.id = Some(id.0.into_owned());
        }
        if let (None, Some(model)) = (&head.model, answer.model_version) {
            head.model = Some(model.0.into_owned());
        }
        if let (None, Some(time)) = (head.created, answer.create_time) {
            head.created = unix_seconds(&time.0);
        }
        head.extra.extend(answer.extra);
        if let Some(usage) = answer.usage {
            self.usage.clear();
            self.usage.push_str(usage.get());
        }
        for (place, candidate) in (0..).zip(answer.candidates.unwrap_or_default()) {
            self.candidate(place, candidate, out)?;
        }
        if let Some(feedback) = answer
            .prompt_feedback
            .filter(|feedback| !feedback.is_null())
        {
            self.feedback(feedback, out);
        }
        Ok(())
    }

    /// The prompt itself was judged; refused, there are no candidates.
    fn feedback(&mut self, feedback: Value, out: &mut Vec<Delta>) {
        let reason = feedback.get("blockReason").and_then(Value::as_str);
        if let (Some(reason), false, true) = (reason, self.blocked, self.candidates.is_empty()) {
            self.blocked = true;
            let words = feedback.get("blockReasonMessage").and_then(Value::as_str);
            out.push(Delta {
                role: Some(Role::Assistant),
                refusal: words.filter(|words| !words.is_empty()).map(str::to_owned),
                finish_reason: Some(FinishReason::ContentFilter),
                native_finish_reason: Some(reason.to_owned()),
                ..Delta::default()
            });
        }
        self.head.extra.insert("promptFeedback".into(), feedback);
    }

    fn candidate(
        &mut self,
        place: u32,
        candidate: Candidate<'_>,
        out: &mut Vec<Delta>,
    ) -> Result<()> {
        let index = candidate.index.unwrap_or(place);
        if index >= MOST_CANDIDATES {
            let message = format!("{} answered with a candidate {index}", self.provider);
            return Err(self
                .error(ErrorKind::InvalidResponse, message)
                .with_retryable(false));
        }
        let state = match self
            .candidates
            .iter_mut()
            .position(|known| known.index == index)
        {
            Some(known) => &mut self.candidates[known],
            None => {
                self.candidates.push(State {
                    index,
                    ..State::default()
                });
                let last = self.candidates.len() - 1;
                &mut self.candidates[last]
            }
        };
        let first = out.len();
        if !std::mem::replace(&mut state.started, true) {
            out.push(Delta {
                role: Some(Role::Assistant),
                ..Delta::default()
            });
        }
        let parts = candidate.content.and_then(|content| content.parts);
        for part in parts.unwrap_or_default() {
            state.part(part, out);
        }
        if let Some(logprobs) = candidate.logprobs.and_then(logprobs) {
            out.push(Delta {
                logprobs: Some(logprobs),
                ..Delta::default()
            });
        }
        state.extra.extend(candidate.extra);
        if let Some(word) = candidate.finish_reason {
            state.finish(word.0.as_ref(), out);
        }
        for delta in out.iter_mut().skip(first) {
            delta.index = index;
        }
        Ok(())
    }

    /// The answer is complete: what is known only now.
    pub(super) fn end(&mut self, out: &mut Vec<Delta>) {
        self.candidates.sort_by_key(|state| state.index);
        let mut extras = Vec::new();
        for state in &mut self.candidates {
            let first = out.len();
            state.close(out);
            if let Some(provider_state) = std::mem::take(&mut state.replay).into_state() {
                out.push(Delta {
                    provider_state: Some(provider_state),
                    ..Delta::default()
                });
            }
            for delta in out.iter_mut().skip(first) {
                delta.index = state.index;
            }
            if !state.extra.is_empty() {
                let mut extra = std::mem::take(&mut state.extra);
                extra.insert("index".into(), state.index.into());
                extras.push(Value::Object(extra));
            }
        }
        if !extras.is_empty() {
            self.head
                .extra
                .insert("candidates".into(), Value::Array(extras));
        }
        // Usage of an odd form is no reason to lose an answer.
        if let Ok(usage) = serde_json::from_str::<WireUsage>(&self.usage) {
            self.head.service_tier = usage.tier();
            if let Some(usage) = usage.fold() {
                out.push(Delta {
                    usage: Some(usage),
                    ..Delta::default()
                });
            }
        }
    }
}

impl State {
    fn part(&mut self, part: AnswerPart<'_>, out: &mut Vec<Delta>) {
        let signature = part.signature.filter(|signature| !signature.is_empty());
        if let Some(call) = part.call {
            self.call(call, signature, out);
        } else if let Some(text) = part.text {
            // A signature may come on a part without text, or on a thought; it is replayed either way.
            if part.thought == Some(true) {
                self.replay.text(0, signature);
                push_text(
                    text,
                    |text| Delta {
                        reasoning: Some(text),
                        ..Delta::default()
                    },
                    out,
                );
            } else {
                self.replay.text(text.len(), signature);
                push_text(
                    text,
                    |text| Delta {
                        text: Some(text),
                        ..Delta::default()
                    },
                    out,
                );
            }
        } else if !part.extra.is_empty() {
            self.replay.annotation(signature);
            out.push(Delta {
                annotations: vec![Value::Object(part.extra)],
                ..Delta::default()
            });
        } else {
            self.replay.text(0, signature);
        }
    }

    fn call(&mut self, call: AnswerCall<'_>, signature: Option<String>, out: &mut Vec<Delta>) {
        let goes_on = call.will_continue == Some(true);
        let pieces = call.partial_args.unwrap_or_default();
        if let Some(name) = call.name.filter(|name| !name.is_empty()) {
            self.close(out);
            let place = self.calls;
            self.calls += 1;
            let id = call
                .id
                .filter(|id| !id.is_empty())
                .unwrap_or_else(made_up_id);
            self.replay.call(signature);
            let is_open = goes_on || !pieces.is_empty();
            let arguments = match (is_open, call.args.map(|args| args.get())) {
                (true, _) => String::new(),
                (false, None | Some("null")) => "{}".to_owned(),
                (false, Some(args)) => arguments::compact(args),
            };
            out.push(Delta {
                tool_calls: vec![ToolCallDelta {
                    index: place,
                    id: Some(id),
                    name: Some(name),
                    arguments,
                }],
                ..Delta::default()
            });
            if is_open {
                self.open = Some(OpenCall {
                    place,
                    arguments: Arguments::default(),
                });
            }
        }
        if let Some(open) = &mut self.open {
            for piece in pieces {
                open.arguments.add(piece);
            }
        }
        if !goes_on {
            self.close(out);
        }
    }

    /// Ends the call under way, if there is one.
    fn close(&mut self, out: &mut Vec<Delta>) {
        if let Some(open) = self.open.take() {
            out.push(Delta {
                tool_calls: vec![ToolCallDelta {
                    index: open.place,
                    id: None,
                    name: None,
                    arguments: open.arguments.into_text(),
                }],
                ..Delta::default()
            });
        }
    }

    fn finish(&mut self, word: &str, out: &mut Vec<Delta>) {
        self.close(out);
        self.finished = true;
        out.push(Delta {
            finish_reason: Some(finish_reason(word, self.calls > 0)),
            native_finish_reason: Some(word.to_owned()),
            ..Delta::default()
        });
    }
}

fn push_text(text: String, delta: impl FnOnce(String) -> Delta, out: &mut Vec<Delta>) {
    if !text.is_empty() {
        out.push(delta(text));
    }
}

/// Gemini gives calls no ids of their own; results must name their call all the same.
fn made_up_id() -> String {
    let mut id = uuid::Uuid::new_v4().simple().to_string();
    id.truncate(24);
    id.insert_str(0, "call_");
    id
}

fn logprobs(result: LogprobsResult) -> Option<Logprobs> {
    let chosen = result.chosen_candidates?;
    let mut tops = result.top_candidates.unwrap_or_default().into_iter();
    let content = chosen.into_iter().map(|token| {
        let top = tops.next().map(|top| top.candidates).unwrap_or_default();
        TokenLogprob {
            bytes: Some(token.token.clone().into_bytes()),
            token: token.token,
            logprob: token.log_probability,
            top_logprobs: top.into_iter().map(LogprobCandidate::into_top).collect(),
        }
    });
    Some(Logprobs {
        content: Some(content.collect()),
        refusal: None,
    })
}

impl LogprobCandidate {
    fn into_top(self) -> TopLogprob {
        TopLogprob {
            bytes: Some(self.token.clone().into_bytes()),
            token: self.token,
            logprob: self.log_probability,
        }
    }
}

/// `2026-05-27T16:53:45.443719Z` in seconds since 1970; other forms are left unread.
fn unix_seconds(time: &str) -> Option<i64> {
    let number = |from: usize, to: usize| time.get(from..to)?.parse::<i64>().ok();
    if !time.ends_with('Z') || time.get(10..11) != Some("T") {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) {
        return None;
    }
    // Days since 1970 in the Gregorian calendar, with years that begin in March.
    let years = year - i64::from(month <= 2);
    let months = (month + 9) % 12;
    let days = 365 * years + years.div_euclid(4) - years.div_euclid(100)
        + years.div_euclid(400)
        + (153 * months + 2) / 5
        + day
        - 1
        - 719_468;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    #[test]
    fn reads_the_time_of_an_answer() {
        for (time, seconds) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T12:00:00.5Z", Some(951_825_600)),
            ("2026-05-27T16:53:45.443719Z", Some(1_779_900_825)),
            ("2026-05-27 16:53:45", None),
            ("2026-13-27T16:53:45Z", None),
            ("", None),
        ] {
            assert_eq!(super::unix_seconds(time), seconds, "{time}");
        }
    }
}

//! What was read beside what the case expects. Every difference is one sentence.

use serde_json::Value;
use slugline::Error;
use slugline::chat::{Choice, FinishReason};
use slugline::provider::Reply;

use super::case::Case;
use super::{count, kind_of};

/// Collects differences.
struct Differences(Vec<String>);

impl Differences {
    fn check<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, read: T, expected: T) {
        if read != expected {
            self.0
                .push(format!("{what}: {read:?}, expected {expected:?}"));
        }
    }

    fn check_that(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.0.push(what());
        }
    }
}

/// A whole answer.
pub(crate) fn reply(case: &Case, reply: &Reply) -> Vec<String> {
    let mut out = Differences(Vec::new());
    let outcome = case.expected["outcome"].as_str().unwrap();
    out.check_that(matches!(outcome, "ok" | "ok_or_protocol"), || {
        format!("read as an answer, expected {outcome}")
    });
    answer(&case.expected, reply, &mut out);
    usage(&case.expected["usage"], reply, &mut out);
    out.0
}

/// What had arrived before an error.
pub(crate) fn partial(case: &Case, reply: &Reply) -> Vec<String> {
    let mut out = Differences(Vec::new());
    let expected = &case.expected["partial"];
    if !expected.is_null() {
        answer(expected, reply, &mut out);
    }
    out.0
}

/// An error.
pub(crate) fn error(case: &Case, error: &Error) -> Vec<String> {
    let mut out = Differences(Vec::new());
    let expected = &case.expected;
    let outcome = expected["outcome"].as_str().unwrap();
    out.check_that(
        outcome.ends_with("_error") || outcome == "ok_or_protocol",
        || format!("read as an error ({error:?}), expected {outcome}"),
    );
    if let Some(kind) = expected["kind"].as_str() {
        out.check("kind", error.kind(), kind_of(kind));
    }
    if let Some(retryable) = expected["retryable"].as_bool() {
        out.check("retryable", error.data().retryable, retryable);
    }
    let param = &expected["error"]["param"];
    if param.is_string() {
        out.check("param", error.data().param.as_deref(), param.as_str());
    }
    if let Some(said) = expected["error"]["message"].as_str() {
        // The SDK puts the status before the provider's words, or has nothing else.
        let said = said
            .split_once(" - ")
            .filter(|_| said.starts_with("Error code:"));
        if let Some((_, said)) = said.filter(|(_, said)| !said.starts_with('{')) {
            let said = said.replace("****-key", "[redacted]");
            let message = &error.data().message;
            out.check_that(message.contains(&said), || {
                format!("message: {message:?} lacks {said:?}")
            });
        }
    }
    for name in ["x-request-id", "request-id", "x-amzn-requestid"] {
        if let Some(id) = case.headers.get(name) {
            out.check(
                "request_id",
                error.data().request_id.as_deref(),
                id.to_str().ok(),
            );
        }
    }
    let json = serde_json::to_string(error).unwrap();
    out.check_that(!json.contains("sk-") && !json.contains('\u{1b}'), || {
        "not redacted".to_owned()
    });
    out.0
}

fn answer(expected: &Value, reply: &Reply, out: &mut Differences) {
    for (key, read) in [("id", &reply.head.id), ("model", &reply.head.model)] {
        if let Some(word) = expected["meta"][key]
            .as_str()
            .filter(|word| !word.is_empty())
        {
            out.check(key, read.as_deref(), Some(word));
        }
    }
    if expected["prompt_feedback"].is_object() {
        return refused_prompt(&expected["prompt_feedback"], reply, out);
    }
    let choices = expected["choices"].as_array().unwrap();
    out.check("choices", reply.choices.len(), choices.len());
    for (choice, expected) in reply.choices.iter().zip(choices) {
        out.check(
            "index",
            Some(u64::from(choice.index)),
            expected["index"].as_u64(),
        );
        one_choice(expected, choice, out);
    }
}

/// Gemini refuses a prompt without a choice; OpenAI's shape says so in one without content.
fn refused_prompt(feedback: &Value, reply: &Reply, out: &mut Differences) {
    out.check("choices", reply.choices.len(), 1);
    for choice in &reply.choices {
        let reason = feedback["blockReason"].as_str();
        out.check("text", choice.message.text().as_str(), "");
        out.check(
            "finish_reason",
            choice.finish_reason,
            Some(FinishReason::ContentFilter),
        );
        out.check(
            "native_finish_reason",
            choice.native_finish_reason.as_deref(),
            reason,
        );
    }
}

fn one_choice(expected: &Value, choice: &Choice, out: &mut Differences) {
    let message = &choice.message;
    let word = |key: &str| expected[key].as_str().unwrap_or_default();
    out.check("text", message.text().as_str(), word("text"));
    let reasoning = message.reasoning_content.as_deref().unwrap_or_default();
    match expected["tool_plan"].as_str() {
        Some(plan) => out.check_that(reasoning.contains(plan), || {
            format!("reasoning: {reasoning:?} lacks the plan {plan:?}")
        }),
        None => out.check("reasoning", reasoning, word("reasoning")),
    }
    // Anthropic's words for why it refused are in its `stop_details`, which are not in the case.
    if word("finish_reason_raw") != "refusal" {
        let refusal = message.refusal.as_deref().unwrap_or_default();
        out.check("refusal", refusal, word("refusal"));
    }
    finish_reason(expected, choice, out);
    let no_calls = Vec::new();
    let calls = expected["tool_calls"].as_array().unwrap_or(&no_calls);
    out.check("tool calls", message.tool_calls.len(), calls.len());
    for (call, expected) in message.tool_calls.iter().zip(calls) {
        match expected["id"].as_str() {
            Some(id) => out.check("tool call id", call.id.as_str(), id),
            None => out.check_that(!call.id.is_empty(), || {
                "a tool call without an id".to_owned()
            }),
        }
        let name = expected["name"].as_str().unwrap_or_default();
        out.check("tool name", call.function.name.as_str(), name);
        if !is_cut(&call.function.arguments, &expected["arguments"]) {
            let read = arguments(&Value::from(call.function.arguments.as_str()));
            out.check("arguments", read, arguments(&expected["arguments"]));
        }
    }
    let read = choice
        .logprobs
        .as_ref()
        .and_then(|all| all.content.as_ref());
    match &expected["logprob_tokens"] {
        Value::Number(count) => {
            out.check("logprobs", read.map(|all| all.len() as u64), count.as_u64());
        }
        Value::Array(tokens) => {
            let read = read.into_iter().flatten().map(|token| token.token.as_str());
            let tokens = tokens.iter().filter_map(Value::as_str);
            out.check(
                "logprobs",
                read.collect::<Vec<_>>(),
                tokens.collect::<Vec<_>>(),
            );
        }
        _ => {}
    }
    let state = message
        .provider_state
        .as_ref()
        .map(|state| standard(&state.to_string()))
        .unwrap_or_default();
    if let Some(count) = expected["redacted"].as_u64() {
        let blocks = message.provider_state.as_ref().map(|state| &state["data"]);
        let is_redacted = |block: &&Value| block["type"] == "redacted_thinking";
        let blocks = blocks.and_then(Value::as_array).unwrap_or(&no_calls);
        let read = blocks.iter().filter(is_redacted).count();
        out.check("redacted", read as u64, count);
    }
    for key in ["signatures", "redacted"] {
        for kept in expected[key].as_array().unwrap_or(&no_calls) {
            let kept = standard(kept.as_str().unwrap_or_default());
            out.check_that(state.contains(&kept), || {
                format!("provider_state lacks one of {key}")
            });
        }
    }
}

fn finish_reason(expected: &Value, choice: &Choice, out: &mut Differences) {
    let read = choice.finish_reason.map(FinishReason::as_str);
    let raw = expected["finish_reason_raw"].as_str();
    let kept = raw.is_none_or(|raw| {
        raw.is_empty() || choice.native_finish_reason.as_deref() == Some(raw) || read == Some(raw)
    });
    // OpenRouter's `native_finish_reason` is the word of the host behind it.
    let behind =
        choice.native_finish_reason.is_some() && read == expected["finish_reason"].as_str();
    out.check_that(kept || behind, || {
        format!("the raw finish reason {raw:?} is lost")
    });
    match expected["finish_reason"].as_str() {
        // OpenAI has no word for it: any choice will do.
        Some("error" | "unknown") => {}
        word => {
            let other = expected["finish_reason_alt"].as_str();
            out.check_that(read == word || other.is_some() && read == other, || {
                format!("finish_reason: {read:?}, expected {word:?}")
            });
        }
    }
}

/// Arguments that `max_tokens` cut: the text is kept, and Anthropic's SDK shows what of it is whole,
/// which is the text's beginning with the brackets closed.
fn is_cut(arguments: &str, expected: &Value) -> bool {
    let blank = |byte: &char| byte.is_ascii_whitespace();
    let dense = |text: &str| text.chars().filter(|byte| !blank(byte)).collect::<String>();
    let whole = dense(expected.as_str().unwrap_or_default());
    let whole = whole.trim_end_matches([']', '}']);
    serde_json::from_str::<Value>(arguments).is_err_and(|error| error.is_eof())
        && whole.len() > 1
        && dense(arguments).starts_with(whole)
}

/// Google's SDK reads signatures as bytes and shows them in the URL-safe letters.
fn standard(base64: &str) -> String {
    base64.replace('-', "+").replace('_', "/")
}

/// Arguments as JSON; nothing and null are as good as an empty object.
fn arguments(value: &Value) -> Value {
    let read = match value {
        Value::String(text) if text.trim().is_empty() => Value::Null,
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| value.clone()),
        other => other.clone(),
    };
    match read {
        Value::Null => Value::Object(Default::default()),
        other => other,
    }
}

fn usage(expected: &Value, reply: &Reply, out: &mut Differences) {
    let zeros = |expected: &Value| {
        let mut numbers = expected.as_object().into_iter().flatten();
        numbers.all(|(_, number)| number == 0)
    };
    // Counts that the provider did not give are absent here and zeros in some SDKs.
    if reply.usage.is_none() && zeros(expected) {
        return;
    }
    let (Some(usage), Value::Object(expected)) = (&reply.usage, expected) else {
        out.check("usage is there", reply.usage.is_some(), !expected.is_null());
        return;
    };
    for (what, number) in expected {
        let apart = expected.get("completion_tokens_incl_reasoning");
        let (what, number) = match what.as_str() {
            "completion_tokens" => (what.as_str(), apart.unwrap_or(number)),
            "completion_tokens_incl_reasoning" => continue,
            "provider_total" => ("total_tokens", number),
            what => (what, number),
        };
        out.check(
            what,
            Some(count(usage, what)),
            Some(number.as_u64().unwrap_or(0)),
        );
    }
}

/// The answer without ids that were made up here, which differ each time.
pub(crate) fn without_made_up(reply: &Reply) -> Reply {
    let mut reply = reply.clone();
    for call in reply
        .choices
        .iter_mut()
        .flat_map(|choice| &mut choice.message.tool_calls)
    {
        let made_up = call.id.strip_prefix("call_").is_some_and(|rest| {
            rest.len() >= 24 && rest.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        if made_up {
            "made up".clone_into(&mut call.id);
        }
    }
    reply
}

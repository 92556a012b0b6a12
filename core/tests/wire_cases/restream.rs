//! A whole answer of the OpenAI format cut into chunks as a host would stream it: both must be read as the same.

use serde_json::{Map, Value, json};
use slugline::provider::{Reply, Target};

use super::case::Case;
use super::{compare, stream};

/// Differences between the whole answer and its stream.
pub(crate) fn check(case: &Case, target: &Target, whole: &Reply) -> Vec<String> {
    let body: Value = serde_json::from_slice(&case.body).unwrap();
    let streamed = stream(target, &[events(&body).as_bytes()]);
    if let Some(error) = streamed.error {
        return vec![format!("streamed: {error}")];
    }
    let (streamed, whole) = (
        compare::without_made_up(&streamed.reply),
        compare::without_made_up(whole),
    );
    match streamed == whole {
        true => Vec::new(),
        false => vec![format!("streamed: {streamed:?}\n    whole: {whole:?}")],
    }
}

fn events(body: &Value) -> String {
    let mut head = body.as_object().unwrap().clone();
    head.insert("object".into(), "chat.completion.chunk".into());
    let usage = head.shift_remove("usage");
    let choices = head.shift_remove("choices").unwrap();
    let mut out = String::new();
    let mut chunk = |choices: Value, more: Option<(&str, Value)>| {
        let mut chunk = head.clone();
        chunk.insert("choices".into(), choices);
        if let Some((key, value)) = more {
            chunk.insert(key.into(), value);
        }
        out.push_str(&format!("data: {}\n\n", Value::Object(chunk)));
    };
    for choice in choices.as_array().unwrap() {
        let mut choice = choice.as_object().unwrap().clone();
        let message = choice.shift_remove("message").unwrap();
        choice.shift_remove("delta");
        let finish = choice.shift_remove("finish_reason").unwrap_or(Value::Null);
        let native = choice
            .shift_remove("native_finish_reason")
            .unwrap_or(Value::Null);
        let index = choice.get("index").cloned().unwrap_or(0.into());
        for delta in deltas(message.as_object().unwrap()) {
            chunk(json!([{"index": index, "delta": delta}]), None);
        }
        choice.insert("delta".into(), json!({}));
        choice.insert("finish_reason".into(), finish);
        choice.insert("native_finish_reason".into(), native);
        chunk(json!([choice]), None);
    }
    if let Some(usage) = usage {
        chunk(json!([]), Some(("usage", usage)));
    }
    out.push_str("data: [DONE]\n\n");
    out
}

/// The message in pieces: texts and arguments by a few characters, reasoning blocks by text, the rest whole.
fn deltas(message: &Map<String, Value>) -> Vec<Value> {
    let mut deltas = Vec::new();
    for (key, value) in message {
        match (key.as_str(), value) {
            ("content" | "reasoning" | "reasoning_content" | "refusal", Value::String(text)) => {
                deltas.extend(pieces(text).map(|piece| json!({ key: piece })));
            }
            ("tool_calls", Value::Array(calls)) => {
                for (index, call) in calls.iter().enumerate() {
                    let mut first = call.clone();
                    let arguments = first["function"]["arguments"].take();
                    first["index"] = index.into();
                    first["function"]["arguments"] = "".into();
                    deltas.push(json!({ "tool_calls": [first] }));
                    for piece in pieces(arguments.as_str().unwrap_or_default()) {
                        let call = json!({"index": index, "function": {"arguments": piece}});
                        deltas.push(json!({ "tool_calls": [call] }));
                    }
                }
            }
            _ => deltas.push(json!({ key: value })),
        }
    }
    deltas
}

fn pieces(text: &str) -> impl Iterator<Item = String> {
    let chars: Vec<char> = text.chars().collect();
    let pieces: Vec<String> = chars
        .chunks(3)
        .map(|piece| piece.iter().collect())
        .collect();
    pieces.into_iter()
}

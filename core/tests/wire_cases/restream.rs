//! A whole answer cut into chunks as a host would stream it: both must be read as the same.

use serde_json::{Map, Value, json};
use slugline::provider::{Reply, Target};

use super::case::Case;
use super::{blocks, compare, stream};

/// Differences between the whole answer and its stream; none where the format has no stream of this kind.
pub(crate) fn check(case: &Case, target: &Target, whole: &Reply) -> Vec<String> {
    let body: Value = serde_json::from_slice(&case.body).unwrap();
    let events = match case.api.as_str() {
        "openai-chat" => events(&body).into_bytes(),
        "anthropic" => anthropic(&body).into_bytes(),
        "gemini" => gemini(&body).into_bytes(),
        "cohere" => blocks::cohere(&body).into_bytes(),
        #[cfg(feature = "bedrock")]
        "bedrock" => blocks::bedrock(&body),
        _ => return Vec::new(),
    };
    let streamed = stream(target, &[&events]);
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

pub(crate) fn pieces(text: &str) -> impl Iterator<Item = String> {
    let chars: Vec<char> = text.chars().collect();
    let pieces: Vec<String> = chars
        .chunks(3)
        .map(|piece| piece.iter().collect())
        .collect();
    pieces.into_iter()
}

/// A message of Anthropic's as events.
fn anthropic(body: &Value) -> String {
    let mut out = String::new();
    let mut event = |value: Value| {
        let name = value["type"].as_str().unwrap();
        out.push_str(&format!("event: {name}\ndata: {value}\n\n"));
    };
    let mut message = body.clone();
    for (key, none) in [
        ("content", json!([])),
        ("stop_reason", Value::Null),
        ("stop_sequence", Value::Null),
        ("stop_details", Value::Null),
    ] {
        message[key] = none;
    }
    event(json!({"type": "message_start", "message": message}));
    for (index, block) in body["content"].as_array().unwrap().iter().enumerate() {
        let mut start = block.clone();
        let mut deltas = Vec::new();
        for (key, kind) in [
            ("text", "text_delta"),
            ("thinking", "thinking_delta"),
            ("signature", "signature_delta"),
        ] {
            if let Some(text) = block[key].as_str() {
                start[key] = "".into();
                deltas.extend(pieces(text).map(|piece| json!({"type": kind, key: piece})));
            }
        }
        if block["input"].is_object() {
            start["input"] = json!({});
            let input = block["input"].to_string();
            let piece = |piece| json!({"type": "input_json_delta", "partial_json": piece});
            deltas.extend(pieces(&input).map(piece));
        }
        event(json!({"type": "content_block_start", "index": index, "content_block": start}));
        for delta in deltas {
            event(json!({"type": "content_block_delta", "index": index, "delta": delta}));
        }
        event(json!({"type": "content_block_stop", "index": index}));
    }
    event(json!({
        "type": "message_delta",
        "delta": {
            "stop_reason": body["stop_reason"],
            "stop_sequence": body["stop_sequence"],
            "stop_details": body["stop_details"],
        },
        "usage": body["usage"],
    }));
    event(json!({"type": "message_stop"}));
    out
}

/// An answer of Gemini's as chunks with a part each; the last one has what is neither part nor candidate.
fn gemini(body: &Value) -> String {
    let none = Vec::new();
    let mut out = String::new();
    let mut chunk = |value: Value| out.push_str(&format!("data: {value}\r\n\r\n"));
    for candidate in body["candidates"].as_array().unwrap_or(&none) {
        let parts = candidate["content"]["parts"].as_array().unwrap_or(&none);
        for part in parts {
            chunk(json!({"candidates": [{"content": {"role": "model", "parts": [part]}}]}));
        }
        let mut end = candidate.as_object().unwrap().clone();
        end.shift_remove("content");
        chunk(json!({"candidates": [end]}));
    }
    let mut rest = body.as_object().unwrap().clone();
    rest.shift_remove("candidates");
    chunk(Value::Object(rest));
    out
}

//! Whole answers of Cohere and Bedrock as the events that would have streamed them.

use serde_json::{Value, json};

use super::restream::pieces;

/// An answer of Cohere's as events.
pub(crate) fn cohere(body: &Value) -> String {
    let mut out = String::new();
    let mut event = |name: &str, mut value: Value| {
        value["type"] = name.into();
        out.push_str(&format!("event: {name}\ndata: {value}\n\n"));
    };
    let new = |message: Value| json!({"delta": {"message": message}});
    let at = |index: usize, mut value: Value| {
        value["index"] = index.into();
        value
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let message = &body["message"];
    let mut start =
        new(json!({"role": "assistant", "content": [], "tool_calls": [], "citations": []}));
    start["id"] = body["id"].clone();
    event("message-start", start);
    for (index, piece) in list(&message["content"]).iter().enumerate() {
        let key = piece["type"].as_str().unwrap();
        let empty = json!({"content": {"type": key, key: ""}});
        event("content-start", at(index, new(empty)));
        for text in pieces(piece[key].as_str().unwrap()) {
            let content = json!({"content": {key: text}});
            event("content-delta", at(index, new(content)));
        }
        event("content-end", json!({ "index": index }));
    }
    for piece in pieces(message["tool_plan"].as_str().unwrap_or_default()) {
        event("tool-plan-delta", new(json!({ "tool_plan": piece })));
    }
    for (index, call) in list(&message["tool_calls"]).iter().enumerate() {
        let mut first = call.clone();
        let arguments = first["function"]["arguments"].take();
        first["function"]["arguments"] = "".into();
        event(
            "tool-call-start",
            at(index, new(json!({ "tool_calls": first }))),
        );
        // A call without parameters has this text, and is never cut inside it.
        let whole = arguments == "null";
        let arguments = arguments.as_str().unwrap_or_default();
        let cut: Vec<String> = match whole {
            true => vec![arguments.to_owned()],
            false => pieces(arguments).collect(),
        };
        for piece in cut {
            let function = json!({"tool_calls": {"function": {"arguments": piece}}});
            event("tool-call-delta", at(index, new(function)));
        }
        event("tool-call-end", json!({ "index": index }));
    }
    for (index, citation) in list(&message["citations"]).iter().enumerate() {
        event(
            "citation-start",
            at(index, new(json!({ "citations": citation }))),
        );
        event("citation-end", json!({ "index": index }));
    }
    let end = json!({"finish_reason": body["finish_reason"], "usage": body["usage"]});
    event("message-end", json!({ "delta": end }));
    out
}

/// An answer of Converse's as the frames of an event stream.
#[cfg(feature = "bedrock")]
pub(crate) fn bedrock(body: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    let mut event = |name: &str, mut value: Value| {
        // What the real stream pads its events with.
        value["p"] = "abcdefghij".into();
        out.extend(frame(name, &value.to_string()));
    };
    let delta = |index: usize, delta: Value| json!({"contentBlockIndex": index, "delta": delta});
    event("messageStart", json!({"role": "assistant"}));
    for (index, block) in body["output"]["message"]["content"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
    {
        if let Some(text) = block["text"].as_str() {
            for text in pieces(text) {
                event("contentBlockDelta", delta(index, json!({ "text": text })));
            }
        }
        if let Some(call) = block["toolUse"].as_object() {
            let mut start = call.clone();
            let input = start.shift_remove("input").unwrap();
            let start = json!({ "toolUse": start });
            event(
                "contentBlockStart",
                json!({"contentBlockIndex": index, "start": start}),
            );
            for input in pieces(&input.to_string()) {
                let input = json!({"toolUse": {"input": input}});
                event("contentBlockDelta", delta(index, input));
            }
        }
        let words = &block["reasoningContent"]["reasoningText"];
        for text in pieces(words["text"].as_str().unwrap_or_default()) {
            let text = json!({"reasoningContent": {"text": text}});
            event("contentBlockDelta", delta(index, text));
        }
        if words["signature"].is_string() {
            let signature = json!({"reasoningContent": {"signature": words["signature"]}});
            event("contentBlockDelta", delta(index, signature));
        }
        event("contentBlockStop", json!({ "contentBlockIndex": index }));
    }
    event("messageStop", json!({"stopReason": body["stopReason"]}));
    let mut counts = body.as_object().unwrap().clone();
    counts.shift_remove("output");
    counts.shift_remove("stopReason");
    event("metadata", Value::Object(counts));
    out
}

#[cfg(feature = "bedrock")]
fn frame(event: &str, data: &str) -> Vec<u8> {
    use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
    let mut message = Message::new(data.to_owned().into_bytes());
    for (name, value) in [(":event-type", event), (":message-type", "event")] {
        let value = HeaderValue::String(value.to_owned().into());
        message = message.add_header(Header::new(name, value));
    }
    let mut bytes = Vec::new();
    aws_smithy_eventstream::frame::write_message_to(&message, &mut bytes).unwrap();
    bytes
}

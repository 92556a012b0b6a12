//! A recorded answer sent back as the turn before the next: what goes out must be what came in, block by block,
//! after a round trip of the message through JSON. For the dialects whose turns are made of blocks.

use serde_json::{Value, json};
use slugline::chat::{Message, Options};
use slugline::provider::{Call, Reply, Target};

use super::case::Case;

/// Differences between what came and what goes back.
pub(crate) fn check(case: &Case, target: &Target, reply: &Reply) -> Vec<String> {
    let came: fn(&Value, &Message) -> Vec<Value> = match case.api.as_str() {
        "anthropic" => anthropic,
        "gemini" => gemini,
        _ => return Vec::new(),
    };
    let [choice] = reply.choices.as_slice() else {
        return Vec::new();
    };
    let body: Value = serde_json::from_slice(&case.body).unwrap();
    let came = came(&body, &choice.message);
    if came.is_empty() {
        return Vec::new();
    }
    let text = serde_json::to_string(&choice.message).unwrap();
    let turn: Message = serde_json::from_str(&text).unwrap();
    let messages = [Message::user("a"), turn, Message::user("b")];
    // The model is in the body of some hosts' requests only; the answer has it.
    let target = Target {
        model: reply.head.model.clone().unwrap_or_default(),
        ..target.clone()
    };
    let call = Call {
        messages: &messages,
        options: &Options::default(),
        target: &target,
        stream: false,
    };
    let request = match target.provider.dialect.encode(call, &mut Vec::new()) {
        Ok(request) => request,
        Err(error) => return vec![format!("not sent back: {error}")],
    };
    let sent: Value = serde_json::from_slice(&request.body).unwrap();
    let sent = match case.api.as_str() {
        "anthropic" => &sent["messages"][1]["content"],
        _ => &sent["contents"][1]["parts"],
    };
    match *sent == Value::Array(came.clone()) {
        true => Vec::new(),
        false => vec![format!("came as {}\n    went back as {sent}", json!(came))],
    }
}

/// The blocks without what the API itself does not want back.
fn anthropic(body: &Value, _: &Message) -> Vec<Value> {
    let blocks = body["content"].as_array().unwrap().iter();
    let blocks = blocks.filter(|block| block["text"] != "").cloned();
    let bare = |mut block: Value| {
        let whole = !matches!(block["type"].as_str(), Some("text" | "tool_use"));
        let block_map = block.as_object_mut().unwrap();
        let odd = |key: &str, value: &Value| match key {
            "caller" => value["type"] == "direct",
            _ => value.is_null(),
        };
        block_map.retain(|key, value| whole || !odd(key, value));
        block
    };
    blocks.map(bare).collect()
}

/// The parts without thoughts, calls with the ids they were given here.
fn gemini(body: &Value, message: &Message) -> Vec<Value> {
    let none = Vec::new();
    let parts = body["candidates"][0]["content"]["parts"].as_array();
    let mut calls = message.tool_calls.iter();
    let mut came = Vec::new();
    for part in parts.unwrap_or(&none) {
        let mut part = part.clone();
        if part["thought"] == true && part.get("thoughtSignature").is_none() {
            continue;
        }
        if let Some(call) = part.get_mut("functionCall") {
            let id = calls.next().unwrap().id.as_str();
            *call = json!({"id": id, "name": call["name"], "args": call["args"]});
        }
        came.push(part);
    }
    came
}

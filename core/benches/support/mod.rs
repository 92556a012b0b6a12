//! What the benches share: targets of built-in hosts, and calls of two sizes.
#![allow(dead_code, clippy::unwrap_used)]

use std::sync::Arc;

use serde_json::{Value, json};
use slugline::chat::ChatRequest;
use slugline::config::{Config, Models};
use slugline::provider::Target;

pub(crate) mod answers;

/// A model of a built-in host.
pub(crate) fn target(provider: &str, model: &str) -> Target {
    let mut config = json!({"engine": {"env_base_urls": false}});
    if provider == "bedrock" {
        config["providers"] = json!({"bedrock": {"region": "us-east-1"}});
    }
    let config = Config::from_value(config).unwrap();
    let (models, _) = Models::open(Arc::new(config)).unwrap();
    Target {
        provider: models.provider(provider).unwrap().unwrap(),
        model: model.to_owned(),
        params: None,
    }
}

/// A question of some 1.3 KB.
pub(crate) fn small() -> ChatRequest {
    let system =
        "You answer questions about orders. Be brief, be exact, and say so where you do not know. ";
    request(json!({
        "messages": [
            {"role": "system", "content": system.repeat(8)},
            {"role": "user", "content": "Where is order 4711?\nIt was sent on \"Monday\". ".repeat(10)},
        ],
        "temperature": 0.2, "max_tokens": 256,
    }))
}

/// An agent's conversation of 102 messages and some 100 KB, with tools.
pub(crate) fn large() -> ChatRequest {
    let text =
        "The order left the warehouse on Tuesday and is on its way; see \"tracking\".\n".repeat(12);
    let mut messages = vec![json!({"role": "system", "content": text})];
    for turn in 0..25 {
        let id = format!("call_{turn}");
        messages.extend([
            json!({"role": "user", "content": text}),
            json!({"role": "assistant", "content": null, "tool_calls": [{"id": id, "type": "function",
                "function": {"name": "lookup_order", "arguments": format!("{{\"id\":\"{}\"}}", "x".repeat(600))}}]}),
            json!({"role": "tool", "tool_call_id": id, "content": text}),
            json!({"role": "assistant", "content": text}),
        ]);
    }
    messages.push(json!({"role": "user", "content": text}));
    let parameters =
        json!({"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]});
    request(json!({
        "messages": messages,
        "tools": [{"type": "function", "function": {"name": "lookup_order", "description": "Find an order", "parameters": parameters}}],
    }))
}

fn request(value: Value) -> ChatRequest {
    serde_json::from_value(value).unwrap()
}

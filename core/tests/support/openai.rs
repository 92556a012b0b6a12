//! Answers in OpenAI's form, and an engine that asks one server for them.

use serde_json::{Value, json};
use slugline::Engine;
use slugline::config::Config;

use super::{Reply, Server};

/// A whole answer with this text.
pub fn answer(text: &str) -> Reply {
    let message = json!({"role": "assistant", "content": text});
    let body = json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]});
    Reply::json(200, &body)
}

/// One chunk of a stream.
pub fn chunk(delta: Value, finish: Value) -> String {
    json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
    .to_string()
}

/// A chunk of text.
pub fn text(text: &str) -> String {
    chunk(json!({"content": text}), Value::Null)
}

/// A chunk that names the role and says nothing yet.
pub fn role() -> String {
    chunk(json!({"role": "assistant", "content": ""}), Value::Null)
}

/// The chunk that ends an answer.
pub fn last() -> String {
    chunk(json!({}), json!("stop"))
}

/// A stream of these chunks and `[DONE]`.
pub fn sse(events: &[String]) -> Reply {
    let mut events: Vec<&str> = events.iter().map(String::as_str).collect();
    events.push("[DONE]");
    Reply::sse(&events)
}

/// A whole stream that says this.
pub fn streamed(said: &str) -> Reply {
    sse(&[text(said), last()])
}

/// An engine whose default model is asked of this server, without retries; `more` goes to its `[engine]` table.
pub fn engine(server: &Server, more: Value) -> Engine {
    let mut config = json!({
        "providers": {"up": {"dialect": "openai", "base_url": format!("{}/v1", server.url()), "api_key": "k"}},
        "engine": {"max_retries": 0, "default_model": "up/m"},
    });
    for (key, value) in more.as_object().unwrap() {
        config["engine"][key] = value.clone();
    }
    Engine::new(Config::from_value(config).unwrap()).unwrap()
}

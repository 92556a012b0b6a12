//! Bedrock through the whole engine, answered from a folder: both verbs, and an exception in the middle.
//! Without the feature the dialect is a configuration error that names it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;
use slugline::config::Config;
use slugline::{Engine, Error};

fn open(base_url: &str) -> Result<Engine, Error> {
    let config = json!({
        "providers": {"bedrock": {"base_url": base_url, "region": "us-east-1", "api_key": "test-key"}}
    });
    Engine::new(Config::from_value(config)?)
}

#[cfg(not(feature = "bedrock"))]
#[test]
fn without_the_feature_the_error_names_it() {
    let error = open("https://host.example").unwrap_err();
    assert_eq!(error.code(), "config_error");
    assert!(error.to_string().contains("`bedrock`"), "{error}");
}

#[cfg(feature = "bedrock")]
mod built_in {
    use std::path::Path;

    use aws_smithy_eventstream::frame::write_message_to;
    use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use futures_util::StreamExt;
    use serde_json::Value;
    use slugline::chat::ChatRequest;

    use super::*;

    const MODEL: &str = "bedrock/amazon.nova-lite-v1:0";
    const PATH: &str = "/model/amazon.nova-lite-v1%3A0/converse";

    fn frame(kind: &str, name: &str, event: &str, data: &Value) -> Vec<u8> {
        let mut message = Message::new(data.to_string().into_bytes());
        for (header, value) in [(":message-type", kind), (name, event)] {
            let value = HeaderValue::String(value.to_owned().into());
            message = message.add_header(Header::new(header.to_owned(), value));
        }
        let mut bytes = Vec::new();
        write_message_to(&message, &mut bytes).unwrap();
        bytes
    }

    fn event(event: &str, data: Value) -> Vec<u8> {
        frame("event", ":event-type", event, &data)
    }

    fn said(text: &str) -> Vec<u8> {
        let data = json!({"contentBlockIndex": 0, "delta": {"text": text}, "p": "abc"});
        event("contentBlockDelta", data)
    }

    /// A folder that answers one call, and an engine that asks it.
    fn engine(folder: &Path, path: &str, content_type: &str, body: &[u8]) -> Engine {
        let reply = json!({
            "request": {"method": "POST", "path": path},
            "response": {
                "status": 200,
                "headers": {"content-type": content_type, "x-amzn-requestid": "r-1"},
                "body_b64": STANDARD.encode(body),
                "cuts": [1, 13, 40]
            }
        });
        std::fs::write(folder.join("001.json"), reply.to_string()).unwrap();
        open(&format!("replay:{}", folder.display())).unwrap()
    }

    fn call() -> ChatRequest {
        ChatRequest::new("hi").model(MODEL).max_retries(0u32)
    }

    #[tokio::test]
    async fn a_whole_answer() {
        let folder = tempfile::tempdir().unwrap();
        let body = json!({
            "output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}},
            "stopReason": "end_turn", "usage": {"inputTokens": 3, "outputTokens": 1, "totalTokens": 4}
        });
        let body = body.to_string();
        let engine = engine(folder.path(), PATH, "application/json", body.as_bytes());
        let completion = engine.chat(call()).await.unwrap();
        assert_eq!(completion.text(), "Hello");
        assert_eq!(completion.model, MODEL);
        assert!(!completion.id.is_empty() && completion.created > 0);
        assert_eq!(completion.usage.unwrap().total_tokens, 4);
        assert_eq!(
            completion.meta.attempts[0].request_id.as_deref(),
            Some("r-1")
        );
    }

    #[tokio::test]
    async fn a_streamed_answer() {
        let folder = tempfile::tempdir().unwrap();
        let body = [
            event("messageStart", json!({"role": "assistant"})),
            said("Hel"),
            said("lo"),
            event("contentBlockStop", json!({"contentBlockIndex": 0})),
            event("messageStop", json!({"stopReason": "end_turn"})),
            event(
                "metadata",
                json!({"usage": {"inputTokens": 3, "outputTokens": 1}}),
            ),
        ]
        .concat();
        let path = format!("{PATH}-stream");
        let engine = engine(
            folder.path(),
            &path,
            "application/vnd.amazon.eventstream",
            &body,
        );
        let mut stream = engine.chat_stream(call());
        let mut text = String::new();
        while let Some(chunk) = stream.next().await {
            text.push_str(chunk.unwrap().text());
        }
        let completion = stream.completion().await.unwrap();
        assert_eq!(
            (text.as_str(), completion.text().as_str()),
            ("Hello", "Hello")
        );
        assert_eq!(completion.usage.unwrap().total_tokens, 4);
    }

    #[tokio::test]
    async fn an_exception_after_output_keeps_what_came() {
        let folder = tempfile::tempdir().unwrap();
        let exception = json!({"message": "Too many tokens"});
        let body = [
            event("messageStart", json!({"role": "assistant"})),
            said("Hel"),
            frame(
                "exception",
                ":exception-type",
                "throttlingException",
                &exception,
            ),
        ]
        .concat();
        let path = format!("{PATH}-stream");
        let engine = engine(
            folder.path(),
            &path,
            "application/vnd.amazon.eventstream",
            &body,
        );
        let mut stream = engine.chat_stream(call());
        let error = stream.completion().await.unwrap_err();
        assert_eq!(error.code(), "stream_interrupted");
        assert_eq!(error.data().details["cause"], "rate_limited");
        assert_eq!(error.data().partial.as_ref().unwrap().text(), "Hel");
    }
}

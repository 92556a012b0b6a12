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
mod support;

#[cfg(feature = "bedrock")]
mod clock {
    use std::time::{Duration, SystemTime};

    use serde_json::Value;
    use slugline::chat::ChatRequest;

    use super::support::{Asked, Reply, Server};
    use super::*;

    /// Signing keys reach an engine by the environment alone: this test runs itself again with them.
    #[test]
    fn a_wrong_clock_is_corrected_once_and_remembered() {
        let out = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "clock::signed"])
            .env_remove("AWS_BEARER_TOKEN_BEDROCK")
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env(
                "AWS_SECRET_ACCESS_KEY",
                "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            )
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&out.stdout);
        assert!(out.status.success() && said.contains("1 passed"), "{said}");
    }

    /// Enough to be in another year.
    const AHEAD: Duration = Duration::from_secs(400 * 24 * 3600);

    fn refused(theirs: SystemTime) -> Reply {
        let date = httpdate::fmt_http_date(theirs);
        let headers = [
            ("x-amzn-errortype", "InvalidSignatureException"),
            ("date", date.as_str()),
        ];
        Reply::new(403, &headers, r#"{"message": "Signature expired"}"#)
    }

    fn answered() -> Reply {
        let said: Value = json!({"role": "assistant", "content": [{"text": "Hello"}]});
        let body = json!({"output": {"message": said}, "stopReason": "end_turn"});
        Reply::json(200, &body)
    }

    /// The year by which a request was signed.
    fn year(asked: &Asked) -> String {
        asked.header("x-amz-date").unwrap()[..4].to_owned()
    }

    #[tokio::test]
    #[ignore = "needs the environment that the test above gives it"]
    async fn signed() {
        let (ours, theirs) = (SystemTime::now(), SystemTime::now() + AHEAD);
        let replies = vec![refused(theirs), answered(), answered()];
        let server = Server::start(replies).await;
        let config =
            json!({"providers": {"bedrock": {"base_url": server.url(), "region": "us-east-1"}}});
        let engine = Engine::new(Config::from_value(config).unwrap()).unwrap();
        let request = || ChatRequest::new("hi").model("bedrock/amazon.nova-lite-v1:0");
        let answer = engine.chat(request().max_retries(0u32)).await.unwrap();
        assert_eq!(answer.text(), "Hello");
        let codes: Vec<_> = answer
            .meta
            .attempts
            .iter()
            .map(|a| a.code.as_deref())
            .collect();
        assert_eq!(codes, [Some("authentication"), None]);
        engine.chat(request()).await.unwrap();
        let years: Vec<String> = server.requests().iter().map(year).collect();
        let [ours, theirs_now] =
            [ours, theirs].map(|time| httpdate::fmt_http_date(time)[12..16].to_owned());
        let expected = [&ours, &theirs_now, &theirs_now];
        assert_eq!(
            years.iter().collect::<Vec<_>>(),
            expected,
            "the second call knows the clock"
        );

        // Still refused: that is the answer.
        let server = Server::always(refused(theirs)).await;
        let config =
            json!({"providers": {"bedrock": {"base_url": server.url(), "region": "us-east-1"}}});
        let engine = Engine::new(Config::from_value(config).unwrap()).unwrap();
        let error = engine.chat(request()).await.unwrap_err();
        assert_eq!(error.code(), "authentication");
        assert_eq!(server.requests().len(), 2);
    }
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

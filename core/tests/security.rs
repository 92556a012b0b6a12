//! Keys and requests through the whole engine, over loopback: what shows, and what goes where.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use slugline::chat::ChatRequest;
use slugline::config::Config;
use slugline::{Engine, ErrorKind};

mod support;

use support::openai::{answer, text};
use support::{Asked, Reply, Server};

fn open(config: Value) -> Engine {
    Engine::new(Config::from_value(config).unwrap()).unwrap()
}

/// A provider with its own key and header.
fn host(server: &Server, dialect: &str, key: &str) -> Value {
    let base = match dialect {
        "openai" => format!("{}/v1", server.url()),
        _ => server.url(),
    };
    json!({"dialect": dialect, "base_url": base, "api_key": key, "headers": {"x-tenant": format!("tenant-of-{key}")}})
}

fn shown(asked: &Asked) -> String {
    format!(
        "{} {:?} {}",
        asked.path,
        asked.headers,
        String::from_utf8_lossy(&asked.body)
    )
}

#[tokio::test]
async fn a_key_and_headers_go_to_their_own_host_alone() {
    let dialects = ["openai", "anthropic", "gemini", "cohere"];
    for first in dialects {
        for second in dialects {
            let (a, b) = (
                Server::always(Reply::json(403, &json!({}))).await,
                Server::always(Reply::json(403, &json!({}))).await,
            );
            let engine = open(json!({
                "engine": {"max_retries": 0},
                "providers": {"a": host(&a, first, "key-of-a"), "b": host(&b, second, "key-of-b")},
            }));
            let request = ChatRequest::new("go").model(["a/m", "b/m"]);
            engine.chat(request).await.unwrap_err();
            let (a, b) = (shown(&a.requests()[0]), shown(&b.requests()[0]));
            assert!(
                a.contains("key-of-a") && a.contains("tenant-of-key-of-a"),
                "{a}"
            );
            assert!(!a.contains("key-of-b"), "{a}");
            assert!(b.contains("key-of-b") && !b.contains("key-of-a"), "{b}");
        }
    }
}

#[tokio::test]
async fn a_redirect_takes_nothing_along() {
    let elsewhere = Server::always(answer("never")).await;
    for status in [301, 302, 303, 307, 308] {
        let place = format!("{}/v1/chat/completions?secret=1", elsewhere.url());
        let server = Server::always(Reply::new(status, &[("location", &place)], "")).await;
        let engine = open(json!({"providers": {"a": host(&server, "openai", "key-of-a")}}));
        let error = engine
            .chat(ChatRequest::new("go").model("a/m"))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{status}");
        assert!(!error.to_string().contains("secret"), "{error}");
        assert_eq!(server.requests().len(), 1);
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_model_s_name_is_one_segment_of_the_path_or_refused() {
    let server = Server::always(Reply::json(403, &json!({}))).await;
    let bad = [
        "../../admin",
        "m/../../x",
        "m?key=1",
        "m#x",
        "m%2f..",
        "m\r\nx-evil: 1",
        "m HTTP/1.1",
        "..",
        "m\\..\\x",
    ];
    for dialect in ["openai", "anthropic", "gemini", "cohere"] {
        let engine = open(
            json!({"engine": {"max_retries": 0, "cooldown_ms": 0}, "providers": {"a": host(&server, dialect, "k")}}),
        );
        let good = engine
            .build_request(ChatRequest::new("go").model("a/m"))
            .unwrap()
            .url;
        for model in bad {
            let request = ChatRequest::new("go").model(format!("a/{model}"));
            let before = server.requests().len();
            let refused = engine.chat(request).await.unwrap_err();
            let asked = server.requests();
            let Some(asked) = asked.get(before) else {
                assert_eq!(
                    refused.kind(),
                    ErrorKind::InvalidRequest,
                    "{dialect} {model}: {refused}"
                );
                continue;
            };
            assert_eq!(asked.header("x-evil"), None);
            // As many segments, no query that was not there, and the end is the same.
            let path = |url: &str| {
                url.split_once("://").map_or(url.to_owned(), |(_, rest)| {
                    rest[rest.find('/').unwrap()..].to_owned()
                })
            };
            let (good, path) = (path(&good), path(&asked.path));
            assert_eq!(
                path.matches('/').count(),
                good.matches('/').count(),
                "{dialect} {model}: {path}"
            );
            assert_eq!(
                path.contains('?'),
                good.contains('?'),
                "{dialect} {model}: {path}"
            );
            let up = |segment: &str| segment.trim_matches('.').is_empty() && !segment.is_empty();
            assert!(!path.split(['/', ':']).any(up), "{dialect} {model}: {path}");
        }
    }
}

#[tokio::test]
async fn headers_of_a_call_cannot_carry_another() {
    let server = Server::always(answer("never")).await;
    let engine = open(json!({"providers": {"a": host(&server, "openai", "k")}}));
    for (name, value) in [
        ("x-a", "b\r\nx-evil: 1"),
        ("x-a\r\nx-evil", "1"),
        ("x-a: 1\nx", "y"),
        ("", "y"),
        ("x", "a\0b"),
    ] {
        let headers = [(name.to_owned(), Value::from(value))];
        let request = ChatRequest::new("go")
            .model("a/m")
            .extra_headers(serde_json::Map::from_iter(headers));
        let error = engine.chat(request).await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::InvalidRequest,
            "{name:?}: {value:?}"
        );
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_key_is_nowhere_in_errors_and_answers() {
    const KEY: &str = "sk-canary-1234567890-abcdefghij";
    let forms = [
        KEY.to_owned(),
        "c2stY2FuYXJ5LTEyMzQ1Njc4OTAtYWJjZGVmZ2hpag".to_owned(),
        KEY.replace('-', "%2D"),
    ];
    let echo = json!({"error": {"message": format!("bad key {} {} {}", forms[0], forms[1], forms[2]), "code": KEY, "param": KEY}});
    let page = Reply::new(
        500,
        &[("content-type", "text/html"), ("x-request-id", "r-1")],
        format!("<h1>{KEY}</h1>"),
    );
    let late = Reply::sse(&[&text("some"), &echo.to_string()]);
    for reply in [
        late,
        Reply::json(401, &echo),
        Reply::json(400, &echo),
        Reply::json(200, &echo),
        page,
    ] {
        let server = Server::always(reply).await;
        let config = json!({
            "engine": {"max_retries": 0},
            "providers": {"a": {"dialect": "openai", "base_url": format!("{}/v1", server.url()), "api_key": KEY}},
        });
        let engine = Engine::new(Config::from_value(config).unwrap()).unwrap();
        let request = || ChatRequest::new("go").model("a/m");
        let mut stream = engine.chat_stream(request());
        let errors = [
            stream.completion().await.unwrap_err(),
            engine
                .chat(request().max_ttft_ms(5000u64))
                .await
                .unwrap_err(),
            engine.chat(request()).await.unwrap_err(),
        ];
        assert!(
            server.requests()[0]
                .header("authorization")
                .unwrap()
                .contains(KEY),
            "the key was sent"
        );
        let shown = format!(
            "{errors:?} {} {engine:?} {}",
            serde_json::to_string(&errors).unwrap(),
            errors.iter().map(ToString::to_string).collect::<String>()
        );
        for form in &forms {
            assert!(!shown.contains(form.as_str()), "{form} shows in {shown}");
        }
    }
}

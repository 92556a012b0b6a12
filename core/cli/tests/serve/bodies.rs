//! Bodies: what is read of them, and what is refused with which words.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::server::{CONFIG, KEY, Server};

const CHAT: &str = "/v1/chat/completions";

/// Status, code and field of the error.
fn refused(server: &Server, path: &str, body: &Value) -> (u16, String, Value) {
    let reply = server.post(path, body);
    let error = reply.json()["error"].clone();
    (reply.status, reply.code(), error["param"].clone())
}

#[test]
fn many_small_values_are_refused_before_they_are_made() {
    let server = Server::start();
    let many = vec![0; 200_001];
    let wanted = (413, "request_too_large".to_owned(), Value::Null);
    for body in [
        json!({"messages": "x", "x": many}),
        json!({"messages": vec![json!({}); 150_000]}),
        json!({"messages": "x", "x": vec![json!([]); 200_000]}),
    ] {
        assert_eq!(refused(&server, CHAT, &body), wanted);
    }
    let text = ",".repeat(400_000);
    let long = json!({"model": "test/echo", "messages": text, "logit_bias": {"1": 1}});
    assert_eq!(server.post(CHAT, &long).status, 200);
    // Above a mebibyte it is taken apart elsewhere, with the same words.
    let large = json!({"messages": "x".repeat(2 << 20), "n": "two"});
    let (status, _, param) = refused(&server, CHAT, &large);
    assert_eq!((status, param), (400, json!("n")));
    let large = json!({"model": "test/echo", "messages": "x".repeat(2 << 20)});
    assert_eq!(server.post(CHAT, &large).status, 200);
}

#[test]
fn large_bodies_hold_nobody_up() {
    let server = Server::start();
    let text = "x".repeat(31 << 20);
    let ended = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for stream in [false, false, true] {
            let mut body = json!({"model": "test/echo", "messages": text, "stream": stream});
            body["extra_body"] = json!({"test": {"content": "short"}});
            let (server, ended) = (&server, &ended);
            scope.spawn(move || {
                let reply = server.post(CHAT, &body);
                ended.fetch_add(1, Ordering::SeqCst);
                assert_eq!(reply.status, 200);
            });
        }
        let mut asked = 0;
        while ended.load(Ordering::SeqCst) < 3 {
            let began = Instant::now();
            assert_eq!(server.get("/healthz").status, 200);
            let took = began.elapsed();
            assert!(took < Duration::from_secs(1), "{took:?} after {asked}");
            asked += 1;
            std::thread::sleep(Duration::from_millis(20));
        }
    });
}

#[test]
fn numbers_beyond_64_bits_are_not_rounded() {
    let server = Server::start();
    let json = ("content-type", "application/json");
    let ask = |number: &str| {
        let body = format!(r#"{{"variables": {{"name": {number}}}}}"#);
        server.ask("POST", "/prompt/team/bye/run", &[json], &body)
    };
    let answer = ask("18446744073709551615").ok();
    let content = &answer["choices"][0]["message"]["content"];
    assert_eq!(content, "Goodbye 18446744073709551615");
    let reply = ask("18446744073709551616");
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (400, "invalid_request")
    );
    assert!(reply.body.contains("line 1, column 24"), "{}", reply.body);
}

#[test]
fn what_errors_repeat_is_bounded() {
    let server = Server::start();
    let long = "n".repeat(1 << 20);
    for body in [
        json!({"messages": "x", "model": long}),
        json!({"messages": "x", "tags": [long]}),
        json!({"messages": "x", "tools": [{"id": long}]}),
        json!({"messages": "x", "temperature": {"a": long}}),
    ] {
        let reply = server.post(CHAT, &body);
        assert!(
            reply.status == 400 || reply.status == 404,
            "{}",
            reply.status
        );
        assert!(reply.body.len() < 5_000, "{}", reply.body.len());
    }
    let broken = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: localhost\r\nx-api-key: {KEY}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n"
    );
    let reply = crate::client::raw(&server.address, broken.as_bytes());
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (400, "invalid_request")
    );
}

#[test]
fn compressed_and_broken_bodies_are_named() {
    let server = Server::start();
    let json = ("content-type", "application/json");
    let packed = server.ask("POST", CHAT, &[json, ("content-encoding", "gzip")], "{}");
    assert_eq!(packed.status, 415);
    assert_eq!(packed.json()["error"]["param"], "content-encoding");
    let plain = [json, ("content-encoding", "identity")];
    let body = r#"{"model": "test/echo", "messages": "x"}"#;
    assert_eq!(server.ask("POST", CHAT, &plain, body).status, 200);
    let broken = server.ask("POST", CHAT, &[json], "{").json()["error"].clone();
    assert_eq!(broken["param"], Value::Null);
    assert!(broken["message"].as_str().unwrap().contains("line 1"));
}

#[test]
fn urls_and_keys_are_refused_at_every_depth() {
    let server = Server::start();
    for (more, param) in [
        (
            json!({"extra_body": {"extra_body": {"api_key": "theirs"}}}),
            "extra_body.extra_body.api_key",
        ),
        (
            json!({"extra_body": {"model": "theirs"}}),
            "extra_body.model",
        ),
        (json!({"fallbacks": [{"base_url": "theirs"}]}), "fallbacks"),
        (
            json!({"x": [{"azure_endpoint": "theirs"}]}),
            "x[0].azure_endpoint",
        ),
        (json!({"openai_api_key": "theirs"}), "openai_api_key"),
        (
            json!({"prediction": {"api_key": "theirs"}}),
            "prediction.api_key",
        ),
        (
            json!({"web_search_options": {"base_url": "theirs"}}),
            "web_search_options.base_url",
        ),
        (
            json!({"audio": {"headers": {"x": "theirs"}}}),
            "audio.headers",
        ),
        (
            json!({"tool_choice": {"type": "x", "server_url": "theirs"}}),
            "tool_choice.server_url",
        ),
    ] {
        for path in [CHAT, "/prompt/greet/run", "/acme/shop/greet/production"] {
            let mut body = more.clone();
            body["messages"] = json!("x");
            let reply = server.post(path, &body);
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (400, "invalid_request")
            );
            assert_eq!(reply.json()["error"]["param"], param);
            assert!(!reply.body.contains("theirs"));
        }
    }
    let picture = json!({"model": "test/echo", "messages": [{"role": "user", "content": [
        {"type": "text", "text": "x"},
        {"type": "image_url", "image_url": {"url": "https://pictures.example/a.png"}},
    ]}], "metadata": {"endpoint": "eu"}});
    assert_eq!(server.post(CHAT, &picture).status, 200);
}

#[test]
fn what_is_echoed_in_headers_and_the_log_is_bounded() {
    let server = Server::start();
    let long = "s".repeat(257);
    for id in ["", long.as_str()] {
        let body = json!({"model": "test/echo", "messages": "x", "session_id": id});
        let wanted = (400, "invalid_request".to_owned(), json!("session_id"));
        assert_eq!(refused(&server, CHAT, &body), wanted);
    }
    let model = format!("test/{}", "m".repeat(2_000));
    let body = json!({"model": model, "messages": "x", "session_id": "é".repeat(200)});
    let id = ("x-request-id", "long-model");
    let json = ("content-type", "application/json");
    let reply = server.ask("POST", CHAT, &[json, id], &body.to_string());
    assert!(reply.header("x-slugline-model").is_none());
    assert!(reply.header("x-slugline-session-id").is_none());
    let foreign = json!({"model": "test/\u{e9}", "messages": "x"});
    let reply = server.post(CHAT, &foreign);
    assert_eq!(reply.status, 200);
    assert!(reply.header("x-slugline-model").is_none());
    let log = server.logged("id=long-model");
    assert!(!log.contains("mmmm"), "{log}");
    // A name of several words is one word of the log.
    let body = json!({"model": "test/a b=c", "messages": "x"});
    assert_eq!(server.post(CHAT, &body).status, 200);
    server.logged("model=test/a_b=c");
}

#[test]
fn what_the_address_names_is_not_said_otherwise() {
    let files = [
        ("prompts/acme/shop/tea/production.prompt", "now"),
        ("prompts/acme/shop/tea/versions/1.prompt", "first"),
        (
            "prompts/acme/shop/tea/prompt.yaml",
            "environments: {staging: {version: 1}}\n",
        ),
        ("prompts/promptroot.yaml", "layout: workspaces\n"),
    ];
    let server = Server::with(CONFIG, &files, &[]);
    let content = |path: &str, body: &Value| {
        server.post(path, body).ok()["choices"][0]["message"]["content"].clone()
    };
    let path = "/acme/shop/tea/production";
    assert_eq!(content(path, &json!({})), "now");
    assert_eq!(
        content("/acme/shop/tea/production?v=1", &json!({"version": 1})),
        "first"
    );
    assert_eq!(
        content("/prompt/acme/shop/tea/run", &json!({"version": 1})),
        "first"
    );
    for (path, body, param) in [
        (path, json!({"version": 1}), "version"),
        (path, json!({"environment": "staging"}), "environment"),
        (
            "/acme/shop/tea/production?v=1",
            json!({"version": 2}),
            "version",
        ),
        (
            "/prompt/acme/shop/tea@staging/run",
            json!({"version": 1}),
            "version",
        ),
        (
            CHAT,
            json!({"model": "prompt/acme/shop/tea@1", "version": 2}),
            "version",
        ),
    ] {
        let wanted = (400, "invalid_request".to_owned(), json!(param));
        assert_eq!(refused(&server, path, &body), wanted, "{path}");
    }
    for method in ["POST", "GET"] {
        let json = ("content-type", "application/json");
        let reply = server.ask(method, "/acme/shop/tea/nope?v=1", &[json], "{}");
        assert_eq!((reply.status, reply.code().as_str()), (404, "not_found"));
        assert!(reply.body.contains("nope"), "{}", reply.body);
    }
}

#[test]
fn feedback_says_what_it_takes() {
    let server = Server::start();
    let path = "/api/v1/feedback";
    let value = json!({"completion_id": "x", "metric": "m", "value": "good"});
    let reply = server.post(path, &value);
    assert_eq!(reply.json()["error"]["param"], "value");
    assert!(
        reply.body.contains("true, false or a number"),
        "{}",
        reply.body
    );
    for (field, length) in [("metric", 129), ("user_id", 257), ("comment", 16_385)] {
        let mut body = json!({"completion_id": "x", "metric": "m", "value": 1});
        body[field] = json!("x".repeat(length));
        let wanted = (400, "invalid_request".to_owned(), json!(field));
        assert_eq!(refused(&server, path, &body), wanted);
    }
}

#[test]
fn headers_of_metadata_are_read_as_utf_8() {
    let server = Server::start();
    let body = r#"{"variables": {"name": "Ada"}}"#;
    let request = |value: &[u8]| {
        let head = format!(
            "POST /acme/shop/greet/production HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-api-key: {KEY}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nx-langtail-metadata-city: ",
            body.len()
        );
        let bytes = [head.as_bytes(), value, b"\r\n\r\n", body.as_bytes()].concat();
        crate::client::raw(&server.address, &bytes).ok()
    };
    let warnings = |answer: Value| answer["meta"]["warnings"].clone();
    assert_eq!(warnings(request("Zürich".as_bytes())), json!([]));
    let told = warnings(request(b"Z\xfcrich"));
    assert_eq!(told[0]["param"], "x-langtail-metadata-city");
}

#[test]
fn two_lengths_of_one_body_close_the_connection() {
    let server = Server::start();
    let smuggled = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    for framing in [
        "content-length: 4\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 4",
    ] {
        let text = format!(
            "POST {CHAT} HTTP/1.1\r\nhost: localhost\r\nx-api-key: {KEY}\r\ncontent-type: application/json\r\n{framing}\r\n\r\n0\r\n\r\n{smuggled}"
        );
        let reply = crate::client::raw(&server.address, text.as_bytes());
        assert_eq!(reply.status, 400, "{framing}");
        assert!(!reply.body.contains("HTTP/1.1"), "{}", reply.body);
    }
}

//! What an attacker tries.

use std::io::Write as _;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::{self, open};
use crate::server::{KEY, Server, request};

const CHAT: &str = "/v1/chat/completions";
const HELLO: &str = r#"{"model": "test/echo", "messages": "a-secret-prompt"}"#;

#[test]
fn without_a_right_key_nothing_is_told() {
    let server = Server::start();
    let host = ("host", "localhost");
    let json = ("content-type", "application/json");
    for path in [
        CHAT,
        "/chat/completions",
        "/api/v1/chat/completions",
        "/prompt/greet/run",
        "/acme/shop/greet/production",
        "/project-prompt/greet/production",
        "/v1/models",
        "/list-deployments",
        "/no/such/path",
    ] {
        for method in ["GET", "POST", "OPTIONS", "DELETE"] {
            for key in [
                ("x-other", "x"),
                ("authorization", "Bearer wrong"),
                ("authorization", "Basic a2V5LW9mLXRoZS10ZXN0cw=="),
                ("x-api-key", "key-of-the-test"),
                ("x-api-key", ""),
            ] {
                let reply = server.bare(method, path, &[host, json, key], HELLO);
                assert_eq!(
                    (reply.status, reply.code().as_str()),
                    (401, "authentication"),
                    "{method} {path}"
                );
                assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
            }
        }
    }
    for key in [
        ("authorization", "Bearer key-of-the-tests"),
        ("x-api-key", KEY),
    ] {
        assert_eq!(
            server.bare("POST", CHAT, &[host, json, key], HELLO).status,
            200
        );
    }
}

#[test]
fn other_host_names_are_refused() {
    let server = Server::start();
    for host in [
        "evil.example",
        "localhost.evil.example:80",
        "169.254.169.254",
        "",
    ] {
        let key = ("x-api-key", KEY);
        let reply = server.bare("GET", "/v1/models", &[("host", host), key], "");
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (403, "permission_denied"),
            "{host}"
        );
        let open = server.bare("GET", "/healthz", &[("host", host)], "");
        assert_eq!(open.status, 403);
    }
    assert!(matches!(
        server.bare("GET", "/healthz", &[], "").status,
        400 | 403
    ));
    let named = Server::with(
        crate::server::CONFIG,
        &[],
        &["--allow-host", "slug.example"],
    );
    assert_eq!(
        named
            .bare("GET", "/healthz", &[("host", "slug.example:443")], "")
            .status,
        200
    );
}

#[test]
fn a_page_of_another_site_gets_no_leave() {
    let server = Server::with(crate::server::CONFIG, &[], &["--no-auth"]);
    let headers = [("host", "localhost"), ("origin", "https://evil.example")];
    let plain = [&headers[..], &[("content-type", "text/plain")]].concat();
    assert_eq!(server.bare("POST", CHAT, &plain, HELLO).status, 415);
    let asked = [&headers[..], &[("access-control-request-method", "POST")]].concat();
    let preflight = server.bare("OPTIONS", CHAT, &asked, "");
    assert_eq!(preflight.status, 405);
    assert!(preflight.header("access-control-allow-origin").is_none());
}

#[test]
fn clients_do_not_choose_urls_keys_or_headers() {
    let server = Server::start();
    for key in [
        "base_url",
        "baseURL",
        "api_base",
        "api_key",
        "apiKey",
        "extra_headers",
        "headers",
        "providers",
        "proxy",
    ] {
        for path in [
            CHAT,
            "/api/v1/chat/completions",
            "/prompt/greet/run",
            "/acme/shop/greet/production",
        ] {
            let mut body = json!({"messages": "hi"});
            body[key] = json!("http://127.0.0.1:9/secret-of-theirs");
            let reply = server.post(path, &body);
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (400, "invalid_request"),
                "{key} {path}"
            );
            assert!(!reply.body.contains("secret-of-theirs"));
        }
    }
}

#[test]
fn slugs_do_not_leave_the_folder() {
    let server = Server::start();
    for path in [
        "/prompt/../../etc/passwd/run",
        "/prompt/..%2F..%2Fetc%2Fpasswd/run",
        "/prompt/%2e%2e/%2e%2e/etc/passwd/run",
        "/prompt/%2Fetc%2Fpasswd/run",
        "/prompt/C:%5Cwindows/run",
        "/prompt/greet%00/run",
        "/prompt/greet%FF/run",
        "/prompt/%252e%252e%252fetc/run",
        "/prompt/con/run",
        "/acme/../shop/greet",
        "/../../../etc",
        "/project-prompt/..%2F..%2Fslugline/production",
        "/project-prompt/greet/..%2Fstaging",
    ] {
        let reply = server.post(path, &json!({}));
        assert!(
            matches!(reply.status, 400 | 404),
            "{path}: {} {}",
            reply.status,
            reply.body
        );
        assert!(!reply.body.contains("root:"));
    }
}

#[test]
fn a_body_of_a_gibibyte_is_not_read() {
    let server = Server::start();
    let head = |framing: &str| {
        format!(
            "POST {CHAT} HTTP/1.1\r\nhost: localhost\r\nx-api-key: {KEY}\r\ncontent-type: application/json\r\n{framing}\r\n\r\n"
        )
    };
    let declared = client::raw(
        &server.address,
        head("content-length: 1073741824").as_bytes(),
    );
    assert_eq!(
        (declared.status, declared.code().as_str()),
        (413, "request_too_large")
    );
    // Without a length the limit is met on the way.
    let mut stream = open(&server.address);
    stream
        .write_all(head("transfer-encoding: chunked").as_bytes())
        .unwrap();
    let chunk = [b"100000\r\n".as_slice(), &[b' '; 1 << 20], b"\r\n"].concat();
    let written = (0..1024)
        .take_while(|_| stream.write_all(&chunk).is_ok())
        .count();
    assert!(written < 200, "{written} MiB were taken");
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id()));
    if let Ok(status) = status {
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        let peak: u64 = peak.trim().trim_end_matches(" kB").trim().parse().unwrap();
        assert!(peak < 200 << 10, "{peak} KiB at most");
    }
    assert_eq!(server.get("/v1/models").status, 200);
}

#[test]
fn slow_bodies_are_given_up() {
    let server = Server::start();
    let mut stream = open(&server.address);
    let started = Instant::now();
    write!(stream, "POST {CHAT} HTTP/1.1\r\nhost: localhost\r\nx-api-key: {KEY}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{").unwrap();
    let reply = client::read(stream);
    assert_eq!((reply.status, reply.code().as_str()), (408, "timeout"));
    let took = started.elapsed();
    assert!(
        took > Duration::from_secs(9) && took < Duration::from_secs(20),
        "{took:?}"
    );
}

#[test]
fn bombs_of_headers_are_refused() {
    let server = Server::start();
    let long = "x".repeat(100_000);
    let reply = server.bare(
        "GET",
        "/healthz",
        &[("host", "localhost"), ("x-long", &long)],
        "",
    );
    assert_eq!(reply.status, 431);
    let many = vec![("x-many", "1"); 500];
    let all = [&[("host", "localhost")], &many[..]].concat();
    assert_eq!(server.bare("GET", "/healthz", &all, "").status, 431);
    let path = format!("/{}", "x".repeat(100_000));
    assert!(matches!(
        server
            .bare("GET", &path, &[("host", "localhost")], "")
            .status,
        414 | 431
    ));
    for smuggled in [
        "GET /healthz HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked, x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: localhost\r\nx y: z\r\n\r\n",
    ] {
        let reply = client::raw(&server.address, smuggled.as_bytes());
        assert_eq!(reply.status, 400, "{smuggled}");
    }
    assert_eq!(server.get("/v1/models").status, 200);
}

#[test]
fn the_log_holds_no_payload_and_no_key() {
    let server = Server::start();
    let json = ("content-type", "application/json");
    let id = ("x-request-id", "call-1");
    let body = r#"{"messages": "a-secret-prompt", "variables": {"name": "a-secret-variable"}, "stream": true}"#;
    server.ask(
        "POST",
        "/prompt/greet/run?token=a-secret-query",
        &[json, id],
        body,
    );
    let odd = ("x-request-id", "a-secret-id and more");
    let wrong = request(
        "POST",
        CHAT,
        &[("host", "localhost"), ("x-api-key", "a-secret-key"), odd],
        HELLO,
    );
    client::raw(&server.address, wrong.as_bytes());
    server.logged("id=call-1 model=test/echo");
    let log = server.logged("error=authentication");
    assert!(log.contains(" POST /prompt/greet/run 200 "), "{log}");
    for secret in ["secret", KEY, "token", "\u{1b}"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[test]
fn the_log_tells_every_request_as_it_was() {
    let server = Server::start();
    let get = |path: &[u8], method: &str, id: &str| {
        let head = format!(
            " HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-request-id: {id}\r\n\r\n"
        );
        let bytes = [method.as_bytes(), b" ", path, head.as_bytes()].concat();
        client::raw(&server.address, &bytes)
    };
    assert_eq!(get(b"/healthz", "HEAD", "head").status, 200);
    let log = server.logged(" id=head");
    assert!(log.contains(" HEAD /healthz 200 "), "{log}");
    // Milliseconds have three digits: `2026-11-20T16:00:00.000Z `.
    assert_eq!(log.lines().last().unwrap().find(' '), Some(24), "{log}");
    assert_eq!(get(b"/v1/models", "HEAD", "denied").status, 401);
    let log = server.logged(" id=denied");
    assert!(log.contains(" HEAD /v1/models 401 "), "{log}");
    // Without a key, and no UTF-8 of a terminal's controls reaches it.
    assert_eq!(get(b"/x\xc2\x9b31m", "GET", "raw").status, 401);
    let log = server.logged(" id=raw");
    assert!(log.contains(" GET /x%C2%9B31m 401 "), "{log}");
    let path = [
        b"/".as_slice(),
        &[b'x'; 198],
        "\u{e9}".repeat(400).as_bytes(),
    ]
    .concat();
    assert_eq!(get(&path, "GET", "long").status, 401);
    let log = server.logged(" id=long");
    assert!(log.contains("x 401 ") && !log.contains("%C3%A9"), "{log}");
}

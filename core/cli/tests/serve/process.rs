//! How the server starts and how it stops.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::{self, open};
use crate::server::{CONFIG, KEY, Server, command, folder, request};

fn signal(server: &Server, name: &str) {
    let id = server.child.id().to_string();
    let told = Command::new("kill").args([name, &id]).status().unwrap();
    assert!(told.success());
}

fn slow_stream(words: u32) -> String {
    let content = "word ".repeat(words as usize);
    let body = format!(
        r#"{{"model": "test/echo", "messages": "x", "stream": true, "test": {{"content": "{content}", "chunk_delay_ms": 100}}}}"#
    );
    let headers = [
        ("host", "localhost"),
        ("x-api-key", KEY),
        ("content-type", "application/json"),
    ];
    request("POST", "/v1/chat/completions", &headers, &body)
}

#[test]
fn a_signal_lets_calls_under_way_end() {
    for name in ["-TERM", "-INT"] {
        let mut server = Server::start();
        let idle = open(&server.address);
        let mut client = open(&server.address);
        client.write_all(slow_stream(8).as_bytes()).unwrap();
        let mut begun = [0; 512];
        let count = client.read(&mut begun).unwrap();
        assert!(count > 0);
        signal(&server, name);
        std::thread::sleep(Duration::from_millis(150));
        assert!(
            std::net::TcpStream::connect(&server.address).is_err(),
            "still listening"
        );
        let mut rest = String::new();
        client.read_to_string(&mut rest).unwrap();
        assert!(rest.contains("data: [DONE]"), "{rest}");
        let code = server.child.wait().unwrap();
        assert!(code.success(), "{code}");
        drop(idle);
    }
}

#[test]
fn what_does_not_end_in_time_is_cut_told_logged_and_recorded() {
    let config = CONFIG.replace(
        "[engine]\n",
        "[engine]\nstorage = \"sqlite:kept.db\"\nrecording = \"full\"\n",
    );
    // The second signal of two cuts at once.
    for (drain, signals) in [("1", 1), ("30", 2)] {
        let mut server = Server::with(&config, &[], &["--drain", drain]);
        let mut client = open(&server.address);
        client.write_all(slow_stream(600).as_bytes()).unwrap();
        let mut begun = [0; 512];
        assert!(client.read(&mut begun).unwrap() > 0);
        let mut whole = open(&server.address);
        let text = slow_stream(600).replace("true", "null");
        whole.write_all(text.as_bytes()).unwrap();
        // Half of a head is no call: it keeps nobody waiting.
        let mut half = open(&server.address);
        half.write_all(b"GET /healthz HTTP/1.1\r\nhost: local")
            .unwrap();
        // What the server has not read yet it may close unread.
        std::thread::sleep(Duration::from_millis(300));
        let told = Instant::now();
        signal(&server, "-TERM");
        assert_eq!(half.read(&mut [0; 1]).unwrap(), 0);
        assert!(told.elapsed() < Duration::from_millis(900));
        for _ in 1..signals {
            signal(&server, "-INT");
        }
        let mut rest = String::new();
        client.read_to_string(&mut rest).unwrap();
        assert!(rest.contains("\"code\":\"cancelled\""), "{rest}");
        assert!(!rest.contains("[DONE]"));
        let refused = client::read(whole);
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (503, "cancelled")
        );
        assert!(server.child.wait().unwrap().success());
        let took = told.elapsed();
        assert_eq!(took > Duration::from_millis(900), signals == 1, "{took:?}");
        assert!(took < Duration::from_secs(5), "{took:?}");
        let log = server.logged("503 ");
        assert_eq!(log.matches("error=cancelled").count(), 2, "{log}");
        let kept = Command::new(env!("CARGO_BIN_EXE_slugline"))
            .args(["recordings", "export", "-"])
            .current_dir(server.folder.path())
            .env_remove("SLUGLINE_CONFIG")
            .output()
            .unwrap();
        let kept = String::from_utf8(kept.stdout).unwrap();
        let kept: Vec<Value> = kept
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(kept.len(), 2, "{kept:?}");
        assert!(kept.iter().all(|call| call["error_code"] == "cancelled"));
        let streamed = kept.iter().find(|call| call["stream"] == true).unwrap();
        let answer = streamed["answer"].to_string();
        assert!(answer.contains("\"word "), "{streamed}");
    }
}

#[test]
fn a_signal_at_the_first_line_is_heeded() {
    for name in ["-TERM", "-INT"] {
        let folder = folder(CONFIG, &[]);
        let mut child = command(folder.path(), &[])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let id = child.id().to_string();
        let told = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(told.success());
        assert!(child.wait().unwrap().success(), "{name}");
    }
}

#[test]
fn a_key_is_made_where_none_is_configured() {
    let config = CONFIG.replace("keys = [\"key-of-the-tests\"]", "");
    let server = Server::with(&config, &[], &[]);
    let until = Instant::now() + Duration::from_secs(5);
    let key = loop {
        let out = server.out.lock().unwrap().clone();
        if let Some(key) = out.trim().strip_prefix("key: ") {
            break key.to_owned();
        }
        assert!(Instant::now() < until, "{out}");
    };
    assert!(
        key.starts_with("sk-slugline-") && key.len() == 12 + 64,
        "{}",
        key.len()
    );
    let host = ("host", "localhost");
    let shown = format!("Bearer {key}");
    assert_eq!(
        server
            .bare("GET", "/v1/models", &[host, ("authorization", &shown)], "")
            .status,
        200
    );
    assert_eq!(server.bare("GET", "/v1/models", &[host], "").status, 401);
    let folder = folder(&config, &[]);
    let mut child = command(folder.path(), &["--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    assert!(
        line["url"]
            .as_str()
            .unwrap()
            .starts_with("http://127.0.0.1:")
    );
    assert!(line["key"].as_str().unwrap().starts_with("sk-slugline-"));
    let open = Server::with(&config, &[], &["--no-auth"]);
    assert_eq!(open.bare("GET", "/v1/models", &[host], "").status, 200);
}

#[test]
fn beyond_loopback_a_key_is_a_must() {
    let none = CONFIG.replace("keys = [\"key-of-the-tests\"]", "");
    let unset = CONFIG.replace("\"key-of-the-tests\"", "\"env:SLUGLINE_TEST_UNSET\"");
    for (config, args, code, says) in [
        (
            none.as_str(),
            vec!["--listen", "0.0.0.0:0"],
            1,
            "set `keys`",
        ),
        (
            CONFIG,
            vec!["--listen", "0.0.0.0:0", "--no-auth"],
            2,
            "--no-auth",
        ),
        (unset.as_str(), vec![], 1, "SLUGLINE_TEST_UNSET"),
        (CONFIG, vec!["--listen", "nonsense"], 2, "cannot listen"),
        (
            CONFIG,
            vec!["--listen", "127.0.0.1:99999"],
            2,
            "cannot listen",
        ),
        (CONFIG, vec!["--allow-host", "a b"], 2, "no host name"),
        (CONFIG, vec!["--allow-host", "http://a.b"], 2, "the scheme"),
        (CONFIG, vec!["--allow-host", "*.a.b"], 2, "patterns"),
        (CONFIG, vec!["--allow-host", "u@a.b"], 2, "no host name"),
    ] {
        let folder = folder(config, &[]);
        let output = command(folder.path(), &args).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(says), "{said}");
        assert!(output.stdout.is_empty());
        let told = command(folder.path(), &[&args[..], &["--json"]].concat()).output();
        let told: Value = serde_json::from_slice(&told.unwrap().stdout).unwrap();
        let wanted = if code == 2 {
            "invalid_request"
        } else {
            "config_error"
        };
        assert_eq!(told["error"]["code"], wanted);
        assert!(told["error"]["message"].as_str().unwrap().contains(says));
    }
}

#[test]
fn a_log_that_nobody_reads_holds_nothing_up() {
    let folder = folder(CONFIG, &[]);
    let mut child = command(folder.path(), &[])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("http://").unwrap();
    // More lines than a pipe holds: their reader has not begun.
    let headers = [("host", "localhost")];
    let path = format!("/{}", "x".repeat(190));
    let one = request("GET", &path, &headers, "").replace("connection: close\r\n", "");
    let last = request("GET", "/healthz", &headers, "");
    for _ in 0..10 {
        let all = one.repeat(100) + &last;
        let reply = client::raw(address, all.as_bytes());
        assert!(reply.body.ends_with("{\"status\":\"ok\"}"));
    }
    let id = child.id().to_string();
    let told = Command::new("kill").args(["-TERM", &id]).status().unwrap();
    assert!(told.success());
    assert!(child.wait().unwrap().success());
}

#[test]
fn connections_are_kept() {
    let server = Server::start();
    let headers = [("host", "localhost"), ("x-api-key", KEY)];
    let one = request("GET", "/v1/models", &headers, "").replace("connection: close\r\n", "");
    let two = request("GET", "/healthz", &headers, "");
    let reply = client::raw(&server.address, format!("{one}{two}").as_bytes());
    assert!(reply.body.contains("HTTP/1.1 200 OK"), "{}", reply.body);
    assert!(server.folder.path().is_dir());
}

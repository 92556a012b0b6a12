//! A client that goes away takes its provider's connection with it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::client::open;
use crate::server::{CONFIG, KEY, Server, request};

const EVENT: &str = "data: {\"id\":\"a\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"x\"},\"finish_reason\":null}]}\n\n";

/// An upstream that answers with `begin`, and then tells when its connection is closed.
fn upstream(begin: String) -> (String, mpsc::Receiver<()>, mpsc::Receiver<Instant>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (asked, was_asked) = mpsc::channel();
    let (closed, was_closed) = mpsc::channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_request(&stream);
        stream.write_all(begin.as_bytes()).unwrap();
        asked.send(()).unwrap();
        let mut rest = [0; 1024];
        while stream.read(&mut rest).is_ok_and(|count| count > 0) {}
        closed.send(Instant::now()).unwrap();
    });
    (url, was_asked, was_closed)
}

fn read_request(stream: &TcpStream) {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
}

fn server(url: &str) -> Server {
    let local = format!(
        "{}\n[providers.local]\ndialect = \"openai\"\nbase_url = \"{url}\"\n",
        CONFIG.replace("block_network = true", "")
    );
    Server::with(&local, &[], &[])
}

fn ask(server: &Server, stream: bool) -> TcpStream {
    let body = format!(r#"{{"model": "local/m", "messages": "x", "stream": {stream}}}"#);
    let headers = [
        ("host", "localhost"),
        ("x-api-key", KEY),
        ("content-type", "application/json"),
    ];
    let mut client = open(&server.address);
    let text = request("POST", "/v1/chat/completions", &headers, &body);
    client
        .write_all(text.replace("connection: close\r\n", "").as_bytes())
        .unwrap();
    client
}

fn gone_within_100_ms(client: TcpStream, closed: &mpsc::Receiver<Instant>) {
    let left = Instant::now();
    drop(client);
    let closed = closed.recv_timeout(Duration::from_secs(5)).unwrap();
    let took = closed.saturating_duration_since(left);
    assert!(took < Duration::from_millis(100), "{took:?}");
}

#[test]
fn in_the_middle_of_a_stream() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    let (url, asked, closed) = upstream(format!("{head}{EVENT}"));
    let server = server(&url);
    let mut client = ask(&server, true);
    asked.recv_timeout(Duration::from_secs(5)).unwrap();
    let mut seen = String::new();
    while !seen.contains("\"content\":\"x\"") {
        let mut part = [0; 4096];
        let count = client.read(&mut part).unwrap();
        assert!(count > 0, "{seen}");
        seen.push_str(&String::from_utf8_lossy(&part[..count]));
    }
    gone_within_100_ms(client, &closed);
    server.logged(" 499 ");
}

#[test]
fn a_host_that_stops_and_does_not_end_is_told_at_once() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    let stop = EVENT.replace("\"finish_reason\":null", "\"finish_reason\":\"stop\"");
    let (url, asked, _closed) = upstream(format!("{head}{stop}"));
    let server = server(&url);
    let mut client = ask(&server, true);
    asked.recv_timeout(Duration::from_secs(5)).unwrap();
    let began = Instant::now();
    let mut seen = String::new();
    while !seen.contains("\"finish_reason\":\"stop\"") {
        let mut part = [0; 4096];
        let count = client.read(&mut part).unwrap();
        assert!(count > 0, "{seen}");
        seen.push_str(&String::from_utf8_lossy(&part[..count]));
    }
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(!seen.contains("\"meta\"") && !seen.contains("[DONE]"));
}

#[test]
fn before_an_answer() {
    for stream in [false, true] {
        let (url, asked, closed) = upstream(String::new());
        let server = server(&url);
        let client = ask(&server, stream);
        asked.recv_timeout(Duration::from_secs(5)).unwrap();
        gone_within_100_ms(client, &closed);
        server.logged(" 499 ");
    }
}

//! A very fast upstream on loopback, for benchmarks in every language: OpenAI's wire format from bytes made
//! beforehand, on one thread, so that what is measured is the client.
//!
//! ```text
//! cargo run --release --example upstream -- --port 0
//! ```
//!
//! prints `http://127.0.0.1:PORT` as its first line and answers `POST` to any path that ends in `/chat/completions`:
//! with a completion of 1.3 KB, or for `"stream":true` with events of 330 bytes, a chunk each. The name of the model
//! says how many (and is not otherwise looked at):
//!
//! | model | stream |
//! |---|---|
//! | `whole` | one content event |
//! | `chunks-N` | N content events, as fast as they are taken |
//! | `paced-Dms-N` | N content events, one every D milliseconds |
//! | `pings-N` | 1 MiB of text in 64 content events, among N MiB of comments |
//! | any other | as `chunks-100` |
//!
//! The finish, the usage (where `include_usage` is asked for) and `[DONE]` follow. Connections are kept, any number of
//! them. A request needs a `content-length` and compact JSON (no blank after `"stream":` and `"model":`, or one).
#![allow(
    clippy::expect_used,
    reason = "a tool for benchmarks: what fails here shall stop it"
)]

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{MissedTickBehavior, interval};

/// So many events are written at once.
const BATCH: usize = 128;

/// Every byte that is ever answered.
struct Bytes {
    whole: Vec<u8>,
    stream_head: Vec<u8>,
    event: Vec<u8>,
    batch: Vec<u8>,
    finish: Vec<u8>,
    usage: Vec<u8>,
    done: Vec<u8>,
    not_found: Vec<u8>,
}

/// What a request asks for.
enum Ask {
    NotFound,
    Whole,
    Pings {
        mebibytes: usize,
    },
    Stream {
        events: usize,
        pace: Option<Duration>,
        usage: bool,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let port = port(std::env::args().skip(1));
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .expect("the port is free");
    let address = listener
        .local_addr()
        .expect("a bound socket has an address");
    let mut out = std::io::stdout();
    writeln!(out, "http://{address}").expect("the first line can be written");
    out.flush().expect("the first line can be written");
    let bytes = Arc::new(Bytes::new());
    loop {
        // Out of file descriptors, say: the next connection may do better.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let bytes = Arc::clone(&bytes);
        tokio::spawn(async move {
            // An error is a client that went away.
            let _ = serve(stream, &bytes).await;
        });
    }
}

fn port(mut arguments: impl Iterator<Item = String>) -> u16 {
    match (
        arguments.next().as_deref(),
        arguments.next(),
        arguments.next(),
    ) {
        (None, None, None) => 0,
        (Some("--port"), Some(port), None) => port.parse().expect("--port takes a number"),
        _ => {
            let _ = writeln!(std::io::stderr(), "usage: upstream [--port PORT]");
            std::process::exit(2);
        }
    }
}

async fn serve(mut stream: TcpStream, bytes: &Bytes) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(16 << 10);
    loop {
        let Some(length) = next_request(&mut stream, &mut buffer).await? else {
            return Ok(());
        };
        let ask = Ask::read(buffer.get(..length).unwrap_or_default());
        buffer.drain(..length);
        answer(&mut stream, &ask, bytes).await?;
    }
}

/// Reads until the buffer holds a whole request; how long it is, or `None` at the end.
async fn next_request(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> std::io::Result<Option<usize>> {
    let mut length = None;
    loop {
        if length.is_none() {
            length = memmem::find(buffer, b"\r\n\r\n").map(|end| {
                let head = buffer.get(..end).unwrap_or_default();
                end + 4 + content_length(head)
            });
        }
        if let Some(length) = length
            && buffer.len() >= length
        {
            return Ok(Some(length));
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

fn content_length(head: &[u8]) -> usize {
    const NAME: &[u8] = b"content-length:";
    head.split(|byte| *byte == b'\n')
        .find_map(|line| {
            let (name, value) = line.split_at_checked(NAME.len())?;
            name.eq_ignore_ascii_case(NAME).then_some(value)
        })
        .and_then(|value| std::str::from_utf8(value).ok()?.trim().parse().ok())
        .unwrap_or(0)
}

impl Ask {
    fn read(request: &[u8]) -> Ask {
        let line = request
            .split(|byte| *byte == b'\r')
            .next()
            .unwrap_or_default();
        let path = line.split(|byte| matches!(byte, b' ' | b'?')).nth(1);
        if !line.starts_with(b"POST ")
            || !path.is_some_and(|path| path.ends_with(b"/chat/completions"))
        {
            return Ask::NotFound;
        }
        if !value(request, b"\"stream\":").is_some_and(|value| value.starts_with(b"true")) {
            return Ask::Whole;
        }
        let model = value(request, b"\"model\":")
            .and_then(|value| value.strip_prefix(b"\""))
            .and_then(|value| value.split(|byte| *byte == b'"').next())
            .and_then(|model| std::str::from_utf8(model).ok())
            .unwrap_or_default();
        if let Some(mebibytes) = model
            .rsplit('/')
            .next()
            .and_then(|name| name.strip_prefix("pings-"))
        {
            let mebibytes = mebibytes.parse().unwrap_or(1);
            return Ask::Pings { mebibytes };
        }
        let (events, pace) = script(model).unwrap_or((100, None));
        let usage =
            value(request, b"\"include_usage\":").is_some_and(|value| value.starts_with(b"true"));
        Ask::Stream {
            events,
            pace,
            usage,
        }
    }
}

/// What stands after a key.
fn value<'a>(request: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let after = request.get(memmem::find(request, key)? + key.len()..)?;
    Some(after.strip_prefix(b" ").unwrap_or(after))
}

fn script(model: &str) -> Option<(usize, Option<Duration>)> {
    // Clients put the provider in front of the model, in some languages.
    let model = model.rsplit('/').next()?;
    if model == "whole" {
        return Some((1, None));
    }
    if let Some(count) = model.strip_prefix("chunks-") {
        return Some((count.parse().ok()?, None));
    }
    let (pace, count) = model.strip_prefix("paced-")?.split_once("ms-")?;
    let pace = Duration::from_millis(pace.parse().ok()?);
    Some((count.parse().ok()?, (!pace.is_zero()).then_some(pace)))
}

/// Parts of a flood of pings, each with one event of text.
const PARTS: usize = 64;

async fn pings(stream: &mut TcpStream, mebibytes: usize, bytes: &Bytes) -> std::io::Result<()> {
    const PING: &str = ": ping\n\n";
    let flood = chunk(&PING.repeat((64 << 10) / PING.len()));
    let text = "x".repeat((1 << 20) / PARTS);
    let said = chunk(&format!(
        "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n"
    ));
    stream.write_all(&bytes.stream_head).await?;
    for _ in 0..PARTS {
        for _ in 0..(mebibytes * 16).div_ceil(PARTS) {
            stream.write_all(&flood).await?;
        }
        stream.write_all(&said).await?;
    }
    stream
        .write_all(&[bytes.finish.as_slice(), &bytes.done].concat())
        .await
}

async fn answer(stream: &mut TcpStream, ask: &Ask, bytes: &Bytes) -> std::io::Result<()> {
    if let Ask::Pings { mebibytes } = ask {
        return pings(stream, *mebibytes, bytes).await;
    }
    let &Ask::Stream {
        events,
        pace,
        usage,
    } = ask
    else {
        let whole = matches!(ask, Ask::Whole);
        let answer = if whole {
            &bytes.whole
        } else {
            &bytes.not_found
        };
        return stream.write_all(answer).await;
    };
    let mut last = bytes.finish.clone();
    if usage {
        last.extend_from_slice(&bytes.usage);
    }
    last.extend_from_slice(&bytes.done);
    if let Some(pace) = pace {
        stream.write_all(&bytes.stream_head).await?;
        let mut clock = interval(pace);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for _ in 0..events {
            clock.tick().await;
            stream.write_all(&bytes.event).await?;
        }
        return stream.write_all(&last).await;
    }
    let rest = bytes
        .batch
        .get(..events % BATCH * bytes.event.len())
        .unwrap_or_default();
    if events < BATCH {
        // One write, and so mostly one read.
        return stream
            .write_all(&[&bytes.stream_head, rest, &last].concat())
            .await;
    }
    stream.write_all(&bytes.stream_head).await?;
    for _ in 0..events / BATCH {
        stream.write_all(&bytes.batch).await?;
    }
    stream.write_all(&[rest, &last].concat()).await
}

impl Bytes {
    fn new() -> Bytes {
        const HEAD: &str = r#""id":"chatcmpl-bench0123456789abcdefghijkl","object":"chat.completion.chunk","created":1763600000,"model":"gpt-5-mini-2025-08-07","service_tier":"default","system_fingerprint":"fp_0123456789""#;
        let event = |rest: &str| chunk(&format!("data: {{{HEAD},{rest}}}\n\n"));
        let content = event(
            r#""choices":[{"index":0,"delta":{"content":" benchmark"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"Xk29d""#,
        );
        Bytes {
            whole: length_framed(200, &completion()),
            stream_head: b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\
                transfer-encoding: chunked\r\nx-request-id: req_0123456789\r\n\r\n"
                .to_vec(),
            batch: content.repeat(BATCH),
            event: content,
            finish: event(
                r#""choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null"#,
            ),
            usage: event(
                r#""choices":[],"usage":{"prompt_tokens":20,"completion_tokens":100,"total_tokens":120,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"#,
            ),
            done: [chunk("data: [DONE]\n\n").as_slice(), b"0\r\n\r\n"].concat(),
            not_found: length_framed(
                404,
                r#"{"error":{"message":"there is only POST /v1/chat/completions here","type":"invalid_request_error","param":null,"code":null}}"#,
            ),
        }
    }
}

/// 1.3 KB, as a short real answer is.
fn completion() -> String {
    let text =
        "The quick brown fox jumps over the lazy dog while the benchmark counts every byte. "
            .repeat(7);
    format!(
        r#"{{"id":"chatcmpl-bench0123456789abcdefghijkl","object":"chat.completion","created":1763600000,"model":"gpt-5-mini-2025-08-07","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}","refusal":null,"annotations":[]}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":20,"completion_tokens":100,"total_tokens":120,"prompt_tokens_details":{{"cached_tokens":0,"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}},"service_tier":"default","system_fingerprint":"fp_0123456789"}}"#
    )
}

fn length_framed(status: u16, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} Bench\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         x-request-id: req_0123456789\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn chunk(text: &str) -> Vec<u8> {
    format!("{:x}\r\n{text}\r\n", text.len()).into_bytes()
}

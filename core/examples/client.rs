//! The client side of the comparisons: the same work by this crate and by the thinnest code over
//! `reqwest` and `serde_json`. Prints nothing but the CPU time it took; `benches/compare.py` runs it.
//!
//! ```text
//! client URL ours|routed|floor call|large|stream|short COUNT AT_ONCE
//! ```
//!
//! `call` is a small request with a 1.3 KB answer, `large` one with 102 messages of 1 KB, `stream` a stream of
//! 100 chunks and `short` one of a single chunk. `routed` is this crate with everything that routing has: an alias
//! of two targets with limits, retries and fallbacks, and for streams a first-delta deadline and hedging.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a tool for benchmarks: what fails here shall stop it, and its floor is the bare HTTP client"
)]

use futures_util::StreamExt as _;
use serde_json::json;
use slugline::Engine;
use slugline::chat::{ChatRequest, Message};
use slugline::config::Config;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, who, what, count, at_once] = arguments.as_slice() else {
        println!("usage: client URL ours|routed|floor call|large|stream|short COUNT AT_ONCE");
        return;
    };
    let (count, at_once): (usize, usize) = (
        count.parse().expect("COUNT"),
        at_once.parse().expect("AT_ONCE"),
    );
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        match who.as_str() {
            "ours" => ours(url, false, what, count, at_once).await,
            "routed" => ours(url, true, what, count, at_once).await,
            _ => floor(url, what, count, at_once).await,
        }
    });
    println!("{}", cpu_ms());
}

/// CPU time of this process in milliseconds, user and system.
fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("/proc");
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .expect("fields")
        .split_whitespace()
        .collect();
    let ticks = |place: usize| fields[place].parse::<u64>().expect("ticks");
    (ticks(11) + ticks(12)) * 10
}

fn messages(what: &str) -> Vec<Message> {
    match what {
        "large" => (0..102)
            .map(|n| {
                let text = "lorem ipsum dolor ".repeat(56);
                if n % 2 == 0 {
                    Message::user(text)
                } else {
                    Message::assistant(text)
                }
            })
            .collect(),
        _ => vec![
            Message::system("You are brief."),
            Message::user("Say something of middling length."),
        ],
    }
}

async fn ours(url: &str, routed: bool, what: &str, count: usize, at_once: usize) {
    let model = match what {
        "short" => "whole",
        _ => "chunks-100",
    };
    let mut up = json!({"dialect": "openai", "base_url": format!("{url}/v1"), "api_key": "k"});
    let mut engine = json!({"proxy": "off", "recording": "off"});
    if routed {
        up["max_concurrency"] = 256.into();
        up["rpm"] = 100_000_000.into();
        up["tpm"] = 4_000_000_000_u32.into();
        up["timeout_ms"] = 300_000.into();
        engine["max_retries"] = 3.into();
    }
    let streams = matches!(what, "stream" | "short");
    let targets = [format!("up/{model}"), format!("other/{model}")];
    let mut alias = json!({"targets": targets.map(|name| json!({"model": name})), "fallback_on": ["content_filtered"]});
    if streams {
        alias["max_ttft_ms"] = 60_000.into();
    }
    let config =
        json!({"engine": engine, "providers": {"up": up, "other": up}, "models": {"smart": alias}});
    let engine =
        Engine::new(Config::from_value(config).expect("a configuration")).expect("an engine");
    let mut request = ChatRequest::from_messages(messages(what)).temperature(0.5);
    request = match routed {
        true => request.model("smart"),
        false => request.model(format!("up/{model}")),
    };
    if routed && streams {
        request = request.hedge_after_ms(30_000_u64);
    }
    let work = (0..count).map(|_| {
        let (engine, request) = (engine.clone(), request.clone());
        async move {
            if streams {
                let mut stream = engine.chat_stream(request);
                let mut bytes = 0;
                while let Some(chunk) = stream.next().await {
                    bytes += chunk.expect("a chunk").text().len();
                }
                assert!(bytes > 0);
            } else {
                assert!(
                    !engine
                        .chat(request)
                        .await
                        .expect("an answer")
                        .text()
                        .is_empty()
                );
            }
        }
    });
    futures_util::stream::iter(work)
        .buffer_unordered(at_once)
        .collect::<Vec<()>>()
        .await;
}

#[derive(serde::Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: &'a [Message],
    temperature: f64,
    stream: bool,
}

#[derive(serde::Deserialize)]
struct Answer {
    choices: Vec<AnswerChoice>,
}

#[derive(serde::Deserialize)]
struct AnswerChoice {
    message: Option<Text>,
    delta: Option<Text>,
}

#[derive(serde::Deserialize)]
struct Text {
    #[serde(default)]
    content: String,
}

async fn floor(url: &str, what: &str, count: usize, at_once: usize) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let url = format!("{url}/v1/chat/completions");
    let messages = messages(what);
    let work = (0..count).map(|_| {
        let (client, url, messages) = (client.clone(), url.clone(), messages.clone());
        async move {
            let body = Body {
                model: "chunks-100",
                messages: &messages,
                temperature: 0.5,
                stream: what == "stream",
            };
            let request = client
                .post(&url)
                .header("authorization", "Bearer k")
                .header("content-type", "application/json")
                .body(serde_json::to_vec(&body).expect("JSON"));
            let response = request.send().await.expect("an answer");
            if what != "stream" {
                let answer: Answer =
                    serde_json::from_slice(&response.bytes().await.expect("a body")).expect("JSON");
                assert!(
                    answer.choices[0]
                        .message
                        .as_ref()
                        .is_some_and(|message| !message.content.is_empty())
                );
                return;
            }
            let (mut body, mut buffer, mut bytes) = (response.bytes_stream(), Vec::new(), 0);
            while let Some(part) = body.next().await {
                buffer.extend_from_slice(&part.expect("a part"));
                let mut from = 0;
                while let Some(end) = memchr::memmem::find(&buffer[from..], b"\n\n") {
                    let event = &buffer[from..from + end];
                    from += end + 2;
                    let data = event.strip_prefix(b"data: ").unwrap_or_default();
                    if data.starts_with(b"{") {
                        let chunk: Answer = serde_json::from_slice(data).expect("JSON");
                        let delta = chunk
                            .choices
                            .first()
                            .and_then(|choice| choice.delta.as_ref());
                        bytes += delta.map_or(0, |delta| delta.content.len());
                    }
                }
                buffer.drain(..from);
            }
            assert!(bytes > 0);
        }
    });
    futures_util::stream::iter(work)
        .buffer_unordered(at_once)
        .collect::<Vec<()>>()
        .await;
}

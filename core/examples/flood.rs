//! What a flood of pings costs in memory: a stream of 1 MiB of text among so many MiB of comments, read by
//! somebody who sleeps between the pieces. Prints by how much resident memory grew over the text.
//!
//! ```text
//! cargo run --release --example flood -- URL [MIB]
//! ```
//!
//! `URL` is that of `upstream`, another process; 1,024 MiB by default.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a tool for benchmarks: what fails here shall stop it"
)]

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use serde_json::json;
use slugline::Engine;
use slugline::chat::ChatRequest;
use slugline::config::Config;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let Some(url) = arguments.next() else {
        println!("usage: flood URL [MIB]");
        return;
    };
    let mebibytes: usize = arguments
        .next()
        .map_or(1024, |mib| mib.parse().expect("MIB"));
    let limit = (mebibytes as u64 + 16) << 20;
    let config = json!({
        "providers": {"up": {"dialect": "openai", "base_url": format!("{url}/v1"), "api_key": "k"}},
        "engine": {"max_answer_bytes": limit, "recording": "off"},
    });
    let engine =
        Engine::new(Config::from_value(config).expect("a configuration")).expect("an engine");
    let warm = ChatRequest::new("go").model("up/whole");
    engine
        .chat_stream(warm)
        .completion()
        .await
        .expect("an answer");

    let (before, begun) = (resident(), Instant::now());
    let request = ChatRequest::new("go").model(format!("up/pings-{mebibytes}"));
    let mut stream = engine.chat_stream(request);
    let (mut text, mut peak) = (0, before);
    while let Some(chunk) = stream.next().await {
        text += chunk.expect("a chunk").text().len();
        peak = peak.max(resident());
        tokio::time::sleep(Duration::from_millis(20)).await;
        peak = peak.max(resident());
    }
    let grown = peak.saturating_sub(before);
    println!(
        "{mebibytes} MiB of pings around {} KiB of text in {:.1} s: resident memory grew by {grown} KiB, {} KiB over the text",
        text >> 10,
        begun.elapsed().as_secs_f64(),
        grown.saturating_sub(text >> 10),
    );
}

/// Resident memory of this process, in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .expect("a figure")
}

//! What recording costs: the CPU of whole calls, the recorder's thread included, with it on beside off.
//!
//! Calls go to the built-in `test` provider, so nothing but the engine is measured. CPU is the process's own
//! count, in ticks of 10 ms; rounds are interleaved and the least of each setting counts. Linux only.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use slugline::Engine;
use slugline::chat::ChatRequest;
use slugline::config::Config;

const CALLS: u32 = 20_000;
const ROUNDS: usize = 5;
const SETTINGS: &[(&str, &str, &str)] = &[
    ("off", "memory:", "off"),
    ("memory, metadata", "memory:", "metadata"),
    ("memory, full", "memory:", "full"),
    ("SQLite, metadata", "sqlite", "metadata"),
    ("SQLite, full", "sqlite", "full"),
];

/// CPU of this process and its threads so far.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn request() -> ChatRequest {
    let text =
        "What would you take along for three days in the mountains, and what not? ".repeat(10);
    ChatRequest::new(text).model("test/echo").user("user-1")
}

async fn round(folder: &Path, storage: &str, recording: &str) -> (Duration, Duration) {
    let file = folder.join("state.db");
    let storage = match storage {
        "sqlite" => format!("sqlite:{}", file.display()),
        other => other.to_owned(),
    };
    let config = json!({"engine": {"storage": storage, "recording": recording}});
    let engine = Engine::new(Config::from_value(config).unwrap()).unwrap();
    let request = request();
    for _ in 0..500 {
        engine.chat(request.clone()).await.unwrap();
    }
    engine.shutdown().await.unwrap();
    let (before, begun) = (cpu(), Instant::now());
    for n in 0..CALLS {
        engine.chat(request.clone()).await.unwrap();
        // A queue that runs full would cost less: what is measured is calls that are recorded.
        if n % 5_000 == 4_999 {
            engine.shutdown().await.unwrap();
        }
    }
    let took = (cpu() - before, begun.elapsed());
    assert_eq!(engine.recordings().lost(), 0);
    drop(engine);
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(folder.join(name));
    }
    took
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if !Path::new("/proc/self/stat").exists() {
        println!("record: needs /proc, not run here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut least = vec![(Duration::MAX, Duration::MAX); SETTINGS.len()];
    for _ in 0..ROUNDS {
        for ((_, storage, recording), least) in SETTINGS.iter().zip(&mut least) {
            let (cpu, wall) = round(folder.path(), storage, recording).await;
            *least = (least.0.min(cpu), least.1.min(wall));
        }
    }
    let each = |total: Duration| total.as_secs_f64() * 1e6 / f64::from(CALLS);
    let off = each(least[0].0);
    println!(
        "{:<18} {:>8} {:>8} {:>9}",
        "recording", "CPU us", "wall us", "over off"
    );
    for ((name, ..), (cpu, wall)) in SETTINGS.iter().zip(&least) {
        let cpu = each(*cpu);
        println!(
            "{name:<18} {cpu:>8.1} {:>8.1} {:>9.1}",
            each(*wall),
            cpu - off
        );
    }
}

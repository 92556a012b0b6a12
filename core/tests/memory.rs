//! What streams cost in memory, sockets and files. One test after the other: all of them look at
//! the same process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use serde_json::json;
use slugline::Engine;
use slugline::chat::ChatRequest;

mod support;

use support::openai::{engine, last, role, sse, text};
use support::{Reply, Server};

const SOON: Duration = Duration::from_secs(5);

/// Resident memory of this process, in KiB.
fn resident() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}

/// Held by each test for its whole length.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_chunks_cost_their_text_and_nothing_more() {
    let _alone = ALONE.lock().await;
    const CHUNKS: usize = 100_000;
    let mut events = vec![text("12345678"); CHUNKS];
    events.push(last());
    let server = Server::start(vec![sse(&[text("w"), last()]), sse(&events)]).await;
    drop(events);
    let engine = engine(&server, json!({}));
    engine
        .chat_stream(ChatRequest::new("warm"))
        .completion()
        .await
        .unwrap();
    let before = resident();
    let mut stream = engine.chat_stream(ChatRequest::new("go"));
    let (mut chunks, mut peak) = (0, before);
    while let Some(chunk) = stream.next().await {
        chunks += usize::from(!chunk.unwrap().text().is_empty());
        if chunks % 5000 == 0 {
            peak = peak.max(resident());
        }
    }
    assert_eq!(chunks, CHUNKS);
    let grown = peak - before;
    println!("100,000 chunks of 8 bytes: resident memory grew by {grown} KiB");
    // The text is 781 KiB; a growing string may hold twice that for a moment. Nothing per chunk fits into the rest.
    assert!(grown < 781 * 2 + 3072, "grew by {grown} KiB");
    assert_eq!(stream.completion().await.unwrap().text().len(), CHUNKS * 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sleeping_reader_holds_the_socket_back() {
    let _alone = ALONE.lock().await;
    // 64 MiB of text, read only after a sleep: what is not read must wait at the provider.
    let events = vec![text(&"x".repeat(64 << 10)); 1024];
    let server = Server::start(vec![sse(&[text("w"), last()]), sse(&events)]).await;
    drop(events);
    let engine = engine(&server, json!({"max_answer_bytes": 1u64 << 30}));
    engine
        .chat_stream(ChatRequest::new("warm"))
        .completion()
        .await
        .unwrap();
    let before = resident();
    let mut stream = engine.chat_stream(ChatRequest::new("go"));
    stream.next().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let grown = resident() - before;
    println!("a reader that sleeps in front of 64 MiB: resident memory grew by {grown} KiB");
    assert!(grown < 8 << 10, "grew by {grown} KiB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_pings_costs_no_memory_and_starves_no_deadline() {
    let _alone = ALONE.lock().await;
    // 32 MiB of comments around a little text.
    let comments = ": ping\n".repeat(9362);
    let mut pieces = vec![comments.clone(); 256];
    pieces.push(format!("\ndata: {}\n\n", text("a")));
    pieces.extend(vec![comments; 256]);
    pieces.push(format!("\ndata: {}\n\ndata: [DONE]\n\n", last()));
    let server = Server::start(vec![
        sse(&[text("w"), last()]),
        Reply::chunked(&[("content-type", "text/event-stream")], &pieces),
    ])
    .await;
    drop(pieces);
    let engine = engine(&server, json!({}));
    engine
        .chat_stream(ChatRequest::new("warm"))
        .completion()
        .await
        .unwrap();
    let before = resident();
    let mut stream = engine.chat_stream(ChatRequest::new("go"));
    assert_eq!(stream.completion().await.unwrap().text(), "a");
    let grown = resident() - before;
    println!("64 MiB of pings: resident memory grew by {grown} KiB");
    assert!(grown < 4 << 10, "grew by {grown} KiB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_events_before_any_output_cost_linear_time() {
    let _alone = ALONE.lock().await;
    let read = async |count: usize| {
        let mut events = vec![role(); count];
        events.extend([text("a"), last()]);
        let server = Server::start(vec![sse(&events)]).await;
        let engine = engine(&server, json!({}));
        let begun = Instant::now();
        let mut stream = engine.chat_stream(ChatRequest::new("go"));
        assert_eq!(stream.completion().await.unwrap().text(), "a");
        begun.elapsed()
    };
    read(100).await;
    let (few, many) = (read(2000).await, read(20_000).await);
    println!("2,000 events before output took {few:?}, 20,000 {many:?}");
    // Ten times as many; a hundred times as long would be quadratic.
    assert!(many < few * 40, "{few:?} and {many:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_cancelled_streams_leave_nothing() {
    let _alone = ALONE.lock().await;
    let pieces: Vec<String> = (0..20)
        .map(|_| format!("data: {}\n\n", text("word ")))
        .collect();
    let server = Server::always(
        Reply::chunked(&[("content-type", "text/event-stream")], &pieces)
            .paced(Duration::from_micros(200))
            .then_stall(),
    )
    .await;
    let engine = engine(&server, json!({"recording": "off"}));
    let batch = |engine: Engine, size: u64| async move {
        let calls = (0..size).map(|n| {
            let engine = engine.clone();
            async move {
                let mut stream = engine.chat_stream(ChatRequest::new("go"));
                let read = async { while stream.next().await.is_some() {} };
                // A different point of the call's life each time.
                let _ = tokio::time::timeout(Duration::from_micros(100 * (n % 60)), read).await;
            }
        });
        futures_util::stream::iter(calls)
            .buffer_unordered(32)
            .collect::<Vec<()>>()
            .await;
    };
    let (mut before, mut files) = (0, 0);
    for round in 0..10 {
        batch(engine.clone(), 1000).await;
        assert!(
            server.closed_within(SOON).await,
            "{} sockets stayed open",
            server.open()
        );
        // What the server remembers is in this process too.
        server.forget();
        if round == 0 {
            (before, files) = (resident(), open_files());
        }
    }
    let slope = (resident() - before) as f64 / 9000.0;
    println!(
        "9,000 cancelled streams: {slope:.2} KiB each, {} files",
        open_files()
    );
    assert!(slope < 1.0, "{slope} KiB a call");
    assert!(
        open_files() <= files + 8,
        "{} files open, {files} before",
        open_files()
    );
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd")
        .map(Iterator::count)
        .unwrap_or(0)
}

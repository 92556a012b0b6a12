//! Streams over loopback: cancelling, cuts, limits, connections.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use serde_json::json;
use slugline::chat::ChatRequest;

mod support;

use support::openai::{engine, last, sse, text};
use support::{Reply, Server};

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn characters_may_be_cut_at_any_byte() {
    let words = ["Grüße ", "🙂", " 漢字", "\u{2028}", "\\\"\n"];
    let mut events: Vec<String> = words.iter().map(|word| text(word)).collect();
    events.push(last());
    let reply = sse(&events);
    let server = Server::start(vec![reply.byte_by_byte()]).await;
    let mut stream = engine(&server, json!({})).chat_stream(ChatRequest::new("go"));
    assert_eq!(stream.completion().await.unwrap().text(), words.concat());
}

#[tokio::test]
async fn dropping_a_stream_closes_the_socket_within_100_ms() {
    let server = Server::start(vec![Reply::sse(&[&text("a"), &text("b")]).then_stall()]).await;
    let engine = engine(&server, json!({}));
    let mut stream = engine.chat_stream(ChatRequest::new("go"));
    assert_eq!(stream.next().await.unwrap().unwrap().text(), "a");
    let dropped = Instant::now();
    drop(stream);
    assert!(server.closed_within(SOON).await, "the socket stayed open");
    let took = server
        .closed_at(0)
        .unwrap()
        .saturating_duration_since(dropped);
    println!("closed {took:?} after the drop");
    assert!(took < Duration::from_millis(100), "{took:?}");
}

#[tokio::test]
async fn nothing_is_sent_before_the_first_pull() {
    let server = Server::start(vec![sse(&[text("a"), last()])]).await;
    let engine = engine(&server, json!({}));
    let mut stream = engine.chat_stream(ChatRequest::new("go"));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(server.requests().is_empty());
    stream.close();
    assert_eq!(stream.completion().await.unwrap_err().code(), "cancelled");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_finished_stream_gives_its_connection_back() {
    let server = Server::start(vec![sse(&[text("a"), last()]), sse(&[text("b"), last()])]).await;
    let engine = engine(&server, json!({}));
    for expected in ["a", "b"] {
        let mut stream = engine.chat_stream(ChatRequest::new("go"));
        assert_eq!(stream.completion().await.unwrap().text(), expected);
        // The stream is still held: at its end the connection is free, not at its drop.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn another_task_may_cancel() {
    let server = Server::start(vec![Reply::sse(&[&text("a")]).then_stall()]).await;
    let engine = engine(&server, json!({}));
    let mut stream = engine.chat_stream(ChatRequest::new("go"));
    let cancel = stream.cancel_handle();
    assert_eq!(stream.next().await.unwrap().unwrap().text(), "a");
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(30)).await;
        cancel.cancel();
    });
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), "cancelled");
    assert!(stream.next().await.is_none());
    assert!(server.closed_within(Duration::from_millis(500)).await);
}

#[tokio::test]
async fn an_answer_past_its_limit_ends_with_what_had_come() {
    let events = vec![text(&"x".repeat(1000)); 20];
    let server = Server::start(vec![sse(&events)]).await;
    let engine = engine(&server, json!({"max_answer_bytes": 10_000}));
    let error = engine
        .chat_stream(ChatRequest::new("go"))
        .completion()
        .await
        .unwrap_err();
    assert_eq!(error.code(), "stream_interrupted");
    assert_eq!(error.data().details["cause"], "invalid_response");
    assert!(error.data().partial.is_some());
}

#[tokio::test]
async fn a_reader_that_sleeps_longer_than_the_idle_limit_loses_nothing() {
    let words: Vec<String> = (0..50).map(|n| format!("word {n} ")).collect();
    let mut events: Vec<String> = words.iter().map(|word| text(word)).collect();
    events.push(last());
    let server = Server::start(vec![sse(&events)]).await;
    let mut stream =
        engine(&server, json!({})).chat_stream(ChatRequest::new("go").idle_timeout_ms(100u64));
    stream.next().await.unwrap().unwrap();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        stream.next().await.unwrap().unwrap();
    }
    assert_eq!(stream.completion().await.unwrap().text(), words.concat());
}

#[tokio::test]
async fn a_stream_adds_up_to_the_answer_of_chat() {
    let whole = json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"index": 0,
        "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}]});
    let server = Server::start(vec![
        Reply::json(200, &whole),
        sse(&[text("Hel"), text("lo"), last()]),
    ])
    .await;
    let engine = engine(&server, json!({}));
    let mut chat = engine.chat(ChatRequest::new("go")).await.unwrap();
    let mut stream = engine
        .chat_stream(ChatRequest::new("go"))
        .completion()
        .await
        .unwrap();
    for answer in [&mut chat, &mut stream] {
        answer.session_id.clear();
        answer.meta = Default::default();
        answer.choices[0].completion_id.clear();
    }
    assert_eq!(chat, stream);
}

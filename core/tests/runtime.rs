//! What the bindings stand on: streams that are read on one thread and cancelled on another.
#![cfg(feature = "runtime")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::thread;
use std::time::Duration;

use serde_json::json;
use slugline::chat::ChatRequest;
use slugline::config::Config;
use slugline::runtime::{StreamHandle, block_on};
use slugline::store::RecordingQuery;
use slugline::{Engine, Error, ErrorKind};

mod support;

use support::{Reply, Server};

const SLICE: Duration = Duration::from_millis(100);

fn stream(script: serde_json::Value) -> StreamHandle {
    let request =
        json!({"messages": "a b c", "model": "test/echo", "extra_body": {"test": script}});
    let request = ChatRequest::from_json(request.to_string().as_bytes()).unwrap();
    let engine = Engine::builder().open().unwrap();
    StreamHandle::new(engine.chat_stream(request))
}

fn pull(stream: &StreamHandle) -> Result<usize, ErrorKind> {
    let batch = stream.wait_batch(64, SLICE, || true);
    batch
        .map(|batch| batch.deltas.len())
        .map_err(|error| error.kind())
}

/// Pulls until the stream gives nothing more or fails.
fn drain(stream: &StreamHandle) -> Result<(), ErrorKind> {
    while pull(stream)? > 0 {}
    Ok(())
}

#[test]
fn a_pull_under_way_ends_when_another_thread_cancels() {
    for _ in 0..50 {
        let stream = stream(json!({"stall_after": 1}));
        let reader = thread::spawn({
            let stream = stream.clone();
            move || drain(&stream)
        });
        thread::sleep(Duration::from_millis(2));
        stream.cancel();
        assert_eq!(reader.join().unwrap(), Err(ErrorKind::Cancelled));
        assert_eq!(pull(&stream), Err(ErrorKind::Cancelled));
        let whole = block_on(stream.completion(), SLICE, &mut || true);
        assert_eq!(whole.unwrap_err().kind(), ErrorKind::Cancelled);
    }
}

#[test]
fn a_stream_that_ended_stays_as_it_ended() {
    let stream = stream(json!({}));
    drain(&stream).unwrap();
    stream.cancel();
    assert_eq!(pull(&stream), Ok(0));
    let whole = block_on(stream.completion(), SLICE, &mut || true).unwrap();
    assert_eq!(whole.text(), "a b c");
}

#[test]
fn a_refused_call_fails_at_the_first_pull() {
    let stream = StreamHandle::failed(Error::invalid("n", "`n` is wrong"));
    assert_eq!(pull(&stream), Err(ErrorKind::InvalidRequest));
    assert_eq!(pull(&stream), Ok(0));
    let whole = block_on(stream.completion(), SLICE, &mut || true);
    assert_eq!(whole.unwrap_err().data().param.as_deref(), Some("n"));
}

#[test]
fn a_wait_that_is_not_to_go_on_takes_nothing() {
    let stream = stream(json!({"ttft_ms": 300}));
    let mut asked = 0;
    let waited = stream.wait_batch(64, Duration::from_millis(20), || {
        asked += 1;
        asked < 3
    });
    assert_eq!(waited.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(asked, 3);
    let whole = block_on(stream.completion(), SLICE, &mut || true).unwrap();
    assert_eq!(whole.text(), "a b c");
}

#[test]
fn a_second_reader_is_refused() {
    let stream = stream(json!({"stall_after": 1}));
    let reader = thread::spawn({
        let stream = stream.clone();
        move || drain(&stream)
    });
    thread::sleep(Duration::from_millis(100));
    assert_eq!(pull(&stream), Err(ErrorKind::InvalidRequest));
    let whole = block_on(stream.completion(), SLICE, &mut || true);
    assert_eq!(whole.unwrap_err().kind(), ErrorKind::InvalidRequest);
    stream.cancel();
    assert_eq!(reader.join().unwrap(), Err(ErrorKind::Cancelled));
}

#[test]
fn little_is_read_ahead_of_a_slow_reader() {
    let stream = stream(json!({"chunks": vec!["a"; 1000]}));
    assert!((1..=64).contains(&pull(&stream).unwrap()));
    thread::sleep(Duration::from_millis(100));
    let waiting = stream.try_batch(1000).unwrap().unwrap().deltas.len();
    assert!((1..=128).contains(&waiting), "{waiting} deltas wait");
    let whole = block_on(stream.completion(), SLICE, &mut || true).unwrap();
    assert_eq!(whole.text().len(), 1000);
}

/// Every hand-over may be the one where a wake-up is lost: tiny batches, waits given up at any moment.
#[test]
fn nothing_is_lost_where_waits_are_given_up() {
    let readers: Vec<_> = (0..8)
        .map(|reader| {
            thread::spawn(move || {
                for round in 0..20 {
                    let chunks: Vec<String> = (0..300).map(|n| format!("{n} ")).collect();
                    let stream = stream(json!({ "chunks": chunks }));
                    let mut text = String::new();
                    let mut pulls = 0;
                    loop {
                        pulls += 1;
                        let slice = Duration::from_micros(if pulls % 3 == 0 { 1 } else { 50_000 });
                        let patient = pulls % 3 != 0;
                        match stream.wait_batch(1 + (pulls + round + reader) % 5, slice, || patient)
                        {
                            Ok(batch) if batch.deltas.is_empty() => break,
                            Ok(batch) => {
                                let texts = batch.deltas.into_iter().filter_map(|delta| delta.text);
                                text.extend(texts);
                            }
                            Err(error) => assert_eq!(error.kind(), ErrorKind::Cancelled),
                        }
                    }
                    assert_eq!(text, chunks.concat());
                }
            })
        })
        .collect();
    for reader in readers {
        reader.join().unwrap();
    }
}

#[test]
fn a_completion_keeps_its_place_between_batches() {
    let stream = stream(json!({"chunks": vec!["a"; 500], "chunk_delay_ms": 1}));
    let reader = thread::spawn({
        let stream = stream.clone();
        move || block_on(stream.completion(), SLICE, &mut || true)
    });
    thread::sleep(Duration::from_millis(100));
    for _ in 0..100 {
        assert_eq!(pull(&stream), Err(ErrorKind::InvalidRequest));
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(reader.join().unwrap().unwrap().text().len(), 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_holds_the_socket_back() {
    let chunk = json!({"choices": [{"index": 0, "delta": {"content": "a".repeat(1 << 14)}}]});
    let chunk = chunk.to_string();
    let chunks = vec![chunk.as_str(); 4000];
    let server = Server::start(vec![Reply::sse(&chunks)]).await;
    let url = format!("{}/v1", server.url());
    let config =
        json!({"providers": {"up": {"dialect": "openai", "base_url": url, "api_key": "k"}}});
    let engine = Engine::new(Config::from_value(config).unwrap()).unwrap();
    let stream = StreamHandle::new(engine.chat_stream(ChatRequest::new("go").model("up/m")));
    let first = stream.next_batch(1).await.unwrap();
    assert_eq!(first.deltas.len(), 1);
    tokio::time::sleep(Duration::from_millis(300)).await;
    // 64 MB in all; what was read ahead is two batches at most.
    let waiting = stream.try_batch(4000).unwrap().unwrap().deltas.len();
    assert!((1..=128).contains(&waiting), "{waiting} deltas wait");
    stream.cancel();
    assert!(server.closed_within(Duration::from_millis(100)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_last_handle_closes_the_socket() {
    let chunk = json!({"choices": [{"index": 0, "delta": {"content": "a"}}]}).to_string();
    let server = Server::start(vec![Reply::sse(&[&chunk]).then_stall()]).await;
    let url = format!("{}/v1", server.url());
    let config =
        json!({"providers": {"up": {"dialect": "openai", "base_url": url, "api_key": "k"}}});
    let engine = Engine::new(Config::from_value(config).unwrap()).unwrap();
    let stream = StreamHandle::new(engine.chat_stream(ChatRequest::new("go").model("up/m")));
    let other = stream.clone();
    let first = stream.next_batch(64).await.unwrap();
    assert_eq!(first.deltas[0].text.as_deref(), Some("a"));
    assert_eq!(first.head.unwrap().model, "up/m");
    drop(stream);
    assert!(!server.closed_within(Duration::from_millis(50)).await);
    drop(other);
    assert!(server.closed_within(Duration::from_millis(100)).await);
}

/// A stream of a session with this script, and its engine.
fn in_session(engine: &Engine, session: &str, script: serde_json::Value) -> StreamHandle {
    let request =
        json!({"messages": "a b c", "model": "test/echo", "extra_body": {"test": script}});
    let request = ChatRequest::from_json(request.to_string().as_bytes()).unwrap();
    StreamHandle::new(engine.session(session).chat_stream(request))
}

fn recorded(engine: &Engine) -> Vec<Option<String>> {
    let listed = block_on(
        engine.recordings().list(RecordingQuery::default()),
        SLICE,
        &mut || true,
    );
    let rows = listed.unwrap().recordings;
    rows.into_iter().map(|row| row.error_code).collect()
}

#[test]
fn a_call_is_recorded_when_its_stream_is_closed() {
    let cancelled = Some("cancelled".to_owned());
    for (chunks, expected) in [(1_000, cancelled), (64, None), (65, None)] {
        let engine = Engine::builder().open().unwrap();
        let script = json!({"chunks": vec!["a "; chunks]});
        let stream = in_session(&engine, "s", script);
        pull(&stream).unwrap();
        // By then all that is read ahead has been.
        thread::sleep(Duration::from_millis(50));
        stream.cancel();
        assert_eq!(recorded(&engine), [expected], "{chunks}");
    }
}

#[test]
fn a_stream_left_at_the_end_of_its_answer_leaves_a_turn() {
    let engine = Engine::builder().open().unwrap();
    for round in 0..30 {
        let id = format!("session-{round}");
        let stream = in_session(&engine, &id, json!({"chunk_delay_ms": 1}));
        let mut is_last = false;
        while !is_last {
            let batch = stream.wait_batch(64, SLICE, || true).unwrap();
            is_last = batch
                .deltas
                .iter()
                .any(|delta| delta.finish_reason.is_some());
        }
        drop(stream);
        let session = engine.session(id.as_str());
        let next = ChatRequest::new("next").model("test/echo");
        block_on(session.chat(next), SLICE, &mut || true).unwrap();
        let turns = block_on(session.history(), SLICE, &mut || true).unwrap();
        assert_eq!(turns.len(), 4, "{round}");
    }
    assert_eq!(recorded(&engine), vec![None; 50]);
    assert_eq!(engine.recordings().lost(), 0);
}

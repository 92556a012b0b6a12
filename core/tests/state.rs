//! The state of an engine: what is recorded of calls however they end, a recorder that never slows or fails a
//! call, and sessions with two writers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use slugline::chat::{ChatRequest, JsonMap};
use slugline::config::Config;
use slugline::store::{Feedback, Filter, Recording, RecordingQuery, UsageGroup, UsageQuery};
use slugline::{Engine, ErrorKind};

#[path = "state/gated.rs"]
mod gated;
#[path = "state/records.rs"]
mod records;

use gated::{Gate, Gated};

fn config(engine: Value) -> Config {
    Config::from_value(json!({ "engine": engine })).unwrap()
}

fn engine(settings: Value) -> Engine {
    Engine::new(config(settings)).unwrap()
}

fn over(store: &Arc<Gated>) -> Engine {
    Engine::builder()
        .config(config(json!({})))
        .store(store.clone())
        .open()
        .unwrap()
}

fn echo(text: &str) -> ChatRequest {
    ChatRequest::new(text).model("test/echo")
}

fn scripted(text: &str, script: Value) -> ChatRequest {
    let body = JsonMap::from_iter([("test".to_owned(), script)]);
    echo(text).extra_body(body)
}

async fn recorded(engine: &Engine) -> Vec<Recording> {
    let query = RecordingQuery {
        payload: true,
        ..RecordingQuery::default()
    };
    engine.recordings().list(query).await.unwrap().recordings
}

#[tokio::test]
async fn a_store_that_does_not_keep_up_slows_no_call() {
    let store = Gated::new(Gate::Shut);
    let engine = over(&store);
    let mut slowest = Duration::ZERO;
    let mut last = None;
    for n in 0..13_000 {
        let begun = Instant::now();
        let answer = engine.chat(echo("hi")).await.unwrap();
        slowest = slowest.max(begun.elapsed());
        assert_eq!(answer.text(), "hi", "{n}");
        last = Some(answer);
    }
    let last = last.unwrap();
    assert_eq!(last.meta.recording_id, None);
    assert!(
        last.meta
            .warnings
            .iter()
            .any(|w| w.code == "recording_lost")
    );
    let lost = engine.recordings().lost();
    assert!((1..=3_000).contains(&lost), "{lost}");
    println!("slowest call {slowest:?}, {lost} lost of 13,000");
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    store.set(Gate::Open);
    let counted = engine.usage(UsageQuery::default()).await.unwrap();
    assert_eq!(counted[0].calls + lost, 13_000);
    let answer = engine.chat(echo("again")).await.unwrap();
    assert!(answer.meta.recording_id.is_some());
}

#[tokio::test]
async fn a_store_that_fails_fails_no_call() {
    for gate in [Gate::Fails, Gate::Panics, Gate::PanicsAtOnce] {
        let store = Gated::new(gate);
        let engine = over(&store);
        for _ in 0..3 {
            assert_eq!(engine.chat(echo("hi")).await.unwrap().text(), "hi");
        }
        engine.shutdown().await.unwrap();
        assert_eq!(engine.recordings().lost(), 3, "{gate:?}");
        store.set(Gate::Open);
        engine.chat(echo("hi")).await.unwrap();
        assert_eq!(recorded(&engine).await.len(), 1, "{gate:?}");
    }
}

#[tokio::test]
async fn closing_waits_for_what_is_recorded_and_not_for_ever() {
    let store = Gated::new(Gate::Open);
    let engine = over(&store);
    for _ in 0..100 {
        engine.chat(echo("hi")).await.unwrap();
    }
    drop(engine);
    assert_eq!(store.written(), 100);
    assert!(store.is_closed());

    let store = Gated::new(Gate::Shut);
    let engine = over(&store);
    engine.chat(echo("hi")).await.unwrap();
    let begun = Instant::now();
    drop(engine);
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
    store.set(Gate::Open);
}

#[tokio::test]
async fn a_flush_is_not_held_up_by_what_comes_after_it() {
    let store = Gated::new(Gate::Open);
    let engine = over(&store);
    let busy = tokio::spawn({
        let engine = engine.clone();
        async move {
            loop {
                engine.chat(echo("hi")).await.unwrap();
                tokio::task::yield_now().await;
            }
        }
    });
    for _ in 0..20 {
        engine.chat(echo("hi")).await.unwrap();
        let flushed = tokio::time::timeout(Duration::from_secs(5), recorded(&engine));
        assert!(!flushed.await.expect("the flush ends").is_empty());
    }
    busy.abort();
}

#[tokio::test]
async fn calls_are_recorded_however_they_end() {
    let engine = engine(json!({"recording": "full", "max_retries": 0}));
    engine.chat(echo("fine")).await.unwrap();
    let failing = scripted("no", json!({"status": 503}));
    engine.chat(failing.clone()).await.unwrap_err();
    let mut stream = engine.chat_stream(failing);
    stream.next().await.unwrap().unwrap_err();
    let cut = scripted("one two three", json!({"cut_after": 2}));
    let error = engine.chat_stream(cut).completion().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StreamInterrupted);
    let slow = scripted("slow", json!({"ttft_ms": 60_000}));
    let given_up = tokio::time::timeout(Duration::from_millis(50), engine.chat(slow.clone()));
    given_up.await.unwrap_err();
    let mut stream = engine.chat_stream(slow);
    tokio::time::timeout(Duration::from_millis(50), stream.next())
        .await
        .unwrap_err();
    drop(stream);
    let mut stream = engine.chat_stream(scripted("a b c", json!({"chunk_delay_ms": 50})));
    stream.next().await.unwrap().unwrap();
    drop(stream);
    // What is wrong before anything is sent is no call, and a stream that is not read has not begun.
    engine.chat(echo("hot").temperature(9.0)).await.unwrap_err();
    drop(engine.chat_stream(echo("unread")));

    let mut found = recorded(&engine).await;
    found.reverse();
    let codes: Vec<Option<&str>> = found.iter().map(|r| r.error_code.as_deref()).collect();
    let expected = [
        None,
        Some("overloaded"),
        Some("overloaded"),
        Some("stream_interrupted"),
        Some("cancelled"),
        Some("cancelled"),
        Some("cancelled"),
    ];
    assert_eq!(codes, expected);
    for recording in &found {
        assert_eq!(recording.model.as_deref(), Some("test/echo"));
        assert_eq!(recording.attempts.len(), 1);
        assert!(recording.request.is_some());
        assert!(recording.created_ms > 1_700_000_000_000);
    }
    let partial = found[3].answer.as_ref().unwrap();
    assert_eq!(partial[0].message.text(), "one two ");
    // What had come of the one that was left early, and no more.
    let left = &found[6];
    let partial = left.answer.as_ref().unwrap();
    assert_eq!(partial[0].message.text(), "a ");
    assert!(left.timing.ttft_ms.is_some() && left.finish_reason.is_none());
    assert!(found[5].answer.is_none() && found[5].timing.ttft_ms.is_none());
    let usage = engine
        .usage(UsageQuery {
            group_by: vec![UsageGroup::Provider],
            ..UsageQuery::default()
        })
        .await
        .unwrap();
    assert_eq!((usage[0].calls, usage[0].errors), (7, 3));
}

#[tokio::test]
async fn two_writers_in_one_session_get_one_conflict() {
    let engine = engine(json!({}));
    let session = engine.session("s");
    session.chat(echo("one")).await.unwrap();
    let slow = |text| scripted(text, json!({"ttft_ms": 50}));
    let (a, b) = tokio::join!(session.chat(slow("two")), session.chat(slow("three")));
    let (won, lost) = match (a, b) {
        (Ok(won), Err(lost)) | (Err(lost), Ok(won)) => (won, lost),
        (a, b) => panic!("{a:?} {b:?}"),
    };
    assert_eq!(lost.kind(), ErrorKind::Conflict);
    // Nothing that was paid for is lost.
    assert!(!lost.data().partial.as_ref().unwrap().text().is_empty());
    assert!(!lost.to_string().contains("two") && !lost.to_string().contains("three"));
    let history = session.history().await.unwrap();
    let said: Vec<String> = history.iter().map(|message| message.text()).collect();
    assert_eq!(said, ["one", "one", &won.text(), &won.text()]);

    let mut stream = session.chat_stream(slow("four"));
    stream.next().await.unwrap().unwrap();
    session.clear().await.unwrap();
    let error = stream.completion().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StreamInterrupted);
    assert_eq!(error.data().details["cause"], "conflict");
    assert_eq!(error.data().partial.as_ref().unwrap().text(), "four");
    assert!(session.history().await.unwrap().is_empty());

    // A first turn under way is refused as well, and the next call begins anew.
    let fresh = engine.session("fresh");
    let mut stream = fresh.chat_stream(slow("five"));
    stream.next().await.unwrap().unwrap();
    fresh.clear().await.unwrap();
    let error = stream.completion().await.unwrap_err();
    assert_eq!(error.data().details["cause"], "conflict");
    fresh.chat(echo("six")).await.unwrap();
    assert_eq!(fresh.history().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_turn_under_way_outlives_its_session_by_a_call() {
    let engine = engine(json!({"session_ttl_ms": 100}));
    let session = engine.session("s");
    session.chat(echo("one")).await.unwrap();
    let slow = scripted("two", json!({"ttft_ms": 300}));
    session.chat(slow).await.unwrap();
    assert_eq!(session.history().await.unwrap().len(), 4);
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert!(session.history().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_turn_is_kept_only_where_its_call_ended_well() {
    let engine = engine(json!({"max_retries": 0}));
    let session = engine.session("s");
    session
        .chat(scripted("no", json!({"status": 500})))
        .await
        .unwrap_err();
    let mut stream = session.chat_stream(scripted("a b", json!({"chunk_delay_ms": 50})));
    stream.next().await.unwrap().unwrap();
    drop(stream);
    session
        .chat_stream(scripted("a b", json!({"cut_after": 1})))
        .completion()
        .await
        .unwrap_err();
    drop(session.chat_stream(echo("unread")));
    assert!(session.history().await.unwrap().is_empty());
    let mut stream = session.chat_stream(echo("yes"));
    while let Some(chunk) = stream.next().await {
        chunk.unwrap();
    }
    assert_eq!(session.history().await.unwrap().len(), 2);
}

#[tokio::test]
async fn memory_keeps_the_newest() {
    let engine = engine(json!({"recording_limit": 3}));
    let mut ids = Vec::new();
    for _ in 0..5 {
        let answer = engine.chat(echo("hi")).await.unwrap();
        ids.push(answer.choices[0].completion_id.clone());
    }
    assert_eq!(recorded(&engine).await.len(), 3);
    let gone = engine
        .feedback(Feedback::new(&ids[0], "thumbs", true))
        .await;
    assert_eq!(gone.unwrap_err().kind(), ErrorKind::NotFound);
    engine
        .feedback(Feedback::new(&ids[4], "thumbs", true))
        .await
        .unwrap();
}

#[tokio::test]
async fn an_export_is_complete_or_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    let engine = engine(json!({"recording": "full"}));
    for n in 0..1_203 {
        engine.chat(echo(&format!("call {n}"))).await.unwrap();
    }
    let lines = engine
        .recordings()
        .export(&path, Filter::default())
        .await
        .unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(lines, 1_203);
    let first: Recording = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(first.answer.unwrap()[0].message.text(), "call 1202");
    assert_eq!(text.lines().count(), 1_203);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let nowhere = folder.path().join("no/such/folder.jsonl");
    let error = engine.recordings().export(nowhere, Filter::default()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::StoreError);
}

#[test]
fn an_empty_list_of_ids_widens_nothing() {
    let asked = json!({"ids": [], "session_id": "s"});
    let read = slugline::input::from_value::<slugline::engine::asks::DeleteRecordings>(&asked);
    assert_eq!(read.unwrap_err().data().param.as_deref(), Some("ids"));
}

#[tokio::test]
async fn as_many_choices_as_a_host_can_give() {
    let engine = Engine::new(Config::from_value(json!({})).unwrap()).unwrap();
    let ask = |n: u32| engine.chat(ChatRequest::new("x").model("test/echo").n(n));
    assert_eq!(ask(128).await.unwrap().choices.len(), 128);
    for n in [0, 129, u32::MAX] {
        let error = ask(n).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert_eq!(error.data().param.as_deref(), Some("n"));
    }
}

#[tokio::test]
async fn an_id_that_no_call_may_have_has_no_session() {
    let engine = Engine::builder().open().unwrap();
    for id in [String::new(), "x".repeat(257)] {
        let session = engine.session(id.as_str());
        let errors = [
            session.history().await.unwrap_err(),
            session.clear().await.unwrap_err(),
            session.chat(echo("hi")).await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.code(), "invalid_request");
            assert_eq!(error.data().param.as_deref(), Some("session_id"));
        }
    }
    assert!(
        engine
            .session("x".repeat(256))
            .history()
            .await
            .unwrap()
            .is_empty()
    );
}

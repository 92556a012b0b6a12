//! Routing over loopback: deadlines, hedging, outages, cancellation, limits, secrets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use serde_json::{Value, json};
use slugline::chat::ChatRequest;
use slugline::config::Config;
use slugline::{Engine, ErrorKind};

mod support;

use support::openai::{answer, role, streamed, text};
use support::{Reply, Server};

const SOON: Duration = Duration::from_secs(5);

fn engine(servers: &[(&str, &Server)], engine: Value) -> Engine {
    let mut config = json!({"engine": engine, "providers": {}});
    for (name, server) in servers {
        config["providers"][name] = json!({"dialect": "openai", "base_url": format!("{}/v1", server.url()), "api_key": "k"});
    }
    Engine::new(Config::from_value(config).unwrap()).unwrap()
}

fn both() -> ChatRequest {
    ChatRequest::new("go").model(["a/m", "b/m"])
}

#[tokio::test]
async fn a_target_without_a_first_delta_is_left_in_time() {
    let silent: Vec<(&str, Reply)> = vec![
        ("no bytes", Reply::silence()),
        (
            "headers only",
            Reply::chunked(&[("content-type", "text/event-stream")], [""; 0]).then_stall(),
        ),
        ("a role chunk", Reply::sse(&[&role()]).then_stall()),
        (
            "pings",
            Reply::chunked(
                &[("content-type", "text/event-stream")],
                vec![": ping\n\n"; 200],
            )
            .paced(Duration::from_millis(10)),
        ),
    ];
    for (what, reply) in silent {
        let mut over = Duration::MAX;
        // The least of three: on a busy machine a timer may come late.
        for _ in 0..3 {
            over = over.min(failover(what, &reply).await);
        }
        println!("{what}: the second answered {over:?} after max_ttft_ms");
        assert!(over < Duration::from_millis(50), "{what}: {over:?}");
    }
}

/// How long after `max_ttft_ms` the second target answers, where the first answers so.
async fn failover(what: &str, reply: &Reply) -> Duration {
    const LIMIT: Duration = Duration::from_millis(200);
    let (first, second) = (
        Server::start(vec![reply.clone()]).await,
        Server::always(streamed("second")).await,
    );
    let engine = engine(&[("a", &first), ("b", &second)], json!({}));
    let begun = Instant::now();
    let answer = engine.chat(both().max_ttft_ms(200u64)).await.unwrap();
    let took = begun.elapsed();
    assert_eq!(answer.text(), "second", "{what}");
    assert!(took >= LIMIT, "{what}: {took:?}");
    let codes: Vec<_> = answer
        .meta
        .attempts
        .iter()
        .map(|a| a.code.as_deref().unwrap_or("ok"))
        .collect();
    assert_eq!(codes, ["ttft_timeout", "ok"], "{what}");
    assert!(
        first.closed_within(Duration::from_millis(500)).await,
        "{what}: the first socket stayed open"
    );
    took - LIMIT
}

#[tokio::test]
async fn hedging_takes_the_faster_and_closes_the_loser() {
    let (first, second) = (
        Server::start(vec![Reply::silence()]).await,
        Server::always(streamed("fast")).await,
    );
    let engine = engine(&[("a", &first), ("b", &second)], json!({}));
    let mut stream = engine.chat_stream(both().hedge_after_ms(50u64));
    let chunk = stream.next().await.unwrap().unwrap();
    let won = Instant::now();
    assert_eq!((chunk.text(), chunk.model.as_str()), ("fast", "b/m"));
    assert!(first.closed_within(SOON).await);
    let took = first.closed_at(0).unwrap().saturating_duration_since(won);
    println!("the loser's socket closed {took:?} after the first delta");
    assert!(took < Duration::from_millis(100), "{took:?}");
    let attempts = stream.completion().await.unwrap().meta.attempts;
    assert_eq!(
        attempts
            .iter()
            .map(|a| a.outcome.as_str())
            .collect::<Vec<_>>(),
        ["cancelled", "ok"]
    );
}

#[tokio::test]
async fn a_losing_target_s_error_is_ignored_while_another_runs() {
    let slow = streamed("slow but sure").after(Duration::from_millis(200));
    let (first, second) = (
        Server::start(vec![slow]).await,
        Server::always(Reply::json(500, &json!({}))).await,
    );
    let engine = engine(&[("a", &first), ("b", &second)], json!({"max_retries": 0}));
    let answer = engine.chat(both().hedge_after_ms(30u64)).await.unwrap();
    assert_eq!(answer.text(), "slow but sure");
    assert_eq!(answer.meta.attempts.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_costs_little_and_its_end_is_noticed() {
    let down = Server::always(Reply::json(503, &json!({}))).await;
    let second = Server::always(answer("second")).await;
    let engine = engine(&[("a", &down), ("b", &second)], json!({"cooldown_ms": 300}));
    let request = || both().extra_headers(serde_json::Map::new());
    for _ in 0..10 {
        let calls = (0..100).map(|_| engine.chat(request()));
        for outcome in join_all(calls).await {
            assert_eq!(outcome.unwrap().text(), "second");
        }
    }
    let cost = down.requests().len() as f64 / 1000.0;
    println!("an outage cost {cost} attempts a call on the dead target");
    assert!(cost <= 1.2, "{cost}");
    // Its return is noticed within one cooldown.
    down.now_always(answer("first"));
    tokio::time::sleep(Duration::from_millis(310)).await;
    assert_eq!(engine.chat(request()).await.unwrap().text(), "first");
}

#[tokio::test]
async fn a_cooled_target_is_probed_and_comes_back() {
    let mut replies: Vec<Reply> = (0..5).map(|_| Reply::json(500, &json!({}))).collect();
    replies.extend((0..3).map(|_| answer("first")));
    let (first, second) = (
        Server::start(replies).await,
        Server::always(answer("second")).await,
    );
    let engine = engine(
        &[("a", &first), ("b", &second)],
        json!({"cooldown_ms": 200, "max_retries": 0}),
    );
    for _ in 0..20 {
        assert_eq!(engine.chat(both()).await.unwrap().text(), "second");
    }
    assert_eq!(first.requests().len(), 5, "a cooled target is skipped");
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert_eq!(engine.chat(both()).await.unwrap().text(), "first");
    assert_eq!(engine.chat(both()).await.unwrap().text(), "first");
}

#[tokio::test]
async fn hints_are_waited_for_and_long_ones_move_on() {
    let limited = |hint: &str| {
        Reply::new(
            429,
            &[("retry-after", hint), ("content-type", "application/json")],
            "{}",
        )
    };
    let (first, second) = (
        Server::start(vec![limited("1"), answer("first"), limited("3600")]).await,
        Server::always(answer("second")).await,
    );
    let engine = engine(&[("a", &first), ("b", &second)], json!({}));
    let begun = Instant::now();
    assert_eq!(engine.chat(both()).await.unwrap().text(), "first");
    assert!(
        begun.elapsed() >= Duration::from_secs(1),
        "the hint was not waited for"
    );
    let begun = Instant::now();
    let moved = engine.chat(both()).await.unwrap();
    assert_eq!(moved.text(), "second");
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "an hour was waited for"
    );
    assert_eq!(moved.meta.attempts[0].code.as_deref(), Some("rate_limited"));
}

#[tokio::test]
async fn nothing_begins_that_the_deadline_cannot_let_finish() {
    let server = Server::always(Reply::json(503, &json!({}))).await;
    let engine = engine(&[("a", &server)], json!({}));
    let begun = Instant::now();
    let error = engine
        .chat(ChatRequest::new("go").model("a/m").timeout_ms(300u64))
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Overloaded,
        "the last error is given, not a timeout"
    );
    assert!(begun.elapsed() < Duration::from_millis(300));
    assert_eq!(error.data().attempts.len(), 1);
}

#[tokio::test]
async fn cancelling_works_at_every_stage() {
    // Waiting for an answer, and reading one.
    let waiting = Server::start(vec![Reply::silence()]).await;
    let engine_ = engine(&[("a", &waiting)], json!({}));
    let call = engine_.chat(ChatRequest::new("go").model("a/m"));
    assert!(
        tokio::time::timeout(Duration::from_millis(100), call)
            .await
            .is_err()
    );
    assert!(waiting.closed_within(Duration::from_millis(500)).await);

    // A race: both sockets.
    let (one, two) = (
        Server::start(vec![Reply::silence()]).await,
        Server::start(vec![Reply::silence()]).await,
    );
    let engine_ = engine(&[("a", &one), ("b", &two)], json!({}));
    let mut stream = engine_.chat_stream(both().hedge_after_ms(20u64));
    let cancel = stream.cancel_handle();
    let reading = tokio::spawn(async move { stream.completion().await });
    assert!(two.asked_within(1, SOON).await);
    cancel.cancel();
    let cancelled = Instant::now();
    let error = reading.await.unwrap().unwrap_err();
    assert_eq!(error.code(), "cancelled");
    assert!(one.closed_within(SOON).await && two.closed_within(SOON).await);
    for server in [&one, &two] {
        let took = server
            .closed_at(0)
            .unwrap()
            .saturating_duration_since(cancelled);
        assert!(took < Duration::from_millis(100), "{took:?}");
    }

    // In back-off: no further attempt starts.
    let busy = Server::always(Reply::json(503, &json!({}))).await;
    let engine_ = engine(&[("a", &busy)], json!({}));
    let call = engine_.chat(ChatRequest::new("go").model("a/m"));
    assert!(
        tokio::time::timeout(Duration::from_millis(200), call)
            .await
            .is_err()
    );
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(busy.requests().len(), 1);

    // Queued: the place in the queue is given up, and the slot is free for the next.
    let server = Server::start(vec![Reply::silence(), answer("next")]).await;
    let config = json!({"providers": {"a": {"dialect": "openai", "base_url": format!("{}/v1", server.url()), "max_concurrency": 1}}});
    let limited = Engine::new(Config::from_value(config).unwrap()).unwrap();
    let holder = tokio::spawn({
        let limited = limited.clone();
        async move { limited.chat(ChatRequest::new("hold").model("a/m")).await }
    });
    assert!(server.asked_within(1, SOON).await);
    let queued = limited.chat(ChatRequest::new("queued").model("a/m"));
    assert!(
        tokio::time::timeout(Duration::from_millis(100), queued)
            .await
            .is_err()
    );
    assert_eq!(server.requests().len(), 1, "a queued call was sent");
    holder.abort();
    let next = limited
        .chat(ChatRequest::new("next").model("a/m").timeout_ms(3000u64))
        .await
        .unwrap();
    assert_eq!(next.text(), "next");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_a_thousand_streams_fails_alone() {
    let server = Server::always(streamed("fine").after(Duration::from_millis(50))).await;
    let broken = Server::always(Reply::sse(&[&text("half")]).reset()).await;
    let engine = engine(&[("a", &server), ("b", &broken)], json!({"max_retries": 0}));
    let calls = (0..1000).map(|n| {
        let mut stream =
            engine.chat_stream(ChatRequest::new("go").model(if n == 500 { "b/m" } else { "a/m" }));
        async move { (n, stream.completion().await) }
    });
    for (n, outcome) in join_all(calls).await {
        match outcome {
            Ok(answer) if n != 500 => assert_eq!(answer.text(), "fine"),
            Err(error) if n == 500 => assert_eq!(error.code(), "stream_interrupted"),
            other => panic!("stream {n}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn limits_space_calls_out() {
    let server = Server::always(answer("ok")).await;
    let config = json!({"providers": {"a": {"dialect": "openai", "base_url": format!("{}/v1", server.url()), "rpm": 60}}});
    let engine = Engine::new(Config::from_value(config).unwrap()).unwrap();
    let begun = Instant::now();
    let calls = (0..61).map(|_| engine.chat(ChatRequest::new("go").model("a/m")));
    let answers = join_all(calls).await;
    assert!(
        begun.elapsed() >= Duration::from_millis(900),
        "the 61st call of a minute did not wait"
    );
    let queued = answers
        .iter()
        .map(|answer| answer.as_ref().unwrap().meta.timing.queue_ms)
        .max();
    assert!(queued.unwrap() >= 900, "the wait is told in queue_ms");
}

//! What the `test` provider answers to each key of a script, whole and streamed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use futures_util::FutureExt;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::*;

fn request(body: &Value, attempt: u32) -> HttpRequest {
    HttpRequest {
        url: "test://echo/chat/completions".to_owned(),
        headers: HeaderMap::new(),
        body: body.to_string().into(),
        attempt,
    }
}

fn body(test: Value, stream: bool) -> Value {
    json!({
        "model": "echo",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": "one"},
            {"role": "user", "content": [{"type": "text", "text": "Hello  big "}, {"type": "text", "text": "world"}]},
        ],
        "stream": stream,
        "stream_options": {"include_usage": true},
        "test": test,
    })
}

async fn whole(test: Value) -> Value {
    let response = Scripted.send(request(&body(test, false), 0)).await.unwrap();
    assert_eq!(response.status, 200);
    assert_eq!(response.headers["content-type"], "application/json");
    let bytes: Vec<Bytes> = response.body.map(Result::unwrap).collect().await;
    serde_json::from_slice(&bytes.concat()).unwrap()
}

/// The data of each event.
async fn events(body: &Value) -> Vec<String> {
    let response = Scripted.send(request(body, 0)).await.unwrap();
    assert_eq!(response.headers["content-type"], "text/event-stream");
    let bytes: Vec<Bytes> = response.body.map(Result::unwrap).collect().await;
    let text = String::from_utf8(bytes.concat()).unwrap();
    text.split_terminator("\n\n")
        .map(|event| event.strip_prefix("data: ").unwrap().to_owned())
        .collect()
}

/// The deltas of choice 0, with the finish reason where there is one.
fn deltas(events: &[String]) -> Vec<(Value, Option<String>)> {
    let chunks = events.iter().filter(|event| *event != "[DONE]");
    chunks
        .map(|event| serde_json::from_str::<Value>(event).unwrap())
        .filter(|chunk| chunk["choices"][0]["index"] == 0)
        .map(|chunk| {
            let choice = &chunk["choices"][0];
            (
                choice["delta"].clone(),
                choice["finish_reason"].as_str().map(str::to_owned),
            )
        })
        .collect()
}

#[tokio::test]
async fn the_last_user_message_comes_back() {
    let answer = whole(Value::Null).await;
    assert_eq!(answer["object"], "chat.completion");
    assert_eq!(answer["model"], "echo");
    assert!(answer["id"].as_str().unwrap().starts_with("chatcmpl-"));
    assert!(answer["created"].as_u64().unwrap() > 1_700_000_000);
    assert_eq!(answer["choices"].as_array().unwrap().len(), 1);
    let choice = &answer["choices"][0];
    assert_eq!(choice["message"]["content"], "Hello  big world");
    assert_eq!(choice["finish_reason"], "stop");
    assert_eq!(
        answer["usage"],
        json!({"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10})
    );
}

#[tokio::test]
async fn without_a_user_message_there_is_nothing_to_repeat() {
    let body = json!({"model": "echo", "messages": []});
    let response = Scripted.send(request(&body, 0)).await.unwrap();
    let bytes: Vec<Bytes> = response.body.map(Result::unwrap).collect().await;
    let answer: Value = serde_json::from_slice(&bytes.concat()).unwrap();
    assert_eq!(answer["choices"][0]["message"]["content"], "");
}

#[tokio::test]
async fn a_stream_has_the_role_a_chunk_a_word_the_finish_the_usage_and_an_end() {
    let events = events(&body(json!({}), true)).await;
    let expected = [
        (json!({"role": "assistant", "content": ""}), None),
        (json!({"content": "Hello  "}), None),
        (json!({"content": "big "}), None),
        (json!({"content": "world"}), None),
        (json!({}), Some("stop".to_owned())),
    ];
    assert_eq!(deltas(&events), expected);
    let usage: Value = serde_json::from_str(&events[5]).unwrap();
    assert_eq!(
        (&usage["choices"], &usage["usage"]["total_tokens"]),
        (&json!([]), &json!(10))
    );
    let first: Value = serde_json::from_str(&events[0]).unwrap();
    assert_eq!(first["usage"], Value::Null);
    assert_eq!(events[6..], ["[DONE]"]);
}

#[tokio::test]
async fn usage_is_streamed_only_where_it_is_asked_for() {
    let mut body = body(json!({}), true);
    body.as_object_mut().unwrap().remove("stream_options");
    let events = events(&body).await;
    assert!(events.iter().all(|event| !event.contains("usage")));
}

#[tokio::test]
async fn every_choice_is_answered() {
    let mut body = body(json!({"content": "a b"}), true);
    body["n"] = json!(3);
    let events = events(&body).await;
    for index in 0..3 {
        let content: String = events
            .iter()
            .filter(|event| *event != "[DONE]")
            .map(|event| serde_json::from_str::<Value>(event).unwrap()["choices"][0].clone())
            .filter(|choice| choice["index"] == index)
            .filter_map(|choice| choice["delta"]["content"].as_str().map(str::to_owned))
            .collect();
        assert_eq!(content, "a b");
    }
    body["stream"] = json!(false);
    let response = Scripted.send(request(&body, 0)).await.unwrap();
    let bytes: Vec<Bytes> = response.body.map(Result::unwrap).collect().await;
    let answer: Value = serde_json::from_slice(&bytes.concat()).unwrap();
    assert_eq!(answer["choices"].as_array().unwrap().len(), 3);
    assert_eq!(answer["usage"]["completion_tokens"], 6);
    body["n"] = json!(0);
    let error = Scripted.send(request(&body, 0)).await.unwrap_err();
    assert_eq!(error.data().param.as_deref(), Some("n"));
}

#[tokio::test]
async fn content_chunks_finish_and_usage_are_scripted() {
    let answer =
        whole(json!({"chunks": ["x", "", "y z"], "finish_reason": "length", "usage": null})).await;
    assert_eq!(answer["choices"][0]["message"]["content"], "xy z");
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
    assert!(answer.get("usage").is_none());
    let usage =
        json!({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "extra": true});
    assert_eq!(whole(json!({"usage": usage})).await["usage"], usage);
    assert_eq!(
        whole(json!({"content": null})).await["choices"][0]["message"]["content"],
        Value::Null
    );
    let events = events(&body(
        json!({"chunks": ["x", "y z"], "content": "xy z"}),
        true,
    ))
    .await;
    assert_eq!(
        deltas(&events)[1..3],
        [
            (json!({"content": "x"}), None),
            (json!({"content": "y z"}), None)
        ]
    );
}

#[tokio::test]
async fn tool_calls_come_whole_or_name_first() {
    let calls = json!([
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}},
        {"function": {"name": "g", "arguments": {"y": [2]}}},
    ]);
    let answer = whole(json!({"tool_calls": calls})).await;
    let message = &answer["choices"][0]["message"];
    assert_eq!(message["content"], Value::Null);
    assert_eq!(
        message["tool_calls"][1],
        json!({"id": "call_1", "type": "function", "function": {"name": "g", "arguments": "{\"y\":[2]}"}})
    );
    assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls");
    let events = events(&body(json!({"tool_calls": calls}), true)).await;
    let deltas = deltas(&events);
    assert_eq!(deltas[0].0, json!({"role": "assistant", "content": null}));
    assert_eq!(
        deltas[3].0["tool_calls"][0],
        json!({"index": 1, "id": "call_1", "type": "function", "function": {"name": "g", "arguments": ""}})
    );
    assert_eq!(
        deltas[4].0["tool_calls"][0],
        json!({"index": 1, "function": {"arguments": "{\"y\":[2]}"}})
    );
    assert_eq!(deltas[5].1.as_deref(), Some("tool_calls"));
}

#[tokio::test]
async fn a_status_fails_every_attempt_or_the_first_ones() {
    let always = body(json!({"status": 429, "retry_after": 1.5}), true);
    for attempt in [0, 7] {
        let response = Scripted.send(request(&always, attempt)).await.unwrap();
        assert_eq!(
            (response.status, &response.headers["retry-after"]),
            (429, &HeaderValue::from_static("1.5"))
        );
        let bytes: Vec<Bytes> = response.body.map(Result::unwrap).collect().await;
        let error: Value = serde_json::from_slice(&bytes.concat()).unwrap();
        assert_eq!(error["error"]["type"], "test_error");
    }
    let twice = body(json!({"status": 503, "fail_times": 2}), false);
    for (attempt, status) in [(0, 503), (1, 503), (2, 200)] {
        let response = Scripted.send(request(&twice, attempt)).await.unwrap();
        assert_eq!(response.status, status);
    }
}

#[tokio::test(start_paused = true)]
async fn delays_are_real_whole_and_streamed() {
    let script = json!({"content": "a b c", "ttft_ms": 300, "chunk_delay_ms": 50});
    let start = Instant::now();
    whole(script.clone()).await;
    assert_eq!(start.elapsed(), Duration::from_millis(400));
    let start = Instant::now();
    let mut stream = Scripted
        .send(request(&body(script, true), 0))
        .await
        .unwrap()
        .body;
    let mut times = Vec::new();
    while let Some(bytes) = stream.next().await {
        bytes.unwrap();
        times.push(start.elapsed().as_millis());
    }
    // Role, three words, and the finish with the rest.
    assert_eq!(times, [0, 300, 350, 400, 400]);
}

#[tokio::test]
async fn a_cut_breaks_off_where_the_script_says() {
    for (after, received) in [(0, 1), (2, 3)] {
        let body = body(json!({"content": "a b c", "cut_after": after}), true);
        let response = Scripted.send(request(&body, 0)).await.unwrap();
        let items: Vec<Result<Bytes>> = response.body.collect().await;
        assert_eq!(items.len(), received + 1);
        let error = items.into_iter().next_back().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connection);
        assert_eq!(error.data().details["stage"], "body");
    }
    let response = Scripted
        .send(request(&body(json!({"cut_after": 1}), false), 0))
        .await
        .unwrap();
    let items: Vec<Result<Bytes>> = response.body.collect().await;
    assert!(serde_json::from_slice::<Value>(items[0].as_ref().unwrap()).is_err());
    assert!(items[1].is_err());
}

#[tokio::test]
async fn a_stall_never_ends() {
    for stream in [true, false] {
        let body = body(json!({"content": "a b c", "stall_after": 0}), stream);
        let response = Scripted.send(request(&body, 0)).await.unwrap();
        let mut stream = response.body;
        stream.next().await.unwrap().unwrap();
        assert!(stream.next().now_or_never().is_none());
    }
}

#[tokio::test]
async fn a_fault_past_the_end_never_happens() {
    let events = events(&body(json!({"content": "a", "cut_after": 5}), true)).await;
    assert_eq!(events.last().unwrap(), "[DONE]");
}

#[tokio::test]
async fn a_panic_is_one_where_sending_is_awaited() {
    let send = Scripted.send(request(&body(json!({"panic": true}), false), 0));
    assert!(tokio::spawn(send).await.err().unwrap().is_panic());
    let quiet = whole(json!({"panic": false, "content": "calm"})).await;
    assert_eq!(quiet["choices"][0]["message"]["content"], "calm");
}

#[tokio::test]
async fn what_a_script_cannot_say_is_refused_by_name() {
    for (test, param, word) in [
        (
            json!({"contnet": "x"}),
            "extra_body.test.contnet",
            "`content`",
        ),
        (json!({"zzzz": 1}), "extra_body.test.zzzz", "stall_after"),
        (json!([1]), "extra_body.test", "object"),
        (json!({"content": 1}), "extra_body.test.content", "string"),
        (json!({"chunks": "x"}), "extra_body.test.chunks", "list"),
        (
            json!({"chunks": ["x"], "content": "y"}),
            "extra_body.test.chunks",
            "join",
        ),
        (
            json!({"tool_calls": [{"name": "f"}]}),
            "extra_body.test.tool_calls",
            "function",
        ),
        (
            json!({"finish_reason": 1}),
            "extra_body.test.finish_reason",
            "string",
        ),
        (json!({"usage": 1}), "extra_body.test.usage", "object"),
        (json!({"ttft_ms": -1}), "extra_body.test.ttft_ms", "whole"),
        (json!({"status": 200}), "extra_body.test.status", "300"),
        (json!({"panic": 1}), "extra_body.test.panic", "true"),
        (
            json!({"retry_after": 1}),
            "extra_body.test.retry_after",
            "status",
        ),
        (
            json!({"status": 429, "retry_after": "a\nb"}),
            "extra_body.test.retry_after",
            "header",
        ),
        (
            json!({"fail_times": 1}),
            "extra_body.test.fail_times",
            "status",
        ),
        (
            json!({"cut_after": 1, "stall_after": 1}),
            "extra_body.test.stall_after",
            "exclude",
        ),
    ] {
        let error = Scripted
            .send(request(&body(test, true), 0))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert_eq!(error.data().param.as_deref(), Some(param));
        assert!(error.to_string().contains(word), "{error}");
    }
}

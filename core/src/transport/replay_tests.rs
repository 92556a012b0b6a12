//! Order, comparison and cutting of recorded answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use futures_util::TryStreamExt;
use serde_json::json;
use tempfile::TempDir;

use super::*;

fn folder(files: &[(&str, Value)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, exchange) in files {
        fs::write(folder.path().join(name), exchange.to_string()).unwrap();
    }
    folder
}

fn request(url: &str, body: &Value) -> HttpRequest {
    HttpRequest {
        url: url.to_owned(),
        headers: HeaderMap::new(),
        body: body.to_string().into(),
        attempt: 0,
    }
}

async fn answer(replay: &Replay, request: HttpRequest) -> Result<(u16, Vec<Bytes>)> {
    let response = replay.send(request).await?;
    Ok((response.status, response.body.try_collect().await?))
}

const URL: &str = "https://api.example.com/v1/chat/completions?x=1";

#[tokio::test]
async fn answers_come_in_the_order_of_the_names_until_they_are_used_up() {
    let folder = folder(&[
        (
            "002.json",
            json!({"response": {"status": 429, "headers": {"Retry-After": "1"}, "body": "slow"}}),
        ),
        ("001.json", json!({"response": {"body": "first"}})),
        ("010.json", json!({"response": {"body_b64": "/wA="}})),
    ]);
    fs::write(folder.path().join("notes.txt"), "not an exchange").unwrap();
    let replay = Replay::open(folder.path()).unwrap();
    let any = request(URL, &json!({}));
    assert_eq!(
        answer(&replay, any.clone()).await.unwrap(),
        (200, vec![Bytes::from("first")])
    );
    let second = replay.send(any.clone()).await.unwrap();
    assert_eq!(
        (second.status, &second.headers["retry-after"]),
        (429, &HeaderValue::from_static("1"))
    );
    assert_eq!(
        answer(&replay, any.clone()).await.unwrap().1,
        [Bytes::from_static(b"\xFF\0")]
    );
    let error = answer(&replay, any).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert!(error.to_string().contains("used up after 3"), "{error}");
}

#[tokio::test]
async fn a_request_that_differs_is_named_by_its_path_and_not_by_its_values() {
    let stated = json!({"method": "POST", "path": "/v1/chat/completions?x=1", "json": {"messages": [{"content": "secret"}]}});
    let folder = folder(&[(
        "001.json",
        json!({"request": stated, "response": {"body": "ok"}}),
    )]);
    let replay = Replay::open(folder.path()).unwrap();
    let good = json!({"messages": [{"content": "secret"}]});
    for (url, body, param) in [
        ("https://api.example.com/v1/chat/completions", &good, "path"),
        (
            URL,
            &json!({"messages": [{"content": "hidden"}]}),
            "messages[0].content",
        ),
        (
            URL,
            &json!({"messages": [{"content": "secret"}], "n": 2}),
            "n",
        ),
        (URL, &json!([]), "json"),
    ] {
        let error = answer(&replay, request(url, body)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert_eq!(error.data().param.as_deref(), Some(param));
        assert_eq!(error.data().details["file"], "001.json");
        let shown = format!("{error} {error:?} {replay:?}");
        assert!(
            !shown.contains("secret") && !shown.contains("hidden"),
            "{shown}"
        );
    }
    // The differing ones used nothing up; another host is no difference.
    let other_host = "http://127.0.0.1:1/v1/chat/completions?x=1";
    assert_eq!(
        answer(&replay, request(other_host, &good)).await.unwrap().0,
        200
    );
}

#[tokio::test]
async fn another_method_is_never_what_is_sent() {
    let folder = folder(&[(
        "001.json",
        json!({"request": {"method": "GET"}, "response": {}}),
    )]);
    let replay = Replay::open(folder.path()).unwrap();
    let error = answer(&replay, request(URL, &json!({}))).await.unwrap_err();
    assert_eq!(error.data().param.as_deref(), Some("method"));
}

#[tokio::test]
async fn the_body_is_cut_where_the_file_says() {
    let response = json!({"body": "h\u{e9}llo", "cuts": [0, 2, 2, 4]});
    let folder = folder(&[("001.json", json!({"response": response}))]);
    let replay = Replay::open(folder.path()).unwrap();
    let chunks = answer(&replay, request(URL, &json!({}))).await.unwrap().1;
    assert_eq!(chunks, [&b"h\xC3"[..], b"\xA9l", b"lo"]);
}

#[tokio::test(start_paused = true)]
async fn the_answer_waits_as_long_as_the_file_says() {
    let folder = folder(&[("001.json", json!({"response": {"delay_ms": 1500}}))]);
    let replay = Replay::open(folder.path()).unwrap();
    let start = tokio::time::Instant::now();
    answer(&replay, request(URL, &json!({}))).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(1500));
}

#[test]
fn what_is_no_exchange_is_refused_at_opening_by_name() {
    for (exchange, word) in [
        (json!({"response": {"bodi": ""}}), "bodi"),
        (
            json!({"request": {"headers": {}}, "response": {}}),
            "headers",
        ),
        (json!({}), "response"),
        (
            json!({"response": {"body": "a", "body_b64": "YQ=="}}),
            "not both",
        ),
        (json!({"response": {"body_b64": "?"}}), "body_b64"),
        (json!({"response": {"body": "abc", "cuts": [2, 1]}}), "cuts"),
        (json!({"response": {"body": "abc", "cuts": [4]}}), "cuts"),
        (json!({"response": {"headers": {"a b": "c"}}}), "a b"),
        (json!({"response": {"headers": {"a": "c\nd"}}}), "`a`"),
        (json!({"response": {"status": 7}}), "7"),
    ] {
        let folder = folder(&[("001.json", exchange)]);
        let error = Replay::open(folder.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigError);
        let message = error.to_string();
        assert!(
            message.contains("001.json") && message.contains(word),
            "{message}"
        );
    }
    let error = Replay::open("/nowhere/at/all").unwrap_err();
    assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
}

//! Streams: their last chunk, and what is told there.

use serde_json::{Value, json};

use crate::server::Server;

const PLAIN: &str = "/v1/chat/completions";
const FILLED: &str = "/api/v1/chat/completions";

fn chunks(server: &Server, path: &str, more: Value) -> Vec<Value> {
    let mut body = json!({"model": "test/echo", "messages": "one two", "stream": true});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let mut events = server.post(path, &body).events();
    assert_eq!(events.pop().unwrap(), "[DONE]");
    events
}

#[test]
fn the_last_chunk_says_how_the_answer_came_about() {
    let server = Server::start();
    let usage = json!({"stream_options": {"include_usage": true}});
    for path in [PLAIN, FILLED] {
        for more in [json!({}), usage.clone(), json!({"n": 2})] {
            let chunks = chunks(&server, path, more.clone());
            let (last, before) = chunks.split_last().unwrap();
            assert!(before.iter().all(|chunk| chunk.get("meta").is_none()));
            assert_eq!(last["meta"]["provider"], "test", "{last}");
            assert_eq!(last["meta"]["attempts"][0]["outcome"], "ok");
            assert!(last["meta"]["recording_id"].is_string());
            match more.get("stream_options") {
                Some(_) => assert_eq!(last["usage"]["total_tokens"], 4),
                None => assert_eq!(last["choices"][0]["finish_reason"], "stop"),
            }
            let texts = chunks
                .iter()
                .filter(|chunk| chunk["choices"][0]["index"] == 0)
                .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str());
            assert_eq!(texts.collect::<String>(), "one two");
        }
    }
}

#[test]
fn warnings_reach_the_readers_of_streams() {
    let config = format!(
        "{}\n[providers.claude]\npreset = \"anthropic\"\napi_key = \"k\"\nbase_url = \"replay:answers\"\n",
        crate::server::CONFIG
    );
    let events = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"model\":\"claude-haiku-4-5\",\"stop_reason\":null,\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}}\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    let answer = json!({
        "request": {"method": "POST", "path": "/v1/messages"},
        "response": {"status": 200, "headers": {"content-type": "text/event-stream"}, "body": events},
    });
    let server = Server::with(&config, &[("answers/001.json", &answer.to_string())], &[]);
    let more = json!({"model": "claude/claude-haiku-4-5", "min_q": 1, "seed": 7});
    let chunks = chunks(&server, PLAIN, more);
    let warnings = &chunks.last().unwrap()["meta"]["warnings"];
    let about = |param: &str| {
        let mut all = warnings.as_array().unwrap().iter();
        all.any(|warning| warning["param"] == param)
    };
    assert!(about("min_q") && about("seed"), "{warnings}");
}

#[test]
fn what_was_left_out_before_the_engine_is_told_too() {
    let server = Server::start();
    let path = "/acme/shop/greet/production";
    let more = json!({"variables": {"name": "Ada"}, "_langtailTestRunId": "t"});
    let chunks = chunks(&server, path, more);
    let warning = &chunks.last().unwrap()["meta"]["warnings"][0];
    assert_eq!(warning["param"], "_langtailTestRunId");
}

#[test]
fn usage_is_zeros_where_it_is_asked_for_and_nobody_told_it() {
    let server = Server::start();
    let unknown =
        json!({"stream_options": {"include_usage": true}, "extra_body": {"test": {"usage": null}}});
    let filled = chunks(&server, FILLED, unknown.clone());
    let (last, before) = filled.split_last().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"]["total_tokens"], 0);
    assert_eq!(last["meta"]["warnings"][0]["code"], "usage_unknown");
    assert_eq!(
        before.last().unwrap()["choices"][0]["finish_reason"],
        "stop"
    );
    let plain = chunks(&server, PLAIN, unknown);
    assert!(plain.iter().all(|chunk| chunk.get("usage").is_none()));
    assert!(plain.last().unwrap()["meta"].is_object());
    let unasked = json!({"extra_body": {"test": {"usage": null}}});
    let unasked = chunks(&server, FILLED, unasked);
    assert!(unasked.iter().all(|chunk| chunk.get("usage").is_none()));
}

#[test]
fn a_stream_that_breaks_off_tells_what_came_and_then_the_error() {
    let server = Server::start();
    let body = json!({
        "model": "test/echo", "messages": "x", "stream": true,
        "test": {"content": "a b c d", "cut_after": 2},
    });
    let events = server.post(PLAIN, &body).events();
    let (last, before) = events.split_last().unwrap();
    assert_eq!(last["error"]["code"], "stream_interrupted");
    assert!(before.iter().all(|chunk| chunk.get("meta").is_none()));
    assert!(
        before
            .iter()
            .any(|chunk| chunk["choices"][0]["delta"]["content"] == "a ")
    );
}

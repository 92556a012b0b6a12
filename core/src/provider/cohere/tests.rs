//! What a call becomes, what comes back, and that both forms of an answer are the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::chat::{ChatRequest, Delta, FinishReason};
use crate::provider::{Carrier, KeySource, Network, Provider, Quirks, Secret};
use crate::stream::Accumulator;
use crate::transport::Frame;

fn target() -> Target {
    let provider = Provider {
        name: "cohere".to_owned(),
        preset: "cohere".to_owned(),
        dialect: Arc::new(Cohere),
        base_url: "https://api.cohere.com".to_owned(),
        key: KeySource::None,
        key_required: true,
        headers: Vec::new(),
        quirks: Quirks::default(),
        region: None,
        project: None,
        location: None,
        api_version: None,
        organization: None,
        max_concurrency: None,
        rpm: None,
        tpm: None,
        share: 1,
        timeout_ms: None,
        network: Network::default(),
        carrier: Carrier::Network,
    };
    Target {
        provider: Arc::new(provider),
        model: "command-a-03-2025".to_owned(),
        params: Default::default(),
    }
}

fn encoded(request: Value) -> Result<(Value, Vec<Warning>)> {
    let request: ChatRequest = serde_json::from_value(request).unwrap();
    let target = target();
    let call = Call {
        messages: &request.messages,
        options: &request.options,
        target: &target,
        stream: false,
    };
    let mut warnings = Vec::new();
    let sent = Cohere.encode(call, &mut warnings)?;
    assert_eq!(sent.url, "https://api.cohere.com/v2/chat");
    Ok((serde_json::from_slice(&sent.body).unwrap(), warnings))
}

fn body(request: Value) -> Value {
    encoded(request).unwrap().0
}

fn tools() -> Value {
    json!([
        {"type": "function", "function": {"name": "a", "description": "A", "parameters": {"type": "object"}, "strict": true}},
        {"type": "function", "function": {"name": "b"}}
    ])
}

#[test]
fn options_take_coheres_names() {
    let sent = body(json!({
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "https://host.example/cat.png", "detail": "low"}}
            ]}
        ],
        "max_tokens": 9, "temperature": 0.3, "top_p": 0.9, "top_k": 4, "frequency_penalty": 0.5,
        "presence_penalty": 0.25, "seed": 7, "logprobs": true, "stop": ["x"],
        "reasoning_effort": "low", "extra_body": {"safety_mode": "STRICT"}
    }));
    assert_eq!(
        sent,
        json!({
            "model": "command-a-03-2025",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": "https://host.example/cat.png", "detail": "low"}}
                ]}
            ],
            "thinking": {"type": "enabled", "token_budget": 1024},
            "max_tokens": 9, "stop_sequences": ["x"], "temperature": 0.3, "p": 0.9, "k": 4,
            "frequency_penalty": 0.5, "presence_penalty": 0.25, "seed": 7, "logprobs": true,
            "safety_mode": "STRICT"
        })
    );
}

#[test]
fn thinking_is_on_off_or_has_a_budget() {
    for (options, expected) in [
        (
            json!({"reasoning_effort": "none"}),
            json!({"type": "disabled"}),
        ),
        (json!({"thinking_budget": 0}), json!({"type": "disabled"})),
        (
            json!({"reasoning_effort": "high"}),
            json!({"type": "enabled"}),
        ),
        (
            json!({"reasoning_effort": "high", "thinking_budget": 300}),
            json!({"type": "enabled", "token_budget": 300}),
        ),
        (json!({"thinking_budget": -1}), json!({"type": "enabled"})),
        (json!({}), Value::Null),
    ] {
        let mut request = json!({"messages": "hi"});
        request
            .as_object_mut()
            .unwrap()
            .extend(options.as_object().unwrap().clone());
        assert_eq!(body(request)["thinking"], expected, "{options}");
    }
}

#[test]
fn a_named_tool_is_forced_by_sending_no_other() {
    let choice =
        |choice: Value| body(json!({"messages": "hi", "tools": tools(), "tool_choice": choice}));
    let (sent, warnings) = encoded(json!({"messages": "hi", "tools": tools()})).unwrap();
    assert_eq!(sent["strict_tools"], true);
    assert_eq!(warnings[0].code, "adapted_parameter");
    assert_eq!(
        sent["tools"][1],
        json!({"type": "function", "function": {"name": "b", "parameters": {"type": "object", "properties": {}}}})
    );
    assert!(choice(json!("auto")).get("tool_choice").is_none());
    assert_eq!(choice(json!("required"))["tool_choice"], "REQUIRED");
    assert_eq!(choice(json!("none"))["tool_choice"], "NONE");
    let named = choice(json!({"type": "function", "function": {"name": "b"}}));
    assert_eq!(named["tool_choice"], "REQUIRED");
    assert_eq!(named["tools"].as_array().unwrap().len(), 1);
    assert_eq!(named["tools"][0]["function"]["name"], "b");
}

#[test]
fn formats_are_json_objects_and_exclude_tools() {
    let schema = json!({"type": "object", "properties": {"z": {}, "a": {}}});
    let format = json!({"type": "json_schema", "json_schema": {"name": "n", "schema": schema}});
    let sent = body(json!({"messages": "hi", "response_format": format}));
    assert_eq!(
        sent["response_format"],
        json!({"type": "json_object", "json_schema": schema})
    );
    let sent = body(json!({"messages": "hi", "response_format": {"type": "json_object"}}));
    assert_eq!(sent["response_format"], json!({"type": "json_object"}));
    let both = json!({"messages": "hi", "response_format": format, "tools": tools()});
    assert_eq!(encoded(both).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn calls_and_results_keep_their_form() {
    let sent = body(json!({"messages": [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "", "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "a", "arguments": "{\"x\": 1}"}},
            {"id": "c2", "type": "function", "function": {"name": "b", "arguments": "null"}}
        ]},
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
        {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "two"}]},
        {"role": "assistant", "content": null, "refusal": "No."}
    ]}));
    assert_eq!(
        sent["messages"].as_array().unwrap()[1..],
        [
            json!({"role": "assistant", "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "a", "arguments": "{\"x\": 1}"}},
                {"id": "c2", "type": "function", "function": {"name": "b", "arguments": "{}"}}
            ]}),
            json!({"role": "tool", "tool_call_id": "c1", "content": "one"}),
            json!({"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "two"}]}),
            json!({"role": "assistant", "content": "No."}),
        ]
    );
    let error = encoded(json!({"messages": [{"role": "assistant", "tool_calls": [
        {"id": "c", "type": "function", "function": {"name": "a", "arguments": "x = 1"}}
    ]}]}))
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(
        error.data().param.as_deref(),
        Some("messages[0].tool_calls[0].function.arguments")
    );
    let audio = json!({"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}});
    let error = encoded(json!({"messages": [{"role": "user", "content": [audio]}]})).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn what_cannot_be_carried_is_told() {
    let (sent, warnings) = encoded(json!({
        "messages": [{"role": "user", "content": "hi", "name": "Ann"}],
        "stop": ["1", "2", "3", "4", "5", "6"], "parallel_tool_calls": false
    }))
    .unwrap();
    assert_eq!(sent["stop_sequences"], json!(["1", "2", "3", "4", "5"]));
    let params: Vec<&str> = warnings
        .iter()
        .filter_map(|warning| warning.param.as_deref())
        .collect();
    assert_eq!(params, ["parallel_tool_calls", "messages.name", "stop"]);
    let strict =
        json!({"messages": "hi", "stop": ["1", "2", "3", "4", "5", "6"], "unsupported": "error"});
    assert_eq!(encoded(strict).unwrap_err().kind(), ErrorKind::Unsupported);
}

fn streamed(events: &[(&str, Value)]) -> Result<Reply> {
    let mut decoder = Cohere.decoder(&target());
    let mut all = Accumulator::new(1 << 20);
    let mut deltas: Vec<Delta> = Vec::new();
    for (event, data) in events {
        let data = data.to_string();
        let frame = Frame {
            message: "event",
            event,
            data: &data,
        };
        decoder.frame(frame, &mut deltas)?;
    }
    decoder.finish(&mut deltas)?;
    for delta in &deltas {
        all.push(delta)?;
    }
    Ok(all.take(decoder.head().clone()))
}

/// An answer with everything in it, and the events that stream it.
fn everything() -> (Value, Vec<(&'static str, Value)>) {
    let usage = json!({"billed_units": {"input_tokens": 3.0}, "tokens": {"input_tokens": 10.0, "output_tokens": 20.0}, "cached_tokens": 4.0});
    let citation = |start: u64| json!({"start": start, "end": 9, "text": "x", "sources": [{"type": "document", "id": "d"}]});
    let call = |id: &str, arguments: Value| json!({"id": id, "type": "function", "function": {"name": "a", "arguments": arguments}});
    let whole = json!({
        "id": "r1",
        "message": {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hmm, ünd."},
                {"type": "text", "text": "It is "},
                {"type": "novelty", "data": 1},
                {"type": "text", "text": "so."}
            ],
            "tool_plan": "I will call.",
            "tool_calls": [call("c1", json!("{\"x\":1}")), call("c2", Value::Null)],
            "citations": [citation(1), citation(2)]
        },
        "finish_reason": "TOOL_CALL",
        "usage": usage,
        "logprobs": [{"text": "It", "token_ids": [1], "logprobs": [-0.5]}, {"text": " is ", "token_ids": [2, 3], "logprobs": [-0.25, -0.5]}]
    });
    let message = |message: Value| json!({"delta": {"message": message}});
    let content = |index: u64, content: Value| {
        let mut event = message(json!({ "content": content }));
        event["index"] = index.into();
        event
    };
    let at = |index: u64, mut event: Value| {
        event["index"] = index.into();
        event
    };
    let with_logprobs = |mut event: Value, logprobs: Value| {
        event["logprobs"] = logprobs;
        event
    };
    let events = vec![
        (
            "message-start",
            json!({"id": "r1", "delta": {"message": {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}}}),
        ),
        (
            "content-start",
            content(0, json!({"type": "thinking", "thinking": ""})),
        ),
        ("content-delta", content(0, json!({"thinking": "Hmm, "}))),
        ("content-delta", content(0, json!({"thinking": "ünd."}))),
        ("content-end", json!({"index": 0})),
        (
            "content-start",
            content(1, json!({"type": "text", "text": ""})),
        ),
        (
            "content-delta",
            with_logprobs(
                content(1, json!({"text": "It"})),
                json!({"text": "It", "token_ids": [1], "logprobs": [-0.5]}),
            ),
        ),
        (
            "content-delta",
            with_logprobs(
                content(1, json!({"text": " is "})),
                json!({"text": " is ", "token_ids": [2, 3], "logprobs": [-0.25, -0.5]}),
            ),
        ),
        (
            "content-start",
            content(2, json!({"type": "novelty", "data": 1})),
        ),
        ("content-delta", content(3, json!({"text": "so."}))),
        (
            "citation-start",
            at(0, message(json!({"citations": citation(1)}))),
        ),
        ("citation-end", json!({"index": 0})),
        (
            "citation-start",
            at(1, message(json!({"citations": citation(2)}))),
        ),
        ("tool-plan-delta", message(json!({"tool_plan": "I will "}))),
        ("tool-plan-delta", message(json!({"tool_plan": "call."}))),
        (
            "tool-call-start",
            at(0, message(json!({"tool_calls": call("c1", json!(""))}))),
        ),
        (
            "tool-call-delta",
            at(
                0,
                message(json!({"tool_calls": {"function": {"arguments": "{\"x\""}}})),
            ),
        ),
        (
            "tool-call-delta",
            at(
                0,
                message(json!({"tool_calls": {"function": {"arguments": ":1}"}}})),
            ),
        ),
        ("tool-call-end", json!({"index": 0})),
        (
            "tool-call-start",
            at(1, message(json!({"tool_calls": call("c2", Value::Null)}))),
        ),
        ("tool-call-end", json!({"index": 1})),
        ("something-new", json!({"x": 1})),
        (
            "message-end",
            json!({"delta": {"finish_reason": "TOOL_CALL", "usage": usage}}),
        ),
    ];
    (whole, events)
}

#[test]
fn both_forms_of_an_answer_are_the_same_and_go_back_as_they_came() {
    let (whole, events) = everything();
    let reply = decode::decode(whole.to_string().as_bytes(), &target()).unwrap();
    assert_eq!(reply, streamed(&events).unwrap());
    // Without names of events the data tells.
    let unnamed: Vec<(&str, Value)> = events
        .iter()
        .map(|(name, data)| {
            let mut data = data.clone();
            data["type"] = (*name).into();
            ("", data)
        })
        .collect();
    assert_eq!(reply, streamed(&unnamed).unwrap());

    let choice = &reply.choices[0];
    let message = &choice.message;
    assert_eq!(message.text(), "It is so.");
    assert_eq!(
        message.reasoning_content.as_deref(),
        Some("Hmm, ünd.I will call.")
    );
    assert_eq!(message.tool_calls[1].function.arguments, "{}");
    assert_eq!(message.annotations.len(), 2);
    assert_eq!(choice.finish_reason, Some(FinishReason::ToolCalls));
    let logprobs = choice.logprobs.as_ref().unwrap().content.as_ref().unwrap();
    assert_eq!(logprobs[1].logprob, -0.75);
    assert_eq!(reply.head.extra["content"][0]["data"], 1);
    let usage = reply.usage.as_ref().unwrap();
    assert_eq!(
        (
            usage.prompt_tokens,
            usage.completion_tokens,
            usage.total_tokens
        ),
        (10, 20, 30)
    );
    assert_eq!(usage.cache_read_input_tokens, Some(4));
    assert_eq!(usage.extra["billed_units"]["input_tokens"], 3.0);

    let kept: Value = serde_json::to_value(message).unwrap();
    let sent = body(json!({"messages": [{"role": "user", "content": "hi"}, kept]}));
    assert_eq!(
        sent["messages"][1],
        json!({
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "Hmm, ünd."}, {"type": "text", "text": "It is so."}],
            "tool_plan": "I will call.",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "a", "arguments": "{\"x\":1}"}},
                {"id": "c2", "type": "function", "function": {"name": "a", "arguments": "{}"}}
            ]
        })
    );
    let mut edited = kept;
    edited["reasoning_content"] = "Other.".into();
    let sent = body(json!({"messages": [{"role": "user", "content": "hi"}, edited]}));
    assert!(sent["messages"][1].get("tool_plan").is_none());
    assert_eq!(sent["messages"][1]["content"], "It is so.");
}

#[test]
fn ends_that_are_errors() {
    let say = (
        "content-delta",
        json!({"index": 0, "delta": {"message": {"content": {"text": "Hi"}}}}),
    );
    let end = |word: &str, error: Value| {
        (
            "message-end",
            json!({"delta": {"finish_reason": word, "error": error}}),
        )
    };
    for (events, kind) in [
        (vec![say.clone()], ErrorKind::StreamInterrupted),
        (vec![], ErrorKind::InvalidResponse),
        (
            vec![say.clone(), end("ERROR", json!("it broke"))],
            ErrorKind::ServerError,
        ),
        (
            vec![say.clone(), end("TIMEOUT", Value::Null)],
            ErrorKind::Timeout,
        ),
        (
            vec![say.clone(), end("COMPLETE", json!("too many tokens"))],
            ErrorKind::ServerError,
        ),
        (
            vec![("error", json!({"message": "rate limit exceeded"}))],
            ErrorKind::ServerError,
        ),
        (
            vec![("content-delta", json!([]))],
            ErrorKind::InvalidResponse,
        ),
    ] {
        assert_eq!(streamed(&events).unwrap_err().kind(), kind, "{events:?}");
    }
    let whole = r#"{"id": "r", "finish_reason": "ERROR", "message": {}}"#;
    let error = decode::decode(whole.as_bytes(), &target()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServerError);
    let stated = r#"{"id": "r", "message": "invalid api token"}"#;
    let error = decode::decode(stated.as_bytes(), &target()).unwrap_err();
    assert!(error.to_string().contains("invalid api token"));
    let new = r#"{"finish_reason": "NEW", "message": {"content": null}, "usage": null}"#;
    let reply = decode::decode(new.as_bytes(), &target()).unwrap();
    let choice = &reply.choices[0];
    assert_eq!(
        (choice.finish_reason, choice.native_finish_reason.as_deref()),
        (Some(FinishReason::Stop), Some("NEW"))
    );
    assert_eq!((&choice.message.content, &reply.usage), (&None, &None));
}

#[test]
fn errors_have_coheres_meaning() {
    for (status, body, kind) in [
        (
            400,
            r#"{"id":"e","message":"invalid request: bad"}"#,
            ErrorKind::InvalidRequest,
        ),
        (
            401,
            r#"{"id":"e","message":"invalid api token"}"#,
            ErrorKind::Authentication,
        ),
        (
            404,
            r#"{"id":"e","message":"model 'x' not found"}"#,
            ErrorKind::UnknownModel,
        ),
        (422, "{}", ErrorKind::InvalidRequest),
        (429, r#"{"message":"slow down"}"#, ErrorKind::RateLimited),
        (498, r#"{"message":"blocked"}"#, ErrorKind::Authentication),
        (499, "{}", ErrorKind::ServerError),
        (501, "{}", ErrorKind::Unsupported),
        (503, "", ErrorKind::Overloaded),
        (504, "", ErrorKind::Timeout),
    ] {
        let error = Cohere.decode_error(status, &HeaderMap::new(), body.as_bytes(), &target());
        assert_eq!(error.kind(), kind, "{status}");
    }
}

#[test]
fn the_key_is_a_bearer_token() {
    let request: ChatRequest = serde_json::from_value(json!({"messages": "hi"})).unwrap();
    let target = target();
    let call = Call {
        messages: &request.messages,
        options: &request.options,
        target: &target,
        stream: true,
    };
    let mut sent = Cohere.encode(call, &mut Vec::new()).unwrap();
    let body: Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!(body["stream"], true);
    let key = Credentials::Key(Secret::new("abcdefgh", "key").unwrap());
    Cohere.authorize(&mut sent, &key, &target).unwrap();
    assert_eq!(sent.headers["authorization"], "Bearer abcdefgh");
    assert!(sent.headers["authorization"].is_sensitive());
}

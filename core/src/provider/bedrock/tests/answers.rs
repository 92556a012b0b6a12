//! Answers whole and streamed, and how they go back.

use super::*;

/// An answer of every kind of block, and the events that stream it.
fn everything() -> (Value, Vec<(&'static str, Value)>) {
    let usage = json!({"inputTokens": 10, "outputTokens": 20, "totalTokens": 35, "cacheReadInputTokens": 5, "cacheWriteInputTokens": 0, "cacheDetails": [{"ttl": "5m", "inputTokens": 5}]});
    let citation = json!({"title": "T", "location": {"web": {"url": "https://example.com"}}});
    let whole = json!({
        "output": {"message": {"role": "assistant", "content": [
            {"reasoningContent": {"reasoningText": {"text": "Hmm, ünd.", "signature": "c2ln"}}},
            {"reasoningContent": {"redactedContent": "cmVk"}},
            {"text": "Let me "},
            {"citationsContent": {"content": [{"text": "look."}], "citations": [citation]}},
            {"toolUse": {"toolUseId": "t1", "name": "search", "input": {"q": "x"}, "type": "server_tool_use"}},
            {"toolResult": {"toolUseId": "t1", "status": "success", "content": [{"json": {"hits": 2}}]}},
            {"text": " Found."},
            {"toolUse": {"toolUseId": "t2", "name": "weather", "input": {}}},
            {"novelty": {"new": true}}
        ]}},
        "stopReason": "tool_use",
        "usage": usage,
        "metrics": {"latencyMs": 7},
        "serviceTier": {"type": "default"},
        "additionalModelResponseFields": {"x": 1}
    });
    let delta = |index: u64, delta: Value| {
        (
            "contentBlockDelta",
            json!({"contentBlockIndex": index, "delta": delta, "p": "abc"}),
        )
    };
    let start = |index: u64, start: Value| {
        (
            "contentBlockStart",
            json!({"contentBlockIndex": index, "start": start, "p": "abc"}),
        )
    };
    let stop = |index: u64| {
        (
            "contentBlockStop",
            json!({"contentBlockIndex": index, "p": "ab"}),
        )
    };
    let events = vec![
        ("messageStart", json!({"role": "assistant", "p": "abcd"})),
        delta(0, json!({"reasoningContent": {"text": "Hmm, "}})),
        delta(0, json!({"reasoningContent": {"text": "ünd."}})),
        delta(0, json!({"reasoningContent": {"signature": "c2"}})),
        delta(0, json!({"reasoningContent": {"signature": "ln"}})),
        stop(0),
        delta(1, json!({"reasoningContent": {"redactedContent": "cmVk"}})),
        stop(1),
        delta(2, json!({"text": "Let"})),
        delta(2, json!({"text": ""})),
        delta(2, json!({"text": " me "})),
        stop(2),
        delta(3, json!({"text": "look."})),
        delta(3, json!({"citation": citation})),
        stop(3),
        start(
            4,
            json!({"toolUse": {"toolUseId": "t1", "name": "search", "type": "server_tool_use"}}),
        ),
        delta(4, json!({"toolUse": {"input": ""}})),
        delta(4, json!({"toolUse": {"input": "{\"q\":"}})),
        delta(4, json!({"toolUse": {"input": "\"x\"}"}})),
        stop(4),
        start(
            5,
            json!({"toolResult": {"toolUseId": "t1", "status": "success"}}),
        ),
        delta(5, json!({"toolResult": [{"json": {"hits": 2}}]})),
        stop(5),
        delta(6, json!({"text": " Found."})),
        stop(6),
        start(
            7,
            json!({"toolUse": {"toolUseId": "t2", "name": "weather"}}),
        ),
        stop(7),
        start(8, json!({"novelty": {}})),
        delta(8, json!({"novelty": {"new": true}})),
        stop(8),
        ("somethingNew", json!({"a": 1})),
        (
            "messageStop",
            json!({"stopReason": "tool_use", "additionalModelResponseFields": {"x": 1}, "p": "a"}),
        ),
        (
            "metadata",
            json!({"usage": usage, "metrics": {"latencyMs": 7}, "serviceTier": {"type": "default"}, "p": "a"}),
        ),
    ];
    (whole, events)
}

fn streamed(target: &Target, events: &[(&str, Value)]) -> Result<Reply> {
    let mut decoder = Bedrock.decoder(target);
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

#[test]
fn both_forms_of_an_answer_are_the_same_and_go_back_as_they_came() {
    let (whole, events) = everything();
    let target = target(CLAUDE);
    let mut reply = decode::decode(whole.to_string().as_bytes(), &target).unwrap();
    let mut stream = streamed(&target, &events).unwrap();
    let sorted = |extra: &mut crate::chat::JsonMap| extra.sort_keys();
    sorted(&mut reply.head.extra);
    sorted(&mut stream.head.extra);
    assert_eq!(reply, stream);

    let choice = &reply.choices[0];
    let message = &choice.message;
    assert_eq!(message.text(), "Let me look. Found.");
    assert_eq!(message.reasoning_content.as_deref(), Some("Hmm, ünd."));
    assert_eq!(message.tool_calls[0].function.arguments, "{\"q\":\"x\"}");
    assert_eq!(message.tool_calls[1].function.arguments, "{}");
    assert_eq!(message.annotations.len(), 1);
    assert_eq!(reply.head.service_tier.as_deref(), Some("default"));
    let usage = reply.usage.as_ref().unwrap();
    assert_eq!((usage.prompt_tokens, usage.total_tokens), (15, 35));

    // Back through JSON, as a caller keeps it.
    let kept: Value = serde_json::to_value(message).unwrap();
    let sent = body(
        CLAUDE,
        json!({"messages": [{"role": "user", "content": "hi"}, kept], "tools": [weather()]}),
    );
    let mut expected = whole["output"]["message"]["content"].clone();
    expected[3] = json!({"text": "look."});
    assert_eq!(sent["messages"][1]["content"], expected);
}

#[test]
fn a_changed_turn_keeps_its_reasoning_first_and_another_familys_is_not_sent() {
    let (whole, _) = everything();
    let reply = decode::decode(whole.to_string().as_bytes(), &target(CLAUDE)).unwrap();
    let mut message = reply.choices[0].message.clone();
    message.content = Some("Changed.".into());
    message.tool_calls.clear();
    let history = |message: &crate::chat::Message| json!({"messages": [{"role": "user", "content": "hi"}, serde_json::to_value(message).unwrap()]});
    let sent = body(CLAUDE, history(&message));
    let blocks = sent["messages"][1]["content"].as_array().unwrap();
    assert!(blocks[0].get("reasoningContent").is_some());
    assert_eq!(blocks.last().unwrap(), &json!({"text": "Changed."}));

    // Reasoning that was edited no longer fits its signature.
    message.reasoning_content = Some("Other.".to_owned());
    let sent = body(CLAUDE, history(&message)).to_string();
    assert!(!sent.contains("c2ln") && sent.contains("cmVk"));

    assert!(own_state(&message, FAMILY).is_some());
    message.provider_state.as_mut().unwrap()["family"] = "anthropic".into();
    let sent = body(CLAUDE, history(&message));
    assert_eq!(
        sent["messages"][1]["content"],
        json!([{"text": "Changed."}])
    );
}

#[test]
fn an_answer_given_as_a_call_is_an_answer() {
    let whole = json!({"output": {"message": {"content": [{"toolUse": {"toolUseId": "t", "name": ANSWER_TOOL, "input": {"z": "Paris"}}}]}}, "stopReason": "tool_use"});
    let events = [
        ("messageStart", json!({"role": "assistant"})),
        (
            "contentBlockStart",
            json!({"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "t", "name": ANSWER_TOOL}}}),
        ),
        (
            "contentBlockDelta",
            json!({"contentBlockIndex": 0, "delta": {"toolUse": {"input": "{\"z\":"}}}),
        ),
        (
            "contentBlockDelta",
            json!({"contentBlockIndex": 0, "delta": {"toolUse": {"input": "\"Paris\"}"}}}),
        ),
        ("contentBlockStop", json!({"contentBlockIndex": 0})),
        ("messageStop", json!({"stopReason": "tool_use"})),
    ];
    let target = target(OLD_CLAUDE);
    let reply = decode::decode(whole.to_string().as_bytes(), &target).unwrap();
    assert_eq!(reply, streamed(&target, &events).unwrap());
    let choice = &reply.choices[0];
    assert_eq!(choice.message.text(), "{\"z\":\"Paris\"}");
    assert!(choice.message.tool_calls.is_empty());
    assert_eq!(choice.finish_reason, Some(crate::chat::FinishReason::Stop));
    assert_eq!(choice.native_finish_reason.as_deref(), Some("tool_use"));
    assert_eq!(reply.usage, None);
}

#[test]
fn streams_end_as_the_format_says() {
    let target = target(CLAUDE);
    let say = (
        "contentBlockDelta",
        json!({"contentBlockIndex": 0, "delta": {"text": "Hi"}}),
    );
    let stop = ("messageStop", json!({"stopReason": "end_turn"}));
    let counts = (
        "metadata",
        json!({"usage": {"inputTokens": 1, "outputTokens": 1}}),
    );
    let cut = streamed(&target, std::slice::from_ref(&say)).unwrap_err();
    assert_eq!(cut.kind(), ErrorKind::StreamInterrupted);
    let empty = streamed(&target, &[]).unwrap_err();
    assert_eq!(
        (empty.kind(), empty.data().retryable),
        (ErrorKind::InvalidResponse, true)
    );
    let uncounted = streamed(&target, &[say.clone(), stop.clone()]).unwrap();
    assert_eq!(uncounted.usage, None);

    let mut decoder = Bedrock.decoder(&target);
    for (event, data) in [&say, &stop, &counts] {
        assert!(!decoder.is_done());
        let data = data.to_string();
        let frame = Frame {
            message: "event",
            event,
            data: &data,
        };
        decoder.frame(frame, &mut Vec::new()).unwrap();
    }
    assert!(decoder.is_done());

    let malformed = streamed(
        &target,
        &[("messageStop", json!({"stopReason": "malformed_tool_use"}))],
    );
    assert_eq!(malformed.unwrap_err().kind(), ErrorKind::InvalidResponse);
    let broken = ("contentBlockDelta", json!("no object"));
    assert_eq!(
        streamed(&target, &[broken]).unwrap_err().kind(),
        ErrorKind::InvalidResponse
    );
}

#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::tests::target;
use super::*;
use crate::chat::FinishReason;

fn read(answer: &str) -> Result<Reply> {
    OpenAi.decode(&HeaderMap::new(), answer.as_bytes(), &target("h", "{}"))
}

#[test]
fn answers_that_cannot_be_read() {
    for (answer, retryable, part) in [
        ("", true, "empty"),
        ("  \n", true, "empty"),
        (
            r#"{"id": "a", "choices": [{"mess"#,
            true,
            "was cut after 30 bytes",
        ),
        ("<!DOCTYPE html><title>Log in</title>", false, "web page"),
        ("not json", false, "cannot be read (line 1, column 2)"),
        ("[1, 2]", false, "cannot be read"),
        ("{}", false, "no choices"),
        (r#"{"choices": []}"#, false, "no choices"),
        (r#"{"choices": null, "error": null}"#, false, "no choices"),
        (r#"{"choices": 5}"#, false, "cannot be read"),
        (
            &format!("{}{}", r#"{"choices": ["#, "[".repeat(10_000)),
            false,
            "cannot be read",
        ),
    ] {
        let error = read(answer).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{answer}");
        assert_eq!(error.data().retryable, retryable, "{answer}");
        assert!(error.data().message.contains(part), "{error}");
    }
}

#[test]
fn errors_in_a_200_body() {
    for (answer, kind) in [
        (
            r#"{"error": {"message": "busy", "code": 429}}"#,
            ErrorKind::RateLimited,
        ),
        (
            r#"{"error": "boom", "choices": []}"#,
            ErrorKind::ServerError,
        ),
        (
            r#"{"object": "error", "message": "bad", "type": "BadRequestError", "code": 400}"#,
            ErrorKind::InvalidRequest,
        ),
        (
            r#"{"detail": "Not authorised", "status": 401}"#,
            ErrorKind::Authentication,
        ),
        (
            r#"{"choices": [{"error": {"code": 502, "message": "up"}, "message": {"content": "x"}, "finish_reason": "error"}]}"#,
            ErrorKind::ServerError,
        ),
        (
            r#"{"choices": [{"message": {"content": "x"}, "finish_reason": "error"}]}"#,
            ErrorKind::ServerError,
        ),
    ] {
        assert_eq!(read(answer).unwrap_err().kind(), kind, "{answer}");
    }
}

#[test]
fn odd_answers_are_read_all_the_same() {
    let odd = r#"{"id": 7, "created": "12", "model": null, "choices": [
        {"index": "0", "index": 1, "message": {"content": ["a", {"type": "text", "text": "b"}, {"type": "image", "x": 1}],
          "reasoning_content": "", "reasoning": "r", "refusal": "", "tool_calls": {"not": "a list"}, "tool_calls": null,
          "annotations": null, "audio": {"id": "", "data": "", "expires_at": 0}, "function_call": {"name": "", "arguments": ""},
          "images": [1]}, "finish_reason": "weird", "logprobs": {"tokens": ["a"]}, "seed": 3},
        {"message": {"content": null, "function_call": {"name": "f", "arguments": {"b": 1, "a": 2}}}, "finish_reason": "function_call"}],
        "usage": {"prompt_tokens": "x"}, "weight": NULL}"#
        .replace(", \"tool_calls\": {\"not\": \"a list\"}", "")
        .replace("NULL", "{\"v\": 1}");
    let reply = read(&odd).unwrap();
    assert_eq!(
        (reply.head.id.as_deref(), reply.head.created),
        (Some("7"), Some(12))
    );
    assert_eq!(reply.head.extra["weight"]["v"], 1);
    assert_eq!(reply.usage, None);
    let first = &reply.choices[0];
    assert_eq!(first.message.text(), "ab");
    assert_eq!(first.message.reasoning_content.as_deref(), Some("r"));
    assert_eq!(
        (&first.message.refusal, &first.message.audio),
        (&None, &None)
    );
    assert!(first.message.tool_calls.is_empty());
    assert_eq!(first.finish_reason, Some(FinishReason::Stop));
    assert_eq!(first.native_finish_reason.as_deref(), Some("weird"));
    assert_eq!(first.extra["seed"], 3);
    assert_eq!(first.extra["images"], json!([1]));
    assert_eq!(first.extra["content_parts"][0]["x"], 1);
    assert_eq!(first.extra["logprobs"]["tokens"][0], "a");
    let call = &reply.choices[1].message.tool_calls[0];
    assert_eq!(
        (
            call.function.name.as_str(),
            call.function.arguments.as_str()
        ),
        ("f", r#"{"b":1,"a":2}"#)
    );
    assert!(call.id.starts_with("call_"));
    assert_eq!(
        reply.choices[1].finish_reason,
        Some(FinishReason::ToolCalls)
    );
}

#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::chat::{FinishReason, Role};
use crate::provider::openai::tests::target;

fn decoder(quirks: &str) -> Decoder {
    Decoder::new(&target("h", quirks), "openai")
}

fn feed(decoder: &mut Decoder, data: &str) -> Result<Vec<Delta>> {
    let mut out = Vec::new();
    let frame = Frame {
        message: "event",
        event: "",
        data,
    };
    decoder.frame(frame, &mut out).map(|()| out)
}

fn chunk(delta: Value, finish: Option<&str>) -> String {
    json!({"id": "i", "model": "x", "created": 5, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
        .to_string()
}

#[test]
fn a_stream_from_role_to_done() {
    let mut decoder = decoder("{}");
    let first = feed(
        &mut decoder,
        &chunk(json!({"role": "assistant", "content": ""}), None),
    )
    .unwrap();
    assert_eq!(first.len(), 1);
    assert_eq!(
        (first[0].role, &first[0].text, first[0].is_output()),
        (Some(Role::Assistant), &None, false)
    );
    let text = feed(
        &mut decoder,
        &chunk(json!({"role": "assistant", "content": "Hi"}), None),
    )
    .unwrap();
    assert_eq!((text[0].role, text[0].text.as_deref()), (None, Some("Hi")));
    for nothing in [
        chunk(json!({"content": ""}), None),
        chunk(json!({}), Some("")),
        chunk(Value::Null, None),
        r#"{"choices": [{"index": 0}]}"#.to_owned(),
        r#"{"choices": []}"#.to_owned(),
        r#"{"choices": null, "usage": null}"#.to_owned(),
        r#"{"unknown": {"event": 1}}"#.to_owned(),
    ] {
        assert_eq!(feed(&mut decoder, &nothing).unwrap(), [], "{nothing}");
    }
    let end = feed(&mut decoder, &chunk(json!({}), Some("length"))).unwrap();
    assert_eq!(end[0].finish_reason, Some(FinishReason::Length));
    assert!(!decoder.is_done());
    let usage = r#"{"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}"#;
    let last = feed(&mut decoder, usage).unwrap();
    assert!(last[0].is_usage_only() && last[0].usage.as_ref().unwrap().total_tokens == 3);
    assert_eq!(feed(&mut decoder, " [DONE]").unwrap(), []);
    assert!(decoder.is_done());
    // What follows is drained, whatever it is.
    assert_eq!(feed(&mut decoder, "[DONE]").unwrap(), []);
    assert_eq!(feed(&mut decoder, "{").unwrap(), []);
    let head = decoder.head();
    assert_eq!((head.id.as_deref(), head.created), (Some("i"), Some(5)));
    assert_eq!(head.extra["unknown"]["event"], 1);
}

#[test]
fn the_end_without_done() {
    let mut whole = decoder("{}");
    feed(&mut whole, &chunk(json!({"content": "Hi"}), Some("stop"))).unwrap();
    whole.finish(&mut Vec::new()).unwrap();
    assert!(whole.is_done());

    let mut cut = decoder("{}");
    feed(&mut cut, &chunk(json!({"content": "Hi"}), None)).unwrap();
    let error = cut.finish(&mut Vec::new()).unwrap_err();
    assert_eq!(
        (error.kind(), error.data().retryable),
        (ErrorKind::StreamInterrupted, false)
    );

    // Nothing was delivered yet, so that another try is right.
    for data in [None, Some(chunk(json!({"role": "assistant"}), None))] {
        let mut empty = decoder("{}");
        if let Some(data) = data {
            feed(&mut empty, &data).unwrap();
        }
        let error = empty.finish(&mut Vec::new()).unwrap_err();
        assert_eq!(
            (error.kind(), error.data().retryable),
            (ErrorKind::InvalidResponse, true)
        );
    }
    let error = feed(&mut decoder("{}"), "[DONE]").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
}

#[test]
fn one_of_two_choices_is_not_the_end() {
    let mut decoder = decoder("{}");
    let both = r#"{"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"},
                               {"index": 1, "delta": {"content": "b"}}]}"#;
    assert_eq!(feed(&mut decoder, both).unwrap().len(), 2);
    assert!(decoder.finish(&mut Vec::new()).is_err());
}

#[test]
fn errors_in_the_stream() {
    let named = |event| Frame {
        message: "event",
        event,
        data: r#"{"error": {"message": "x", "code": "context_length_exceeded"}}"#,
    };
    for event in ["", "error"] {
        let error = decoder("{}")
            .frame(named(event), &mut Vec::new())
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ContextLengthExceeded);
    }
    for (data, kind) in [
        (
            r#"{"error": "text", "choices": []}"#,
            ErrorKind::ServerError,
        ),
        (
            r#"{"x_groq": {"error": "over capacity"}, "choices": []}"#,
            ErrorKind::ServerError,
        ),
        (
            r#"{"object": "error", "message": "m", "code": 503}"#,
            ErrorKind::Overloaded,
        ),
        (
            r#"{"choices": [{"delta": {}, "error": {"code": 429}, "finish_reason": "error"}]}"#,
            ErrorKind::RateLimited,
        ),
        (r#"{"choices": [{"delta"#, ErrorKind::InvalidResponse),
        ("OK", ErrorKind::InvalidResponse),
    ] {
        assert_eq!(
            feed(&mut decoder("{}"), data).unwrap_err().kind(),
            kind,
            "{data}"
        );
    }
    // Empty ones are none.
    for error in ["null", "false", "\"\"", "{}", "[]"] {
        let data = format!(r#"{{"error": {error}, "choices": [{{"delta": {{"content": "a"}}}}]}}"#);
        assert_eq!(feed(&mut decoder("{}"), &data).unwrap().len(), 1);
    }
}

#[test]
fn an_error_event_of_plain_text() {
    let frame = Frame {
        message: "event",
        event: "error",
        data: "model crashed",
    };
    let error = decoder("{}").frame(frame, &mut Vec::new()).unwrap_err();
    assert_eq!(
        error.data().message,
        "h answered with an error: model crashed"
    );
}

#[test]
fn messages_that_repeat_all_so_far() {
    let mut decoder = decoder("{}");
    let so_far = |text: &str| json!({"choices": [{"message": {"content": text}}]}).to_string();
    let mut read = String::new();
    for text in ["Grü", "Grüße", "Grüße", "Grüße!"] {
        for delta in feed(&mut decoder, &so_far(text)).unwrap() {
            read.push_str(delta.text.as_deref().unwrap_or_default());
        }
    }
    assert_eq!(read, "Grüße!");
    // Where the new text is there as well, it counts.
    let both = r#"{"choices": [{"delta": {"content": "?"}, "message": {"content": "Grüße!?"}}]}"#;
    assert_eq!(
        feed(&mut decoder, both).unwrap()[0].text.as_deref(),
        Some("?")
    );
}

#[test]
fn usage_on_every_chunk_goes_with_its_text() {
    let mut decoder = decoder(r#"{"reasoning_apart": true}"#);
    let with_usage = |count: u64| {
        json!({"choices": [{"delta": {"content": "a"}}], "usage": {"prompt_tokens": 1, "completion_tokens": count,
               "completion_tokens_details": {"reasoning_tokens": 10}}})
        .to_string()
    };
    for count in 1..3 {
        let deltas = feed(&mut decoder, &with_usage(count)).unwrap();
        assert_eq!(deltas.len(), 1);
        assert_eq!(
            deltas[0].usage.as_ref().unwrap().completion_tokens,
            count + 10
        );
    }
    let groq = r#"{"choices": [], "x_groq": {"id": "r", "usage": {"prompt_tokens": 4, "completion_tokens": 0}}}"#;
    assert_eq!(
        feed(&mut decoder, groq).unwrap()[0]
            .usage
            .as_ref()
            .unwrap()
            .prompt_tokens,
        4
    );
    assert_eq!(decoder.head().extra["x_groq"], json!({"id": "r"}));
}

#[test]
fn fields_not_known_come_once_and_padding_never() {
    let mut decoder = decoder("{}");
    let data = r#"{"obfuscation": "xyz", "p": "abc", "provider": "P", "choices": [
        {"delta": {"content": "a", "channel": "final"}, "content_filter_results": {"hate": {"filtered": false}}, "stop_reason": null}]}"#;
    let first = feed(&mut decoder, data).unwrap();
    assert_eq!(first[0].extra.len(), 2);
    assert!(feed(&mut decoder, data).unwrap()[0].extra.is_empty());
    assert_eq!(
        decoder.head().extra.keys().collect::<Vec<_>>(),
        ["provider"]
    );
    let deep = format!(
        r#"{{"deep": {}1{}, "choices": []}}"#,
        "[".repeat(500),
        "]".repeat(500)
    );
    assert_eq!(feed(&mut decoder, &deep).unwrap(), []);
}

#[test]
fn arguments_cut_inside_a_surrogate_pair_of_escapes() {
    let mut decoder = decoder("{}");
    let mut arguments = String::new();
    for piece in [r#"{"a":"\ud83d"#, r#"\ude00"#, r#""}"#] {
        let call = json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": piece}}]});
        for delta in feed(&mut decoder, &chunk(call, None)).unwrap() {
            arguments.push_str(&delta.tool_calls[0].arguments);
        }
    }
    assert_eq!(arguments, r#"{"a":"\ud83d\ude00"}"#);
}

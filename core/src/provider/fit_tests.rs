#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::chat::ChatRequest;

fn request(json: serde_json::Value) -> ChatRequest {
    serde_json::from_value(json).unwrap()
}

fn capability() -> Capability {
    use Support::*;
    Capability::new([
        ("temperature", Within(0.0, 1.0)),
        ("top_k", Within(0.0, 500.0)),
        ("seed", Dropped),
        ("stop", Dropped),
        ("logprobs", Dropped),
        ("n", Refused),
        ("modalities", Refused),
        ("user", Adapted("elsewhere")),
        ("tool_choice.none", Dropped),
        ("tool_choice.function", Refused),
        ("tools.other", Refused),
        ("response_format.json_object", Dropped),
        ("response_format.json_schema", Refused),
        ("content.input_audio", Refused),
        ("content.image_url.remote", Refused),
        ("content.other", Refused),
    ])
}

fn codes(warnings: &[Warning]) -> Vec<(&str, &str)> {
    warnings
        .iter()
        .map(|warning| (warning.code.as_str(), warning.param.as_deref().unwrap()))
        .collect()
}

#[test]
fn a_call_that_fits_is_not_copied() {
    let request = request(json!({
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
        "temperature": 1, "max_tokens": 5, "user": "u", "tool_choice": "auto", "response_format": {"type": "text"},
    }));
    let policy = UnsupportedPolicy::Warn;
    let (fits, warnings) = fit(&request.options, &request.messages, &capability(), policy).unwrap();
    assert!(matches!(fits, Cow::Borrowed(_)));
    assert!(warnings.is_empty());
}

#[test]
fn what_is_lacking_is_left_out_or_clamped_and_told() {
    let request = request(json!({
        "messages": "hi", "temperature": 1.7, "top_k": 900, "seed": 0, "stop": "a", "tool_choice": "none",
        "response_format": {"type": "json_object"}, "top_p": 0.5,
    }));
    let policy = UnsupportedPolicy::Warn;
    let (fits, warnings) = fit(&request.options, &request.messages, &capability(), policy).unwrap();
    assert_eq!(
        (fits.temperature, fits.top_k, fits.top_p),
        (Some(1.0), Some(500), Some(0.5))
    );
    assert_eq!(
        (fits.seed, &fits.tool_choice, &fits.response_format),
        (None, &None, &None)
    );
    assert!(fits.stop.is_empty());
    assert_eq!(
        codes(&warnings),
        [
            ("clamped_parameter", "temperature"),
            ("clamped_parameter", "top_k"),
            ("unsupported_parameter", "seed"),
            ("unsupported_parameter", "stop"),
            ("unsupported_parameter", "tool_choice"),
            ("unsupported_parameter", "response_format"),
        ]
    );
    assert!(warnings[0].message.contains("1.7") && warnings[0].message.contains("0 to 1"));
}

#[test]
fn under_error_the_first_lack_is_refused() {
    for (options, param) in [
        (json!({"temperature": 1.5}), "temperature"),
        (json!({"seed": 1}), "seed"),
        (json!({"logprobs": true}), "logprobs"),
    ] {
        let mut call = json!({"messages": "hi"});
        call.as_object_mut()
            .unwrap()
            .extend(options.as_object().unwrap().clone());
        let request = request(call);
        let policy = UnsupportedPolicy::Error;
        let error = fit(&request.options, &request.messages, &capability(), policy).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(error.data().param.as_deref(), Some(param));
    }
}

#[test]
fn meaning_is_never_dropped() {
    let schema = json!({"type": "json_schema", "json_schema": {"name": "a", "schema": {}}});
    let function = json!({"type": "function", "function": {"name": "f"}});
    let parts = |part: serde_json::Value| json!([{"role": "user", "content": "x"}, {"role": "user", "content": [part]}]);
    for (field, value, param) in [
        ("n", json!(2), "n"),
        ("modalities", json!(["text", "audio"]), "modalities"),
        ("tool_choice", function, "tool_choice"),
        ("response_format", schema, "response_format"),
        (
            "tools",
            json!([{"type": "custom", "custom": {}}]),
            "tools[0].type",
        ),
        (
            "messages",
            parts(json!({"type": "input_audio", "input_audio": {"data": "", "format": "wav"}})),
            "messages[1].content[0]",
        ),
        (
            "messages",
            parts(json!({"type": "image_url", "image_url": "https://a.example/x.png"})),
            "messages[1].content[0]",
        ),
        (
            "messages",
            parts(json!({"type": "video"})),
            "messages[1].content[0]",
        ),
    ] {
        let mut call = json!({"messages": "hi"});
        call[field] = value;
        let request = request(call);
        let policy = UnsupportedPolicy::Warn;
        let error = fit(&request.options, &request.messages, &capability(), policy).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{field}");
        assert_eq!(error.data().param.as_deref(), Some(param));
    }
}

#[test]
fn what_holds_anyway_is_left_out_without_a_word() {
    let request = request(json!({
        "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "DATA:image/png;base64,AA=="}]}],
        "n": 1, "logprobs": false, "modalities": ["text"],
    }));
    let policy = UnsupportedPolicy::Error;
    let (fits, warnings) = fit(&request.options, &request.messages, &capability(), policy).unwrap();
    assert!(warnings.is_empty());
    assert_eq!(
        (fits.n, fits.logprobs, &fits.modalities),
        (None, None, &None)
    );
}

#[test]
fn the_policy_goes_with_the_options() {
    let request = request(json!({"messages": "hi"}));
    let policy = UnsupportedPolicy::Error;
    let (fits, _) = fit(&request.options, &request.messages, &capability(), policy).unwrap();
    assert_eq!(fits.unsupported, Some(policy));
    let policy = UnsupportedPolicy::Warn;
    let (fits, _) = fit(&request.options, &request.messages, &capability(), policy).unwrap();
    assert!(matches!(fits, std::borrow::Cow::Borrowed(_)));
}

#[test]
fn keys_that_no_option_has_join_the_body_or_are_told() {
    let mut request = request(json!({"messages": "hi", "extra_body": {"top_a": 2}}));
    request.options.unknown = json!({"top_a": 1, "min_p": 0.1})
        .as_object()
        .cloned()
        .unwrap();
    let policy = UnsupportedPolicy::Error;
    let open = Capability::default();
    let (fits, warnings) = fit(&request.options, &[], &open, policy).unwrap();
    assert!(warnings.is_empty());
    assert_eq!(json!(fits.extra_body), json!({"top_a": 2, "min_p": 0.1}));
    let closed = Capability::new([("unknown", Support::Dropped)]);
    let (fits, warnings) = fit(&request.options, &[], &closed, policy).unwrap();
    assert_eq!(json!(fits.extra_body), json!({"top_a": 2}));
    let named: Vec<_> = warnings
        .iter()
        .map(|one| one.param.as_deref().unwrap())
        .collect();
    assert_eq!(named, ["top_a", "min_p"]);
}

#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::chat::ChatRequest;

fn checked(json: Value) -> Result<()> {
    let request: ChatRequest = serde_json::from_value(json).unwrap();
    check(&request.options, &request.messages)
}

fn with(field: &str, value: Value) -> Value {
    let mut call = json!({"messages": "hi"});
    call[field] = value;
    call
}

fn call(id: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}})
}

#[test]
fn a_full_call_passes() {
    let tool = json!({"type": "function", "function": {"name": "f", "parameters": {
        "type": "object",
        "properties": {"$ref": {"$ref": "#/$defs/a"}, "b": {"enum": [{"$ref": "http://x"}]}},
        "$defs": {"a": {"type": "string"}},
    }}});
    checked(json!({
        "messages": [
            {"role": "user", "content": [{"type": "image_url", "image_url": "https://a.example/b.png"}]},
            {"role": "assistant", "content": null, "tool_calls": [call("a"), call("b")]},
            {"role": "tool", "tool_call_id": "b", "content": "1"},
            {"role": "tool", "tool_call_id": "a", "content": "2"},
            {"role": "assistant", "content": null},
        ],
        "temperature": 0, "top_p": 1, "frequency_penalty": -2, "presence_penalty": 2, "logprobs": true,
        "top_logprobs": 20, "n": 1, "max_tokens": -1, "max_completion_tokens": -1, "logit_bias": {"50256": -100},
        "tools": [tool], "tool_choice": {"type": "function", "function": {"name": "f"}},
        "labels": {"a": 1, "b": true, "c": "x"}, "metadata": {"a": "y"}, "fallback_on": ["content_filtered"],
        "extra_headers": {"x-a": "b"},
    }))
    .unwrap();
}

#[test]
fn what_is_wrong_is_named() {
    let tool = |name: &str, parameters: Value| json!([{"type": "function", "function": {"name": name, "parameters": parameters}}]);
    let schema = |name: &str, schema: Value| json!({"type": "json_schema", "json_schema": {"name": name, "schema": schema}});
    let many: JsonMap = (0..17).map(|n| (n.to_string(), json!(n))).collect();
    for (field, value, param) in [
        ("messages", json!([]), "messages"),
        (
            "messages",
            json!([{"role": "user", "content": null}]),
            "messages[0].content",
        ),
        (
            "messages",
            json!([{"role": "tool", "content": "x"}]),
            "messages[0].tool_call_id",
        ),
        (
            "messages",
            json!([{"role": "assistant", "tool_calls": [call("a")]}, {"role": "tool", "tool_call_id": "b", "content": ""}]),
            "messages[1].tool_call_id",
        ),
        (
            "messages",
            json!([{"role": "assistant", "tool_calls": [call("")]}]),
            "messages[0].tool_calls[0].id",
        ),
        (
            "messages",
            json!([{"role": "function", "content": "x"}]),
            "messages[0].name",
        ),
        (
            "messages",
            json!([{"role": "user", "content": [{"type": "image_url", "image_url": "file:///etc/passwd"}]}]),
            "messages[0].content[0]",
        ),
        ("temperature", json!(2.1), "temperature"),
        ("top_p", json!(-0.1), "top_p"),
        ("frequency_penalty", json!(3), "frequency_penalty"),
        ("presence_penalty", json!(-3), "presence_penalty"),
        ("top_logprobs", json!(1), "top_logprobs"),
        ("n", json!(0), "n"),
        ("max_tokens", json!(-2), "max_tokens"),
        ("logit_bias", json!({"1": 101}), "logit_bias.1"),
        ("logit_bias", json!({"1": "a"}), "logit_bias.1"),
        ("tools", tool("a b", json!({})), "tools[0].function.name"),
        ("tools", tool("", json!({})), "tools[0].function.name"),
        (
            "tools",
            tool(&"a".repeat(65), json!({})),
            "tools[0].function.name",
        ),
        (
            "tools",
            tool("a", json!([])),
            "tools[0].function.parameters",
        ),
        (
            "tools",
            tool(
                "a",
                json!({"items": [{"$ref": "https://a.example/x.json"}]}),
            ),
            "tools[0].function.parameters",
        ),
        ("tool_choice", json!("required"), "tool_choice"),
        (
            "response_format",
            schema("a.b", json!({})),
            "response_format.json_schema.name",
        ),
        (
            "response_format",
            schema("a", json!({"$ref": "x"})),
            "response_format.json_schema.schema",
        ),
        ("labels", Value::Object(many), "labels"),
        ("labels", json!({"a": []}), "labels.a"),
        ("metadata", json!({"a": "x".repeat(513)}), "metadata.a"),
        (
            "extra_headers",
            json!({"authorization": "x"}),
            "extra_headers.authorization",
        ),
        ("fallback_on", json!(["content_filter"]), "fallback_on[0]"),
    ] {
        let error = checked(with(field, value)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{param}");
        assert_eq!(error.data().param.as_deref(), Some(param), "{error}");
    }
}

#[test]
fn fields_that_exclude_each_other() {
    let both = json!({"messages": "hi", "max_tokens": 1, "max_completion_tokens": 2});
    assert_eq!(
        checked(both).unwrap_err().data().param.as_deref(),
        Some("max_completion_tokens")
    );
    let tool = json!({"type": "function", "function": {"name": "look_up"}});
    let twice = with("tools", json!([tool, tool]));
    assert!(
        checked(twice)
            .unwrap_err()
            .to_string()
            .contains("two tools")
    );
    let mut other = with("tools", json!([tool]));
    other["tool_choice"] = json!({"type": "function", "function": {"name": "lookup"}});
    assert!(
        checked(other)
            .unwrap_err()
            .to_string()
            .contains("did you mean `look_up`")
    );
}

#[test]
fn not_a_number_is_in_no_range() {
    let options = Options {
        temperature: Some(f64::NAN),
        ..Options::default()
    };
    assert!(check(&options, &[Message::user("hi")]).is_err());
}

#[test]
fn a_session_id_has_a_length() {
    let param = |id: String| checked(with("session_id", json!(id))).unwrap_err();
    assert!(checked(with("session_id", json!("é".repeat(256)))).is_ok());
    for wrong in [String::new(), "x".repeat(257)] {
        assert_eq!(param(wrong).data().param.as_deref(), Some("session_id"));
    }
}

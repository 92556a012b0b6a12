//! Fields in camelCase, as one of the routes takes them, with the names they have here.
//!
//! Renamed are the fields of a call and those of its messages, parts and formats. What is data (variables, labels,
//! schemas, arguments of tools) keeps its names.

use serde_json::Value;
use slugline::Error;
use slugline::chat::{JsonMap, Options, PromptRequest, Warning};

/// Keys that steer Langtail's own tests: they mean nothing here, and nothing to a provider.
const FOREIGN: &str = "_langtail";

/// Keys within fields: where they stand, and what they are called there.
const MESSAGE: &[&str] = &[
    "cache_control",
    "completion_id",
    "function_call",
    "provider_state",
    "reasoning_content",
    "tool_call_id",
    "tool_calls",
];
const PART: &[&str] = &["cache_control", "image_url", "input_audio"];
const FORMAT: &[&str] = &["json_schema"];
const STREAM: &[&str] = &["include_usage"];

/// The body with our names for its fields, and what is not for anybody here. A field in two spellings is refused.
pub(super) fn renamed(body: JsonMap) -> Result<(JsonMap, Vec<Warning>), Error> {
    let known = |name: &str| Options::NAMES.contains(&name) || PromptRequest::NAMES.contains(&name);
    let mut out = JsonMap::with_capacity(body.len());
    let mut foreign = Vec::new();
    for (key, mut value) in body {
        if key.starts_with(FOREIGN) {
            let message = format!("`{key}` means nothing here; it was left out");
            foreign.push(Warning::param("unknown_parameter", &key, message));
            continue;
        }
        let snake = snake(&key);
        let name = match snake.as_str() {
            // Read by `ask`, in both spellings.
            "do_not_record" => key,
            "max_thinking_tokens" => "thinking_budget".to_owned(),
            _ if known(&snake) => snake,
            _ => key,
        };
        within(&name, &mut value);
        if out.insert(name.clone(), value).is_some() {
            let message = format!("`{name}` is given twice, in two spellings: leave one out");
            return Err(Error::invalid(name, message));
        }
    }
    Ok((out, foreign))
}

/// Renames what a field holds.
fn within(field: &str, value: &mut Value) {
    match (field, value) {
        ("messages" | "template", Value::Array(messages)) => {
            for message in messages {
                keys(message, MESSAGE);
                let parts = message.get_mut("content").and_then(Value::as_array_mut);
                parts
                    .into_iter()
                    .flatten()
                    .for_each(|part| keys(part, PART));
            }
        }
        ("response_format", format) => keys(format, FORMAT),
        ("stream_options", options) => keys(options, STREAM),
        _ => {}
    }
}

/// Renames those keys of an object that mean one of these; a key that is there already stays.
fn keys(value: &mut Value, known: &[&str]) {
    let Value::Object(map) = value else {
        return;
    };
    let camel = |key: &str| key.bytes().any(|byte| byte.is_ascii_uppercase());
    if !map.keys().any(|key| camel(key)) {
        return;
    }
    for (key, value) in std::mem::take(map) {
        let name = snake(&key);
        if camel(&key) && known.contains(&name.as_str()) {
            map.entry(name).or_insert(value);
        } else {
            map.insert(key, value);
        }
    }
}

fn snake(key: &str) -> String {
    let mut out = String::with_capacity(key.len() + 4);
    for c in key.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn camel_case_is_understood() {
        let body = json!({
            "doNotRecord": true, "maxTokens": 5, "top_p": 1, "maxThinkingTokens": 9, "_langtailTestRunId": "x", "minP": 1,
        });
        let (body, foreign) = renamed(body.as_object().cloned().unwrap()).unwrap();
        assert_eq!(
            json!(body),
            json!({"doNotRecord": true, "max_tokens": 5, "top_p": 1, "thinking_budget": 9, "minP": 1})
        );
        assert_eq!(foreign[0].param.as_deref(), Some("_langtailTestRunId"));
    }

    #[test]
    fn a_field_in_two_spellings_is_refused() {
        for (body, field) in [
            (json!({"maxTokens": 5, "max_tokens": 6}), "max_tokens"),
            (
                json!({"thinking_budget": 5, "maxThinkingTokens": 6}),
                "thinking_budget",
            ),
        ] {
            let error = renamed(body.as_object().cloned().unwrap()).unwrap_err();
            assert_eq!(error.data().param.as_deref(), Some(field));
        }
    }

    #[test]
    fn camel_case_is_understood_within_fields_and_not_within_data() {
        let body = json!({
            "messages": [
                {"role": "assistant", "toolCalls": [{"id": "a", "function": {"name": "f", "arguments": "{\"cityName\": 1}"}}]},
                {"role": "tool", "toolCallId": "a", "tool_call_id": "b", "content": [{"type": "image_url", "imageUrl": {"url": "x"}}]},
            ],
            "responseFormat": {"type": "json_schema", "jsonSchema": {"name": "x", "schema": {"properties": {"cityName": {}}}}},
            "streamOptions": {"includeUsage": true},
            "variables": {"firstName": {"lastName": "x"}}, "metadata": {"toolCalls": "x"},
        });
        let (body, _) = renamed(body.as_object().cloned().unwrap()).unwrap();
        assert_eq!(
            json!(body),
            json!({
                "messages": [
                    {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{\"cityName\": 1}"}}]},
                    {"role": "tool", "tool_call_id": "b", "content": [{"type": "image_url", "image_url": {"url": "x"}}]},
                ],
                "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"properties": {"cityName": {}}}}},
                "stream_options": {"include_usage": true},
                "variables": {"firstName": {"lastName": "x"}}, "metadata": {"toolCalls": "x"},
            })
        );
    }
}

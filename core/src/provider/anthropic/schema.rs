//! JSON Schema as Anthropic's structured outputs take it: objects closed, references local, and
//! what cannot be enforced told to the model in the description instead.
//!
//! Source: Anthropic's guide to structured outputs, and what its SDKs do to schemas before sending.

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::transport::limits::JSON_DEPTH;

/// Keywords that are sent as they are.
const CARRIED: &[&str] = &[
    "type",
    "enum",
    "const",
    "default",
    "title",
    "description",
    "required",
    "$ref",
    "pattern",
    "examples",
    "$schema",
    "$id",
    "$comment",
    "nullable",
    "deprecated",
    "readOnly",
    "writeOnly",
];
/// Formats that are enforced.
const FORMATS: &[&str] = &[
    "date-time",
    "time",
    "date",
    "duration",
    "email",
    "hostname",
    "uri",
    "ipv4",
    "ipv6",
    "uuid",
];

/// The schema as it is sent, and the keywords it says in words only.
pub(super) fn fit(schema: &Value, param: &str) -> Result<(Value, Vec<String>)> {
    let mut told = Vec::new();
    let schema = node(schema, param, 0, &mut told)?;
    told.sort();
    told.dedup();
    Ok((schema, told))
}

fn node(schema: &Value, param: &str, depth: usize, told: &mut Vec<String>) -> Result<Value> {
    let Value::Object(schema) = schema else {
        return Ok(schema.clone());
    };
    if depth > JSON_DEPTH {
        let message = format!("`{param}` is nested more than {JSON_DEPTH} deep");
        return Err(Error::invalid(param, message));
    }
    let mut out = Map::with_capacity(schema.len() + 1);
    let mut words = Vec::new();
    for (key, value) in schema {
        let key = key.as_str();
        match key {
            "properties" | "$defs" | "definitions" => {
                out.insert(key.into(), members(value, param, depth, told)?);
            }
            "items" => {
                out.insert(key.into(), node(value, param, depth + 1, told)?);
            }
            "anyOf" | "allOf" => {
                out.insert(key.into(), list(value, param, depth, told)?);
            }
            // The API has no exclusive choice; any of them is the nearest.
            "oneOf" => {
                out.insert("anyOf".into(), list(value, param, depth, told)?);
            }
            "additionalProperties" => {
                if value.is_object() {
                    let message = format!(
                        "`{param}` has an object with keys of any name (`additionalProperties`), which structured outputs do not take; list the properties, or use an array of pairs"
                    );
                    return Err(
                        Error::new(crate::ErrorKind::Unsupported, message).with_param(param)
                    );
                }
                if value == &Value::Bool(true) {
                    told.push(key.to_owned());
                }
            }
            "minItems" if value.as_u64().is_some_and(|least| least <= 1) => {
                out.insert(key.into(), value.clone());
            }
            "format" if value.as_str().is_some_and(|name| FORMATS.contains(&name)) => {
                out.insert(key.into(), value.clone());
            }
            _ if CARRIED.contains(&key) => {
                out.insert(key.into(), value.clone());
            }
            _ => {
                told.push(key.to_owned());
                words.push(format!("{key}: {value}"));
            }
        }
    }
    if !words.is_empty() {
        let mut text = match out.get("description") {
            Some(Value::String(text)) => format!("{text}\n\n"),
            _ => String::new(),
        };
        text.push('{');
        text.push_str(&words.join(", "));
        text.push('}');
        out.insert("description".into(), text.into());
    }
    if is_object(schema) {
        out.insert("additionalProperties".into(), false.into());
    }
    Ok(Value::Object(out))
}

fn is_object(schema: &Map<String, Value>) -> bool {
    match schema.get("type") {
        Some(Value::String(kind)) => kind == "object",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
        _ => schema.contains_key("properties"),
    }
}

fn members(value: &Value, param: &str, depth: usize, told: &mut Vec<String>) -> Result<Value> {
    let Value::Object(members) = value else {
        return Ok(value.clone());
    };
    let mut out = Map::with_capacity(members.len());
    for (name, member) in members {
        out.insert(name.clone(), node(member, param, depth + 1, told)?);
    }
    Ok(Value::Object(out))
}

fn list(value: &Value, param: &str, depth: usize, told: &mut Vec<String>) -> Result<Value> {
    let Value::Array(items) = value else {
        return Ok(value.clone());
    };
    let items: Result<Vec<Value>> = items
        .iter()
        .map(|item| node(item, param, depth + 1, told))
        .collect();
    Ok(Value::Array(items?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn objects_are_closed_and_limits_become_words() {
        let (schema, told) = fit(
            &json!({
                "type": "object",
                "properties": {
                    "z": {"type": "integer", "minimum": 1, "description": "count"},
                    "a": {"type": "array", "items": {"properties": {}}, "minItems": 1, "maxItems": 3},
                    "when": {"type": "string", "format": "date"},
                    "x": {"oneOf": [{"type": "string", "format": "regex"}, {"$ref": "#/$defs/p"}]}
                },
                "required": ["z"],
                "$defs": {"p": {"type": ["object", "null"], "additionalProperties": true}}
            }),
            "response_format",
        )
        .unwrap();
        assert_eq!(
            schema.to_string(),
            json!({
                "type": "object",
                "properties": {
                    "z": {"type": "integer", "description": "count\n\n{minimum: 1}"},
                    "a": {"type": "array", "items": {"properties": {}, "additionalProperties": false}, "minItems": 1, "description": "{maxItems: 3}"},
                    "when": {"type": "string", "format": "date"},
                    "x": {"anyOf": [{"type": "string", "description": "{format: \"regex\"}"}, {"$ref": "#/$defs/p"}]}
                },
                "required": ["z"],
                "$defs": {"p": {"type": ["object", "null"], "additionalProperties": false}},
                "additionalProperties": false
            })
            .to_string()
        );
        assert_eq!(
            told,
            ["additionalProperties", "format", "maxItems", "minimum"]
        );
    }

    #[test]
    fn maps_are_refused_before_sending() {
        let schema = json!({"type": "object", "additionalProperties": {"type": "string"}});
        let error = fit(&schema, "response_format").unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Unsupported);
    }
}

//! The `output` of a prompt file to the format a model must answer in.

use serde_json::{Map, Value};

use crate::chat::ResponseFormat;

/// Longest name of a schema that OpenAI takes.
const MAX_NAME: usize = 64;

/// The response format for a `format` and a JSON Schema. `written_short` says that the schema
/// was written as Picoschema: its optional fields are nullable, so that a strict form of it
/// means the same.
pub(crate) fn response_format(
    format: Option<&str>,
    schema: Option<&Value>,
    name: &str,
    written_short: bool,
) -> Option<ResponseFormat> {
    match (format, schema) {
        (Some("text"), _) => Some(ResponseFormat::Text),
        (_, Some(schema)) => {
            let strict = if written_short {
                strict_form(schema)
            } else {
                schema.clone()
            };
            let is_strict =
                is_closed(&strict) && strict.get("type").is_some_and(|kind| kind == "object");
            Some(ResponseFormat::JsonSchema {
                name: schema_name(name),
                description: text(schema, "description"),
                schema: if is_strict { strict } else { schema.clone() },
                strict: is_strict.then_some(true),
            })
        }
        (Some("json"), None) => Some(ResponseFormat::JsonObject),
        _ => None,
    }
}

fn text(schema: &Value, key: &str) -> Option<String> {
    schema.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// A name of letters, digits, `_` and `-`.
fn schema_name(name: &str) -> String {
    let name: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        })
        .take(MAX_NAME)
        .collect();
    if name.is_empty() {
        "output".to_owned()
    } else {
        name
    }
}

/// The same schema with every property required; where one of them may be absent without being
/// nullable, the schema as it was.
fn strict_form(schema: &Value) -> Value {
    let mut strict = schema.clone();
    if require_all(&mut strict) {
        strict
    } else {
        schema.clone()
    }
}

fn require_all(schema: &mut Value) -> bool {
    let Value::Object(map) = schema else {
        return true;
    };
    if let Some(items) = map.get_mut("items")
        && !require_all(items)
    {
        return false;
    }
    let required: Vec<Value> = match map.get("required") {
        Some(Value::Array(required)) => required.clone(),
        _ => Vec::new(),
    };
    let Some(Value::Object(properties)) = map.get_mut("properties") else {
        return true;
    };
    for (name, property) in properties.iter_mut() {
        let is_required = required.iter().any(|one| one == name);
        if !(is_required || is_nullable(property)) || !require_all(property) {
            return false;
        }
    }
    let names: Vec<Value> = properties.keys().map(|name| name.as_str().into()).collect();
    if !names.is_empty() {
        map.insert("required".to_owned(), names.into());
    }
    true
}

fn is_nullable(schema: &Value) -> bool {
    let in_list = |key: &str, fits: fn(&Value) -> bool| {
        schema
            .get(key)
            .and_then(Value::as_array)
            .is_some_and(|list| list.iter().any(fits))
    };
    in_list("type", |kind| kind == "null")
        || in_list("enum", Value::is_null)
        || schema.get("type").is_some_and(|kind| kind == "null")
}

/// True where every object is closed, every property required, and everything has a type.
fn is_closed(schema: &Value) -> bool {
    let Value::Object(map) = schema else {
        return false;
    };
    let parts_are_closed = ["items", "not", "if", "then", "else"]
        .iter()
        .filter_map(|key| map.get(*key))
        .chain(
            ["anyOf", "oneOf", "allOf", "prefixItems"]
                .iter()
                .filter_map(|key| map.get(*key))
                .filter_map(Value::as_array)
                .flatten(),
        )
        .chain(
            ["$defs", "definitions"]
                .iter()
                .filter_map(|key| map.get(*key))
                .filter_map(Value::as_object)
                .flat_map(Map::values),
        )
        .all(is_closed);
    let says_something = ["type", "enum", "const", "$ref", "anyOf", "oneOf", "allOf"]
        .iter()
        .any(|key| map.contains_key(*key));
    parts_are_closed && says_something && object_is_closed(map)
}

fn object_is_closed(map: &Map<String, Value>) -> bool {
    let is_object = match map.get("type") {
        Some(Value::String(kind)) => kind == "object",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
        _ => map.contains_key("properties"),
    };
    if !is_object {
        return true;
    }
    let empty = Map::new();
    let properties = map
        .get("properties")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    let required = map.get("required").and_then(Value::as_array);
    map.get("additionalProperties") == Some(&Value::Bool(false))
        && properties.iter().all(|(name, property)| {
            is_closed(property)
                && required.is_some_and(|required| required.iter().any(|one| one == name))
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::prompt::picoschema::to_json_schema;
    use serde_json::json;

    fn of(written: Value) -> (Value, Option<bool>) {
        let short = !crate::prompt::picoschema::is_json_schema(&written);
        let schema = to_json_schema(&written, &|_| Ok(None)).unwrap();
        match response_format(None, Some(&schema), "a.b", short) {
            Some(ResponseFormat::JsonSchema {
                schema,
                strict,
                name,
                ..
            }) => {
                assert_eq!(name, "a_b");
                (schema, strict)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn picoschema_becomes_strict_where_it_can() {
        let (schema, strict) =
            of(json!({"a": "string", "b?": "integer", "c(array)": {"d?": "string"}}));
        assert_eq!(strict, Some(true));
        assert_eq!(schema["required"], json!(["a", "b", "c"]));
        assert_eq!(
            schema["properties"]["b"]["type"],
            json!(["integer", "null"])
        );
        assert_eq!(schema["properties"]["c"]["items"]["required"], json!(["d"]));
    }

    #[test]
    fn open_or_untyped_is_not_strict_and_stays_as_it_was() {
        let (schema, strict) = of(json!({"a?": "string", "(*)": "string"}));
        assert_eq!((schema.get("required"), strict), (None, None));
        let (schema, strict) = of(json!({"a": "string", "b?": "any"}));
        assert_eq!((schema["required"].clone(), strict), (json!(["a"]), None));
        assert_eq!(of(json!("string")).1, None);
    }

    #[test]
    fn json_schema_is_never_rewritten() {
        let open = json!({"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "additionalProperties": false});
        assert_eq!(of(open.clone()), (open, None));
        let closed = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false});
        assert_eq!(of(closed.clone()), (closed, Some(true)));
    }

    #[test]
    fn format_alone() {
        assert_eq!(
            response_format(Some("json"), None, "x", false),
            Some(ResponseFormat::JsonObject)
        );
        assert_eq!(
            response_format(Some("text"), Some(&json!({})), "x", false),
            Some(ResponseFormat::Text)
        );
        assert_eq!(response_format(Some("media"), None, "x", false), None);
        assert_eq!(response_format(None, None, "x", false), None);
    }
}

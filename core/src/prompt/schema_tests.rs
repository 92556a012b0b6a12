#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

fn schema(schema: Value) -> InputSchema {
    InputSchema::compile(schema).unwrap()
}

#[test]
fn one_error_lists_every_problem_and_no_value() {
    let schema = schema(json!({
        "type": "object", "additionalProperties": false, "required": ["name", "age"],
        "properties": {
            "name": {"type": "string", "maxLength": 3, "pattern": "^[a-z]+$"},
            "age": {"type": "integer", "minimum": 18},
            "tone": {"enum": ["warm", "cool"]},
            "tags": {"type": "array", "items": {"type": "string"}},
            "mail": {"type": ["string", "null"]},
            "x/y": {"type": "number"},
        },
    }));
    let error = schema
        .check(&json!({"name": "SECRET", "tone": "SECRET", "tags": ["a", 7], "mail": 5, "extra": "SECRET", "x/y": "SECRET"}))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidVariables);
    assert!(!format!("{error} {error:?}").contains("SECRET"));
    let mut pointers: Vec<String> = error.data().details["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| {
            format!(
                "{} {}",
                problem["pointer"].as_str().unwrap(),
                problem["message"].as_str().unwrap()
            )
        })
        .collect();
    pointers.sort();
    assert_eq!(
        pointers,
        [
            "/age is required",
            "/extra is not declared in the schema",
            "/mail must be of type null or string",
            "/name is refused: the value is longer than 3 characters",
            "/name must match the pattern ^[a-z]+$",
            "/tags/1 must be of type string",
            "/tone must be one of [\"warm\",\"cool\"]",
            "/x~1y must be of type number",
        ]
    );
}

#[test]
fn nothing_is_fetched() {
    for reference in [
        "https://example.com/s.json",
        "file:///etc/passwd",
        "other.json",
    ] {
        let error = InputSchema::compile(
            json!({"type": "object", "properties": {"a": {"$ref": reference}}}),
        )
        .unwrap_err();
        assert!(error.contains("never fetched"), "{error}");
    }
    let inner = schema(
        json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"type": "number"}}}),
    );
    assert!(inner.check(&json!({"a": "x"})).is_err());
    assert!(inner.check(&json!({"a": 1})).is_ok());
}

#[test]
fn defaults_and_coercion() {
    let schema = schema(json!({"type": "object", "properties": {
        "n": {"type": "integer", "default": 3}, "s": {"type": "string"}, "either": {"type": ["string", "number"]},
        "list": {"type": "array", "items": {"type": "number"}}, "big": {"type": "integer"},
    }}));
    let mut variables =
        json!({"s": "5", "either": "5", "list": ["1", "x"], "big": "18446744073709551615"});
    schema.fill_defaults(variables.as_object_mut().unwrap());
    schema.coerce(&mut variables);
    assert_eq!(
        variables,
        json!({"s": "5", "either": "5", "list": [1, "x"], "big": u64::MAX, "n": 3})
    );
    let mut null = json!({"n": null});
    schema.fill_defaults(null.as_object_mut().unwrap());
    assert_eq!(null, json!({"n": null}));
}

#[test]
fn a_scalar_schema_applies_to_nothing() {
    let schema = schema(json!({"type": "string"}));
    assert!(!schema.is_applicable());
    assert!(schema.check(&json!({})).is_ok());
}

#[test]
fn a_hostile_pattern_ends() {
    let schema =
        schema(json!({"type": "object", "properties": {"a": {"pattern": "^(?!x)(a+)+$"}}}));
    let start = std::time::Instant::now();
    assert!(
        schema
            .check(&json!({"a": format!("{}!", "a".repeat(5000))}))
            .is_err()
    );
    assert!(start.elapsed().as_secs() < 5);
    assert!(
        InputSchema::compile(json!({"type": "object", "properties": {"a": {"pattern": "("}}}))
            .is_err()
    );
}

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

fn named(name: &str) -> Result<Option<Value>, String> {
    Ok(match name {
        "Foo" => Some(json!({"type": "number", "description": "a foo"})),
        "Pair" => Some(json!({"left": "Foo", "right?": "Foo"})),
        "Loop" => Some(json!({"next?": "Loop"})),
        _ => None,
    })
}

fn read(schema: Value) -> Result<Value, Problem> {
    to_json_schema(&schema, &named)
}

#[test]
fn json_schema_is_told_apart() {
    for (schema, expected) in [
        (json!({"type": "string"}), json!({"type": "string"})),
        (
            json!({"type": ["string", "null"]}),
            json!({"type": ["string", "null"]}),
        ),
        (
            json!({"type": "any", "description": "d"}),
            json!({"description": "d"}),
        ),
        (
            json!({"properties": {"a": {}}}),
            json!({"properties": {"a": {}}, "type": "object"}),
        ),
        (json!({"anyOf": [{}]}), json!({"anyOf": [{}]})),
        (
            json!({"$ref": "#/$defs/a", "$defs": {"a": {}}}),
            json!({"$ref": "#/$defs/a", "$defs": {"a": {}}}),
        ),
        (json!("any"), json!({})),
        (json!("any, thing"), json!({"description": "thing"})),
    ] {
        assert_eq!(read(schema).unwrap(), expected);
    }
}

#[test]
fn optional_fields_allow_null() {
    assert_eq!(
        read(json!({"a?": "string", "b?": "any", "c?(enum)": ["x", null], "d?(array)": "Foo", "e?": null})).unwrap(),
        json!({"type": "object", "additionalProperties": false, "properties": {
            "a": {"type": ["string", "null"]},
            "b": {},
            "c": {"enum": ["x", null]},
            "d": {"type": ["array", "null"], "items": {"type": "number", "description": "a foo"}},
            "e": {"type": "null"},
        }})
    );
}

#[test]
fn names_lead_to_schemas_and_never_round() {
    assert_eq!(
        read(json!("Pair, two")).unwrap(),
        json!({"type": "object", "additionalProperties": false, "required": ["left"], "description": "two", "properties": {
            "left": {"type": "number", "description": "a foo"},
            "right": {"type": ["number", "null"], "description": "a foo"},
        }})
    );
    assert_eq!(
        read(json!({"x": "Loop"})).unwrap_err(),
        problem("/x/next?", "the named schema `Loop` leads back to itself")
    );
}

#[test]
fn problems_have_a_pointer() {
    for (schema, pointer, message) in [
        (
            json!({"a": "strng"}),
            "/a",
            "no schema has the name `strng`: did you mean `string`?",
        ),
        (
            json!({"a": {"b": 1}}),
            "/a/b",
            "a Picoschema has only texts such as `string, what it is` and maps",
        ),
        (
            json!({"a(list)": "string"}),
            "/a(list)",
            "in parentheses stands `array`, `object` or `enum`, not `list`",
        ),
        (
            json!({"a(array": "string"}),
            "/a(array",
            "`a(array` lacks its closing parenthesis",
        ),
        (
            json!({"a(enum)": "x"}),
            "/a(enum)",
            "`a(enum)` must hold a list of values",
        ),
        (
            json!({"a(object)": "string"}),
            "/a(object)",
            "`a(object)` must hold a map of fields",
        ),
        (
            json!({"a": "string", "a?": "string"}),
            "/a?",
            "the field `a` stands here a second time",
        ),
        (json!({"?": "string"}), "/?", "`?` names no field"),
        (
            json!([1]),
            "",
            "a Picoschema has only texts such as `string, what it is` and maps",
        ),
    ] {
        assert_eq!(read(schema).unwrap_err(), problem(pointer, message));
    }
}

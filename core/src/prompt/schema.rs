//! The schema of a prompt's variables: defaults, coercion, and every violation in one error.
//!
//! Takes JSON Schema (draft 2020-12 where none is named), however it was written. References
//! are followed inside the schema only, never to a file or the network.

use std::collections::HashSet;
use std::sync::Arc;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::{Value, json};

use crate::chat::JsonMap;
use crate::{Error, ErrorKind};

/// Steps a pattern with look-around may backtrack before it counts as not matching.
const BACKTRACK_LIMIT: usize = 100_000;

/// A compiled schema of variables.
#[derive(Debug, Clone)]
pub(crate) struct InputSchema {
    schema: Value,
    /// `None` where the schema is not about an object: variables always are one.
    validator: Option<Arc<Validator>>,
    optional: Arc<HashSet<String>>,
}

impl InputSchema {
    /// Compiles a JSON Schema; the error is one sentence about it.
    pub(crate) fn compile(schema: Value) -> Result<InputSchema, String> {
        let validator = if is_about_objects(&schema) {
            Some(Arc::new(validator(&schema)?))
        } else {
            None
        };
        let required: HashSet<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .map(|list| list.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let optional = properties(&schema)
            .filter(|(name, _)| !required.contains(name.as_str()))
            .map(|(name, _)| name.clone())
            .collect();
        Ok(InputSchema {
            schema,
            validator,
            optional: Arc::new(optional),
        })
    }

    /// The schema.
    pub(crate) fn schema(&self) -> &Value {
        &self.schema
    }

    /// Names that may be absent.
    pub(crate) fn optional(&self) -> &HashSet<String> {
        &self.optional
    }

    /// Whether variables can be checked against it at all.
    pub(crate) fn is_applicable(&self) -> bool {
        self.validator.is_some()
    }

    /// Whether it names this variable.
    pub(crate) fn declares(&self, name: &str) -> bool {
        self.schema
            .get("properties")
            .and_then(|properties| properties.get(name))
            .is_some()
    }

    /// Whether it says that names beside its own are welcome.
    pub(crate) fn is_open(&self) -> bool {
        match self.schema.get("additionalProperties") {
            Some(Value::Bool(open)) => *open,
            Some(_) => true,
            None => self.schema.get("patternProperties").is_some(),
        }
    }

    /// Whether the variable is declared safe to stand inside instructions.
    pub(crate) fn is_trusted(&self, name: &str) -> bool {
        self.schema
            .get("properties")
            .and_then(|properties| properties.get(name))
            .and_then(|property| property.get("x-trusted"))
            .and_then(Value::as_bool)
            .unwrap_or(false)
    }

    /// Adds the schema's own `default`s to variables that are absent.
    pub(crate) fn fill_defaults(&self, variables: &mut JsonMap) {
        for (name, property) in properties(&self.schema) {
            if let (Some(default), false) = (property.get("default"), variables.contains_key(name))
            {
                variables.insert(name.clone(), default.clone());
            }
        }
    }

    /// Turns numeric strings into numbers where the schema wants numbers.
    pub(crate) fn coerce(&self, variables: &mut Value) {
        coerce(&self.schema, variables);
    }

    /// Checks variables: one error with every violation.
    pub(crate) fn check(&self, variables: &Value) -> Result<(), Error> {
        let Some(validator) = &self.validator else {
            return Ok(());
        };
        let problems: Vec<(String, String)> = validator
            .iter_errors(variables)
            .flat_map(|e| describe(&e))
            .collect();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(invalid(&problems))
        }
    }
}

/// One `invalid_variables` for all problems: pairs of JSON pointer and sentence.
pub(crate) fn invalid(problems: &[(String, String)]) -> Error {
    let lines: Vec<String> = problems
        .iter()
        .map(|(pointer, message)| {
            let name = pointer.trim_start_matches('/').replace('/', ".");
            if name.is_empty() {
                message.clone()
            } else {
                format!("`{name}` {message}")
            }
        })
        .collect();
    let details: Vec<Value> = problems
        .iter()
        .map(|(pointer, message)| json!({"pointer": pointer, "message": message}))
        .collect();
    Error::new(
        ErrorKind::InvalidVariables,
        format!("the variables do not fit the prompt: {}", lines.join("; ")),
    )
    .with_param("variables")
    .with_detail("problems", details)
}

fn validator(schema: &Value) -> Result<Validator, String> {
    let options = || jsonschema::options().offline();
    // The linear engine first: a pattern of a prompt meets texts of strangers.
    let linear = options()
        .with_pattern_options(PatternOptions::regex())
        .build(schema);
    linear
        .or_else(|_| {
            let patterns = PatternOptions::fancy_regex().backtrack_limit(BACKTRACK_LIMIT);
            options().with_pattern_options(patterns).build(schema)
        })
        .map_err(|error| match error.kind() {
            ValidationErrorKind::Referencing(_) => {
                "it refers to a schema outside the file, which is never fetched".to_owned()
            }
            _ => format!(
                "not a valid JSON Schema at `{}`: {}",
                error.instance_path(),
                error.masked()
            ),
        })
}

fn is_about_objects(schema: &Value) -> bool {
    match schema.get("type") {
        None => true,
        Some(Value::String(kind)) => kind == "object",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
        Some(_) => true,
    }
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

fn coerce(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, property) in properties(schema) {
                if let Some(value) = map.get_mut(name) {
                    coerce(property, value);
                }
            }
        }
        Value::Array(list) => {
            if let Some(items) = schema.get("items") {
                list.iter_mut().for_each(|value| coerce(items, value));
            }
        }
        Value::String(text) => {
            if let Some(number) = wanted_number(schema, text) {
                *value = number;
            }
        }
        _ => {}
    }
}

fn wanted_number(schema: &Value, text: &str) -> Option<Value> {
    let wants = |word: &str| match schema.get("type") {
        Some(Value::String(kind)) => kind == word,
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == word),
        _ => false,
    };
    if wants("string") || !(wants("number") || wants("integer")) {
        return None;
    }
    let text = text.trim();
    let value: Value = serde_json::from_str(text).ok()?;
    value.is_number().then_some(value)
}

/// The pointers and sentences of one violation, without any value.
fn describe(error: &ValidationError<'_>) -> Vec<(String, String)> {
    let at = error.instance_path().to_string();
    let below = |name: &str| super::yaml::child(&at, name);
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            vec![(below(name), "is required".to_owned())]
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => unexpected
            .iter()
            .map(|name| (below(name), "is not declared in the schema".to_owned()))
            .collect(),
        ValidationErrorKind::Type { kind } => {
            let words = match kind {
                TypeKind::Single(kind) => kind.to_string(),
                TypeKind::Multiple(kinds) => {
                    let words: Vec<String> = kinds.iter().map(|kind| kind.to_string()).collect();
                    words.join(" or ")
                }
            };
            vec![(at, format!("must be of type {words}"))]
        }
        ValidationErrorKind::Enum { options } => vec![(at, format!("must be one of {options}"))],
        ValidationErrorKind::Constant { expected_value } => {
            vec![(at, format!("must be {expected_value}"))]
        }
        ValidationErrorKind::Pattern { pattern } => {
            vec![(at, format!("must match the pattern {pattern}"))]
        }
        ValidationErrorKind::Format { format } => vec![(at, format!("must be a {format}"))],
        ValidationErrorKind::PropertyNames { .. } => {
            vec![(at, "has a key that is not allowed".to_owned())]
        }
        _ => {
            let text = error.masked_with("the value").to_string();
            vec![(at, format!("is refused: {text}"))]
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
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
}

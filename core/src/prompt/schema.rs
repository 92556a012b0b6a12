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

    /// Names of the variables it declares.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        properties(&self.schema).map(|(name, _)| name)
    }

    /// Names of fields inside its variables, at any depth.
    pub(crate) fn nested_names(&self) -> HashSet<&str> {
        let mut names = HashSet::new();
        let mut queue: Vec<&Value> = properties(&self.schema)
            .map(|(_, property)| property)
            .collect();
        while let Some(schema) = queue.pop() {
            for (name, property) in properties(schema) {
                names.insert(name.as_str());
                queue.push(property);
            }
            queue.extend(schema.get("items"));
            queue.extend(schema.get("additionalProperties"));
        }
        names
    }

    /// Whether a variable that it does not declare is refused.
    pub(crate) fn is_closed(&self) -> bool {
        self.schema.get("additionalProperties") == Some(&Value::Bool(false))
    }

    /// Whether the variable can only be a number, a flag, or one of given values.
    pub(crate) fn is_harmless(&self, name: &str) -> bool {
        let Some(property) = self
            .schema
            .get("properties")
            .and_then(|properties| properties.get(name))
        else {
            return false;
        };
        let harmless = |kind: &Value| {
            matches!(
                kind.as_str(),
                Some("number" | "integer" | "boolean" | "null")
            )
        };
        let by_type = match property.get("type") {
            Some(Value::Array(kinds)) => kinds.iter().all(harmless),
            Some(kind) => harmless(kind),
            None => false,
        };
        by_type || property.get("enum").is_some() || property.get("const").is_some()
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

    /// What is wrong with some of the variables, whatever the others will be: pointers and sentences.
    pub(crate) fn misfits(&self, some: &Value) -> Vec<(String, String)> {
        let mut problems = self.problems(some);
        problems.retain(|(pointer, _)| some.pointer(pointer).is_some());
        problems
    }

    fn problems(&self, variables: &Value) -> Vec<(String, String)> {
        match &self.validator {
            Some(validator) => validator
                .iter_errors(variables)
                .flat_map(|error| describe(&error))
                .collect(),
            None => Vec::new(),
        }
    }

    /// Checks variables: one error with every violation.
    pub(crate) fn check(&self, variables: &Value) -> Result<(), Error> {
        let problems = self.problems(variables);
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
    let below = |name: &str| super::place::child(&at, name);
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
#[path = "schema_tests.rs"]
mod tests;

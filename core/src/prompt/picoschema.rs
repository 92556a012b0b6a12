//! Picoschema to JSON Schema, and the rule that tells the two apart.
//!
//! Follows Dotprompt's implementation, edge cases included. Checking data against the outcome
//! is left to `schema`.

use serde_json::{Map, Value, json};

const SCALARS: &[&str] = &["string", "boolean", "null", "number", "integer", "any"];
const WILDCARD: &str = "(*)";
/// Named schemas that name others, at most so many deep.
const MAX_NAMES: usize = 16;

/// What is wrong with a schema, and where in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    /// JSON pointer from the schema's root.
    pub(crate) pointer: String,
    /// One sentence.
    pub(crate) message: String,
}

/// Finds a named schema as it was written, or says why it cannot be read.
pub(crate) type Lookup<'a> = dyn Fn(&str) -> Result<Option<Value>, String> + 'a;

/// Turns a schema as written, Picoschema or JSON Schema, into JSON Schema.
pub(crate) fn to_json_schema(schema: &Value, named: &Lookup) -> Result<Value, Problem> {
    Reading {
        named,
        names: Vec::new(),
    }
    .top(schema, "")
}

/// True where a schema as written is taken for JSON Schema: its top level has a `type` of JSON
/// Schema or `properties`, or a keyword that Picoschema could only refuse.
pub(crate) fn is_json_schema(schema: &Value) -> bool {
    let Some(map) = schema.as_object() else {
        return false;
    };
    let is_type = |word: &Value| {
        word.as_str()
            .is_some_and(|word| SCALARS.contains(&word) || matches!(word, "object" | "array"))
    };
    match map.get("type") {
        Some(Value::Array(types)) if types.iter().all(is_type) => return true,
        Some(word) if is_type(word) => return true,
        _ => {}
    }
    map.get("properties").is_some_and(Value::is_object)
        || map.contains_key("$ref")
        || map.contains_key("$schema")
        || ["anyOf", "oneOf", "allOf", "enum"]
            .iter()
            .any(|word| map.get(*word).is_some_and(Value::is_array))
}

struct Reading<'a> {
    named: &'a Lookup<'a>,
    /// Named schemas under way, for cycles.
    names: Vec<String>,
}

impl Reading<'_> {
    fn top(&mut self, schema: &Value, at: &str) -> Result<Value, Problem> {
        match schema {
            Value::String(text) => self.scalar(text, at),
            Value::Object(map) if is_json_schema(schema) => {
                let mut map = map.clone();
                match map.get("type").and_then(Value::as_str) {
                    // Dotprompt leaves `any` there, which is no type of JSON Schema.
                    Some("any") => {
                        map.shift_remove("type");
                    }
                    None if map.contains_key("properties") && !map.contains_key("type") => {
                        map.insert("type".to_owned(), "object".into());
                    }
                    _ => {}
                }
                Ok(Value::Object(map))
            }
            other => self.pico(other, at),
        }
    }

    fn pico(&mut self, schema: &Value, at: &str) -> Result<Value, Problem> {
        match schema {
            Value::String(text) => self.scalar(text, at),
            // `null` without quotes is the type of that name.
            Value::Null => Ok(json!({"type": "null"})),
            Value::Object(map) => self.object(map, at),
            _ => Err(problem(
                at,
                "a Picoschema has only texts such as `string, what it is` and maps",
            )),
        }
    }

    fn scalar(&mut self, text: &str, at: &str) -> Result<Value, Problem> {
        let (word, description) = describe(text);
        let mut schema = if word == "any" {
            Map::new()
        } else if SCALARS.contains(&word) {
            Map::from_iter([("type".to_owned(), word.into())])
        } else {
            self.name(word, at)?
        };
        if let Some(description) = description {
            schema.insert("description".to_owned(), description.into());
        }
        Ok(Value::Object(schema))
    }

    fn name(&mut self, name: &str, at: &str) -> Result<Map<String, Value>, Problem> {
        if self.names.iter().any(|under_way| under_way == name) || self.names.len() >= MAX_NAMES {
            return Err(problem(
                at,
                format!("the named schema `{name}` leads back to itself"),
            ));
        }
        let written = (self.named)(name)
            .map_err(|why| problem(at, why))?
            .ok_or_else(|| unknown(name, at))?;
        self.names.push(name.to_owned());
        let schema = self.top(&written, at)?;
        self.names.pop();
        match schema {
            Value::Object(map) => Ok(map),
            _ => Ok(Map::new()),
        }
    }

    fn object(&mut self, fields: &Map<String, Value>, at: &str) -> Result<Value, Problem> {
        let mut properties = Map::new();
        let mut required = Vec::new();
        let mut additional = Value::Bool(false);
        for (key, written) in fields {
            let here = super::place::child(at, key);
            if key == WILDCARD {
                additional = self.pico(written, &here)?;
                continue;
            }
            let field = Field::read(key).map_err(|why| problem(&here, why))?;
            let mut schema = match field.kind {
                None => self.pico(written, &here)?,
                Some("array") => json!({"type": "array", "items": self.pico(written, &here)?}),
                Some("object") => match self.pico(written, &here)? {
                    schema if written.is_object() => schema,
                    _ => return Err(problem(&here, format!("`{key}` must hold a map of fields"))),
                },
                Some("enum") => match written {
                    Value::Array(values) => json!({"enum": values}),
                    _ => {
                        return Err(problem(
                            &here,
                            format!("`{key}` must hold a list of values"),
                        ));
                    }
                },
                Some(other) => {
                    return Err(problem(
                        &here,
                        format!("in parentheses stands `array`, `object` or `enum`, not `{other}`"),
                    ));
                }
            };
            if let Value::Object(schema) = &mut schema {
                if field.optional {
                    allow_null(schema);
                }
                if let Some(description) = field.description {
                    schema.insert("description".to_owned(), description.into());
                }
            }
            if !field.optional {
                required.push(Value::from(field.name));
            }
            if properties.insert(field.name.to_owned(), schema).is_some() {
                return Err(problem(
                    &here,
                    format!("the field `{}` stands here a second time", field.name),
                ));
            }
        }
        let mut schema = Map::new();
        schema.insert("type".to_owned(), "object".into());
        schema.insert("properties".to_owned(), properties.into());
        if !required.is_empty() {
            schema.insert("required".to_owned(), required.into());
        }
        schema.insert("additionalProperties".to_owned(), additional);
        Ok(Value::Object(schema))
    }
}

/// A key such as `tags?(array, list of tags)`.
struct Field<'a> {
    name: &'a str,
    optional: bool,
    kind: Option<&'a str>,
    description: Option<&'a str>,
}

impl<'a> Field<'a> {
    fn read(key: &'a str) -> Result<Field<'a>, String> {
        let (name, rest) = match key.split_once('(') {
            Some((name, rest)) => match rest.trim_end().strip_suffix(')') {
                Some(inner) => (name, Some(inner)),
                None => return Err(format!("`{key}` lacks its closing parenthesis")),
            },
            None => (key, None),
        };
        let name = name.trim();
        let (name, optional) = match name.strip_suffix('?') {
            Some(name) => (name.trim_end(), true),
            None => (name, false),
        };
        if name.is_empty() {
            return Err(format!("`{key}` names no field"));
        }
        let (kind, description) = match rest.map(describe) {
            Some((kind, description)) => (Some(kind), description),
            None => (None, None),
        };
        Ok(Field {
            name,
            optional,
            kind,
            description,
        })
    }
}

/// The field a key such as `tags?(array)` names.
pub(crate) fn field_name(key: &str) -> Option<&str> {
    Field::read(key).ok().map(|field| field.name)
}

/// Cuts `type, description` at the first comma.
fn describe(text: &str) -> (&str, Option<&str>) {
    match text.split_once(',') {
        Some((word, description)) => {
            let description = description.trim_start_matches(' ');
            (
                word.trim(),
                (!description.is_empty()).then_some(description),
            )
        }
        None => (text.trim(), None),
    }
}

fn allow_null(schema: &mut Map<String, Value>) {
    match schema.get_mut("type") {
        Some(kind @ Value::String(_)) if kind != "null" => {
            let word = kind.take();
            *kind = Value::Array(vec![word, "null".into()]);
        }
        Some(Value::Array(kinds)) if !kinds.iter().any(|kind| kind == "null") => {
            kinds.push("null".into());
        }
        _ => {}
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum")
        && !values.iter().any(Value::is_null)
    {
        values.push(Value::Null);
    }
}

fn unknown(name: &str, at: &str) -> Problem {
    let types = SCALARS.iter().copied().chain(["array", "object", "enum"]);
    let hint = match crate::nearest::nearest(name, types) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "types are string, number, integer, boolean, null and any; others need a file in `schemas`".to_owned(),
    };
    problem(at, format!("no schema has the name `{name}`: {hint}"))
}

fn problem(pointer: &str, message: impl Into<String>) -> Problem {
    Problem {
        pointer: pointer.to_owned(),
        message: message.into(),
    }
}

#[cfg(test)]
#[path = "picoschema_tests.rs"]
mod tests;

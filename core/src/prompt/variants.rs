//! Variants: the arms of the A/B test that a prompt with variants is.
//!
//! Read from the front matter of a prompt, or from `prompt.yaml`. Which one a call gets is
//! decided by `assign`; which file a variant has, by the store.

use serde_json::Value;

use super::frontmatter::Reader;
use super::parameters;
use super::place::child;
use super::slug;
use crate::chat::{JsonMap, Options};
use crate::{Error, Result};

const KEYS: &[&str] = &["weight", "file", "model", "config", "description"];

/// One variant of a prompt.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VariantSpec {
    /// Its name, which is the arm's name.
    pub name: String,
    /// Its share of the draw, relative to the others; 0 is reached by name only.
    pub weight: f64,
    /// What it tries, in words.
    pub description: Option<String>,
    /// The file that replaces the prompt's, as written: relative to the prompt's folder.
    pub file: Option<String>,
    /// Model and parameters that win over the prompt's.
    pub options: Options,
}

/// Reads `variants`, a map of name to `{weight, file, model, config, description}`.
pub(crate) fn read(reader: &Reader, pointer: &str, value: &Value) -> Result<Vec<VariantSpec>> {
    let map = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Object(map) => map,
        _ => return Err(reader.error(pointer, "`variants` must be a map of names to settings")),
    };
    let mut variants = Vec::with_capacity(map.len());
    for (name, value) in map {
        let at = child(pointer, name);
        if !slug::is_label(name) {
            return Err(reader.key_error(
                &at,
                format!(
                    "the variant {} is not allowed: letters, digits, `_` and `-` only",
                    slug::shown(name)
                ),
            ));
        }
        let empty = JsonMap::new();
        let fields = match value {
            Value::Null => &empty,
            Value::Object(fields) => fields,
            _ => return Err(reader.error(&at, "a variant must be a map such as `{weight: 10}`")),
        };
        variants.push(one(reader, &at, name, fields)?);
    }
    Ok(variants)
}

fn one(reader: &Reader, at: &str, name: &str, fields: &JsonMap) -> Result<VariantSpec> {
    if let Some(key) = fields.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(reader.unknown(&child(at, key), key, KEYS.iter().copied()));
    }
    let weight = match fields.get("weight") {
        None | Some(Value::Null) => 1.0,
        Some(value) => value
            .as_f64()
            .filter(|weight| *weight >= 0.0)
            .ok_or_else(|| {
                reader.error(&child(at, "weight"), "`weight` must be a number from 0")
            })?,
    };
    let mut options = Options {
        model: reader.texts(fields, at, "model")?,
        ..Options::default()
    };
    if let Some(config) = reader.map(fields, at, "config")? {
        parameters::read(reader, &child(at, "config"), &config, &mut options)?;
    }
    Ok(VariantSpec {
        name: name.to_owned(),
        weight,
        description: reader.text(fields, at, "description")?,
        file: reader.text(fields, at, "file")?,
        options,
    })
}

/// The error for a variant that a prompt does not have.
pub(crate) fn not_found<'a>(
    slug: &str,
    name: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Error {
    let names: Vec<&str> = names.into_iter().collect();
    let message = if names.is_empty() {
        format!(
            "the prompt `{slug}` has no variants, so no {}",
            slug::shown(name)
        )
    } else {
        format!(
            "the prompt `{slug}` has no variant {}: it has {}",
            slug::shown(name),
            names.join(", ")
        )
    };
    let near = crate::nearest::several(name, names.iter().copied(), 3)
        .into_iter()
        .map(str::to_owned)
        .collect();
    Error::not_found("variant", message, near)
        .with_param("variant")
        .with_detail("variants", names)
}

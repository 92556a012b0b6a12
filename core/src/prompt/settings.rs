//! Our own keys of a prompt file: `slugline.missing`, `slugline.unused`, `slugline.max_ttft_ms` ..
//!
//! Written with a dot so that other Dotprompt tools load the file and leave them alone. Policies
//! of a call become options; the rest decides how variables and texts are treated.

use serde_json::Value;

use super::frontmatter::{FrontMatter, Reader};
use super::parameters::{self, POLICIES};
use super::place::child;
use crate::Result;
use crate::chat::{JsonMap, Options};
use crate::template::MissingPolicy;

const KEYS: &[&str] = &[
    "missing",
    "unused",
    "coerce",
    "trim",
    "dynamic_partials",
    "trusted",
    "output_name",
    "variants",
    "salt",
];

/// How a prompt treats its variables and texts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// What a missing variable does; the engine's policy when absent.
    pub missing: Option<MissingPolicy>,
    /// What a variable does that nothing uses.
    pub unused: Unused,
    /// Numeric strings become numbers where the schema wants numbers.
    pub coerce: bool,
    /// Texts are sent to the last byte, white space at their end included.
    pub exact: bool,
    /// Names a computed partial may have.
    pub dynamic_partials: Vec<String>,
    /// Variables that may stand inside instructions, for lint.
    pub trusted: Vec<String>,
    /// The name of the output schema; made from the slug when absent.
    pub output_name: Option<String>,
}

/// What a variable does that neither template nor schema knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unused {
    /// A warning with the result.
    #[default]
    Warn,
    /// `invalid_variables`.
    Error,
    /// Nothing.
    Ignore,
}

impl Settings {
    /// Reads `slugline.*`; policies of the call go to `options`.
    pub(crate) fn read(
        reader: &Reader,
        front: &FrontMatter,
        options: &mut Options,
    ) -> Result<Settings> {
        let mut settings = Settings::default();
        for (name, value, pointer) in entries(reader, front)? {
            if value.is_null() || matches!(name, "variants" | "salt") {
                continue;
            }
            if POLICIES.contains(&name) {
                parameters::read_policy(reader, &pointer, name, value, options)?;
                continue;
            }
            let wrong = |expected: &str| {
                reader.error(&pointer, format!("`slugline.{name}` must be {expected}"))
            };
            match name {
                "missing" => {
                    settings.missing = Some(match value.as_str() {
                        Some("error") => MissingPolicy::Error,
                        Some("empty") => MissingPolicy::Empty,
                        Some("keep") => MissingPolicy::Keep,
                        _ => return Err(wrong("`error`, `empty` or `keep`")),
                    });
                }
                "unused" => {
                    settings.unused = match value.as_str() {
                        Some("warn") => Unused::Warn,
                        Some("error") => Unused::Error,
                        Some("ignore") => Unused::Ignore,
                        _ => return Err(wrong("`warn`, `error` or `ignore`")),
                    };
                }
                "trim" => {
                    settings.exact = match value.as_str() {
                        Some("exact") => true,
                        Some("end") => false,
                        _ => return Err(wrong("`end` or `exact`")),
                    };
                }
                "coerce" => {
                    settings.coerce = value.as_bool().ok_or_else(|| wrong("true or false"))?
                }
                "output_name" => {
                    settings.output_name =
                        Some(value.as_str().ok_or_else(|| wrong("a string"))?.to_owned());
                }
                "dynamic_partials" | "trusted" => {
                    let names = value
                        .as_array()
                        .and_then(|list| {
                            list.iter()
                                .map(|name| name.as_str().map(str::to_owned))
                                .collect()
                        })
                        .ok_or_else(|| wrong("a list of names"))?;
                    match name {
                        "trusted" => settings.trusted = names,
                        _ => settings.dynamic_partials = names,
                    }
                }
                _ => {
                    let known = KEYS.iter().chain(POLICIES).copied();
                    return Err(reader.unknown(&pointer, name, known));
                }
            }
        }
        Ok(settings)
    }
}

/// `variants` and `salt`, as plain keys or under `slugline`: value and pointer.
pub(crate) fn own<'a>(front: &'a FrontMatter, key: &str) -> Option<(&'a Value, String)> {
    let dotted = format!("slugline.{key}");
    for (map, name, parent) in [
        (Some(&front.raw), key, ""),
        (Some(&front.raw), dotted.as_str(), ""),
        (
            front.raw.get("slugline").and_then(Value::as_object),
            key,
            "/slugline",
        ),
    ] {
        if let Some(value) = map.and_then(|map| map.get(name)) {
            return Some((value, child(parent, name)));
        }
    }
    None
}

/// Every `slugline.NAME` of a header, and every key of a plain map `slugline`.
fn entries<'a>(
    reader: &Reader,
    front: &'a FrontMatter,
) -> Result<Vec<(&'a str, &'a Value, String)>> {
    let mut entries = Vec::new();
    for (key, value) in &front.raw {
        if let Some(name) = key.strip_prefix("slugline.") {
            entries.push((name, value, child("", key)));
        } else if key == "slugline" {
            let map: &JsonMap = match value {
                Value::Object(map) => map,
                Value::Null => continue,
                _ => return Err(reader.wrong("", key, "a map")),
            };
            entries.extend(
                map.iter()
                    .map(|(name, value)| (name.as_str(), value, child("/slugline", name))),
            );
        }
    }
    Ok(entries)
}

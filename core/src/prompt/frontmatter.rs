//! The header of a `.prompt` file: where it ends, and what Dotprompt's keys say.
//!
//! `yaml` gives values with places; here they become fields, checked by type. Our own keys
//! (`slugline.*`) are left to `settings`, model parameters to `parameters`, schemas to
//! `picoschema`.

use serde_json::Value;

use super::place::{Spot, Tree, child, error_at};
use super::yaml;
use crate::chat::JsonMap;
use crate::nearest::nearest;
use crate::{Error, Result};

/// Most bytes of front matter.
pub(crate) const MAX_HEADER: usize = 256 * 1024;
/// Most bytes of a body, and of a partial.
pub(crate) const MAX_BODY: usize = 1024 * 1024;

/// Dotprompt's keys.
const DOTPROMPT: &[&str] = &[
    "name",
    "variant",
    "version",
    "description",
    "model",
    "config",
    "input",
    "output",
    "tools",
    "toolDefs",
    "metadata",
    "ext",
    "raw",
];
/// Ours, which other tools leave alone.
const OWN: &[&str] = &["variants", "salt", "slugline"];
/// Those of messages files only.
const MESSAGES: &[&str] = &["messages", "model_params"];

/// The key that an unknown plain one is near to; `None` for a known one.
pub(crate) fn nearest_key(key: &str) -> Option<&'static str> {
    let known = || DOTPROMPT.iter().chain(OWN).chain(MESSAGES).copied();
    if known().any(|name| name == key) {
        None
    } else {
        nearest(key, known())
    }
}

/// A source cut in two.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Split<'a> {
    /// The YAML between the `---` lines, and the line of the file it starts on.
    pub(crate) header: Option<(&'a str, u32)>,
    /// The text after it, trimmed at both ends; without a header the whole source.
    pub(crate) body: &'a str,
    /// Where the body starts.
    pub(crate) body_at: Spot,
}

/// Cuts a `.prompt` source into front matter and body.
///
/// A byte order mark is dropped. Lines that are blank or start with `#` may stand before the
/// opening `---`. A closing `---` may be the end of the file. Without an opening `---` the whole
/// source is the body, untouched; an opening one that is never closed is an error, because what
/// follows it would otherwise be sent to the model.
pub(crate) fn split<'a>(file: &str, source: &'a str) -> Result<Split<'a>> {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let whole = Split {
        header: None,
        body: source,
        body_at: Spot { line: 1, column: 1 },
    };
    let mut lines = Lines::new(source);
    let open = loop {
        match lines.next() {
            Some(line) if line.is_fence() => break line,
            Some(line) if line.text.starts_with('#') || line.text.trim().is_empty() => {}
            _ => return within(file, whole),
        }
    };
    let close = loop {
        match lines.next() {
            Some(line) if line.is_fence() => break line,
            Some(_) => {}
            None => {
                return Err(error_at(
                    file,
                    Spot {
                        line: open.number,
                        column: 1,
                    },
                    "the front matter that opens here is never closed: end it with a line `---`",
                ));
            }
        }
    };
    let rest = &source[close.end..];
    let body = rest.trim();
    let before = &rest[..rest.len() - rest.trim_start().len()];
    let split = Split {
        header: Some((&source[open.end..close.start], open.number + 1)),
        body,
        body_at: advance(
            Spot {
                line: close.number + 1,
                column: 1,
            },
            before,
        ),
    };
    within(file, split)
}

fn within<'a>(file: &str, split: Split<'a>) -> Result<Split<'a>> {
    if let Some((header, line)) = split.header
        && header.len() > MAX_HEADER
    {
        let spot = Spot { line, column: 1 };
        return Err(error_at(
            file,
            spot,
            "the front matter is larger than 256 KB",
        ));
    }
    if split.body.len() > MAX_BODY {
        return Err(error_at(
            file,
            split.body_at,
            "the body is larger than 1 MB",
        ));
    }
    Ok(split)
}

/// Whether a source has front matter.
pub(crate) fn has_header(source: &str) -> bool {
    matches!(
        split("", source),
        Ok(Split {
            header: Some(_),
            ..
        })
    )
}

/// The place after `text` that starts at `spot`.
fn advance(spot: Spot, text: &str) -> Spot {
    let newlines = text.bytes().filter(|b| *b == b'\n').count();
    let last = text.rsplit('\n').next().unwrap_or_default().chars().count();
    Spot {
        line: spot.line + u32::try_from(newlines).unwrap_or(0),
        column: if newlines == 0 { spot.column } else { 1 } + u32::try_from(last).unwrap_or(0),
    }
}

struct Line<'a> {
    text: &'a str,
    number: u32,
    start: usize,
    end: usize,
}

impl Line<'_> {
    fn is_fence(&self) -> bool {
        self.text
            .strip_prefix("---")
            .is_some_and(|rest| rest.trim().is_empty())
    }
}

struct Lines<'a> {
    source: &'a str,
    at: usize,
    number: u32,
}

impl<'a> Lines<'a> {
    fn new(source: &'a str) -> Self {
        Lines {
            source,
            at: 0,
            number: 0,
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let rest = &self.source[self.at..];
        if rest.is_empty() {
            return None;
        }
        let end = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let line = Line {
            text: &rest[..end],
            number: self.number + 1,
            start: self.at,
            end: self.at + end,
        };
        self.at += end;
        self.number += 1;
        Some(line)
    }
}

/// What a header says under Dotprompt's keys.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct FrontMatter {
    pub(crate) name: Option<String>,
    pub(crate) variant: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) description: Option<String>,
    /// Model names in the order to try.
    pub(crate) model: Vec<String>,
    pub(crate) config: JsonMap,
    /// `input.schema` as written.
    pub(crate) input_schema: Option<Value>,
    /// `input.default`.
    pub(crate) input_default: JsonMap,
    /// `output.format`.
    pub(crate) output_format: Option<String>,
    /// `output.schema` as written.
    pub(crate) output_schema: Option<Value>,
    /// `tools` as written; `None` where absent.
    pub(crate) tools: Option<Vec<Value>>,
    /// `toolDefs` as written.
    pub(crate) tool_defs: Vec<Value>,
    pub(crate) metadata: JsonMap,
    /// Values of dotted keys by what stands before the last dot.
    pub(crate) ext: JsonMap,
    /// The whole header.
    pub(crate) raw: JsonMap,
}

/// Which keys a header may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    /// Any: unknown plain ones live in `raw` only, as in Dotprompt.
    Open,
    /// Those of a messages file; an unknown plain one is an error.
    Messages,
}

impl FrontMatter {
    /// Reads the fields of a parsed header.
    pub(crate) fn read(file: &str, tree: &Tree, keys: Keys) -> Result<FrontMatter> {
        let reader = Reader { file, tree };
        let raw = match &tree.value {
            Value::Null => JsonMap::new(),
            Value::Object(map) => map.clone(),
            _ => {
                let what = match keys {
                    Keys::Open => {
                        "the front matter must be a map of keys (does the text start with a line `---`?)"
                    }
                    Keys::Messages => "a messages file must be a map with `messages`",
                };
                return Err(reader.error("", what));
            }
        };
        let mut front = FrontMatter {
            name: reader.text(&raw, "", "name")?,
            variant: reader.text(&raw, "", "variant")?,
            version: reader.label(&raw, "version")?,
            description: reader.text(&raw, "", "description")?,
            model: reader.texts(&raw, "", "model")?,
            config: reader.map(&raw, "", "config")?.unwrap_or_default(),
            metadata: reader.map(&raw, "", "metadata")?.unwrap_or_default(),
            tools: reader.list(&raw, "", "tools")?,
            tool_defs: reader.list(&raw, "", "toolDefs")?.unwrap_or_default(),
            ..FrontMatter::default()
        };
        if let Some(input) = reader.map(&raw, "", "input")? {
            front.input_default = reader.map(&input, "/input", "default")?.unwrap_or_default();
            front.input_schema = input
                .get("schema")
                .filter(|schema| !schema.is_null())
                .cloned();
        }
        if let Some(output) = reader.map(&raw, "", "output")? {
            front.output_format = reader.text(&output, "/output", "format")?;
            front.output_schema = output
                .get("schema")
                .filter(|schema| !schema.is_null())
                .cloned();
        }
        front.ext = reader.map(&raw, "", "ext")?.unwrap_or_default();
        for (key, value) in &raw {
            if let Some((space, name)) = key.rsplit_once('.') {
                let entry = front
                    .ext
                    .entry(space.to_owned())
                    .or_insert_with(|| JsonMap::new().into());
                if let Value::Object(entry) = entry {
                    entry.insert(name.to_owned(), value.clone());
                }
            } else if keys == Keys::Messages {
                reader.known(key)?;
            }
        }
        front.raw = raw;
        Ok(front)
    }
}

/// Reads typed fields and says where a wrong one stands.
pub(crate) struct Reader<'a> {
    pub(crate) file: &'a str,
    pub(crate) tree: &'a Tree,
}

impl Reader<'_> {
    /// An error at the value with this pointer.
    pub(crate) fn error(&self, pointer: &str, message: impl Into<String>) -> Error {
        error_at(self.file, self.tree.spot(pointer), message)
    }

    /// An error at the key of the value with this pointer.
    pub(crate) fn key_error(&self, pointer: &str, message: impl Into<String>) -> Error {
        error_at(self.file, self.tree.key_spot(pointer), message)
    }

    /// The error for a key that is not among the known ones.
    pub(crate) fn unknown<'k>(
        &self,
        pointer: &str,
        key: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Error {
        let message = match nearest(key, known) {
            Some(near) => format!("unknown key `{key}`: did you mean `{near}`?"),
            None => format!("unknown key `{key}`"),
        };
        self.key_error(pointer, message)
    }

    fn known(&self, key: &str) -> Result<()> {
        let known = || DOTPROMPT.iter().chain(OWN).chain(MESSAGES).copied();
        if known().any(|name| name == key) {
            return Ok(());
        }
        Err(self.unknown(&child("", key), key, known()))
    }

    /// An optional string.
    pub(crate) fn text(&self, map: &JsonMap, parent: &str, key: &str) -> Result<Option<String>> {
        match map.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.wrong(parent, key, "a string")),
        }
    }

    /// An optional string, which YAML may have read as a number: `version: 2`.
    fn label(&self, map: &JsonMap, key: &str) -> Result<Option<String>> {
        match map.get(key) {
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            _ => self.text(map, "", key),
        }
    }

    /// An optional string or list of strings.
    pub(crate) fn texts(&self, map: &JsonMap, parent: &str, key: &str) -> Result<Vec<String>> {
        match map.get(key) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(vec![text.clone()]),
            Some(Value::Array(list)) => list
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .ok_or_else(|| self.wrong(parent, key, "a string or a list of strings")),
            Some(_) => Err(self.wrong(parent, key, "a string or a list of strings")),
        }
    }

    /// An optional map.
    pub(crate) fn map(&self, map: &JsonMap, parent: &str, key: &str) -> Result<Option<JsonMap>> {
        match map.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(map)) => Ok(Some(map.clone())),
            Some(_) => Err(self.wrong(parent, key, "a map")),
        }
    }

    /// An optional list.
    pub(crate) fn list(
        &self,
        map: &JsonMap,
        parent: &str,
        key: &str,
    ) -> Result<Option<Vec<Value>>> {
        match map.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(list)) => Ok(Some(list.clone())),
            Some(_) => Err(self.wrong(parent, key, "a list")),
        }
    }

    /// The error for a value of the wrong type.
    pub(crate) fn wrong(&self, parent: &str, key: &str, expected: &str) -> Error {
        let path = format!("{parent}/{key}");
        let shown = path.trim_start_matches('/').replace('/', ".");
        self.error(&child(parent, key), format!("`{shown}` must be {expected}"))
    }
}

/// Parses the header of a `.prompt` file.
pub(crate) fn read_header(file: &str, header: Option<(&str, u32)>) -> Result<Tree> {
    match header {
        Some((text, line)) => yaml::read_yaml(file, text, line),
        None => Ok(Tree::default()),
    }
}

#[cfg(test)]
#[path = "frontmatter_tests.rs"]
mod tests;

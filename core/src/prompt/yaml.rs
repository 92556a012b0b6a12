//! YAML and JSON text to JSON values, with the place of every node.
//!
//! The parser behind serde-saphyr gives events; what they mean is decided here by the core
//! schema of YAML 1.2, so that `no` stays a string and `012` is twelve. Typed reading is left
//! to `frontmatter` and `document`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Number, Value};
use serde_saphyr::granit_parser::{
    self, Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag,
};

use super::core_schema::resolve;
use super::place::{Place, Spot, TextPlace, Tree, child, error_at};
use crate::{Error, Result};

/// Most nodes that aliases may add to a document.
const MAX_ALIAS_NODES: usize = 10_000;
/// Deepest nesting.
const MAX_DEPTH: usize = 64;

/// Reads one YAML document. `first_line` is the line of the file on which `text` starts.
pub(crate) fn read_yaml(file: &str, text: &str, first_line: u32) -> Result<Tree> {
    let options = granit_parser::options! {
        emit_comments: false,
        // Keys of schemas may be long; the text as a whole is limited by its reader.
        simple_key_max_lookahead: 8192,
    };
    let mut composer = Composer {
        file,
        before: first_line.saturating_sub(1),
        parser: Parser::new_from_str_with_options(text, options),
        pushed_back: None,
        anchors: HashMap::new(),
        alias_nodes: 0,
        pointer: String::new(),
        places: HashMap::new(),
    };
    let value = composer.document()?;
    Ok(Tree::new(value, composer.places))
}

/// Reads a JSON document: strictly JSON, places by the YAML reader, of whose language it is a part.
pub(crate) fn read_json(file: &str, text: &str) -> Result<Tree> {
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let spot = Spot {
            line: u32::try_from(error.line()).unwrap_or(u32::MAX),
            column: u32::try_from(error.column()).unwrap_or(u32::MAX),
        };
        let words = error.to_string();
        let what = words.split(" at line ").next().unwrap_or_default();
        return Err(error_at(file, spot, format!("not valid JSON: {what}")));
    }
    read_yaml(file, text, 1)
}

struct Composer<'a> {
    file: &'a str,
    before: u32,
    parser: Parser<'a, StrInput<'a>>,
    pushed_back: Option<(Event<'a>, Span)>,
    anchors: HashMap<usize, Anchored>,
    alias_nodes: usize,
    pointer: String,
    places: HashMap<String, Place>,
}

/// A finished anchored node, ready to be copied.
struct Anchored {
    value: Value,
    nodes: usize,
    depth: usize,
}

impl<'a> Composer<'a> {
    fn document(&mut self) -> Result<Value> {
        let mut value = Value::Null;
        let mut documents = 0;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(value),
                Event::StreamStart | Event::DocumentEnd => {}
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(
                            self.error(&span, "a second YAML document starts here: one is allowed")
                        );
                    }
                }
                event => {
                    value = self.node(event, span, None, 0)?;
                }
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span)> {
        if let Some(event) = self.pushed_back.take() {
            return Ok(event);
        }
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.scan_error(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(
        &mut self,
        event: Event<'a>,
        span: Span,
        key: Option<Spot>,
        depth: usize,
    ) -> Result<Value> {
        if depth > MAX_DEPTH {
            return Err(self.error(&span, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let mut place = Place {
            key,
            value: self.spot(&span),
            text: None,
        };
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = self.scalar(&text, style, tag.as_deref(), &span)?;
                if let Value::String(text) = &value {
                    place.text = Some(text_place(text, style, &span, self.before));
                }
                (value, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.collection_tag(tag, "seq", &span)?;
                (self.sequence(depth)?, anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.collection_tag(tag, "map", &span)?;
                (self.mapping(depth)?, anchor)
            }
            Event::Alias(id) => (self.alias(id, &span, depth)?, 0),
            _ => return Err(self.error(&span, "not a value")),
        };
        if anchor != 0 {
            self.anchors.insert(
                anchor,
                Anchored {
                    nodes: count(&value),
                    depth: deepest(&value),
                    value: value.clone(),
                },
            );
        }
        self.places.insert(self.pointer.clone(), place);
        Ok(value)
    }

    fn sequence(&mut self, depth: usize) -> Result<Value> {
        let mut list = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(Value::Array(list));
            }
            let parent = self.enter(&list.len().to_string());
            list.push(self.node(event, span, None, depth + 1)?);
            self.pointer.truncate(parent);
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value> {
        let mut map = Map::new();
        let mut seen: HashSet<String> = HashSet::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                return Ok(Value::Object(map));
            }
            let at = self.spot(&span);
            let key = self.key(event, &span)?;
            if !seen.insert(key.clone()) {
                return Err(self.error(&span, format!("the key `{key}` stands here a second time")));
            }
            let (event, span) = self.next()?;
            let parent = self.enter(&key);
            let value = self.node(event, span, Some(at), depth + 1)?;
            self.pointer.truncate(parent);
            map.insert(key, value);
        }
    }

    /// Goes to a child; the answer is what to cut the pointer back to.
    fn enter(&mut self, key: &str) -> usize {
        let parent = self.pointer.len();
        self.pointer = child(&self.pointer, key);
        parent
    }

    fn key(&mut self, event: Event<'a>, span: &Span) -> Result<String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                // The merge key is YAML 1.1; read as an ordinary key it would silently do nothing.
                if text == "<<" && style == ScalarStyle::Plain {
                    return Err(self.error(
                        span,
                        "`<<` is not part of YAML 1.2: write the merged keys out",
                    ));
                }
                self.scalar(&text, style, tag.as_deref(), span)?;
                if anchor != 0 {
                    let value = Value::String(text.to_string());
                    self.anchors.insert(
                        anchor,
                        Anchored {
                            value,
                            nodes: 1,
                            depth: 0,
                        },
                    );
                }
                Ok(text.into_owned())
            }
            Event::Alias(id) => match self.alias(id, span, 0)? {
                Value::String(text) => Ok(text),
                _ => Err(self.error(span, "a key must be a plain text")),
            },
            _ => Err(self.error(span, "a key must be a plain text, not a list or a map")),
        }
    }

    fn alias(&mut self, id: usize, span: &Span, depth: usize) -> Result<Value> {
        let Some(target) = self.anchors.get(&id) else {
            return Err(self.error(span, "the alias stands inside its own anchor"));
        };
        if depth + target.depth > MAX_DEPTH {
            return Err(self.error(span, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.alias_nodes += target.nodes;
        if self.alias_nodes > MAX_ALIAS_NODES {
            return Err(self.error(
                span,
                format!("aliases expand to more than {MAX_ALIAS_NODES} nodes"),
            ));
        }
        Ok(target.value.clone())
    }

    fn collection_tag(&self, tag: Option<Cow<'a, Tag>>, fits: &str, span: &Span) -> Result<()> {
        match tag {
            None => Ok(()),
            Some(tag) if tag.is_yaml_core_schema_tag(fits) => Ok(()),
            Some(tag) => Err(self.error(
                span,
                format!("the tag `{}` is not supported", tag.original()),
            )),
        }
    }

    fn scalar(
        &self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: &Span,
    ) -> Result<Value> {
        let plain = style == ScalarStyle::Plain;
        let Some(tag) = tag else {
            return if plain {
                resolve(text).map_err(|why| self.error(span, why))
            } else {
                Ok(Value::String(text.to_owned()))
            };
        };
        if tag.original() == "!" {
            return Ok(Value::String(text.to_owned()));
        }
        let wrong = || {
            self.error(
                span,
                format!("the value does not fit its tag `{}`", tag.original()),
            )
        };
        let resolved = || resolve(text).map_err(|why| self.error(span, why));
        match tag.core_suffix() {
            Some("str") if plain && span.is_empty() => Ok(Value::String(String::new())),
            Some("str") => Ok(Value::String(text.to_owned())),
            Some("null") => resolved().and_then(|v| if v.is_null() { Ok(v) } else { Err(wrong()) }),
            Some("bool") => {
                resolved().and_then(|v| if v.is_boolean() { Ok(v) } else { Err(wrong()) })
            }
            Some("int") => resolved().and_then(|v| {
                if v.is_i64() || v.is_u64() {
                    Ok(v)
                } else {
                    Err(wrong())
                }
            }),
            Some("float") => match resolved()?.as_f64().and_then(Number::from_f64) {
                Some(number) => Ok(Value::Number(number)),
                None => Err(wrong()),
            },
            _ => Err(self.error(
                span,
                format!("the tag `{}` is not supported", tag.original()),
            )),
        }
    }

    fn spot(&self, span: &Span) -> Spot {
        spot(span.start.line(), span.start.col(), self.before)
    }

    fn error(&self, span: &Span, message: impl Into<String>) -> Error {
        error_at(self.file, self.spot(span), message)
    }

    fn scan_error(&self, error: &ScanError) -> Error {
        let at = error.marker();
        error_at(
            self.file,
            spot(at.line(), at.col(), self.before),
            format!("not valid YAML: {}", error.info()),
        )
    }
}

fn spot(line: usize, column: usize, before: u32) -> Spot {
    Spot {
        line: u32::try_from(line)
            .unwrap_or(u32::MAX)
            .saturating_add(before),
        column: u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1),
    }
}

fn text_place(text: &str, style: ScalarStyle, span: &Span, before: u32) -> TextPlace {
    let start = spot(span.start.line(), span.start.col(), before);
    let quote = u32::from(matches!(
        style,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted
    ));
    // The span of a block starts at its first line with content; empty lines before it are text too.
    let literal = style == ScalarStyle::Literal;
    let empty = if literal {
        text.bytes().take_while(|b| *b == b'\n').count()
    } else {
        0
    };
    TextPlace {
        first: Spot {
            line: start.line.saturating_sub(u32::try_from(empty).unwrap_or(0)),
            column: start.column + quote,
        },
        indent: literal.then_some(start.column - 1),
        block: literal || style == ScalarStyle::Folded,
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(count).sum(),
        Value::Object(map) => map.values().map(count).sum(),
        _ => 0,
    }
}

fn deepest(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(deepest).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(deepest).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
#[path = "yaml_tests.rs"]
mod tests;

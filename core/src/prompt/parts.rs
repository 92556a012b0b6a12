//! The parts of a message in a messages file: JSON whose strings are templates.

use serde::Deserialize;
use serde_json::Value;

use super::body::Render;
use super::frontmatter::Reader;
use super::place::child;
use crate::Result;
use crate::chat::Part;
use crate::template::{Template, media_part};

/// Keys that tell what a part is where it has no `type`.
const PART_KINDS: &[&str] = &["text", "media", "image_url", "input_audio", "file"];

/// A JSON value whose strings are templates.
#[derive(Debug)]
pub(crate) enum Shape {
    Literal(Value),
    Text(Template),
    List(Vec<Shape>),
    Map(Vec<(String, Shape)>),
}

impl Shape {
    /// Every template in it.
    pub(crate) fn templates<'a>(&'a self, out: &mut Vec<&'a Template>) {
        match self {
            Shape::Literal(_) => {}
            Shape::Text(template) => out.push(template),
            Shape::List(list) => list.iter().for_each(|shape| shape.templates(out)),
            Shape::Map(map) => map.iter().for_each(|(_, shape)| shape.templates(out)),
        }
    }

    /// The value as written.
    pub(crate) fn written(&self) -> Value {
        match self {
            Shape::Literal(value) => value.clone(),
            Shape::Text(template) => Value::from(template.source()),
            Shape::List(list) => list.iter().map(Shape::written).collect(),
            Shape::Map(map) => map
                .iter()
                .map(|(key, shape)| (key.clone(), shape.written()))
                .collect(),
        }
    }

    /// The value with its texts rendered.
    pub(crate) fn render(&self, render: &mut Render<'_>) -> Result<Value> {
        Ok(match self {
            Shape::Literal(value) => value.clone(),
            Shape::Text(template) => Value::String(render.text(template)?),
            Shape::List(list) => Value::Array(
                list.iter()
                    .map(|shape| shape.render(render))
                    .collect::<Result<_>>()?,
            ),
            Shape::Map(map) => Value::Object(
                map.iter()
                    .map(|(key, shape)| Ok((key.clone(), shape.render(render)?)))
                    .collect::<Result<_>>()?,
            ),
        })
    }
}

/// Reads a part; `leaf` compiles the text at a pointer.
pub(crate) fn read_part(
    reader: &Reader,
    at: &str,
    written: &Value,
    leaf: &dyn Fn(&str, &str) -> Result<Template>,
) -> Result<Shape> {
    // A string among parts is a text.
    if let Value::String(text) = written {
        let text = read_shape(at, &Value::String(text.clone()), leaf)?;
        return Ok(Shape::Map(vec![("text".to_owned(), text)]));
    }
    part(written.clone()).map_err(|why| reader.error(at, why))?;
    read_shape(at, written, leaf)
}

/// A value with its strings compiled.
pub(crate) fn read_shape(
    at: &str,
    written: &Value,
    leaf: &dyn Fn(&str, &str) -> Result<Template>,
) -> Result<Shape> {
    Ok(match written {
        Value::String(text) if text.contains("{{") => Shape::Text(leaf(at, text)?),
        Value::Array(list) => Shape::List(
            list.iter()
                .enumerate()
                .map(|(n, value)| read_shape(&format!("{at}/{n}"), value, leaf))
                .collect::<Result<_>>()?,
        ),
        Value::Object(map) => Shape::Map(
            map.iter()
                .map(|(key, value)| {
                    let shape = if key == "type" {
                        Shape::Literal(value.clone())
                    } else {
                        read_shape(&child(at, key), value, leaf)?
                    };
                    Ok((key.clone(), shape))
                })
                .collect::<Result<_>>()?,
        ),
        other => Shape::Literal(other.clone()),
    })
}

/// A part from its written form: OpenAI's, or Dotprompt's `{text}` and `{media: {url, contentType}}`.
pub(crate) fn part(written: Value) -> Result<Part, String> {
    let Value::Object(mut map) = written else {
        return Err("a part must be a map with `type`".to_owned());
    };
    if !map.contains_key("type") {
        let Some(kind) = PART_KINDS.iter().find(|kind| map.contains_key(**kind)) else {
            return Err(format!(
                "a part needs `type` or one of {}",
                PART_KINDS.join(", ")
            ));
        };
        map.insert("type".to_owned(), (*kind).into());
    }
    if map.get("type").is_some_and(|kind| kind == "media") {
        let media = map.get("media").and_then(Value::as_object);
        let text = |key: &str| {
            media
                .and_then(|media| media.get(key))
                .and_then(Value::as_str)
        };
        let Some(url) = text("url") else {
            return Err("`media` must be a map with `url`".to_owned());
        };
        let kind = text("contentType").or_else(|| text("content_type"));
        return Ok(media_part(url.to_owned(), kind.map(str::to_owned)));
    }
    Part::deserialize(Value::Object(map)).map_err(|error| error.to_string())
}

//! The `messages` of a messages file: each message its own template, so that no text can
//! become structure.
//!
//! Also renders the message list that a call gives in place of the stored one.

use serde::Deserialize;
use serde_json::Value;

use super::body::{Compiler, Render};
use super::frontmatter::Reader;
use super::parts::{Shape, part, read_part, read_shape};
use super::place::{TextPlace, child};
use crate::chat::{Content, JsonMap, Message, Role, ToolCall};
use crate::nearest::nearest;
use crate::template::Template;
use crate::{Error, ErrorKind, Result};

const KEYS: &[&str] = &[
    "role",
    "content",
    "name",
    "tool_calls",
    "tool_call_id",
    "when",
    "placeholder",
];
const ROLES: &[&str] = &["system", "developer", "user", "assistant", "model", "tool"];
/// An element of `messages`.
#[derive(Debug)]
pub(crate) enum Item {
    /// A message.
    Message(Box<MessageTemplate>),
    /// `{placeholder: history}`.
    History,
}

/// A message whose texts are templates.
#[derive(Debug)]
pub(crate) struct MessageTemplate {
    pub(crate) role: Role,
    pub(crate) content: ContentTemplate,
    /// Printed as something where the message is wanted, as nothing where not.
    when: Option<Template>,
    /// Name, tool calls and the rest, which are no templates.
    frame: Message,
}

#[derive(Debug)]
pub(crate) enum ContentTemplate {
    None,
    Text(Template),
    Parts(Vec<Shape>),
}

impl MessageTemplate {
    /// Every template of the message.
    pub(crate) fn templates<'a>(&'a self, out: &mut Vec<&'a Template>) {
        out.extend(self.when.as_ref());
        match &self.content {
            ContentTemplate::None => {}
            ContentTemplate::Text(template) => out.push(template),
            ContentTemplate::Parts(parts) => parts.iter().for_each(|part| part.templates(out)),
        }
    }

    /// The message as written, its texts unrendered; a part that is none before rendering is left out.
    pub(crate) fn written(&self) -> Message {
        let content = match &self.content {
            ContentTemplate::None => None,
            ContentTemplate::Text(template) => Some(Content::Text(template.source().to_owned())),
            ContentTemplate::Parts(shapes) => {
                let parts = shapes.iter().filter_map(|shape| part(shape.written()).ok());
                Some(Content::Parts(parts.collect()))
            }
        };
        Message {
            content,
            ..self.frame.clone()
        }
    }

    /// The message; `None` where `when` says no, or where nothing but white space is left.
    pub(crate) fn render(&self, render: &mut Render<'_>) -> Result<Option<Message>> {
        if let Some(when) = &self.when
            && render.text(when)?.is_empty()
        {
            return Ok(None);
        }
        let content = match &self.content {
            ContentTemplate::None => None,
            ContentTemplate::Text(template) => Some(Content::Text(render.text(template)?)),
            ContentTemplate::Parts(shapes) => {
                let mut parts = Vec::with_capacity(shapes.len());
                for shape in shapes {
                    let part = part(shape.render(render)?)
                        .map_err(|why| Error::new(ErrorKind::TemplateError, why))?;
                    if !part.as_text().is_some_and(|text| text.trim().is_empty()) {
                        parts.push(part);
                    }
                }
                Some(Content::Parts(parts))
            }
        };
        let is_blank = match &content {
            None => true,
            Some(Content::Text(text)) => text.trim().is_empty(),
            Some(Content::Parts(parts)) => parts.is_empty(),
        };
        let speaks_otherwise =
            !self.frame.tool_calls.is_empty() || self.frame.function_call.is_some();
        if is_blank && !speaks_otherwise && !matches!(self.role, Role::Tool | Role::Function) {
            return Ok(None);
        }
        Ok(Some(Message {
            content: content.filter(|_| !(is_blank && speaks_otherwise)),
            ..self.frame.clone()
        }))
    }
}

/// Reads the list under `messages`.
pub(crate) fn read(reader: &Reader, compiler: &Compiler, list: &Value) -> Result<Vec<Item>> {
    let Value::Array(list) = list else {
        return Err(reader.error("/messages", "`messages` must be a list"));
    };
    let mut items = Vec::with_capacity(list.len());
    for (index, item) in list.iter().enumerate() {
        let at = format!("/messages/{index}");
        items.push(read_item(reader, compiler, &at, index, item)?);
    }
    Ok(items)
}

fn read_item(
    reader: &Reader,
    compiler: &Compiler,
    at: &str,
    index: usize,
    item: &Value,
) -> Result<Item> {
    let in_message = |mut error: Error| {
        if let Some(location) = &mut error.data_mut().location {
            location.message = u32::try_from(index).ok();
        }
        error
    };
    let inner = || {
        let Value::Object(map) = item else {
            return Err(reader.error(at, "a message must be a map with `role` and `content`"));
        };
        // A stored export may say null for what it does not have.
        let known = |key: &str| KEYS.contains(&key) || map.get(key).is_none_or(Value::is_null);
        if let Some(key) = map.keys().find(|key| !known(key)) {
            return Err(reader.unknown(&child(at, key), key, KEYS.iter().copied()));
        }
        if let Some(placeholder) = map.get("placeholder").filter(|value| !value.is_null()) {
            if placeholder != "history" {
                return Err(
                    reader.error(&child(at, "placeholder"), "`placeholder` must be `history`")
                );
            }
            if map.len() > 1 {
                return Err(reader.error(at, "a placeholder has no other keys"));
            }
            return Ok(Item::History);
        }
        read_message(reader, compiler, at, index, map)
            .map(|message| Item::Message(Box::new(message)))
    };
    inner().map_err(in_message)
}

fn read_message(
    reader: &Reader,
    compiler: &Compiler,
    at: &str,
    index: usize,
    map: &JsonMap,
) -> Result<MessageTemplate> {
    let role = read_role(reader, at, map)?;
    let frame = Message {
        role,
        content: None,
        name: reader.text(map, at, "name")?,
        tool_call_id: reader.text(map, at, "tool_call_id")?,
        tool_calls: read_tool_calls(reader, at, map)?,
        ..Message::default()
    };
    let leaf = |pointer: &str, text: &str| {
        let place = reader.tree.text_place(pointer);
        compiler.message(text, place, index)
    };
    let content_at = child(at, "content");
    let content = match map.get("content") {
        None | Some(Value::Null) => ContentTemplate::None,
        Some(Value::String(text)) => {
            let block = reader.tree.text_place(&content_at).block;
            let text = match text.strip_suffix('\n') {
                Some(text) if block => text,
                _ => text,
            };
            ContentTemplate::Text(leaf(&content_at, text)?)
        }
        Some(Value::Array(parts)) => ContentTemplate::Parts(
            parts
                .iter()
                .enumerate()
                .map(|(n, written)| read_part(reader, &format!("{content_at}/{n}"), written, &leaf))
                .collect::<Result<_>>()?,
        ),
        Some(_) => {
            return Err(reader.error(&content_at, "`content` must be a string or a list of parts"));
        }
    };
    if matches!(content, ContentTemplate::None) && frame.tool_calls.is_empty() {
        return Err(reader.error(at, "a message needs `content`"));
    }
    let when = match reader.text(map, at, "when")? {
        None => None,
        Some(path) => Some(read_when(
            reader,
            compiler,
            &child(at, "when"),
            index,
            &path,
        )?),
    };
    Ok(MessageTemplate {
        role,
        content,
        when,
        frame,
    })
}

fn read_role(reader: &Reader, at: &str, map: &JsonMap) -> Result<Role> {
    let Some(word) = reader.text(map, at, "role")? else {
        return Err(reader.error(at, "a message needs `role`"));
    };
    role(&word).map_err(|why| reader.error(&child(at, "role"), why))
}

/// The role with this word; `model` is Dotprompt's word for `assistant`.
fn role(word: &str) -> Result<Role, String> {
    match word {
        "model" => Ok(Role::Assistant),
        word if ROLES.contains(&word) => {
            Role::from_word(word).ok_or_else(|| "unknown role".to_owned())
        }
        word => {
            let shown = super::slug::shown(word);
            Err(match nearest(word, ROLES.iter().copied()) {
                Some(near) => format!("unknown role {shown}: did you mean `{near}`?"),
                None => format!("unknown role {shown}: roles are {}", ROLES.join(", ")),
            })
        }
    }
}

fn read_tool_calls(reader: &Reader, at: &str, map: &JsonMap) -> Result<Vec<ToolCall>> {
    let Some(calls) = reader.list(map, at, "tool_calls")? else {
        return Ok(Vec::new());
    };
    let pointer = child(at, "tool_calls");
    calls
        .into_iter()
        .enumerate()
        .map(|(n, mut call)| {
            // Arguments are JSON text on the wire; in a file they may be written as a map.
            if let Some(arguments @ Value::Object(_)) = call.pointer_mut("/function/arguments") {
                *arguments = Value::String(arguments.to_string());
            }
            ToolCall::deserialize(call).map_err(|_| {
                reader.error(
                    &format!("{pointer}/{n}"),
                    "a tool call must be a map with `id` and `function: {name, arguments}`",
                )
            })
        })
        .collect()
}

fn read_when(
    reader: &Reader,
    compiler: &Compiler,
    at: &str,
    index: usize,
    path: &str,
) -> Result<Template> {
    let path = path.trim();
    let is_path = !path.is_empty()
        && !path.contains(|c: char| {
            c.is_whitespace()
                || matches!(
                    c,
                    '{' | '}' | '(' | ')' | '"' | '\'' | '~' | '=' | '|' | '#'
                )
        });
    if !is_path {
        return Err(reader.error(
            at,
            "`when` must be the path of a variable, such as `user.name`",
        ));
    }
    let mut place = reader.tree.text_place(at);
    place.first.column = place.first.column.saturating_sub(6);
    compiler.message(&format!("{{{{#if {path}}}}}x{{{{/if}}}}"), place, index)
}

/// The messages a call gives in place of the stored template, compiled the same way.
pub(crate) fn from_call(compiler: &Compiler, messages: &[Message]) -> Result<Vec<Item>> {
    messages
        .iter()
        .enumerate()
        .map(|(index, message)| {
            let leaf = |_: &str, text: &str| compiler.message(text, TextPlace::NONE, index);
            let content = match &message.content {
                None => ContentTemplate::None,
                Some(Content::Text(text)) => ContentTemplate::Text(leaf("", text)?),
                Some(Content::Parts(parts)) => ContentTemplate::Parts(
                    parts
                        .iter()
                        .map(|part| {
                            read_shape("", &serde_json::to_value(part).unwrap_or_default(), &leaf)
                        })
                        .collect::<Result<_>>()?,
                ),
            };
            Ok(Item::Message(Box::new(MessageTemplate {
                role: message.role,
                content,
                when: None,
                frame: Message {
                    content: None,
                    ..message.clone()
                },
            })))
        })
        .collect()
}

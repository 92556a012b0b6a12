//! From pieces to messages, by Dotprompt's rules, and from there to chat messages.
//!
//! The text of a message is kept to the byte; [`trim_text`] is for whoever builds a request.

use serde_json::Value;

use super::{Piece, TemplateRole};
use crate::chat::{Content, JsonMap, Message, Part};
use crate::{Error, Result};

/// A message as a template makes it.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateMessage {
    /// Who speaks.
    pub role: TemplateRole,
    /// What is said; of a history message, a view of it.
    pub parts: Vec<TemplatePart>,
    /// `purpose: history` on messages placed by `{{history}}`, and what history messages bring.
    pub metadata: JsonMap,
    /// The history message this is, untouched.
    pub history: Option<Box<Message>>,
}

/// A part of a [`TemplateMessage`].
#[derive(Debug, Clone, PartialEq)]
pub enum TemplatePart {
    /// Text.
    Text(String),
    /// `{{media}}`.
    Media {
        /// `https:` or `data:` URL.
        url: String,
        /// Media type, where given.
        content_type: Option<String>,
    },
    /// `{{section}}`: a place for another tool to fill, with metadata `purpose` and `pending: true`.
    Section(String),
    /// A part of a history message that templates cannot make.
    Other(Part),
}

/// Which roles history may bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HistoryPolicy {
    /// A `system` or `developer` message in the history is `invalid_request`.
    #[default]
    Conversation,
    /// Every role.
    Any,
}

/// Groups pieces into messages. Text before the first role is the user's; messages of white
/// space alone are dropped; after `{{history}}` the model speaks until a role tag. Without
/// `{{history}}` the history goes before a last user message, else to the end.
pub fn to_messages(
    pieces: Vec<Piece>,
    history: &[Message],
    policy: HistoryPolicy,
) -> Result<Vec<TemplateMessage>> {
    if policy == HistoryPolicy::Conversation {
        for (index, message) in history.iter().enumerate() {
            if message.role.is_instruction() {
                return Err(Error::invalid(
                    format!("history[{index}].role"),
                    format!(
                        "a `{}` message is not accepted in the history: instructions belong to the prompt",
                        message.role
                    ),
                ));
            }
        }
    }
    let mut messages = Vec::new();
    let mut placed = false;
    let mut open = Open::new(TemplateRole::User);
    for piece in pieces {
        match piece {
            Piece::Role(role) => {
                open.finish(&mut messages);
                open.role = role;
            }
            Piece::History => {
                open.finish(&mut messages);
                placed = true;
                messages.extend(history.iter().map(|message| {
                    let mut message = TemplateMessage::from_history(message);
                    message.metadata.insert("purpose".into(), "history".into());
                    message
                }));
                open.role = TemplateRole::Model;
            }
            Piece::Text(text) => open.parts.push(TemplatePart::Text(text)),
            Piece::Media { url, content_type } => {
                open.parts.push(TemplatePart::Media { url, content_type });
            }
            Piece::Section(name) => open.parts.push(TemplatePart::Section(name)),
        }
    }
    open.finish(&mut messages);
    if !placed && !history.is_empty() {
        let at = match messages.last() {
            Some(last) if last.role == TemplateRole::User => messages.len() - 1,
            _ => messages.len(),
        };
        messages.splice(at..at, history.iter().map(TemplateMessage::from_history));
    }
    Ok(messages)
}

/// The message being filled.
struct Open {
    role: TemplateRole,
    parts: Vec<TemplatePart>,
}

impl Open {
    fn new(role: TemplateRole) -> Self {
        Open {
            role,
            parts: Vec::new(),
        }
    }

    fn finish(&mut self, messages: &mut Vec<TemplateMessage>) {
        let mut parts = std::mem::take(&mut self.parts);
        parts.retain(|part| !matches!(part, TemplatePart::Text(text) if text.trim().is_empty()));
        if !parts.is_empty() {
            messages.push(TemplateMessage {
                role: self.role,
                parts,
                metadata: JsonMap::new(),
                history: None,
            });
        }
    }
}

impl TemplateMessage {
    fn from_history(message: &Message) -> Self {
        TemplateMessage {
            role: message.role.into(),
            parts: message.parts().into_iter().map(view).collect(),
            metadata: message.metadata.clone(),
            history: Some(Box::new(message.clone())),
        }
    }

    /// The chat message: `None` where nothing is left but sections. A single text becomes plain
    /// content; a history message is given back as it came, with this metadata.
    pub fn into_message(self) -> Option<Message> {
        if let Some(mut message) = self.history {
            message.metadata = self.metadata;
            return Some(*message);
        }
        let mut parts: Vec<Part> = self.parts.into_iter().filter_map(part).collect();
        let content = match parts.as_mut_slice() {
            [] => return None,
            [Part::Text { text, .. }] => Content::Text(std::mem::take(text)),
            _ => Content::Parts(parts),
        };
        Some(Message {
            metadata: self.metadata,
            ..Message::new(self.role.into(), content)
        })
    }
}

/// The chat messages of a rendered prompt, texts verbatim.
pub fn to_chat(messages: Vec<TemplateMessage>) -> Vec<Message> {
    messages
        .into_iter()
        .filter_map(TemplateMessage::into_message)
        .collect()
}

/// Drops white space at the end of each text of a message: some providers refuse it in a final
/// assistant message.
pub fn trim_text(message: &mut Message) {
    let trim = |text: &mut String| text.truncate(text.trim_end().len());
    match &mut message.content {
        Some(Content::Text(text)) => trim(text),
        Some(Content::Parts(parts)) => {
            for part in parts {
                if let Part::Text { text, .. } = part {
                    trim(text);
                }
            }
        }
        None => {}
    }
}

/// A history message's part, as a template would have made it.
fn view(part: Part) -> TemplatePart {
    match part {
        Part::Text { text, .. } => TemplatePart::Text(text),
        Part::ImageUrl { url, .. } => TemplatePart::Media {
            url,
            content_type: None,
        },
        other => TemplatePart::Other(other),
    }
}

fn part(part: TemplatePart) -> Option<Part> {
    match part {
        TemplatePart::Text(text) => Some(Part::text(text)),
        TemplatePart::Media { url, content_type } => Some(media_part(url, content_type)),
        TemplatePart::Section(_) => None,
        TemplatePart::Other(part) => Some(part),
    }
}

/// The part for a media URL. An image or something untyped is an image part; recorded speech in a `data:` URL is an audio
/// part; everything else is a file, by data or by address.
pub fn media_part(url: String, content_type: Option<String>) -> Part {
    let data = data_url(&url);
    let kind = content_type
        .as_deref()
        .or(data.as_ref().map(|data| data.kind))
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if kind.is_empty() || kind.starts_with("image/") {
        return Part::image_url(url);
    }
    let Some(data) = data else {
        return file(None, None, Some(url));
    };
    let format = match kind.as_str() {
        "audio/wav" => Some("wav"),
        "audio/mpeg" => Some("mp3"),
        _ => None,
    };
    match (format, data.base64) {
        (Some(format), Some(base64)) => Part::InputAudio {
            data: base64.to_owned(),
            format: format.to_owned(),
            cache_control: None,
        },
        _ => {
            let name = match kind.split_once('/') {
                Some((_, "plain")) => "file.txt".to_owned(),
                Some((_, subtype)) => format!("file.{subtype}"),
                None => "file".to_owned(),
            };
            file(Some(name), Some(url), None)
        }
    }
}

fn file(filename: Option<String>, file_data: Option<String>, file_url: Option<String>) -> Part {
    Part::File {
        file_id: None,
        filename,
        file_data,
        file_url,
        cache_control: None,
    }
}

struct DataUrl<'a> {
    kind: &'a str,
    base64: Option<&'a str>,
}

fn data_url(url: &str) -> Option<DataUrl<'_>> {
    let scheme = url.get(..5)?;
    if !scheme.eq_ignore_ascii_case("data:") {
        return None;
    }
    let (head, body) = url.get(5..)?.split_once(',').unwrap_or((&url[5..], ""));
    let base64 = head
        .rsplit_once(';')
        .filter(|(_, mark)| mark.trim().eq_ignore_ascii_case("base64"))
        .map(|_| body);
    let kind = head.split(';').next().unwrap_or_default();
    Some(DataUrl { kind, base64 })
}

/// The canonical JSON of a part: `{text}`, `{media: {url, contentType?}}` or `{metadata: {purpose, pending}}`.
impl From<&TemplatePart> for Value {
    fn from(part: &TemplatePart) -> Value {
        match part {
            TemplatePart::Text(text) => serde_json::json!({ "text": text }),
            TemplatePart::Media {
                url,
                content_type: Some(kind),
            } => serde_json::json!({ "media": { "url": url, "contentType": kind } }),
            TemplatePart::Media { url, .. } => serde_json::json!({ "media": { "url": url } }),
            TemplatePart::Section(name) => {
                serde_json::json!({ "metadata": { "purpose": name, "pending": true } })
            }
            TemplatePart::Other(part) => serde_json::to_value(part).unwrap_or_default(),
        }
    }
}

/// Dotprompt's JSON of a message: `{role, content: [parts], metadata?}`.
impl From<&TemplateMessage> for Value {
    fn from(message: &TemplateMessage) -> Value {
        let parts: Vec<Value> = message.parts.iter().map(Value::from).collect();
        let mut json = serde_json::json!({ "role": message.role.as_str(), "content": parts });
        if let (Value::Object(map), false) = (&mut json, message.metadata.is_empty()) {
            map.insert("metadata".into(), Value::Object(message.metadata.clone()));
        }
        json
    }
}

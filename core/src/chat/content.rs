//! What a message says: a text, or parts of several kinds.

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::JsonMap;

/// The content of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Plain text.
    Text(String),
    /// Parts in order.
    Parts(Vec<Part>),
}

impl Content {
    /// The text, parts joined without a separator; other kinds of parts add nothing.
    pub fn text(&self) -> String {
        match self {
            Content::Text(text) => text.clone(),
            Content::Parts(parts) => parts.iter().filter_map(Part::as_text).collect(),
        }
    }

    /// True where there is no part and no character.
    pub fn is_empty(&self) -> bool {
        match self {
            Content::Text(text) => text.is_empty(),
            Content::Parts(parts) => parts.is_empty(),
        }
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Content::Text(text.to_owned())
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Content::Text(text)
    }
}

impl From<Vec<Part>> for Content {
    fn from(parts: Vec<Part>) -> Self {
        Content::Parts(parts)
    }
}

/// One part of a message. `cache_control` is Anthropic's mark (`{"type": "ephemeral"}`): carried
/// to hosts that have prompt caching marks, left out elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Text.
    Text {
        /// The text.
        text: String,
        /// Prompt caching mark.
        cache_control: Option<Value>,
    },
    /// An image, by `https:` or `data:` URL.
    ImageUrl {
        /// The URL.
        url: String,
        /// `auto`, `low` or `high`.
        detail: Option<String>,
        /// Prompt caching mark.
        cache_control: Option<Value>,
    },
    /// Audio, base64.
    InputAudio {
        /// Base64 of the audio.
        data: String,
        /// `wav` or `mp3`.
        format: String,
        /// Prompt caching mark.
        cache_control: Option<Value>,
    },
    /// A file: by provider's id, by `data:` URL, or by remote URL.
    File {
        /// The provider's id of an uploaded file.
        file_id: Option<String>,
        /// Name shown to the model.
        filename: Option<String>,
        /// `data:` URL of the content.
        file_data: Option<String>,
        /// Remote URL (not every host fetches one).
        file_url: Option<String>,
        /// Prompt caching mark.
        cache_control: Option<Value>,
    },
    /// A refusal in a replayed assistant turn.
    Refusal {
        /// The model's words.
        refusal: String,
    },
    /// A kind this library does not know: sent as it is to an OpenAI-format host, `unsupported` elsewhere.
    Other(JsonMap),
}

impl Part {
    /// A text part.
    pub fn text(text: impl Into<String>) -> Self {
        Part::Text {
            text: text.into(),
            cache_control: None,
        }
    }

    /// An image part from an `https:` or `data:` URL.
    pub fn image_url(url: impl Into<String>) -> Self {
        Part::ImageUrl {
            url: url.into(),
            detail: None,
            cache_control: None,
        }
    }

    /// The text of a text part.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Part::Text { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The word in `type`.
    pub fn kind(&self) -> &str {
        match self {
            Part::Text { .. } => "text",
            Part::ImageUrl { .. } => "image_url",
            Part::InputAudio { .. } => "input_audio",
            Part::File { .. } => "file",
            Part::Refusal { .. } => "refusal",
            Part::Other(map) => map.get("type").and_then(Value::as_str).unwrap_or("unknown"),
        }
    }

    /// The prompt caching mark.
    pub fn cache_control(&self) -> Option<&Value> {
        match self {
            Part::Text { cache_control, .. }
            | Part::ImageUrl { cache_control, .. }
            | Part::InputAudio { cache_control, .. }
            | Part::File { cache_control, .. } => cache_control.as_ref(),
            Part::Refusal { .. } => None,
            Part::Other(map) => map.get("cache_control"),
        }
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Content::Text(text) => serializer.serialize_str(text),
            Content::Parts(parts) => parts.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ContentVisitor;
        impl<'de> Visitor<'de> for ContentVisitor {
            type Value = Content;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string or a list of parts")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Content, E> {
                Ok(Content::Text(text.to_owned()))
            }
            fn visit_string<E: de::Error>(self, text: String) -> Result<Content, E> {
                Ok(Content::Text(text))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Content, A::Error> {
                let mut parts = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(1024));
                while let Some(part) = seq.next_element()? {
                    parts.push(part);
                }
                Ok(Content::Parts(parts))
            }
        }
        deserializer.deserialize_any(ContentVisitor)
    }
}

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Part::Other(raw) = self {
            return raw.serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", self.kind())?;
        match self {
            Part::Text { text, .. } => map.serialize_entry("text", text)?,
            Part::ImageUrl { url, detail, .. } => {
                #[derive(Serialize)]
                struct ImageUrl<'a> {
                    url: &'a str,
                    #[serde(skip_serializing_if = "Option::is_none")]
                    detail: Option<&'a str>,
                }
                map.serialize_entry(
                    "image_url",
                    &ImageUrl {
                        url,
                        detail: detail.as_deref(),
                    },
                )?;
            }
            Part::InputAudio { data, format, .. } => {
                #[derive(Serialize)]
                struct InputAudio<'a> {
                    data: &'a str,
                    format: &'a str,
                }
                map.serialize_entry("input_audio", &InputAudio { data, format })?;
            }
            Part::File {
                file_id,
                filename,
                file_data,
                file_url,
                ..
            } => {
                #[derive(Serialize)]
                #[serde(rename_all = "snake_case")]
                struct File<'a> {
                    #[serde(skip_serializing_if = "Option::is_none")]
                    file_id: Option<&'a str>,
                    #[serde(skip_serializing_if = "Option::is_none")]
                    filename: Option<&'a str>,
                    #[serde(skip_serializing_if = "Option::is_none")]
                    file_data: Option<&'a str>,
                    #[serde(skip_serializing_if = "Option::is_none")]
                    file_url: Option<&'a str>,
                }
                map.serialize_entry(
                    "file",
                    &File {
                        file_id: file_id.as_deref(),
                        filename: filename.as_deref(),
                        file_data: file_data.as_deref(),
                        file_url: file_url.as_deref(),
                    },
                )?;
            }
            Part::Refusal { refusal } => map.serialize_entry("refusal", refusal)?,
            Part::Other(_) => {}
        }
        if let Some(mark) = self.cache_control() {
            map.serialize_entry("cache_control", mark)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PartVisitor;
        impl<'de> Visitor<'de> for PartVisitor {
            type Value = Part;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a content part (an object with `type`)")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Part, A::Error> {
                // Keys come in any order, so collect first and decide by `type` at the end. Text,
                // the common part, is taken without a detour over `Value`.
                let mut raw = JsonMap::new();
                let mut text: Option<String> = None;
                let mut kind: Option<String> = None;
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "type" => kind = Some(map.next_value()?),
                        "text" => text = Some(map.next_value()?),
                        _ => {
                            raw.insert(key, map.next_value()?);
                        }
                    }
                }
                let kind = kind.ok_or_else(|| de::Error::missing_field("type"))?;
                part_from(&kind, text, raw).map_err(de::Error::custom)
            }
        }
        deserializer.deserialize_map(PartVisitor)
    }
}

fn part_from(kind: &str, text: Option<String>, mut raw: JsonMap) -> Result<Part, String> {
    if kind == "text" {
        let text = text.ok_or("a `text` part needs `text`")?;
        return Ok(Part::Text {
            text,
            cache_control: present(raw.remove("cache_control")),
        });
    }
    match kind {
        "image_url" => {
            let cache_control = present(raw.remove("cache_control"));
            match raw.remove("image_url") {
                Some(Value::String(url)) => Ok(Part::ImageUrl {
                    url,
                    detail: string(&mut raw, "detail")?,
                    cache_control,
                }),
                Some(Value::Object(mut image)) => Ok(Part::ImageUrl {
                    url: string(&mut image, "url")?.ok_or("`image_url` needs `url`")?,
                    detail: string(&mut image, "detail")?,
                    cache_control,
                }),
                _ => Err("`image_url` must be a URL or an object with `url`".into()),
            }
        }
        "input_audio" => {
            let cache_control = present(raw.remove("cache_control"));
            let Some(Value::Object(mut audio)) = raw.remove("input_audio") else {
                return Err("`input_audio` must be an object with `data` and `format`".into());
            };
            Ok(Part::InputAudio {
                data: string(&mut audio, "data")?.ok_or("`input_audio` needs `data`")?,
                format: string(&mut audio, "format")?.ok_or("`input_audio` needs `format`")?,
                cache_control,
            })
        }
        "file" => {
            let cache_control = present(raw.remove("cache_control"));
            let Some(Value::Object(mut file)) = raw.remove("file") else {
                return Err(
                    "`file` must be an object with `file_id`, `file_data` or `file_url`".into(),
                );
            };
            let part = Part::File {
                file_id: string(&mut file, "file_id")?,
                filename: string(&mut file, "filename")?,
                file_data: string(&mut file, "file_data")?,
                file_url: string(&mut file, "file_url")?,
                cache_control,
            };
            match &part {
                Part::File {
                    file_id: None,
                    file_data: None,
                    file_url: None,
                    ..
                } => Err("`file` needs `file_id`, `file_data` or `file_url`".into()),
                _ => Ok(part),
            }
        }
        "refusal" => Ok(Part::Refusal {
            refusal: string(&mut raw, "refusal")?.ok_or("a `refusal` part needs `refusal`")?,
        }),
        _ => {
            let mut map = JsonMap::new();
            map.insert("type".into(), kind.into());
            if let Some(text) = text {
                map.insert("text".into(), text.into());
            }
            map.append(&mut raw);
            Ok(Part::Other(map))
        }
    }
}

fn present(value: Option<Value>) -> Option<Value> {
    value.filter(|value| !value.is_null())
}

fn string(map: &mut JsonMap, key: &str) -> Result<Option<String>, String> {
    match map.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("`{key}` must be a string")),
    }
}

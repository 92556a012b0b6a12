//! Parts of a message to blocks: text, images and documents, from data, URLs or uploaded files.

use serde_json::Value;

use crate::chat::{Content, Message, Part};
use crate::error::{Error, Result};
use crate::provider::data_url::DataUrl;
use crate::provider::told::Told;

use super::types::{Block, Source, Typed};

const IMAGES: &[&str] = &["image/jpeg", "image/png", "image/gif", "image/webp"];

/// The content of a message as blocks; empty text is left out, as the API refuses it. Without `marks`
/// caching marks are left out too.
pub(super) fn blocks<'a>(
    place: usize,
    message: &'a Message,
    marks: bool,
    told: &mut Told<'_>,
) -> Result<Vec<Block<'a>>> {
    match &message.content {
        None => Ok(Vec::new()),
        Some(Content::Text(text)) if text.is_empty() => Ok(Vec::new()),
        Some(Content::Text(text)) => Ok(vec![Block::text(text.as_str())]),
        Some(Content::Parts(parts)) => {
            let mut blocks = Vec::with_capacity(parts.len());
            for (index, part) in parts.iter().enumerate() {
                blocks.extend(block(
                    &format!("messages[{place}].content[{index}]"),
                    part,
                    marks,
                    told,
                )?);
            }
            Ok(blocks)
        }
    }
}

fn block<'a>(
    path: &str,
    part: &'a Part,
    marks: bool,
    told: &mut Told<'_>,
) -> Result<Option<Block<'a>>> {
    let cache_control = part.cache_control().filter(|_| marks);
    Ok(match part {
        Part::Text { text, .. } if text.is_empty() => None,
        Part::Text { text, .. } => Some(Block::Typed(Typed::Text {
            text: text.into(),
            citations: None,
            cache_control,
        })),
        Part::Refusal { refusal } if refusal.is_empty() => None,
        Part::Refusal { refusal } => Some(Block::text(refusal.as_str())),
        Part::ImageUrl { url, detail, .. } => {
            if detail.as_deref().is_some_and(|detail| detail != "auto") {
                told.dropped(
                    "messages.content.image_url.detail",
                    "the API chooses the detail of images itself",
                )?;
            }
            let source = image(url, &format!("{path}.image_url.url"), told)?;
            Some(Block::Typed(Typed::Image {
                source,
                cache_control,
            }))
        }
        Part::File {
            file_id,
            filename,
            file_data,
            file_url,
            ..
        } => {
            let title = filename.as_deref();
            let document = |source| {
                Block::Typed(Typed::Document {
                    source,
                    title,
                    cache_control,
                })
            };
            if let Some(file_id) = file_id {
                Some(document(Source::File { file_id }))
            } else if let Some(data) = file_data {
                let param = format!("{path}.file.file_data");
                Some(file(data, &param, title, cache_control, told)?)
            } else {
                file_url.as_ref().map(|url| document(Source::Url { url }))
            }
        }
        Part::InputAudio { .. } => {
            return Err(told.refused(path, "the Messages API takes no audio"));
        }
        Part::Other(_) => {
            let why = format!("it has no content part of type `{}`", part.kind());
            return Err(told.refused(path, &why));
        }
    })
}

fn image<'a>(url: &'a str, param: &str, told: &Told<'_>) -> Result<Source<'a>> {
    match DataUrl::parse(url, param)? {
        None => Ok(Source::Url { url }),
        Some(data) if IMAGES.contains(&data.media_type.as_ref()) => Ok(Source::Base64 {
            media_type: data.media_type,
            data: data.base64,
        }),
        Some(data) => {
            let why = format!(
                "images are JPEG, PNG, GIF or WebP here, not `{}`",
                data.media_type
            );
            Err(told.refused(param, &why))
        }
    }
}

fn file<'a>(
    url: &'a str,
    param: &str,
    title: Option<&'a str>,
    cache_control: Option<&'a Value>,
    told: &Told<'_>,
) -> Result<Block<'a>> {
    let Some(data) = DataUrl::parse(url, param)? else {
        let message = format!("`{param}` is no `data:` URL; give a remote file in `file_url`");
        return Err(Error::invalid(param, message));
    };
    let source = match data.media_type.as_ref() {
        image if IMAGES.contains(&image) => {
            return Ok(Block::Typed(Typed::Image {
                source: Source::Base64 {
                    media_type: data.media_type,
                    data: data.base64,
                },
                cache_control,
            }));
        }
        "application/pdf" => Source::Base64 {
            media_type: data.media_type,
            data: data.base64,
        },
        text if text.starts_with("text/") || text == "application/json" => {
            let Some(data) = data.text() else {
                let message = format!("`{param}` is a text file but not UTF-8");
                return Err(Error::invalid(param, message));
            };
            Source::Text {
                media_type: "text/plain",
                data,
            }
        }
        other => {
            let why = format!("files are PDF, text or images here, not `{other}`");
            return Err(told.refused(param, &why));
        }
    };
    Ok(Block::Typed(Typed::Document {
        source,
        title,
        cache_control,
    }))
}

impl<'a> Block<'a> {
    /// Caching marks stand on the result of a tool, not inside it.
    pub(super) fn take_mark(&mut self) -> Option<&'a Value> {
        match self {
            Block::Typed(
                Typed::Text { cache_control, .. }
                | Typed::Image { cache_control, .. }
                | Typed::Document { cache_control, .. },
            ) => cache_control.take(),
            _ => None,
        }
    }
}

//! Parts of a message: text, media from data, from URLs or from the Files API, and audio.

use std::borrow::Cow;

use crate::chat::{Content, Message, Part as Given};
use crate::error::{Error, Result};
use crate::provider::Target;
use crate::provider::data_url::DataUrl;
use crate::provider::told::Told;
use crate::provider::url::join;

use super::DEFAULT_VERSION;
use super::types::{Blob, Data, FileData, Part};

/// The content of a message; empty text is left out.
pub(super) fn of<'a>(
    place: usize,
    message: &'a Message,
    target: &Target,
    told: &mut Told<'_>,
) -> Result<Vec<Part<'a>>> {
    match &message.content {
        None => Ok(Vec::new()),
        Some(Content::Text(said)) if said.is_empty() => Ok(Vec::new()),
        Some(Content::Text(said)) => Ok(vec![text(said)]),
        Some(Content::Parts(given)) => {
            let mut parts = Vec::with_capacity(given.len());
            for (index, one) in given.iter().enumerate() {
                parts.extend(part(&path(place, index), one, target, told)?);
            }
            Ok(parts)
        }
    }
}

/// What the result of a tool holds beside text, which `third` models take.
pub(super) fn media<'a>(
    place: usize,
    message: &'a Message,
    target: &Target,
    third: bool,
    told: &mut Told<'_>,
) -> Result<Vec<Part<'a>>> {
    let mut parts = Vec::new();
    let Some(Content::Parts(given)) = &message.content else {
        return Ok(parts);
    };
    for (index, one) in given.iter().enumerate() {
        if matches!(one, Given::Text { .. } | Given::Refusal { .. }) {
            continue;
        }
        let path = path(place, index);
        if !third {
            return Err(told.refused(&path, "results of tools hold media from Gemini 3 on only"));
        }
        parts.extend(part(&path, one, target, told)?);
    }
    Ok(parts)
}

fn path(place: usize, index: usize) -> String {
    format!("messages[{place}].content[{index}]")
}

/// A part of text.
pub(super) fn text(said: &str) -> Part<'_> {
    Part::from(Data::Text(Cow::Borrowed(said)))
}

fn part<'a>(
    path: &str,
    part: &'a Given,
    target: &Target,
    told: &mut Told<'_>,
) -> Result<Option<Part<'a>>> {
    Ok(match part {
        Given::Text { text: said, .. } | Given::Refusal { refusal: said } => {
            (!said.is_empty()).then(|| text(said))
        }
        Given::ImageUrl { url, detail, .. } => {
            if detail.as_deref().is_some_and(|detail| detail != "auto") {
                told.dropped(
                    "messages.content.image_url.detail",
                    "the resolution of media is one for the whole request (`mediaResolution`)",
                )?;
            }
            Some(at(url, &format!("{path}.image_url.url"))?)
        }
        Given::InputAudio { data, format, .. } => Some(Part::from(Data::Inline(Blob {
            mime_type: format!("audio/{format}").into(),
            data: data.into(),
        }))),
        Given::File {
            file_id: Some(id), ..
        } => Some(uploaded(id, path, target, told)?),
        Given::File {
            file_data: Some(data),
            ..
        } => {
            let param = format!("{path}.file.file_data");
            let Some(data) = DataUrl::parse(data, &param)? else {
                let message =
                    format!("`{param}` is no `data:` URL; give a remote file in `file_url`");
                return Err(Error::invalid(param, message));
            };
            Some(inline(data))
        }
        Given::File { file_url, .. } => match file_url {
            Some(url) => Some(at(url, &format!("{path}.file.file_url"))?),
            None => None,
        },
        Given::Other(_) => {
            let why = format!("it has no content part of type `{}`", part.kind());
            return Err(told.refused(path, &why));
        }
    })
}

fn at<'a>(url: &'a str, param: &str) -> Result<Part<'a>> {
    Ok(match DataUrl::parse(url, param)? {
        Some(data) => inline(data),
        None => remote(Cow::Borrowed(url)),
    })
}

/// A file of the Files API: `files/NAME`, or the URI that uploading it gave.
fn uploaded<'a>(id: &'a str, path: &str, target: &Target, told: &Told<'_>) -> Result<Part<'a>> {
    if id.contains("://") {
        return Ok(remote(Cow::Borrowed(id)));
    }
    let provider = &target.provider;
    if provider.quirks.vertex {
        let why = "Google Cloud has no Files API; give a `gs:` URL in `file_url`";
        return Err(told.refused(path, why));
    }
    let version = provider.api_version.as_deref().unwrap_or(DEFAULT_VERSION);
    let name = id.strip_prefix("files/").unwrap_or(id);
    let file = format!("{version}/files/{name}");
    Ok(remote(join(&provider.base_url, &file, "").into()))
}

fn inline(data: DataUrl<'_>) -> Part<'_> {
    Part::from(Data::Inline(Blob {
        mime_type: data.media_type,
        data: data.base64,
    }))
}

fn remote(uri: Cow<'_, str>) -> Part<'_> {
    Part::from(Data::File(FileData {
        mime_type: mime_type(&uri),
        file_uri: uri,
    }))
}

/// The media type that the end of a URL's path tells; the API finds out the others, or says so.
fn mime_type(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next()?;
    let (_, ending) = path.rsplit('/').next()?.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "heic" => "image/heic",
        "pdf" => "application/pdf",
        "txt" => "text/plain",
        "md" => "text/markdown",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "json" => "application/json",
        "mp3" => "audio/mp3",
        "wav" => "audio/wav",
        "ogg" => "audio/ogg",
        "flac" => "audio/flac",
        "m4a" => "audio/m4a",
        "mp4" => "video/mp4",
        "mov" => "video/quicktime",
        "webm" => "video/webm",
        _ => return None,
    })
}

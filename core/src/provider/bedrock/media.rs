//! Images, sounds, films and documents as Converse takes them: bytes in the request or an object in S3, with the
//! name of their format. Nothing is fetched: another URL is refused before sending.

use std::borrow::Cow;

use super::types::{Block, Document, Media, Source};
use crate::chat::Part;
use crate::error::{Error, Result};
use crate::provider::data_url::DataUrl;
use crate::provider::told::Told;

/// What a format is the format of.
#[derive(Clone, Copy)]
enum Kind {
    Image,
    Document,
    Audio,
    Video,
}

/// Media type, endings of file names, kind, and Converse's word.
type Format = (&'static str, &'static [&'static str], Kind, &'static str);

const FORMATS: &[Format] = &[
    ("image/png", &["png"], Kind::Image, "png"),
    ("image/jpeg", &["jpg", "jpeg"], Kind::Image, "jpeg"),
    ("image/gif", &["gif"], Kind::Image, "gif"),
    ("image/webp", &["webp"], Kind::Image, "webp"),
    ("application/pdf", &["pdf"], Kind::Document, "pdf"),
    ("text/csv", &["csv"], Kind::Document, "csv"),
    ("application/msword", &["doc"], Kind::Document, "doc"),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        &["docx"],
        Kind::Document,
        "docx",
    ),
    ("application/vnd.ms-excel", &["xls"], Kind::Document, "xls"),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        &["xlsx"],
        Kind::Document,
        "xlsx",
    ),
    ("text/html", &["html", "htm"], Kind::Document, "html"),
    ("text/plain", &["txt"], Kind::Document, "txt"),
    ("text/markdown", &["md"], Kind::Document, "md"),
    ("audio/mpeg", &["mp3"], Kind::Audio, "mp3"),
    ("audio/mp3", &[], Kind::Audio, "mp3"),
    ("audio/wav", &["wav"], Kind::Audio, "wav"),
    ("audio/x-wav", &[], Kind::Audio, "wav"),
    ("audio/flac", &["flac"], Kind::Audio, "flac"),
    ("audio/ogg", &["ogg"], Kind::Audio, "ogg"),
    ("audio/opus", &["opus"], Kind::Audio, "opus"),
    ("audio/aac", &["aac"], Kind::Audio, "aac"),
    ("audio/mp4", &["m4a"], Kind::Audio, "m4a"),
    ("audio/webm", &[], Kind::Audio, "webm"),
    ("video/mp4", &["mp4"], Kind::Video, "mp4"),
    ("video/quicktime", &["mov"], Kind::Video, "mov"),
    ("video/x-matroska", &["mkv"], Kind::Video, "mkv"),
    ("video/webm", &["webm"], Kind::Video, "webm"),
    ("video/x-flv", &["flv"], Kind::Video, "flv"),
    ("video/mpeg", &["mpeg", "mpg"], Kind::Video, "mpeg"),
    ("video/x-ms-wmv", &["wmv"], Kind::Video, "wmv"),
    ("video/3gpp", &["3gp"], Kind::Video, "three_gp"),
];

/// An image by `data:` or `s3:` URL.
pub(super) fn image<'a>(url: &'a str, param: &str, told: &Told<'_>) -> Result<Block<'a>> {
    let (format, source) = located(url, param, told)?;
    match format {
        (_, _, Kind::Image, word) => Ok(Block::Image(Media {
            format: word,
            source,
        })),
        _ => Err(told.refused(param, "images are PNG, JPEG, GIF or WebP here")),
    }
}

/// Audio in OpenAI's form.
pub(super) fn audio<'a>(data: &'a str, format: &'a str) -> Block<'a> {
    Block::Audio(Media {
        format,
        source: Source::Bytes(Cow::Borrowed(data)),
    })
}

/// A file part, as what its format says it is. `number` makes names that differ.
pub(super) fn file<'a>(
    part: &'a Part,
    number: usize,
    param: &str,
    told: &Told<'_>,
) -> Result<Block<'a>> {
    let Part::File {
        filename,
        file_data,
        file_url,
        ..
    } = part
    else {
        return Err(Error::invalid(param, format!("`{param}` is no file")));
    };
    let (url, field) = match (file_data, file_url) {
        (Some(data), _) => (data, "file_data"),
        (None, Some(url)) => (url, "file_url"),
        (None, None) => {
            let why = "it keeps no uploaded files; give `file_data` or an `s3:` URL in `file_url`";
            return Err(told.refused(&format!("{param}.file.file_id"), why));
        }
    };
    let ((_, _, kind, format), source) = located(url, &format!("{param}.file.{field}"), told)?;
    Ok(match kind {
        Kind::Image => Block::Image(Media { format, source }),
        Kind::Audio => Block::Audio(Media { format, source }),
        Kind::Video => Block::Video(Media { format, source }),
        Kind::Document => Block::Document(Document {
            format,
            name: name(filename.as_deref(), number),
            source,
        }),
    })
}

fn located<'a>(
    url: &'a str,
    param: &str,
    told: &Told<'_>,
) -> Result<(&'static Format, Source<'a>)> {
    if url.starts_with("s3://") {
        let ending = url
            .rsplit('.')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let known = |format: &&Format| format.1.contains(&ending.as_str());
        let Some(format) = FORMATS.iter().find(known) else {
            let why = "the ending of the object's name tells the format, and this one is not known";
            return Err(told.refused(param, why));
        };
        return Ok((format, Source::S3Location { uri: url }));
    }
    let Some(data) = DataUrl::parse(url, param)? else {
        let why = "it fetches no URLs; give a `data:` URL or an object in S3 (`s3://..`)";
        return Err(told.refused(param, why));
    };
    let known = |format: &&Format| format.0 == data.media_type;
    let Some(format) = FORMATS.iter().find(known) else {
        let why = format!("it takes no files of type `{}`", data.media_type);
        return Err(told.refused(param, &why));
    };
    Ok((format, Source::Bytes(data.base64)))
}

/// A document's name: letters, digits, single spaces, hyphens and brackets. The model sees it.
fn name(filename: Option<&str>, number: usize) -> String {
    let stem = filename.map(|name| name.rsplit_once('.').map_or(name, |(stem, _)| stem));
    let mut clean = String::new();
    for letter in stem.unwrap_or_default().chars() {
        let letter = match letter {
            letter if letter.is_ascii_alphanumeric() || "-()[]".contains(letter) => letter,
            _ => ' ',
        };
        if letter != ' ' || !clean.ends_with(' ') {
            clean.push(letter);
        }
    }
    let clean: String = clean.trim().chars().take(180).collect();
    match clean.as_str() {
        "" => format!("Document {number}"),
        // Names of one conversation must differ.
        _ if number > 1 => format!("{clean} {number}"),
        _ => clean,
    }
}

//! Images and files for a message: from a path, bytes, a URL or a provider's id to a [`Part`].
//!
//! A file is read at once and travels inside the request as a `data:` URL; nothing is fetched. What a
//! target does with the part is the business of its dialect.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::chat::Part;
use crate::error::{Error, Result};

/// The most bytes of one file, 100 MiB: no host takes a larger request.
const MAX_BYTES: u64 = 100 << 20;

/// How images begin whose type is told by their first bytes.
const SIGNATURES: [(&[u8], &str); 4] = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
];

/// Where an image or a file comes from, and what is said about it.
///
/// A `&str` or `String` that begins with `https:`, `http:` or `data:` is a URL, any other a path.
///
/// ```no_run
/// use slugline::chat::Message;
/// use slugline::media::{Media, file, image};
///
/// let question = Message::user(vec![
///     slugline::chat::Part::text("What differs?"),
///     image("before.png")?,
///     image(Media::from("after.png").detail("low"))?,
///     file(Media::from(b"a,b\n1,2\n".to_vec()).filename("rows.csv"))?,
/// ]);
/// # Ok::<(), slugline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Media {
    /// Where it comes from.
    pub source: MediaSource,
    /// The media type, such as `image/avif`; by default an image's first bytes or a file's name tell it.
    pub media_type: Option<String>,
    /// The name that the model is shown with a file; by default the last part of the path.
    pub filename: Option<String>,
    /// How closely an image is looked at: `auto`, `low` or `high`.
    pub detail: Option<String>,
    /// The prompt caching mark, `{"type": "ephemeral"}`.
    pub cache_control: Option<Value>,
}

/// Where an image or a file comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum MediaSource {
    /// An `https:`, `http:` or `data:` URL: sent as it is.
    Url(String),
    /// A file, read when the part is made.
    Path(PathBuf),
    /// Its bytes.
    Bytes(Vec<u8>),
    /// The provider's id of a file that was given to it before.
    FileId(String),
}

impl Media {
    /// A file that was given to the provider before, by the provider's id.
    pub fn file_id(id: impl Into<String>) -> Self {
        MediaSource::FileId(id.into()).into()
    }

    /// A file by its id or by its source: for hosts where either may be absent.
    ///
    /// # Errors
    /// `invalid_request` where neither is given, or both are.
    pub fn id_or_source(file_id: Option<String>, source: Option<Media>) -> Result<Self> {
        match (file_id, source) {
            (Some(id), None) => Ok(Self::file_id(id)),
            (None, Some(source)) => Ok(source),
            (None, None) => Err(Error::invalid(
                "file",
                "`file` needs a path, bytes, a URL or a `file_id`",
            )),
            (Some(_), Some(_)) => Err(Error::invalid(
                "file_id",
                "`file` takes a path, bytes or a URL, or a `file_id`: not both",
            )),
        }
    }

    /// Sets `media_type`.
    #[must_use]
    pub fn media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }

    /// Sets `filename`.
    #[must_use]
    pub fn filename(mut self, filename: impl Into<String>) -> Self {
        self.filename = Some(filename.into());
        self
    }

    /// Sets `detail`.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Sets `cache_control`.
    #[must_use]
    pub fn cache_control(mut self, mark: impl Into<Value>) -> Self {
        self.cache_control = Some(mark.into());
        self
    }
}

impl From<MediaSource> for Media {
    fn from(source: MediaSource) -> Self {
        Self {
            source,
            media_type: None,
            filename: None,
            detail: None,
            cache_control: None,
        }
    }
}

impl From<&str> for Media {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<String> for Media {
    fn from(text: String) -> Self {
        let is_url = ["https:", "http:", "data:"]
            .iter()
            .any(|scheme| text.starts_with(scheme));
        if is_url {
            MediaSource::Url(text).into()
        } else {
            MediaSource::Path(text.into()).into()
        }
    }
}

impl From<&Path> for Media {
    fn from(path: &Path) -> Self {
        MediaSource::Path(path.to_owned()).into()
    }
}

impl From<PathBuf> for Media {
    fn from(path: PathBuf) -> Self {
        MediaSource::Path(path).into()
    }
}

impl From<Vec<u8>> for Media {
    fn from(bytes: Vec<u8>) -> Self {
        MediaSource::Bytes(bytes).into()
    }
}

impl From<&[u8]> for Media {
    fn from(bytes: &[u8]) -> Self {
        bytes.to_owned().into()
    }
}

/// An image for a message, from a path, bytes or a URL.
///
/// # Errors
/// `invalid_request` where the file cannot be read or is larger than 100 MiB, and where the bytes are no
/// PNG, JPEG, GIF or WebP image and no `media_type` says what they are.
pub fn image(media: impl Into<Media>) -> Result<Part> {
    let media = media.into();
    let url = match media.source {
        MediaSource::Url(url) => url,
        MediaSource::FileId(_) => {
            return Err(Error::invalid(
                "image",
                "`image` takes a path, bytes or a URL: use `file` for a provider's file id",
            ));
        }
        MediaSource::Path(path) => {
            let bytes = read("image", &path)?;
            let kind = image_type(media.media_type, &bytes, &format!("{} is", path.display()))?;
            data_url(&kind, &bytes)
        }
        MediaSource::Bytes(bytes) => {
            let kind = image_type(media.media_type, &bytes, "the bytes are")?;
            data_url(&kind, &bytes)
        }
    };
    Ok(Part::ImageUrl {
        url,
        detail: media.detail,
        cache_control: media.cache_control,
    })
}

/// A file for a message, from a path, bytes, a URL or a provider's id.
///
/// # Errors
/// `invalid_request` where the file cannot be read or is larger than 100 MiB, and for bytes with neither a
/// `filename` nor a `media_type`.
pub fn file(media: impl Into<Media>) -> Result<Part> {
    let media = media.into();
    let (mut file_id, mut file_data, mut file_url) = (None, None, None);
    let mut filename = media.filename;
    match media.source {
        MediaSource::FileId(id) => file_id = Some(id),
        MediaSource::Url(url) if url.starts_with("data:") => file_data = Some(url),
        MediaSource::Url(url) => file_url = Some(url),
        MediaSource::Path(path) => {
            let bytes = read("file", &path)?;
            let own_name = || Some(path.file_name()?.to_string_lossy().into_owned());
            filename = filename.or_else(own_name);
            let kind = media.media_type.as_deref();
            let kind = kind.unwrap_or_else(|| file_type(filename.as_deref().unwrap_or_default()));
            file_data = Some(data_url(kind, &bytes));
        }
        MediaSource::Bytes(bytes) => {
            let kind = match (media.media_type.as_deref(), filename.as_deref()) {
                (Some(kind), _) => kind,
                (None, Some(name)) => file_type(name),
                (None, None) => {
                    return Err(Error::invalid(
                        "file",
                        "`file`: the type of bytes is not known: give a `filename` or a `media_type`",
                    ));
                }
            };
            file_data = Some(data_url(kind, &bytes));
        }
    }
    Ok(Part::File {
        file_id,
        filename,
        file_data,
        file_url,
        cache_control: media.cache_control,
    })
}

/// Reads a regular file; a pipe or a device could block for ever.
fn read(what: &str, path: &Path) -> Result<Vec<u8>> {
    let refused = |why: &str| {
        let message = format!("`{what}`: cannot read {}: {why}", path.display());
        Error::invalid(what, message)
    };
    let failed = |error: std::io::Error| refused(&error.to_string());
    let known = std::fs::metadata(path).map_err(failed)?;
    if !known.is_file() {
        return Err(refused("it is no file"));
    }
    let mut bytes = Vec::with_capacity(known.len().min(MAX_BYTES) as usize);
    let opened = File::open(path).map_err(failed)?;
    let mut bounded = opened.take(MAX_BYTES + 1);
    bounded.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(refused("it is larger than 100 MiB"));
    }
    Ok(bytes)
}

fn image_type(given: Option<String>, bytes: &[u8], name: &str) -> Result<String> {
    if let Some(kind) = given {
        return Ok(kind);
    }
    let found = SIGNATURES
        .iter()
        .find(|(start, _)| bytes.starts_with(start))
        .map(|(_, kind)| *kind);
    let webp = || bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    match found.or_else(|| webp().then_some("image/webp")) {
        Some(kind) => Ok(kind.to_owned()),
        None => Err(Error::invalid(
            "image",
            format!("`image`: {name} no PNG, JPEG, GIF or WebP image: give its `media_type`"),
        )),
    }
}

/// The media type of what models are given as files, by the ending of the name.
fn file_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    match ending.unwrap_or_default().to_ascii_lowercase().as_str() {
        "pdf" => "application/pdf",
        "txt" | "log" => "text/plain",
        "md" | "markdown" => "text/markdown",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "css" => "text/css",
        "xml" => "text/xml",
        "json" => "application/json",
        "yaml" | "yml" => "application/yaml",
        "js" | "mjs" => "text/javascript",
        "py" => "text/x-python",
        "rtf" => "application/rtf",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        _ => "application/octet-stream",
    }
}

fn data_url(kind: &str, bytes: &[u8]) -> String {
    let mut url = String::with_capacity(bytes.len() / 3 * 4 + kind.len() + 20);
    url.push_str("data:");
    url.push_str(kind);
    url.push_str(";base64,");
    STANDARD.encode_string(bytes, &mut url);
    url
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

    fn as_json(part: Result<Part>) -> Value {
        serde_json::to_value(part.unwrap()).unwrap()
    }

    #[test]
    fn an_image_is_the_same_from_a_path_and_from_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        std::fs::write(&path, PNG).unwrap();
        let expected = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}});
        assert_eq!(as_json(image(path.as_path())), expected);
        assert_eq!(as_json(image(path.to_str().unwrap())), expected);
        assert_eq!(as_json(image(PNG)), expected);
    }

    #[test]
    fn types_are_told_by_the_first_bytes() {
        for (bytes, kind) in [
            (&b"\xff\xd8\xff\xe0"[..], "image/jpeg"),
            (b"GIF89a..", "image/gif"),
            (b"RIFF1234WEBP", "image/webp"),
        ] {
            let url = as_json(image(bytes))["image_url"]["url"].clone();
            assert!(url.as_str().unwrap().starts_with(&format!("data:{kind};")));
        }
    }

    #[test]
    fn a_url_stays_as_it_is_with_its_marks() {
        let media = Media::from("https://x.example/a.png")
            .detail("low")
            .cache_control(json!({"type": "ephemeral"}));
        assert_eq!(
            as_json(image(media)),
            json!({
                "type": "image_url",
                "image_url": {"url": "https://x.example/a.png", "detail": "low"},
                "cache_control": {"type": "ephemeral"},
            })
        );
    }

    #[test]
    fn a_file_carries_its_name_and_type() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.CSV");
        std::fs::write(&path, "a,b").unwrap();
        assert_eq!(
            as_json(file(path)),
            json!({"type": "file", "file": {"filename": "rows.CSV", "file_data": "data:text/csv;base64,YSxi"}})
        );
        let named = Media::from(&b"%PDF"[..]).media_type("application/x-own");
        assert_eq!(
            as_json(file(named)),
            json!({"type": "file", "file": {"file_data": "data:application/x-own;base64,JVBERg=="}})
        );
        assert_eq!(
            as_json(file(Media::file_id("f-1"))),
            json!({"type": "file", "file": {"file_id": "f-1"}})
        );
        assert_eq!(
            as_json(file("https://x.example/a.pdf")),
            json!({"type": "file", "file": {"file_url": "https://x.example/a.pdf"}})
        );
    }

    #[test]
    fn a_file_has_one_origin() {
        let by = |id: Option<&str>, source: Option<&str>| {
            Media::id_or_source(id.map(str::to_owned), source.map(Media::from))
        };
        assert_eq!(by(Some("f"), None).unwrap(), Media::file_id("f"));
        assert_eq!(by(None, Some("a.pdf")).unwrap(), Media::from("a.pdf"));
        for (outcome, param) in [
            (by(None, None), "file"),
            (by(Some("f"), Some("a")), "file_id"),
        ] {
            let error = outcome.unwrap_err();
            assert_eq!(error.data().param.as_deref(), Some(param));
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for (outcome, words) in [
            (image(&b"?"[..]), "the bytes are no PNG"),
            (image("no/such.png"), "cannot read no/such.png"),
            (image(folder.path()), "it is no file"),
            (image(Media::file_id("f-1")), "use `file`"),
            (file(&b"?"[..]), "give a `filename`"),
        ] {
            let error = outcome.unwrap_err();
            assert_eq!(error.code(), "invalid_request");
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}

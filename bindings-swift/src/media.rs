//! Images and files for a message: Swift's sources to the core's.

use slugline::chat::Part;
use slugline::media::{self, Media};
use slugline::runtime;

use crate::error::Failure;

/// Where an image or a file comes from.
#[derive(uniffi::Enum)]
pub enum MediaSource {
    /// A path or a URL.
    Text {
        /// Which.
        text: String,
    },
    /// Its bytes.
    Bytes {
        /// They.
        bytes: Vec<u8>,
    },
}

impl From<MediaSource> for Media {
    fn from(source: MediaSource) -> Media {
        match source {
            MediaSource::Text { text } => text.into(),
            MediaSource::Bytes { bytes } => bytes.into(),
        }
    }
}

/// The part for an image.
#[uniffi::export]
pub fn image_part(
    source: MediaSource,
    detail: Option<String>,
    media_type: Option<String>,
) -> Result<Part, Failure> {
    Ok(runtime::shield(|| {
        media::image(Media {
            detail,
            media_type,
            ..source.into()
        })
    })?)
}

/// The part for a file.
#[uniffi::export]
pub fn file_part(
    source: MediaSource,
    filename: Option<String>,
    media_type: Option<String>,
) -> Result<Part, Failure> {
    Ok(runtime::shield(|| {
        media::file(Media {
            filename,
            media_type,
            ..source.into()
        })
    })?)
}

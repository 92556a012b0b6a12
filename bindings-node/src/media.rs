//! Images and files for a message: JavaScript's sources to the core's, and the part as JSON text.

use napi::bindgen_prelude::{Buffer, Either};
use napi_derive::napi;
use slugline::media::{self, Media};
use slugline::runtime;

use crate::error::{json, thrown};

type Source = Either<String, Buffer>;

fn read(source: Source) -> Media {
    match source {
        Either::A(text) => text.into(),
        Either::B(bytes) => bytes.to_vec().into(),
    }
}

/// The part for an image.
#[napi]
pub fn image(
    source: Source,
    detail: Option<String>,
    media_type: Option<String>,
) -> napi::Result<String> {
    runtime::shield(|| {
        let part = media::image(Media {
            detail,
            media_type,
            ..read(source)
        })?;
        json(&part)
    })
    .map_err(thrown)
}

/// The part for a file.
#[napi]
pub fn file(
    source: Option<Source>,
    file_id: Option<String>,
    filename: Option<String>,
    media_type: Option<String>,
) -> napi::Result<String> {
    runtime::shield(|| {
        let media = Media::id_or_source(file_id, source.map(read))?;
        let part = media::file(Media {
            filename,
            media_type,
            ..media
        })?;
        json(&part)
    })
    .map_err(thrown)
}

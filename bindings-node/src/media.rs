//! Images and files for a message: JavaScript's sources to the core's, and the part as JSON text.

use napi::bindgen_prelude::{Buffer, Either};
use napi_derive::napi;
use serde::Deserialize;
use serde_json::Value;
use slugline::media::{self, Media};
use slugline::runtime;

use crate::error::{json, thrown};
use crate::value::request;

type Source = Either<String, Buffer>;

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct ImageOptions {
    detail: Option<String>,
    media_type: Option<String>,
    cache_control: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct FileOptions {
    file_id: Option<String>,
    filename: Option<String>,
    media_type: Option<String>,
    cache_control: Option<Value>,
}

fn read(source: Source) -> Media {
    match source {
        Either::A(text) => text.into(),
        Either::B(bytes) => bytes.to_vec().into(),
    }
}

/// The part for an image; the options are JSON text.
#[napi]
pub fn image(source: Source, options: String) -> napi::Result<String> {
    runtime::shield(|| {
        let given: ImageOptions = request(&options)?;
        let part = media::image(Media {
            detail: given.detail,
            media_type: given.media_type,
            cache_control: given.cache_control,
            ..read(source)
        })?;
        json(&part)
    })
    .map_err(thrown)
}

/// The part for a file; the options are JSON text.
#[napi]
pub fn file(source: Option<Source>, options: String) -> napi::Result<String> {
    runtime::shield(|| {
        let given: FileOptions = request(&options)?;
        let part = media::file(Media {
            filename: given.filename,
            media_type: given.media_type,
            cache_control: given.cache_control,
            ..Media::id_or_source(given.file_id, source.map(read))?
        })?;
        json(&part)
    })
    .map_err(thrown)
}

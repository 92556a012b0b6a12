//! Images and files for a message: Python's sources to the core's, and the part as a `dict`.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView, PyString};
use slugline::chat::Part;
use slugline::media::{self, Media};
use slugline::{Error, Result, runtime};

use crate::error::raise;
use crate::show::{Show, json};

/// The part for an image.
#[pyfunction]
pub(crate) fn _image(
    source: &Bound<'_, PyAny>,
    detail: Option<String>,
    media_type: Option<String>,
) -> PyResult<Py<PyAny>> {
    let media = Media {
        detail,
        media_type,
        ..read("image", source)?
    };
    part(source.py(), || media::image(media))
}

/// The part for a file.
#[pyfunction]
#[pyo3(signature = (source, file_id, filename, media_type))]
pub(crate) fn _file(
    py: Python<'_>,
    source: Option<&Bound<'_, PyAny>>,
    file_id: Option<String>,
    filename: Option<String>,
    media_type: Option<String>,
) -> PyResult<Py<PyAny>> {
    let source = source.map(|source| read("file", source)).transpose()?;
    part(py, || {
        let media = Media::id_or_source(file_id, source)?;
        media::file(Media {
            filename,
            media_type,
            ..media
        })
    })
}

fn part(py: Python<'_>, make: impl FnOnce() -> Result<Part> + Send) -> PyResult<Py<PyAny>> {
    let made = py.detach(|| runtime::shield(make));
    json(&made.map_err(|error| raise(py, error))?)?.show(py)
}

fn read(what: &str, source: &Bound<'_, PyAny>) -> PyResult<Media> {
    if let Ok(text) = source.cast::<PyString>() {
        return Ok(text.to_str()?.into());
    }
    if let Ok(bytes) = source.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().into());
    }
    if source.is_instance_of::<PyByteArray>() || source.is_instance_of::<PyMemoryView>() {
        let bytes = source.py().get_type::<PyBytes>().call1((source,))?;
        return Ok(bytes.cast::<PyBytes>()?.as_bytes().into());
    }
    source.extract::<PathBuf>().map(Media::from).map_err(|_| {
        let kind = source.get_type().to_string();
        let message = format!("`{what}` takes a path, bytes or a URL, not {kind}");
        raise(source.py(), Error::invalid(what, message))
    })
}

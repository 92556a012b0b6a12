//! A chunk of a streamed answer: what is new, beside what all chunks of the stream share.
//!
//! The text is read straight from the delta; the rest is put together when somebody looks at it.

use std::sync::{Arc, OnceLock};

use pyo3::prelude::*;
use slugline::chat::{self, Delta, StreamHead};

use crate::show::{self, Nested, Part, Show};
use crate::types::{ChunkChoice, Usage};

/// An OpenAI `chat.completion.chunk`.
#[pyclass(frozen, module = "slugline.types")]
pub(crate) struct ChatCompletionChunk {
    head: Arc<StreamHead>,
    delta: Delta,
    whole: OnceLock<Part<chat::ChatCompletionChunk>>,
    choices: Nested,
    usage: Nested,
}

impl ChatCompletionChunk {
    pub(crate) fn new(head: Arc<StreamHead>, delta: Delta) -> Self {
        ChatCompletionChunk {
            head,
            delta,
            whole: OnceLock::new(),
            choices: Nested::default(),
            usage: Nested::default(),
        }
    }

    fn whole(&self) -> &Part<chat::ChatCompletionChunk> {
        self.whole
            .get_or_init(|| Part::whole(self.head.chunk(self.delta.clone())))
    }
}

#[pymethods]
impl ChatCompletionChunk {
    /// The new text of the first choice, `""` where there is none.
    #[getter]
    fn text(&self) -> &str {
        match &self.delta.text {
            Some(text) => text,
            None => "",
        }
    }

    /// The same on all chunks of a stream.
    #[getter]
    fn id(&self) -> &str {
        &self.head.id
    }

    /// Always `chat.completion.chunk`.
    #[getter]
    fn object(&self) -> &'static str {
        "chat.completion.chunk"
    }

    /// The same on all chunks of a stream: Unix time in seconds.
    #[getter]
    fn created(&self) -> i64 {
        self.head.created
    }

    /// The same on all chunks of a stream: the target that serves, as `provider/model`.
    #[getter]
    fn model(&self) -> &str {
        &self.head.model
    }

    /// The same on all chunks of a stream.
    #[getter]
    fn session_id(&self) -> &str {
        &self.head.session_id
    }

    /// One choice; none on the chunk that only reports usage.
    #[getter]
    fn choices(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.choices
            .list::<_, _, ChunkChoice>(py, self.whole(), |chunk| &chunk.choices)
    }

    /// Token counts, on the last chunk where `stream_options.include_usage` asked for it.
    #[getter]
    fn usage(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.usage
            .first::<_, _, Usage>(py, self.whole(), |chunk| chunk.usage.as_slice())
    }

    /// Fields of the provider that this library does not know.
    #[getter]
    fn extra(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.delta.extra.show(py)
    }

    /// As a `dict`, in the form of its JSON.
    fn to_dict(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        show::json(self.whole().get())?.show(py)
    }

    /// As JSON text.
    fn to_json(&self) -> PyResult<String> {
        serde_json::to_string(self.whole().get()).map_err(show::no_json)
    }

    /// As a `dict`, under the name that pydantic's users know.
    #[pyo3(signature = (*, exclude_none = false))]
    fn model_dump(&self, py: Python<'_>, exclude_none: bool) -> PyResult<Py<PyAny>> {
        show::dump(show::json(self.whole().get())?, exclude_none).show(py)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        show::repr(py, "ChatCompletionChunk", &show::json(self.whole().get())?)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        match other.cast::<Self>() {
            Ok(other) => self.head == other.get().head && self.delta == other.get().delta,
            Err(_) => false,
        }
    }

    #[staticmethod]
    fn _from_json(json: &str) -> PyResult<Self> {
        let (head, delta) = serde_json::from_str(json).map_err(show::no_json)?;
        Ok(ChatCompletionChunk::new(Arc::new(head), delta))
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        let chunk = slf.get();
        let kept = serde_json::to_string(&(&*chunk.head, &chunk.delta)).map_err(show::no_json)?;
        show::reduce(slf.as_any(), kept)
    }
}

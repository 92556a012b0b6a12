//! The native half of the Python package `slugline`: the core's engine, streams and answers as
//! Python classes. The public half, `Engine` and `AsyncEngine` with their signatures, is Python.
//!
//! One call: `value.rs` reads the arguments, `engine.rs` starts it, `waiting.rs` or `awaiting.rs` waits,
//! `types.rs` and `error.rs` show the outcome. Streams: `stream.rs` and `async_stream.rs`.

mod async_stream;
mod awaiting;
mod bell;
mod call;
mod chunk;
mod engine;
mod error;
mod helpers;
mod hub;
mod keys;
mod log;
mod media;
#[cfg(debug_assertions)]
mod panic;
mod show;
mod state;
mod stream;
mod types;
mod value;
mod waiting;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    use pyo3::prelude::*;
    use pyo3::types::PyType;

    #[pymodule_export]
    use crate::async_stream::{AsyncChatStream, AsyncTextStream};
    #[pymodule_export]
    use crate::awaiting::{Awaitable, Ready};
    #[pymodule_export]
    use crate::chunk::ChatCompletionChunk;
    #[pymodule_export]
    use crate::engine::Core;
    #[pymodule_export]
    use crate::media::{_file, _image};
    #[pymodule_export]
    use crate::state::{SessionCore, State};
    #[pymodule_export]
    use crate::stream::{ChatStream, TextStream};
    #[pymodule_export]
    use crate::types::{
        ArmReport, Attempt, CampaignRef, CampaignReport, ChatCompletion, Choice, ChunkChoice,
        ChunkDelta, Comparison, CompletionTokensDetails, Cost, CostTotal, EnvironmentInfo,
        Feedback, FunctionCall, FunctionDelta, Logprobs, Message, Meta, PromptInfo, PromptRef,
        PromptTokensDetails, ProviderRequest, Recording, RecordingPage, RenderedPrompt, Timing,
        TokenLogprob, ToolCall, ToolCallDelta, TopLogprob, Usage, UsageRow, VariantInfo, Warning,
    };

    /// Puts a pickled object together again.
    #[pyfunction]
    fn _revive<'py>(kind: &Bound<'py, PyType>, json: &str) -> PyResult<Bound<'py, PyAny>> {
        kind.call_method1("_from_json", (json,))
    }

    /// Every code of an error.
    #[pyfunction]
    fn _codes() -> Vec<&'static str> {
        let kinds = slugline::ErrorKind::ALL.iter();
        kinds.map(|kind| kind.code()).collect()
    }

    /// The names of the arguments of a call: the `options` of all, or what `chat` or `prompt` has beside them.
    #[pyfunction]
    fn _names(of: &str) -> &'static [&'static str] {
        match of {
            "chat" => slugline::chat::ChatRequest::NAMES,
            "prompt" => slugline::chat::PromptRequest::NAMES,
            _ => slugline::chat::Options::NAMES,
        }
    }

    #[cfg(debug_assertions)]
    #[pymodule_export]
    use crate::panic::_panic;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::log::forward();
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        // A private module: what is public is said in Python.
        module.delattr("__all__")
    }
}

//! The engine as Python's classes `Engine` and `AsyncEngine` share it, which are written in Python.
//!
//! Each verb reads its arguments in one pass and either waits on the caller's thread, gives something
//! to await, or gives a stream. Streams are given at once: what is wrong with a call is told at the first pull.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::PyResourceWarning;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyMapping, PyTuple};
use slugline::chat::{self, ChatRequest, PromptRequest};
use slugline::config::ConfigSource;
use slugline::engine::RequestFor;
use slugline::template::Helpers;
use slugline::{Error, ErrorKind, Result, prompt, runtime};

use crate::async_stream::AsyncChatStream;
use crate::awaiting::Awaitable;
use crate::call::awaitable;
use crate::error::raise;
use crate::helpers::take_helpers;
use crate::keys::take_callables;
use crate::log;
use crate::stream::ChatStream;
use crate::types::{ChatCompletion, PromptInfo, ProviderRequest, RenderedPrompt, Warning};
use crate::value::{read_call, read_config};
use crate::waiting::wait;

/// What `Engine` and `AsyncEngine` share.
#[pyclass(frozen, module = "slugline._native")]
pub(crate) struct Core {
    engine: Mutex<Option<slugline::Engine>>,
    process: u32,
}

type Argument<'a, 'py> = &'a Bound<'py, PyAny>;
type Options<'py> = Bound<'py, PyDict>;

impl Core {
    /// The engine, unless it is closed.
    pub(crate) fn engine(&self) -> Result<slugline::Engine> {
        let engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        engine
            .clone()
            .ok_or_else(|| Error::invalid("", "the engine is closed: open a new one"))
    }

    /// The engine and the request of one call.
    fn call<T>(&self, request: Result<T>) -> Result<(slugline::Engine, T)> {
        Ok((self.engine()?, request?))
    }

    fn take(&self) -> Option<slugline::Engine> {
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        engine.take()
    }

    /// Lets go of an engine. One that came over a fork is left as it is: its connections are the parent's,
    /// and their locks may never be free again here.
    fn let_go(&self, engine: Option<slugline::Engine>) {
        if self.process != std::process::id() {
            std::mem::forget(engine);
        }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        let engine = self.take();
        if engine.is_none() || self.process != std::process::id() {
            return self.let_go(engine);
        }
        drop(engine);
        // As files do. An interpreter that is ending has nobody to tell.
        Python::try_attach(|py| {
            let raising = PyErr::take(py);
            let category = py.get_type::<PyResourceWarning>();
            if let Err(error) = PyErr::warn(py, &category, c"an Engine was not closed", 1) {
                error.write_unraisable(py, None);
            }
            if let Some(raising) = raising {
                raising.restore(py);
            }
        });
    }
}

pub(crate) fn chat_request(
    messages: Argument<'_, '_>,
    options: &Options<'_>,
) -> Result<ChatRequest> {
    let name = intern!(options.py(), "messages");
    runtime::shield(|| read_call(&[(name, messages)], options))
}

pub(crate) fn prompt_request(
    slug: Argument<'_, '_>,
    variables: Argument<'_, '_>,
    options: &Options<'_>,
) -> Result<PromptRequest> {
    let py = options.py();
    let placed = [
        (intern!(py, "slug"), slug),
        (intern!(py, "variables"), variables),
    ];
    runtime::shield(|| read_call(&placed, options))
}

/// The arguments of `chat`, or with `slug` those of `run_prompt`.
fn either_request(messages: Argument<'_, '_>, options: &Options<'_>) -> Result<RequestFor> {
    let py = options.py();
    let slug = options.get_item(intern!(py, "slug")).ok().flatten();
    if slug.is_some_and(|slug| !slug.is_none()) {
        let name = intern!(py, "messages");
        let request: PromptRequest = runtime::shield(|| read_call(&[(name, messages)], options))?;
        return Ok(request.into());
    }
    chat_request(messages, options).map(RequestFor::from)
}

#[pymethods]
impl Core {
    /// Opens an engine: with nothing, a file's path, or plain data; overrides win.
    #[new]
    fn open(py: Python<'_>, config: Bound<'_, PyAny>, overrides: Options<'_>) -> PyResult<Self> {
        log::look(py)?;
        let mut helpers = Helpers::new();
        let config = take_helpers(config, &mut helpers)?;
        let overrides = take_helpers(overrides.into_any(), &mut helpers)?;
        let (config, mut keys) = take_callables(config)?;
        let (overrides, more) = take_callables(overrides)?;
        keys.extend(more);
        let opened = (|| {
            let source = if config.is_none() {
                ConfigSource::Default
            } else if config.is_instance_of::<PyDict>() || config.cast::<PyMapping>().is_ok() {
                ConfigSource::Data(runtime::shield(|| read_config(&config))?)
            } else if let Ok(path) = config.extract::<PathBuf>() {
                ConfigSource::File(path)
            } else {
                let message = "the configuration must be a path or a mapping";
                return Err(Error::new(ErrorKind::ConfigError, message));
            };
            let mut builder = slugline::Engine::builder()
                .source(source)
                .helpers(helpers)
                .overrides(runtime::shield(|| read_config(&overrides))?);
            for (provider, key) in keys {
                builder = builder.key_provider(provider, Arc::new(key));
            }
            Ok(builder)
        })();
        // What cannot be read is wrong with the configuration, not with a call.
        let builder = opened.map_err(|error: Error| {
            let mut data = error.into_data();
            data.kind = ErrorKind::ConfigError;
            let param = data.param.unwrap_or_default();
            raise(py, Error::new(data.kind, data.message).with_param(param))
        })?;
        let engine = py
            .detach(|| runtime::shield(|| builder.open()))
            .map_err(|error| raise(py, error))?;
        for warning in engine.warnings() {
            log::warn(py, &warning.message)?;
        }
        Ok(Core {
            engine: Mutex::new(Some(engine)),
            process: std::process::id(),
        })
    }

    /// Closes connections that no call uses any more; calls under way go on. What was recorded is written.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let Some(engine) = self.take() else {
            return Ok(());
        };
        let written = wait(py, engine.shutdown());
        py.detach(|| self.let_go(Some(engine)));
        written
    }

    /// The same to be awaited.
    fn close_async(&self) -> Awaitable {
        let taken = self.take();
        let own = self.process == std::process::id();
        let closing = async move {
            if let Some(engine) = taken {
                let written = engine.shutdown().await;
                if own {
                    // Its last clone may end a store, which waits for a disk.
                    let ending = runtime::handle()?.spawn_blocking(move || drop(engine));
                    let _ = ending.await;
                } else {
                    std::mem::forget(engine);
                }
                written?;
            }
            Ok(())
        };
        awaitable(closing, |py, ()| Ok(py.None()))
    }

    #[getter]
    fn closed(&self) -> bool {
        self.engine().is_err()
    }

    /// What was odd about the configuration, though not wrong.
    #[getter]
    fn warnings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let engine = self.engine().map_err(|error| raise(py, error))?;
        let warnings = engine.warnings().iter().cloned().map(Warning::whole);
        let warnings = warnings.map(|warning| Py::new(py, warning));
        PyTuple::new(py, warnings.collect::<PyResult<Vec<_>>>()?)
    }

    fn chat(
        &self,
        py: Python<'_>,
        messages: Bound<'_, PyAny>,
        options: Options<'_>,
    ) -> PyResult<ChatCompletion> {
        let called = self.call(chat_request(&messages, &options));
        let (engine, request) = called.map_err(|error| raise(py, error))?;
        wait(py, engine.chat(request)).map(ChatCompletion::whole)
    }

    fn chat_async(&self, messages: Bound<'_, PyAny>, options: Options<'_>) -> Awaitable {
        let called = self.call(chat_request(&messages, &options));
        let call = async {
            let (engine, request) = called?;
            engine.chat(request).await
        };
        awaitable(call, completion)
    }

    fn chat_stream(&self, messages: Bound<'_, PyAny>, options: Options<'_>) -> ChatStream {
        let called = self.call(chat_request(&messages, &options));
        ChatStream::new(called.map(|(engine, request)| engine.chat_stream(request)))
    }

    fn chat_stream_async(
        &self,
        messages: Bound<'_, PyAny>,
        options: Options<'_>,
    ) -> AsyncChatStream {
        let called = self.call(chat_request(&messages, &options));
        AsyncChatStream::new(called.map(|(engine, request)| engine.chat_stream(request)))
    }

    fn run_prompt(
        &self,
        py: Python<'_>,
        slug: Bound<'_, PyAny>,
        variables: Bound<'_, PyAny>,
        options: Options<'_>,
    ) -> PyResult<ChatCompletion> {
        let called = self.call(prompt_request(&slug, &variables, &options));
        let (engine, request) = called.map_err(|error| raise(py, error))?;
        wait(py, engine.run_prompt(request)).map(ChatCompletion::whole)
    }

    fn run_prompt_async(
        &self,
        slug: Bound<'_, PyAny>,
        variables: Bound<'_, PyAny>,
        options: Options<'_>,
    ) -> Awaitable {
        let called = self.call(prompt_request(&slug, &variables, &options));
        let call = async {
            let (engine, request) = called?;
            engine.run_prompt(request).await
        };
        awaitable(call, completion)
    }

    fn run_prompt_stream(
        &self,
        slug: Bound<'_, PyAny>,
        variables: Bound<'_, PyAny>,
        options: Options<'_>,
    ) -> ChatStream {
        let called = self.call(prompt_request(&slug, &variables, &options));
        ChatStream::new(called.map(|(engine, request)| engine.run_prompt_stream(request)))
    }

    fn run_prompt_stream_async(
        &self,
        slug: Bound<'_, PyAny>,
        variables: Bound<'_, PyAny>,
        options: Options<'_>,
    ) -> AsyncChatStream {
        let called = self.call(prompt_request(&slug, &variables, &options));
        AsyncChatStream::new(called.map(|(engine, request)| engine.run_prompt_stream(request)))
    }

    fn render_prompt(
        &self,
        py: Python<'_>,
        slug: Bound<'_, PyAny>,
        variables: Bound<'_, PyAny>,
        options: Options<'_>,
    ) -> PyResult<Py<PyAny>> {
        let called = self.call(prompt_request(&slug, &variables, &options));
        here(
            py,
            called,
            |engine, request| engine.render_prompt(request),
            rendered,
        )
    }

    fn render_prompt_async(
        &self,
        slug: Bound<'_, PyAny>,
        variables: Bound<'_, PyAny>,
        options: Options<'_>,
    ) -> Awaitable {
        let called = self.call(prompt_request(&slug, &variables, &options));
        aside(
            called,
            |engine, request| engine.render_prompt(request),
            rendered,
        )
    }

    fn build_request(
        &self,
        py: Python<'_>,
        messages: Bound<'_, PyAny>,
        options: Options<'_>,
    ) -> PyResult<Py<PyAny>> {
        let called = self.call(either_request(&messages, &options));
        here(
            py,
            called,
            |engine, request| engine.build_request(request),
            built,
        )
    }

    fn build_request_async(&self, messages: Bound<'_, PyAny>, options: Options<'_>) -> Awaitable {
        let called = self.call(either_request(&messages, &options));
        aside(
            called,
            |engine, request| engine.build_request(request),
            built,
        )
    }

    fn prompts_list(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        here(
            py,
            self.call(Ok(())),
            |engine, ()| engine.prompts().list(),
            infos,
        )
    }

    fn prompts_list_async(&self) -> Awaitable {
        aside(
            self.call(Ok(())),
            |engine, ()| engine.prompts().list(),
            infos,
        )
    }

    fn prompts_get(&self, py: Python<'_>, slug: String) -> PyResult<Py<PyAny>> {
        here(
            py,
            self.call(Ok(slug)),
            |engine, slug| engine.prompts().get(&slug),
            info,
        )
    }

    fn prompts_get_async(&self, slug: String) -> Awaitable {
        aside(
            self.call(Ok(slug)),
            |engine, slug| engine.prompts().get(&slug),
            info,
        )
    }

    fn prompts_check(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        here(
            py,
            self.call(Ok(())),
            |engine, ()| Ok(engine.prompts().check()),
            problems,
        )
    }

    fn prompts_check_async(&self) -> Awaitable {
        aside(
            self.call(Ok(())),
            |engine, ()| Ok(engine.prompts().check()),
            problems,
        )
    }
}

type Called<R> = Result<(slugline::Engine, R)>;
type Shows<T> = fn(Python<'_>, T) -> PyResult<Py<PyAny>>;

/// What reads files at most, on this thread.
fn here<R: Send, T: Send>(
    py: Python<'_>,
    called: Called<R>,
    work: fn(&slugline::Engine, R) -> Result<T>,
    shows: Shows<T>,
) -> PyResult<Py<PyAny>> {
    let done = called
        .and_then(|(engine, request)| py.detach(|| runtime::shield(|| work(&engine, request))));
    shows(py, done.map_err(|error| raise(py, error))?)
}

/// The same to be awaited, on a thread where a slow disk holds nobody up.
fn aside<R: Send + 'static, T: Send + 'static>(
    called: Called<R>,
    work: fn(&slugline::Engine, R) -> Result<T>,
    shows: Shows<T>,
) -> Awaitable {
    let call = async move {
        let (engine, request) = called?;
        let done = runtime::handle()?
            .spawn_blocking(move || runtime::shield(|| work(&engine, request)))
            .await;
        done.unwrap_or_else(|_| Err(Error::new(ErrorKind::Cancelled, "the call was cancelled")))
    };
    awaitable(call, shows)
}

pub(crate) fn completion(py: Python<'_>, answer: chat::ChatCompletion) -> PyResult<Py<PyAny>> {
    Ok(Py::new(py, ChatCompletion::whole(answer))?.into_any())
}

fn rendered(py: Python<'_>, prompt: slugline::compose::RenderedPrompt) -> PyResult<Py<PyAny>> {
    Ok(Py::new(py, RenderedPrompt::whole(prompt))?.into_any())
}

fn built(py: Python<'_>, request: slugline::engine::ProviderRequest) -> PyResult<Py<PyAny>> {
    Ok(Py::new(py, ProviderRequest::whole(request))?.into_any())
}

fn info(py: Python<'_>, info: prompt::PromptInfo) -> PyResult<Py<PyAny>> {
    Ok(Py::new(py, PromptInfo::whole(info))?.into_any())
}

fn infos(py: Python<'_>, found: Vec<prompt::PromptInfo>) -> PyResult<Py<PyAny>> {
    let found = found.into_iter().map(|found| info(py, found));
    let found = PyList::new(py, found.collect::<PyResult<Vec<_>>>()?)?;
    Ok(found.into_any().unbind())
}

fn problems(py: Python<'_>, found: Vec<Error>) -> PyResult<Py<PyAny>> {
    let found = found
        .into_iter()
        .map(|error| raise(py, error).into_value(py));
    Ok(PyList::new(py, found)?.into_any().unbind())
}

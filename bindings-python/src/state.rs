//! What is kept of calls, and sessions: the native halves of `Session`, `Recordings` and of the engine's
//! methods about them. Each comes twice, to be waited for and to be awaited.

use std::future::Future;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use slugline::chat::{ChatRequest, PromptRequest};
use slugline::engine::asks::{
    AskReport, AskUsage, DeleteRecordings, ExportRecordings, GiveFeedback, ListRecordings,
    RerunRecording,
};
use slugline::{Engine, Result, chat, engine, runtime, store};

use crate::async_stream::AsyncChatStream;
use crate::awaiting::Awaitable;
use crate::call::awaitable;
use crate::engine::{Core, chat_request, completion, prompt_request};
use crate::error::raise;
use crate::show::Show;
use crate::stream::ChatStream;
use crate::types::{CampaignReport, ChatCompletion, Message, Recording, RecordingPage, UsageRow};
use crate::value::read_call;
use crate::waiting::wait;

type Options<'py> = Bound<'py, PyDict>;
type Shown = PyResult<Py<PyAny>>;

/// A session of an engine.
#[pyclass(frozen, module = "slugline._native")]
pub(crate) struct SessionCore {
    core: Py<Core>,
    id: Arc<str>,
}

impl SessionCore {
    fn session(&self) -> Result<engine::Session> {
        Ok(self.core.get().engine()?.session(self.id.clone()))
    }

    fn call<T>(&self, request: Result<T>) -> Result<(engine::Session, T)> {
        Ok((self.session()?, request?))
    }
}

#[pymethods]
impl SessionCore {
    #[new]
    fn new(core: Py<Core>, id: String) -> Self {
        SessionCore {
            core,
            id: id.into(),
        }
    }

    #[getter]
    fn id(&self) -> &str {
        &self.id
    }

    fn chat(
        &self,
        py: Python<'_>,
        messages: Bound<'_, PyAny>,
        options: Options<'_>,
    ) -> PyResult<ChatCompletion> {
        let called = self.call(chat_request(&messages, &options));
        let (session, request) = called.map_err(|error| raise(py, error))?;
        wait(py, async move { session.chat(request).await }).map(ChatCompletion::whole)
    }

    fn chat_async(&self, messages: Bound<'_, PyAny>, options: Options<'_>) -> Awaitable {
        let called = self.call(chat_request(&messages, &options));
        let call = async {
            let (session, request) = called?;
            session.chat(request).await
        };
        awaitable(call, completion)
    }

    fn chat_stream(&self, messages: Bound<'_, PyAny>, options: Options<'_>) -> ChatStream {
        ChatStream::new(self.stream_chat(chat_request(&messages, &options)))
    }

    fn chat_stream_async(
        &self,
        messages: Bound<'_, PyAny>,
        options: Options<'_>,
    ) -> AsyncChatStream {
        AsyncChatStream::new(self.stream_chat(chat_request(&messages, &options)))
    }

    fn run_prompt(
        &self,
        py: Python<'_>,
        slug: Bound<'_, PyAny>,
        variables: Bound<'_, PyAny>,
        options: Options<'_>,
    ) -> PyResult<ChatCompletion> {
        let called = self.call(prompt_request(&slug, &variables, &options));
        let (session, request) = called.map_err(|error| raise(py, error))?;
        wait(py, async move { session.run_prompt(request).await }).map(ChatCompletion::whole)
    }

    fn run_prompt_async(
        &self,
        slug: Bound<'_, PyAny>,
        variables: Bound<'_, PyAny>,
        options: Options<'_>,
    ) -> Awaitable {
        let called = self.call(prompt_request(&slug, &variables, &options));
        let call = async {
            let (session, request) = called?;
            session.run_prompt(request).await
        };
        awaitable(call, completion)
    }

    fn run_prompt_stream(
        &self,
        slug: Bound<'_, PyAny>,
        variables: Bound<'_, PyAny>,
        options: Options<'_>,
    ) -> ChatStream {
        ChatStream::new(self.stream_prompt(prompt_request(&slug, &variables, &options)))
    }

    fn run_prompt_stream_async(
        &self,
        slug: Bound<'_, PyAny>,
        variables: Bound<'_, PyAny>,
        options: Options<'_>,
    ) -> AsyncChatStream {
        AsyncChatStream::new(self.stream_prompt(prompt_request(&slug, &variables, &options)))
    }

    fn history(&self, py: Python<'_>) -> Shown {
        waited(py, self.load(), messages)
    }

    fn history_async(&self) -> Awaitable {
        awaitable(self.load(), messages)
    }

    fn clear(&self, py: Python<'_>) -> Shown {
        waited(py, self.forget(), nothing)
    }

    fn clear_async(&self) -> Awaitable {
        awaitable(self.forget(), nothing)
    }
}

impl SessionCore {
    fn stream_chat(&self, request: Result<ChatRequest>) -> Result<slugline::stream::ChatStream> {
        let (session, request) = self.call(request)?;
        Ok(session.chat_stream(request))
    }

    fn stream_prompt(
        &self,
        request: Result<PromptRequest>,
    ) -> Result<slugline::stream::ChatStream> {
        let (session, request) = self.call(request)?;
        Ok(session.run_prompt_stream(request))
    }

    fn load(&self) -> impl Future<Output = Result<Vec<chat::Message>>> + Send + 'static {
        let session = self.session();
        async move { session?.history().await }
    }

    fn forget(&self) -> impl Future<Output = Result<()>> + Send + 'static {
        let session = self.session();
        async move { session?.clear().await }
    }
}

/// Recordings, feedback and what is counted over them.
#[pyclass(frozen, module = "slugline._native")]
pub(crate) struct State {
    core: Py<Core>,
}

impl State {
    fn engine(&self) -> Result<Engine> {
        self.core.get().engine()
    }

    /// The engine and what is asked of it.
    fn asked<'de, T: serde::Deserialize<'de>>(&self, asked: &Options<'_>) -> Result<(Engine, T)> {
        let asked = runtime::shield(|| read_call(&[], asked));
        Ok((self.engine()?, asked?))
    }
}

/// A method in both forms: `NAME` waits, `NAME_async` is awaited.
macro_rules! both {
    ($($name:ident, $awaited:ident($($argument:ident: $type:ty),*) = $ask:ident, $show:path;)+) => {
        #[pymethods]
        impl State {
            #[new]
            fn new(core: Py<Core>) -> Self {
                State { core }
            }

            /// How many calls should have been recorded and were not.
            #[getter]
            fn lost(&self, py: Python<'_>) -> PyResult<u64> {
                let engine = self.engine().map_err(|error| raise(py, error))?;
                Ok(engine.recordings().lost())
            }

            $(
                fn $name(&self, py: Python<'_>, $($argument: $type),*) -> Shown {
                    waited(py, self.$ask($($argument),*), $show)
                }

                fn $awaited(&self, $($argument: $type),*) -> Awaitable {
                    awaitable(self.$ask($($argument),*), $show)
                }
            )+
        }
    };
}

both! {
    recordings_list, recordings_list_async(asked: Options<'_>) = list, page;
    recordings_get, recordings_get_async(id: String) = get, recording;
    recordings_export, recordings_export_async(asked: Options<'_>) = export, plain;
    recordings_query, recordings_query_async(sql: String) = query, plain;
    recordings_delete, recordings_delete_async(asked: Options<'_>) = delete, plain;
    recordings_rerun, recordings_rerun_async(asked: Options<'_>) = rerun, completion;
    feedback, feedback_async(asked: Options<'_>) = judge, plain;
    campaign_report, campaign_report_async(asked: Options<'_>) = report, campaign;
    usage, usage_async(asked: Options<'_>) = count, usage_rows;
}

impl State {
    fn list(
        &self,
        asked: Options<'_>,
    ) -> impl Future<Output = Result<store::Page>> + Send + 'static {
        let asked = self.asked::<ListRecordings>(&asked);
        async move {
            let (engine, asked) = asked?;
            engine.recordings().list(asked.into()).await
        }
    }

    fn get(&self, id: String) -> impl Future<Output = Result<store::Recording>> + Send + 'static {
        let engine = self.engine();
        async move { engine?.recordings().get(&id).await }
    }

    fn export(&self, asked: Options<'_>) -> impl Future<Output = Result<u64>> + Send + 'static {
        let asked = self.asked::<ExportRecordings>(&asked);
        async move {
            let (engine, asked) = asked?;
            let (path, filter) = asked.into_parts();
            engine.recordings().export(path, filter).await
        }
    }

    fn query(
        &self,
        sql: String,
    ) -> impl Future<Output = Result<Vec<chat::JsonMap>>> + Send + 'static {
        let engine = self.engine();
        async move { engine?.recordings().query(&sql).await }
    }

    fn delete(&self, asked: Options<'_>) -> impl Future<Output = Result<u64>> + Send + 'static {
        let asked = self.asked::<DeleteRecordings>(&asked);
        async move {
            let (engine, asked) = asked?;
            engine.recordings().delete(asked.into()).await
        }
    }

    fn rerun(
        &self,
        asked: Options<'_>,
    ) -> impl Future<Output = Result<chat::ChatCompletion>> + Send + 'static {
        let asked = self.asked::<RerunRecording>(&asked);
        async move {
            let (engine, asked) = asked?;
            let (id, rerun) = asked.into_parts();
            engine.recordings().rerun(&id, rerun).await
        }
    }

    fn judge(&self, asked: Options<'_>) -> impl Future<Output = Result<String>> + Send + 'static {
        let asked = self.asked::<GiveFeedback>(&asked);
        async move {
            let (engine, asked) = asked?;
            engine.feedback(asked.into()).await
        }
    }

    fn report(
        &self,
        asked: Options<'_>,
    ) -> impl Future<Output = Result<store::CampaignReport>> + Send + 'static {
        let asked = self.asked::<AskReport>(&asked);
        async move {
            let (engine, asked) = asked?;
            engine.campaign_report(asked).await
        }
    }

    fn count(
        &self,
        asked: Options<'_>,
    ) -> impl Future<Output = Result<Vec<store::UsageRow>>> + Send + 'static {
        let asked = self.asked::<AskUsage>(&asked);
        async move {
            let (engine, asked) = asked?;
            engine.usage(asked.into_query()?).await
        }
    }
}

/// Waits on this thread.
fn waited<T: Send>(
    py: Python<'_>,
    call: impl Future<Output = Result<T>> + Send,
    show: fn(Python<'_>, T) -> Shown,
) -> Shown {
    show(py, wait(py, call)?)
}

fn plain<T: Show>(py: Python<'_>, value: T) -> Shown {
    value.show(py)
}

fn nothing(py: Python<'_>, (): ()) -> Shown {
    Ok(py.None())
}

fn page(py: Python<'_>, page: store::Page) -> Shown {
    Ok(Py::new(py, RecordingPage::whole(page))?.into_any())
}

fn recording(py: Python<'_>, found: store::Recording) -> Shown {
    Ok(Py::new(py, Recording::whole(found))?.into_any())
}

fn campaign(py: Python<'_>, report: store::CampaignReport) -> Shown {
    Ok(Py::new(py, CampaignReport::whole(report))?.into_any())
}

fn usage_rows(py: Python<'_>, rows: Vec<store::UsageRow>) -> Shown {
    let rows = rows
        .into_iter()
        .map(|row| Py::new(py, UsageRow::whole(row)));
    list(py, rows.collect::<PyResult<Vec<_>>>()?)
}

fn messages(py: Python<'_>, messages: Vec<chat::Message>) -> Shown {
    let messages = messages
        .into_iter()
        .map(|message| Py::new(py, Message::whole(message)));
    list(py, messages.collect::<PyResult<Vec<_>>>()?)
}

fn list<T: pyo3::PyClass>(py: Python<'_>, items: Vec<Py<T>>) -> Shown {
    Ok(PyList::new(py, items)?.into_any().unbind())
}

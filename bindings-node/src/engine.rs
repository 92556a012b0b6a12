//! The engine as `lib/engine.js` uses it. A verb takes the number under which the hub tells of it, and
//! the call's arguments as JSON text; what is wrong with them is told when the call is polled.

use std::path::PathBuf;
use std::sync::Arc;

use napi_derive::napi;
use slugline::chat::{ChatRequest, PromptRequest};
use slugline::config::ConfigSource;
use slugline::{Error, Result, runtime};

use crate::call::Call;
use crate::error::{json, thrown};
use crate::helpers::{self, HelperSlot};
use crate::hub::Hub;
use crate::keys::Callable;
use crate::stream::Stream;
use crate::value;

/// A callable under `api_key`.
#[napi(object)]
pub struct KeySlot {
    /// The provider whose key it gives.
    pub provider: String,
    /// Where JavaScript keeps it.
    pub slot: u32,
}

/// An engine of one JavaScript thread.
#[napi]
pub struct Core {
    engine: Option<slugline::Engine>,
}

impl Core {
    pub(crate) fn engine(&self) -> Result<slugline::Engine> {
        self.engine
            .clone()
            .ok_or_else(|| Error::invalid("", "the engine is closed: open a new one"))
    }

    pub(crate) fn take(&mut self) -> Option<slugline::Engine> {
        self.engine.take()
    }

    pub(crate) fn call<T>(&self, request: Result<T>) -> Result<(slugline::Engine, T)> {
        Ok((self.engine()?, request?))
    }
}

#[napi]
impl Core {
    /// Opens an engine: from a file, from plain data, or with the defaults.
    #[napi(constructor)]
    pub fn new(
        hub: &Hub,
        file: Option<String>,
        data: Option<String>,
        overrides: Option<String>,
        keys: Vec<KeySlot>,
        helpers: Vec<HelperSlot>,
    ) -> napi::Result<Self> {
        // Made before anything can fail: dropping one tells JavaScript to let go of its callable.
        let keys: Vec<_> = keys
            .into_iter()
            .map(|KeySlot { provider, slot }| {
                let notes = hub.notes.clone();
                (provider, Arc::new(Callable { notes, slot }))
            })
            .collect();
        let helpers = helpers::register(hub, helpers);
        let opened = runtime::shield(|| {
            let source = match (file, data) {
                (Some(path), _) => ConfigSource::File(PathBuf::from(path)),
                (None, Some(data)) => ConfigSource::Data(value::config(&data)?),
                (None, None) => ConfigSource::Default,
            };
            let overrides = value::overrides(overrides.as_deref())?;
            let builder = slugline::Engine::builder()
                .source(source)
                .overrides(overrides)
                .helpers(helpers?);
            keys.into_iter()
                .fold(builder, |builder, (provider, key)| {
                    builder.key_provider(provider, key)
                })
                .open()
        });
        Ok(Core {
            engine: Some(opened.map_err(thrown)?),
        })
    }

    /// Closes connections that no call uses any more; calls under way go on. What was recorded is written.
    #[napi]
    pub fn close(&mut self) -> napi::Result<()> {
        let Some(engine) = self.engine.take() else {
            return Ok(());
        };
        let slice = std::time::Duration::from_secs(1);
        runtime::block_on(engine.shutdown(), slice, &mut || true).map_err(thrown)
    }

    /// Whether it was closed.
    #[napi(getter)]
    pub fn closed(&self) -> bool {
        self.engine.is_none()
    }

    /// What was odd about the configuration, though not wrong.
    #[napi]
    pub fn warnings(&self) -> napi::Result<String> {
        self.engine()
            .and_then(|engine| json(&engine.warnings()))
            .map_err(thrown)
    }

    /// Asks a model, in a session where one is named.
    #[napi]
    pub fn chat(&self, hub: &Hub, id: u32, request: String, session: Option<String>) -> Call {
        let called = self.call(value::request::<ChatRequest>(&request));
        let call = called.map(|(engine, request)| async move {
            json(&match session {
                Some(session) => engine.session(session).chat(request).await?,
                None => engine.chat(request).await?,
            })
        });
        Call::begin(hub.pull(id), call)
    }

    /// Asks a model and streams the answer.
    #[napi]
    pub fn chat_stream(
        &self,
        hub: &Hub,
        id: u32,
        request: String,
        session: Option<String>,
    ) -> Stream {
        let called = self.call(value::request::<ChatRequest>(&request));
        let stream = called.map(|(engine, request)| match session {
            Some(session) => engine.session(session).chat_stream(request),
            None => engine.chat_stream(request),
        });
        Stream::new(hub.pull(id), stream)
    }

    /// Runs a stored prompt.
    #[napi]
    pub fn run_prompt(&self, hub: &Hub, id: u32, request: String, session: Option<String>) -> Call {
        let called = self.call(value::request::<PromptRequest>(&request));
        let call = called.map(|(engine, request)| async move {
            json(&match session {
                Some(session) => engine.session(session).run_prompt(request).await?,
                None => engine.run_prompt(request).await?,
            })
        });
        Call::begin(hub.pull(id), call)
    }

    /// Runs a stored prompt and streams the answer.
    #[napi]
    pub fn run_prompt_stream(
        &self,
        hub: &Hub,
        id: u32,
        request: String,
        session: Option<String>,
    ) -> Stream {
        let called = self.call(value::request::<PromptRequest>(&request));
        let stream = called.map(|(engine, request)| match session {
            Some(session) => engine.session(session).run_prompt_stream(request),
            None => engine.run_prompt_stream(request),
        });
        Stream::new(hub.pull(id), stream)
    }

    /// Renders a stored prompt.
    #[napi]
    pub fn render_prompt(&self, hub: &Hub, id: u32, request: String) -> Call {
        let called = self.call(value::request::<PromptRequest>(&request));
        let work = called.map(|(engine, request)| move || json(&engine.render_prompt(request)?));
        Call::aside(hub.pull(id), work)
    }

    /// The request that a call of `chat` would send, or of `run_prompt` where there is a slug.
    #[napi]
    pub fn build_request(&self, hub: &Hub, id: u32, request: String, of_prompt: bool) -> Call {
        let read = if of_prompt {
            value::request::<PromptRequest>(&request).map(Into::into)
        } else {
            value::request::<ChatRequest>(&request).map(Into::into)
        };
        let called = self.call::<slugline::engine::RequestFor>(read);
        let work = called.map(|(engine, request)| move || json(&engine.build_request(request)?));
        Call::aside(hub.pull(id), work)
    }

    /// The stored prompts: all of them.
    #[napi]
    pub fn prompts_list(&self, hub: &Hub, id: u32) -> Call {
        let work = self
            .engine()
            .map(|engine| move || json(&engine.prompts().list()?));
        Call::aside(hub.pull(id), work)
    }

    /// The stored prompts: one of them.
    #[napi]
    pub fn prompts_get(&self, hub: &Hub, id: u32, slug: String) -> Call {
        let work = self
            .engine()
            .map(|engine| move || json(&engine.prompts().get(&slug)?));
        Call::aside(hub.pull(id), work)
    }

    /// The stored prompts: what is wrong with them.
    #[napi]
    pub fn prompts_check(&self, hub: &Hub, id: u32) -> Call {
        let work = self
            .engine()
            .map(|engine| move || json(&engine.prompts().check()));
        Call::aside(hub.pull(id), work)
    }
}

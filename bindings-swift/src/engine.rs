//! The engine as `Sources/Slugline/Engine.swift` uses it. What is wrong with a call's arguments is told
//! where its answer is.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use slugline::chat::{ChatCompletion, ChatRequest, PromptRequest, Warning};
use slugline::compose::RenderedPrompt;
use slugline::config::ConfigSource;
use slugline::engine::{ProviderRequest, RequestFor};
use slugline::prompt::PromptInfo;
use slugline::{Error, Result, runtime};

use crate::cancel::Cancel;
use crate::error::{Failure, FailureFields};
use crate::helpers::{self, HelperSlot};
use crate::keys::{Closure, KeySource};
use crate::stream::Stream;
use crate::value;

/// A closure under `apiKey`.
#[derive(uniffi::Record)]
pub struct KeySlot {
    /// The provider whose key it gives.
    provider: String,
    /// The closure.
    source: Arc<dyn KeySource>,
}

/// An engine.
#[derive(uniffi::Object)]
pub struct Core(Mutex<Option<slugline::Engine>>);

impl Core {
    pub(crate) fn engine(&self) -> Result<slugline::Engine> {
        let engine = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        engine.ok_or_else(|| Error::invalid("", "the engine is closed: open a new one"))
    }

    pub(crate) fn call<T>(&self, request: Result<T>) -> Result<(slugline::Engine, T)> {
        Ok((self.engine()?, request?))
    }
}

#[uniffi::export]
impl Core {
    /// Opens an engine: from a file, from plain data, or with the defaults.
    #[uniffi::constructor]
    pub fn open(
        file: Option<String>,
        data: Option<String>,
        overrides: Option<String>,
        keys: Vec<KeySlot>,
        helpers: Vec<HelperSlot>,
    ) -> Result<Arc<Self>, Failure> {
        let engine = runtime::shield(|| {
            let source = match (file, data) {
                (Some(path), _) => ConfigSource::File(PathBuf::from(path)),
                (None, Some(data)) => ConfigSource::Data(value::config(&data)?),
                (None, None) => ConfigSource::Default,
            };
            let builder = slugline::Engine::builder()
                .source(source)
                .overrides(value::overrides(overrides.as_deref())?)
                .helpers(helpers::register(helpers)?);
            keys.into_iter()
                .fold(builder, |builder, KeySlot { provider, source }| {
                    builder.key_provider(provider, Arc::new(Closure(source)))
                })
                .open()
        })?;
        Ok(Arc::new(Core(Mutex::new(Some(engine)))))
    }

    /// Closes connections that no call uses any more; calls under way go on. Waits until what was recorded is
    /// written.
    pub async fn close(&self) -> Result<(), Failure> {
        let engine = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(engine) = engine else {
            return Ok(());
        };
        Ok(runtime::run(async move {
            let written = engine.shutdown().await;
            // The last clone waits for a disk.
            let dropped = runtime::handle()?.spawn_blocking(move || drop(engine));
            // Where that panicked there is nothing left to close.
            let _ = dropped.await;
            written
        })
        .await?)
    }

    /// Whether it was closed.
    pub fn closed(&self) -> bool {
        self.engine().is_err()
    }

    /// What was odd about the configuration, though not wrong.
    pub fn warnings(&self) -> Vec<Warning> {
        self.engine()
            .map(|engine| engine.warnings().to_vec())
            .unwrap_or_default()
    }

    /// Asks a model, in a session where one is named.
    pub async fn chat(
        &self,
        request: String,
        session: Option<String>,
        cancel: Arc<Cancel>,
    ) -> Result<ChatCompletion, Failure> {
        let (engine, request) = self.call(value::request::<ChatRequest>(&request))?;
        let answer = async move {
            match session {
                Some(session) => engine.session(session).chat(request).await,
                None => engine.chat(request).await,
            }
        };
        cancel.run(answer).await
    }

    /// Asks a model and streams the answer.
    pub fn chat_stream(&self, request: &str, session: Option<String>) -> Arc<Stream> {
        let called = self.call(value::request::<ChatRequest>(request));
        Stream::new(called.map(|(engine, request)| match session {
            Some(session) => engine.session(session).chat_stream(request),
            None => engine.chat_stream(request),
        }))
    }

    /// Runs a stored prompt, in a session where one is named.
    pub async fn run_prompt(
        &self,
        request: String,
        session: Option<String>,
        cancel: Arc<Cancel>,
    ) -> Result<ChatCompletion, Failure> {
        let (engine, request) = self.call(value::request::<PromptRequest>(&request))?;
        let answer = async move {
            match session {
                Some(session) => engine.session(session).run_prompt(request).await,
                None => engine.run_prompt(request).await,
            }
        };
        cancel.run(answer).await
    }

    /// Runs a stored prompt and streams the answer.
    pub fn run_prompt_stream(&self, request: &str, session: Option<String>) -> Arc<Stream> {
        let called = self.call(value::request::<PromptRequest>(request));
        Stream::new(called.map(|(engine, request)| match session {
            Some(session) => engine.session(session).run_prompt_stream(request),
            None => engine.run_prompt_stream(request),
        }))
    }

    /// Renders a stored prompt.
    pub async fn render_prompt(
        &self,
        request: String,
        cancel: Arc<Cancel>,
    ) -> Result<RenderedPrompt, Failure> {
        let (engine, request) = self.call(value::request::<PromptRequest>(&request))?;
        cancel.aside(move || engine.render_prompt(request)).await
    }

    /// The request that a call of `chat` would send, or of `run_prompt` where there is a slug.
    pub async fn build_request(
        &self,
        request: String,
        of_prompt: bool,
        cancel: Arc<Cancel>,
    ) -> Result<ProviderRequest, Failure> {
        let read = if of_prompt {
            value::request::<PromptRequest>(&request).map(RequestFor::from)
        } else {
            value::request::<ChatRequest>(&request).map(RequestFor::from)
        };
        let (engine, request) = self.call(read)?;
        cancel.aside(move || engine.build_request(request)).await
    }

    /// The stored prompts: all of them.
    pub async fn prompts_list(&self, cancel: Arc<Cancel>) -> Result<Vec<PromptInfo>, Failure> {
        let engine = self.engine()?;
        cancel.aside(move || engine.prompts().list()).await
    }

    /// The stored prompts: one of them.
    pub async fn prompts_get(
        &self,
        slug: String,
        cancel: Arc<Cancel>,
    ) -> Result<PromptInfo, Failure> {
        let engine = self.engine()?;
        cancel.aside(move || engine.prompts().get(&slug)).await
    }

    /// The stored prompts: what is wrong with them.
    pub async fn prompts_check(&self, cancel: Arc<Cancel>) -> Result<Vec<FailureFields>, Failure> {
        let engine = self.engine()?;
        let problems = cancel.aside(move || Ok(engine.prompts().check())).await?;
        Ok(problems.into_iter().map(FailureFields::of).collect())
    }
}

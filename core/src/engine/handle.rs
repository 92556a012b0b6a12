//! The engine: opened once, shared, cheap to clone. The two verbs and what looks without sending.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::attempts::AttemptLog;
use super::builder::EngineBuilder;
use super::call::{Call, Keep};
use super::core::Core;
use super::dispatch;
use super::finish;
use super::look::{ProviderRequest, RequestFor};
use super::prompts::Prompts;
use super::record::{self, Unended};
use super::session::Session;
use super::state::PATIENCE;
use crate::chat::{ChatCompletion, ChatRequest, PromptRequest};
use crate::clock;
use crate::compose::{Composed, Composer, RenderedPrompt};
use crate::config::{Config, Recording as Keeps};
use crate::error::{ErrorKind, Result};
use crate::provider::MOST_CHOICES;
use crate::route::Candidate;
use crate::stream::ChatStream;
use crate::transport::BoxFuture;

/// An engine. Clones share one core; dropping the last one closes its connections.
#[derive(Clone)]
pub struct Engine(pub(super) Arc<Core>);

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens an engine with this configuration; `Config::default()` needs no file.
    ///
    /// # Errors
    /// `config_error` for entries that do not fit together. Nothing is sent or written.
    pub fn new(config: Config) -> Result<Engine> {
        Engine::builder().config(config).open()
    }

    /// Opens an engine with more than a configuration: prompts from code, helpers, keys from code.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// Asks a model.
    ///
    /// # Errors
    /// Any kind of [`ErrorKind`]; every attempt is listed in the error.
    pub async fn chat(&self, request: ChatRequest) -> Result<ChatCompletion> {
        let call = self.begin(self.composer().chat(request, None)?, false)?;
        self.whole(call).await
    }

    /// Asks a model and reads the answer as it comes. Nothing is sent, and no error arrives, before the first pull.
    pub fn chat_stream(&self, request: ChatRequest) -> ChatStream {
        let include_usage = request
            .options
            .stream_options
            .unwrap_or_default()
            .include_usage;
        let engine = self.clone();
        self.stream(include_usage, async move {
            let call = engine.begin(engine.composer().chat(request, None)?, true)?;
            engine.open(call).await
        })
    }

    /// Runs a stored prompt.
    ///
    /// # Errors
    /// As [`Engine::chat`], and `not_found`, `template_error`, `missing_variable`, `invalid_variables`.
    pub async fn run_prompt(&self, request: PromptRequest) -> Result<ChatCompletion> {
        let call = self.begin(self.composer().prompt(request, None)?, false)?;
        self.whole(call).await
    }

    /// Runs a stored prompt and reads the answer as it comes.
    pub fn run_prompt_stream(&self, request: PromptRequest) -> ChatStream {
        let include_usage = request
            .options
            .stream_options
            .unwrap_or_default()
            .include_usage;
        let engine = self.clone();
        self.stream(include_usage, async move {
            let call = engine.begin(engine.composer().prompt(request, None)?, true)?;
            engine.open(call).await
        })
    }

    /// Renders a stored prompt: the messages and parameters as they would be sent. No network.
    ///
    /// # Errors
    /// Those of [`Engine::run_prompt`] that come before sending.
    pub fn render_prompt(&self, request: PromptRequest) -> Result<RenderedPrompt> {
        self.composer().render(request)
    }

    /// The exact request that a call would send to its first target, secrets left out. No network.
    ///
    /// # Errors
    /// Those of [`Engine::chat`] that come before sending.
    pub fn build_request(&self, request: impl Into<RequestFor>) -> Result<ProviderRequest> {
        let (composed, stream) = match request.into() {
            RequestFor::Chat(request, stream) => (self.composer().chat(*request, None)?, stream),
            RequestFor::Prompt(request, stream) => {
                (self.composer().prompt(*request, None)?, stream)
            }
        };
        let call = self.begin(composed, stream)?;
        let candidates = self.candidates(&call);
        let Some(candidate) = candidates.first() else {
            return Err(dispatch::none_left());
        };
        ProviderRequest::of(&call, candidate)
    }

    /// The session with this id: calls on it see its earlier turns and add theirs.
    pub fn session(&self, id: impl Into<Arc<str>>) -> Session {
        Session::new(self.clone(), id.into())
    }

    /// Waits until everything recorded so far is in the store, at most five seconds, and breaks off statements of
    /// [`Recordings::query`](super::Recordings::query) under way. Engines need not be shut down: dropping the last
    /// clone does the same, on the thread that drops it, and can only log what fails.
    ///
    /// # Errors
    /// `store_error` where the time was too short. What is left is written as long as the process lives, and
    /// dropping the engine waits for it no longer.
    pub async fn shutdown(&self) -> Result<()> {
        self.0.state.interrupt();
        let flushed = tokio::time::timeout(PATIENCE, self.0.state.flush()).await;
        flushed.map_err(|_| self.0.state.too_busy())
    }

    /// The stored prompts.
    pub fn prompts(&self) -> Prompts {
        Prompts::new(self.0.clone())
    }

    /// What was odd about the configuration, though not wrong.
    pub fn warnings(&self) -> &[crate::chat::Warning] {
        &self.0.warnings
    }

    pub(super) fn composer(&self) -> Composer<'_> {
        Composer::new(
            &self.0.config,
            &self.0.models,
            &*self.0.prompts,
            &self.0.rules,
            &self.0.system,
        )
    }

    pub(super) fn begin(&self, composed: Composed, streams: bool) -> Result<Call> {
        let started = Instant::now();
        let created_ms = clock::unix_millis();
        let engine = &self.0.config.engine;
        let Composed {
            messages,
            base,
            own,
            plan,
            prompt,
            campaign,
            warnings,
            variables,
            turn,
        } = composed;
        let ms = |own: Option<u64>, base: Option<u64>| {
            own.or(base).filter(|ms| *ms > 0).map(Duration::from_millis)
        };
        let timeout =
            ms(own.timeout_ms, base.timeout_ms).unwrap_or(Duration::from_millis(engine.timeout_ms));
        let idle = ms(own.idle_timeout_ms, base.idle_timeout_ms)
            .unwrap_or(Duration::from_millis(engine.idle_timeout_ms));
        let log = AttemptLog::default();
        warnings.into_iter().for_each(|warning| log.warn(warning));
        let store = own.store.or(base.store).unwrap_or(true);
        let do_not_record = own.do_not_record.or(base.do_not_record).unwrap_or(false);
        let keep = match self.0.state.keeps {
            Keeps::Off => Keep::Nothing,
            _ if !store => Keep::Nothing,
            Keeps::Full if !do_not_record => Keep::Everything,
            _ => Keep::Facts,
        };
        // More are refused when the call is checked, which comes later.
        let choices = own.n.or(base.n).unwrap_or(1).clamp(1, MOST_CHOICES);
        Ok(Call {
            core: self.0.clone(),
            session_id: own
                .session_id
                .clone()
                .or_else(|| base.session_id.clone())
                .unwrap_or_else(new_uuid),
            completion_ids: (0..choices).map(|_| new_uuid()).collect(),
            prompt,
            campaign,
            variables,
            keep,
            off_the_record: !store || do_not_record,
            spoken: turn,
            turn: None,
            created_ms,
            started,
            deadline: started + timeout.min(Duration::from_secs(365 * 24 * 3600)),
            idle,
            max_ttft: ms(own.max_ttft_ms, base.max_ttft_ms),
            hedge_after: ms(own.hedge_after_ms, base.hedge_after_ms),
            max_retries: own
                .max_retries
                .or(base.max_retries)
                .unwrap_or(engine.max_retries),
            policy: own
                .unsupported
                .or(base.unsupported)
                .unwrap_or(engine.unsupported),
            messages,
            base,
            own,
            plan,
            streams,
            log,
            params: std::sync::OnceLock::new(),
        })
    }

    fn candidates(&self, call: &Call) -> Vec<Candidate> {
        let codes = call
            .own
            .fallback_on
            .as_ref()
            .or(call.base.fallback_on.as_ref());
        let kinds = codes.map(|codes| {
            codes
                .iter()
                .filter_map(|code| ErrorKind::from_code(code))
                .collect()
        });
        self.0
            .router
            .order(&call.plan, call.max_ttft, kinds.as_ref())
    }

    /// Boxed, since a caller's future holds this one and is moved about.
    pub(super) fn whole(&self, call: Call) -> BoxFuture<'_, Result<ChatCompletion>> {
        let call = Arc::new(call);
        Box::pin(async move {
            let unended = Unended::watch(&call);
            let outcome = dispatch::whole(&call, &self.candidates(&call)).await;
            unended.ended();
            match outcome {
                Ok(answer) => finish::ended(call, answer).await,
                Err(mut error) => {
                    record::failed(&call, &mut error);
                    Err(error)
                }
            }
        })
    }

    pub(super) async fn open(&self, call: Call) -> Result<crate::stream::Opened> {
        let call = Arc::new(call);
        let unended = Unended::watch(&call);
        let won = dispatch::first(&call, &self.candidates(&call)).await;
        unended.ended();
        match won {
            Ok(won) => Ok(finish::opened(call, won)),
            Err(mut error) => {
                record::failed(&call, &mut error);
                Err(error)
            }
        }
    }

    pub(super) fn stream(
        &self,
        include_usage: bool,
        opening: impl Future<Output = Result<crate::stream::Opened>> + Send + 'static,
    ) -> ChatStream {
        ChatStream::new(
            Box::pin(opening),
            include_usage,
            self.0.config.engine.max_answer_bytes,
        )
    }
}

fn new_uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}

//! A session: earlier turns go before the new messages of each call, and a call that ends well adds its own.
//!
//! Two writers at once are told apart when the second appends: it gets `conflict`, and no turn is lost or
//! mixed with another.

use std::sync::Arc;
use std::time::Duration;

use super::call::Call;
use super::core::Core;
use super::handle::Engine;
use crate::chat::{ChatCompletion, ChatRequest, Message, PromptRequest, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::check_session_id;
use crate::store::{self, SessionTurn};
use crate::stream::ChatStream;

/// A session of an engine. Cheap to clone; made without looking whether anything is kept under its id.
#[derive(Debug, Clone)]
pub struct Session {
    engine: Engine,
    id: Arc<str>,
}

/// What a call appends to its session when it ends well.
#[derive(Debug)]
pub(super) struct Turn {
    id: Arc<str>,
    version: u64,
    /// The new messages, without the answer.
    messages: Vec<Message>,
}

impl Session {
    pub(super) fn new(engine: Engine, id: Arc<str>) -> Self {
        Session { engine, id }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Asks a model. Instructions that the messages start with go before the earlier turns, and are not
    /// kept: each call brings its own.
    ///
    /// A call with `store: false` or `do_not_record` sees the earlier turns and adds none; a warning says so.
    ///
    /// # Errors
    /// As [`Engine::chat`], and `conflict` where another call has appended to the session meanwhile: `partial`
    /// is the answer then. No messages at all are `invalid_request`, also where there are earlier turns.
    pub async fn chat(&self, request: ChatRequest) -> Result<ChatCompletion> {
        self.engine
            .whole(self.begin_chat(request, false).await?)
            .await
    }

    /// Asks a model and reads the answer as it comes. The turn is appended when the stream has ended well.
    pub fn chat_stream(&self, request: ChatRequest) -> ChatStream {
        let include_usage = request
            .options
            .stream_options
            .unwrap_or_default()
            .include_usage;
        let session = self.clone();
        self.engine.stream(include_usage, async move {
            let call = session.begin_chat(request, true).await?;
            session.engine.open(call).await
        })
    }

    /// Runs a stored prompt. The earlier turns go between its template and the new messages; without new
    /// messages, before the user's message that the template ends with, which is the new turn then.
    ///
    /// # Errors
    /// As [`Engine::run_prompt`], and `conflict` as [`Session::chat`].
    pub async fn run_prompt(&self, request: PromptRequest) -> Result<ChatCompletion> {
        self.engine
            .whole(self.begin_prompt(request, false).await?)
            .await
    }

    /// Runs a stored prompt and reads the answer as it comes.
    pub fn run_prompt_stream(&self, request: PromptRequest) -> ChatStream {
        let include_usage = request
            .options
            .stream_options
            .unwrap_or_default()
            .include_usage;
        let session = self.clone();
        self.engine.stream(include_usage, async move {
            let call = session.begin_prompt(request, true).await?;
            session.engine.open(call).await
        })
    }

    /// The messages of all turns, oldest first; none where the session is new, cleared or too old.
    ///
    /// # Errors
    /// `store_error`.
    pub async fn history(&self) -> Result<Vec<Message>> {
        Ok(self.load().await?.history())
    }

    /// Forgets all turns. A call under way gets `conflict`.
    ///
    /// # Errors
    /// `store_error`.
    pub async fn clear(&self) -> Result<()> {
        check_session_id(&self.id)?;
        self.engine
            .0
            .state
            .opened()?
            .store
            .clear_session(&self.id)
            .await
    }

    async fn load(&self) -> Result<store::Session> {
        check_session_id(&self.id)?;
        let opened = self.engine.0.state.opened()?;
        // A stream may have been left while its turn is on its way.
        opened.pending.settled(&self.id).await;
        opened.store.session(&self.id).await
    }

    /// Reads the turns for a call, which waits no longer for them than for its answer.
    async fn load_within(&self, timeout_ms: Option<u64>) -> Result<store::Session> {
        // As for the call itself, 0 says nothing.
        let own = timeout_ms.filter(|ms| *ms > 0);
        let timeout_ms = own.unwrap_or(self.engine.0.config.engine.timeout_ms);
        let loaded = tokio::time::timeout(Duration::from_millis(timeout_ms), self.load()).await;
        loaded.unwrap_or_else(|_| {
            let message = format!(
                "the store gave no turns of the session within {timeout_ms} ms (`timeout_ms`)"
            );
            Err(Error::new(ErrorKind::Timeout, message).with_detail("deadline", "total"))
        })
    }

    async fn begin_chat(&self, mut request: ChatRequest, streams: bool) -> Result<Call> {
        self.claim(&mut request.options.session_id)?;
        // The earlier turns alone are no question: without one the answer would be a turn to nothing.
        if request.messages.is_empty() {
            return Err(Error::invalid("messages", "there are no messages"));
        }
        let session = self.load_within(request.options.timeout_ms).await?;
        let history = session.history();
        let composed = self.engine.composer().chat(request, Some(&history))?;
        self.join(self.engine.begin(composed, streams)?, session.version)
    }

    async fn begin_prompt(&self, mut request: PromptRequest, streams: bool) -> Result<Call> {
        self.claim(&mut request.options.session_id)?;
        let session = self.load_within(request.options.timeout_ms).await?;
        let history = session.history();
        let composed = self.engine.composer().prompt(request, Some(&history))?;
        self.join(self.engine.begin(composed, streams)?, session.version)
    }

    fn claim(&self, given: &mut Option<String>) -> Result<()> {
        if given.as_ref().is_some_and(|given| **given != *self.id) {
            let message =
                "the call is made in a session and names another one: leave `session_id` out";
            return Err(Error::invalid("session_id", message));
        }
        *given = Some(self.id.to_string());
        Ok(())
    }

    fn join(&self, mut call: Call, version: u64) -> Result<Call> {
        let messages = std::mem::take(&mut call.spoken);
        if call.off_the_record {
            call.log.warn(Warning {
                code: "session_turn_not_kept".to_owned(),
                param: None,
                message: "the call asked not to be kept, so its turn is no part of the session"
                    .to_owned(),
            });
        } else {
            call.turn = Some(Turn {
                id: self.id.clone(),
                version,
                messages,
            });
        }
        Ok(call)
    }
}

impl Turn {
    /// The session's id.
    pub(super) fn session(&self) -> &Arc<str> {
        &self.id
    }

    /// The turn with the answer's first choice.
    pub(super) fn with_answer(&self, answer: &ChatCompletion) -> SessionTurn {
        let mut messages = self.messages.clone();
        let mut completion_id = None;
        if let Some(choice) = answer.choices.first() {
            completion_id = Some(choice.completion_id.clone());
            messages.push(Message {
                completion_id: completion_id.clone(),
                ..choice.message.clone()
            });
        }
        SessionTurn::new(messages, completion_id)
    }

    /// Appends it to the session.
    pub(super) async fn append(&self, core: &Core, turn: SessionTurn) -> Result<()> {
        let opened = core.state.opened()?;
        let appended = opened.store.append_turn(&self.id, self.version, turn);
        appended.await.map(|_| ())
    }
}

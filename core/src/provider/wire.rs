//! What a dialect is: pure functions between the nouns and one provider family's wire format.

use std::time::SystemTime;

use http::HeaderMap;
use serde_json::Value;

use super::{Capability, Credentials, Target};
use crate::chat::{Choice, Cost, Delta, JsonMap, Message, Options, Usage, Warning};
use crate::error::{Error, Result};
use crate::transport::{Frame, Framing, HttpRequest};

/// A call on one target, after composing: options that the target lacks are gone already.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The conversation.
    pub messages: &'a [Message],
    /// The options that this target gets.
    pub options: &'a Options,
    /// Whom it is for.
    pub target: &'a Target,
    /// Whether the answer shall be streamed.
    pub stream: bool,
}

/// A wire format. Stateless and without I/O; one value serves all calls.
pub trait Dialect: Send + Sync + std::fmt::Debug {
    /// Its name in configuration, which is also the family of `provider_state`.
    fn name(&self) -> &'static str;

    /// How this target takes each field.
    fn capability(&self, target: &Target) -> Capability;

    /// The request without credentials. What is adapted in a way the caller should know goes to `warnings`.
    fn encode(&self, call: Call<'_>, warnings: &mut Vec<Warning>) -> Result<HttpRequest>;

    /// Adds credentials, for the exact bytes to be sent; called again for each try. A `date` header
    /// is the time by the provider's clock, where that is known to differ from ours.
    fn authorize(
        &self,
        request: &mut HttpRequest,
        credentials: &Credentials,
        target: &Target,
    ) -> Result<()>;

    /// Reads a whole answer with a 2xx status. An error in the body is an error.
    fn decode(&self, headers: &HeaderMap, body: &[u8], target: &Target) -> Result<Reply>;

    /// Reads an answer with another status, or the body of an error.
    fn decode_error(&self, status: u16, headers: &HeaderMap, body: &[u8], target: &Target)
    -> Error;

    /// The provider's time, where this error says that the request was refused for our clock's
    /// sake. It is sent once more with that time.
    fn server_time(&self, _error: &Error) -> Option<SystemTime> {
        None
    }

    /// How a streamed body is cut.
    fn framing(&self) -> Framing;

    /// A decoder for one streamed answer.
    fn decoder(&self, target: &Target) -> Box<dyn StreamDecoder>;
}

/// Turns the frames of one streamed answer into deltas.
pub trait StreamDecoder: Send {
    /// Reads a frame; appends what it adds. Unknown frames add nothing.
    fn frame(&mut self, frame: Frame<'_>, out: &mut Vec<Delta>) -> Result<()>;

    /// The body ended. An answer that is not complete is an error of kind `StreamInterrupted`.
    fn finish(&mut self, out: &mut Vec<Delta>) -> Result<()>;

    /// True once the answer is complete: what follows on the wire is only drained.
    fn is_done(&self) -> bool;

    /// What is known of the answer as a whole.
    fn head(&self) -> &ReplyHead;
}

/// What a provider says of an answer as a whole.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReplyHead {
    /// Its id.
    pub id: Option<String>,
    /// Unix time in seconds.
    pub created: Option<i64>,
    /// Its own word for the model.
    pub model: Option<String>,
    /// OpenAI's word for the backend's configuration.
    pub system_fingerprint: Option<String>,
    /// The tier that served.
    pub service_tier: Option<String>,
    /// What the host says it cost.
    pub cost: Option<Cost>,
    /// Fields not known here.
    pub extra: JsonMap,
}

/// A provider's whole answer; the accumulated stream of the same answer is equal to it.
/// `completion_id` and `model` of the choices are filled in by the engine.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reply {
    /// What holds for the answer as a whole.
    pub head: ReplyHead,
    /// The choices, by index.
    pub choices: Vec<Choice>,
    /// Token counts; `None` where the provider gave none.
    pub usage: Option<Usage>,
}

/// Wraps replay data with the family that made it, so that it goes back to no other.
pub fn provider_state(family: &str, data: Value) -> Value {
    let mut state = JsonMap::new();
    state.insert("family".into(), family.into());
    state.insert("data".into(), data);
    Value::Object(state)
}

/// The replay data of a message, where this family made it.
pub fn own_state<'a>(message: &'a Message, family: &str) -> Option<&'a Value> {
    let state = message.provider_state.as_ref()?;
    (state.get("family")?.as_str()? == family)
        .then(|| state.get("data"))
        .flatten()
}

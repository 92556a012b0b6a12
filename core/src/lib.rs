//! Slugline: the embedded prompt engine. Prompts as files, run against any language model, inside your own
//! process.
//!
//! An [`Engine`] is opened once and shared. Its verbs are [`chat`](Engine::chat) and
//! [`run_prompt`](Engine::run_prompt), each with a stream; [`render_prompt`](Engine::render_prompt) and
//! [`build_request`](Engine::build_request) look without sending.
//!
//! ```
//! use slugline::{Engine, chat::ChatRequest, config::Config};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> slugline::Result<()> {
//! // `test/echo` is built in and needs no key; `openai/gpt-5-mini` and the rest take theirs from the environment.
//! let engine = Engine::new(Config::default())?;
//! let answer = engine.chat(ChatRequest::new("Hello").model("test/echo")).await?;
//! assert_eq!(answer.text(), "Hello");
//! # Ok(())
//! # }
//! ```
//!
//! Data flows one way, a module a step: a stored prompt ([`prompt`]) is rendered ([`template`]), composed with
//! what the call says ([`compose`]), routed ([`config`], [`route`]), put into a provider's format
//! ([`provider`]), carried ([`transport`]), read ([`stream`]) and handed out as the nouns of [`chat`].
//! Everything that fails is an [`Error`] with an [`ErrorKind`] that says what to do.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `sqlite` (default) | storage in a SQLite file, with SQLite built in; without it storage is in memory |
//! | `webpki-roots` (default) | Mozilla's certificate roots where the machine has none |
//! | `bedrock` | Amazon Bedrock: request signing and its binary stream (needs a newer Rust than the rest) |
//! | `runtime` | what the bindings for Python, Node and Swift stand on |
#![warn(missing_docs)]
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod assign;
pub mod catalogue;
pub mod chat;
mod clock;
pub mod compose;
pub mod config;
pub mod engine;
mod error;
pub mod input;
pub mod media;
pub mod nearest;
pub mod prompt;
pub mod provider;
pub mod route;
pub mod store;
pub mod stream;
pub mod template;
pub mod transport;

#[cfg(feature = "runtime")]
pub mod runtime;

pub use engine::{Engine, EngineBuilder};
pub use error::{Error, ErrorData, ErrorKind, Location, Result};

/// What is shared between threads must be: checked when the crate is compiled.
const _: () = {
    const fn shared<T: Send + Sync + ?Sized>() {}
    const fn moved<T: Send>() {}
    shared::<Engine>();
    shared::<Error>();
    shared::<store::MemoryStore>();
    shared::<dyn store::Store>();
    shared::<chat::ChatCompletion>();
    shared::<stream::CancelHandle>();
    moved::<stream::ChatStream>();
};

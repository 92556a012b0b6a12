//! Slugline: the embedded prompt engine.
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

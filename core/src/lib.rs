//! Slugline: the embedded prompt engine.
#![warn(missing_docs)]

pub mod catalogue;
pub mod chat;
pub mod config;
pub mod engine;
mod error;
pub mod nearest;
pub mod prompt;
pub mod provider;
pub mod route;
pub mod store;
pub mod stream;
pub mod template;
pub mod transport;

pub use error::{Error, ErrorData, ErrorKind, Location, Result};

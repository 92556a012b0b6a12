//! The native half of the package `slugline` for Node; the half that users meet is `index.js`.
//!
//! Requests come in and answers go out as JSON text. Nothing here waits: a call runs on the shared
//! runtime, a stream is polled from JavaScript, and the hub tells JavaScript what may go on.
#![expect(unreachable_pub, reason = "napi exports what is `pub`, to JavaScript")]

mod call;
mod engine;
mod error;
mod helpers;
mod hub;
mod keys;
mod media;
mod state;
mod stream;
mod value;

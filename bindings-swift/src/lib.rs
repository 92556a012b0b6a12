//! The native half of the package `Slugline` for Swift; the half that users meet is `Sources/Slugline`.
//!
//! Requests come in as JSON text and are read by the core, so that checks and words are the same in every
//! language. Answers go out as records that mirror the core's nouns field by field: a field added there
//! does not compile here until Swift has it too.
#![expect(unreachable_pub, reason = "uniffi exports what is `pub`, to Swift")]
#![expect(
    clippy::result_large_err,
    reason = "uniffi wants errors by value, and a call has one at most"
)]

mod cancel;
mod engine;
mod error;
mod helpers;
mod keys;
mod media;
mod state;
mod stream;
mod types;
mod value;

uniffi::setup_scaffolding!("slugline");

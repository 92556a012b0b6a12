//! A loopback server whose every byte a test scripts, for any test binary: `mod support;`.
//!
//! A [`Server`] answers each request that comes with the next [`Reply`] of its list, and keeps what it was asked
//! and when each connection was closed. [`Authority`] makes it speak TLS. Plain sockets by hand, no HTTP library:
//! what is tested must not meet itself on the other side.
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "each test binary uses its own part"
)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod authority;
mod connection;
pub mod openai;
mod reply;
mod server;

pub use authority::Authority;
pub use reply::Reply;
pub use server::{Asked, Server};

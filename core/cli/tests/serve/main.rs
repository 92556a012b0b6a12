//! `slugline serve` as its clients meet it: the real binary on a port of its own, spoken to over plain sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bodies;
mod client;
mod cut;
mod process;
mod prompts;
mod routes;
mod security;
mod server;
mod streams;

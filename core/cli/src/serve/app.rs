//! What every route shares.

use std::time::SystemTime;

use slugline::Engine;
use slugline::config::Config;

use super::gate::Gate;

/// The engine, and what the server knows beside it.
pub(crate) struct App {
    pub(crate) engine: Engine,
    pub(crate) config: Config,
    pub(crate) gate: Gate,
    /// Whether a line is written for each request.
    pub(crate) log: bool,
    pub(crate) started: SystemTime,
}

impl App {
    pub(crate) fn new(engine: Engine, config: Config, gate: Gate, log: bool) -> App {
        App {
            engine,
            config,
            gate,
            log,
            started: SystemTime::now(),
        }
    }
}

//! What every route shares.

use std::sync::Arc;
use std::time::SystemTime;

use slugline::Engine;
use slugline::config::Config;

use super::gate::Gate;
use super::halt::Halt;
use super::log::Log;

/// The engine, and what the server knows beside it.
pub(crate) struct App {
    pub(crate) engine: Engine,
    pub(crate) config: Config,
    pub(crate) gate: Gate,
    /// Where a line for each request goes.
    pub(crate) log: Option<Arc<Log>>,
    pub(crate) started: SystemTime,
    pub(crate) halt: Halt,
}

impl App {
    pub(crate) fn new(engine: Engine, config: Config, gate: Gate, log: Option<Arc<Log>>) -> App {
        App {
            engine,
            config,
            gate,
            log,
            started: SystemTime::now(),
            halt: Halt::new(),
        }
    }
}

//! The carriers of an engine, made when first needed: providers with equal network settings
//! share connections; a replay folder has its own place in its answers.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::config::EngineConfig;
use crate::error::Result;
use crate::provider::{Carrier, Network, Provider};
use crate::transport::{Client, ClientSettings, Replay, Scripted, Transport};

/// The carriers of an engine.
///
/// Read without a lock at each attempt, copied where one is added: a process may be forked at
/// any time, and a lock held then would never be released in the child.
#[derive(Debug)]
pub(super) struct Transports {
    options: Options,
    carriers: ArcSwap<Carriers>,
}

/// What holds for every client of an engine.
#[derive(Debug)]
struct Options {
    block_network: bool,
    allow_http: bool,
    max_answer_bytes: u64,
}

#[derive(Debug, Clone)]
struct Carriers {
    process: u32,
    clients: HashMap<Network, Arc<dyn Transport>>,
    replays: HashMap<String, Arc<dyn Transport>>,
    scripted: Arc<dyn Transport>,
}

impl Carriers {
    fn none() -> Self {
        Carriers {
            process: std::process::id(),
            clients: HashMap::new(),
            replays: HashMap::new(),
            scripted: Arc::new(Scripted),
        }
    }

    fn find(&self, provider: &Provider) -> Option<&Arc<dyn Transport>> {
        match &provider.carrier {
            Carrier::Replay(_) => self.replays.get(&provider.name),
            Carrier::Script => Some(&self.scripted),
            Carrier::Network => self.clients.get(&provider.network),
        }
    }
}

impl Transports {
    pub(super) fn new(engine: &EngineConfig) -> Self {
        let options = Options {
            block_network: engine.block_network,
            allow_http: engine.allow_http,
            max_answer_bytes: engine.max_answer_bytes,
        };
        Transports {
            options,
            carriers: ArcSwap::from_pointee(Carriers::none()),
        }
    }

    /// The carrier for this provider.
    pub(super) fn of(&self, provider: &Provider) -> Result<Arc<dyn Transport>> {
        let current = self.carriers.load();
        if current.process == std::process::id() {
            if let Some(carrier) = current.find(provider) {
                return Ok(carrier.clone());
            }
        } else {
            // A forked child: the parent's sockets are not ours, and its tasks do not run here.
            std::mem::forget(self.carriers.swap(Arc::new(Carriers::none())));
        }
        let fresh: Arc<dyn Transport> = match &provider.carrier {
            Carrier::Replay(folder) => Arc::new(Replay::open(folder)?),
            Carrier::Script => Arc::new(Scripted),
            Carrier::Network => Arc::new(self.client(&provider.network)?),
        };
        // Two calls may both have made one: the first to be there serves both.
        self.carriers.rcu(|carriers| {
            let mut carriers = Carriers::clone(carriers);
            match &provider.carrier {
                Carrier::Replay(_) => {
                    carriers
                        .replays
                        .entry(provider.name.clone())
                        .or_insert_with(|| fresh.clone());
                }
                Carrier::Script => {}
                Carrier::Network => {
                    carriers
                        .clients
                        .entry(provider.network.clone())
                        .or_insert_with(|| fresh.clone());
                }
            }
            carriers
        });
        Ok(self
            .carriers
            .load()
            .find(provider)
            .cloned()
            .unwrap_or(fresh))
    }

    fn client(&self, network: &Network) -> Result<Client> {
        Client::new(ClientSettings {
            connect_timeout_ms: network.connect_timeout_ms,
            proxy: network.proxy.clone(),
            ca_bundle: network.ca_bundle.clone(),
            client_cert: network.client_cert.clone(),
            max_answer_bytes: self.options.max_answer_bytes,
            block_network: self.options.block_network,
            allow_http: self.options.allow_http,
        })
    }
}

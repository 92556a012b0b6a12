//! `slugline serve`: the engine behind the HTTP routes that other products and their clients speak.
//!
//! `listen` takes connections (`patient`) until `halt`, `access` lets a request in and follows it to its line of the
//! `log`, `gate` knows the keys and host names. A file of `routes` a route: it reads its body with `ask` (what no client may say:
//! `forbidden`), calls the engine (`heavy` bodies aside), and `answer` writes what comes as JSON or, by `sse`, as events. Errors go out by `refusal`.

mod access;
mod answer;
mod app;
mod ask;
mod body;
mod casing;
mod forbidden;
mod gate;
mod halt;
mod heavy;
mod listen;
mod log;
mod patient;
mod refusal;
mod routes;
mod schema;
mod sse;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use slugline::config::Config;
use slugline::{Engine, ErrorKind};
use tokio::net::TcpListener;

use self::app::App;
use self::gate::{Gate, Keys};
use self::log::Log;
use crate::open::OpenArgs;
use crate::output::{Failure, note, print};

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Address and port; port 0 picks one [default: `listen` of [server], else 127.0.0.1:8787]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Ask for no key; on a loopback address only
    #[arg(long)]
    no_auth: bool,
    /// Another name by which clients reach the server, for the check of the Host header
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
    /// Seconds that calls under way have to end once the server is told to stop
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    drain: u64,
    /// Write no access log
    #[arg(long)]
    quiet: bool,
    /// Print where it listens, and a key that was made, as JSON in the first line
    #[arg(long)]
    json: bool,
}

pub(crate) async fn serve(open: &OpenArgs, args: ServeArgs) -> Result<(), Failure> {
    // Who reads the first line may send a signal at once.
    let stop = listen::Stop::listen()?;
    let config = Config::open(open.source(), open.overrides()?)?;
    let address = args.listen.as_deref().unwrap_or(&config.server.listen);
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let no_address = error.kind() == io::ErrorKind::InvalidInput;
        match args.listen.is_some() && no_address {
            true => Failure::usage(cannot_listen(address, &error)),
            false => Failure::of(ErrorKind::ConfigError, cannot_listen(address, &error)),
        }
    })?;
    let bound = listener.local_addr()?;
    let keys = Keys::open(&config.server.keys, args.no_auth, bound).await?;
    let generated = keys.generated();
    let gate = Gate::new(keys, bound, &args.allow_host)?;

    open.tell();
    let engine = Engine::builder().config(config.clone()).open()?;
    for warning in engine.warnings() {
        note(&format!("warning: {}", warning.message));
    }
    // The first line is for programs: who started the server reads where it is.
    let url = format!("http://{bound}");
    match (args.json, &generated) {
        (true, key) => print(&format!("{}\n", json!({"url": url, "key": key})))?,
        (false, Some(key)) => print(&format!("{url}\nkey: {key}\n"))?,
        (false, None) => print(&format!("{url}\n"))?,
    }
    if generated.is_some() {
        note("no key is configured: this one holds until the server stops");
    }
    let log = match args.quiet {
        true => None,
        false => Some(Arc::new(Log::start()?)),
    };
    let app = Arc::new(App::new(engine, config, gate, log.clone()));
    let drain = Duration::from_secs(args.drain);
    let router = routes::router(app.clone());
    listen::run(listener, router, &app.halt, stop, drain).await;
    let ended = app.engine.shutdown().await;
    if let Some(log) = log {
        log.end();
    }
    Ok(ended?)
}

/// What `serve` would say of this configuration.
pub(crate) enum Outlook {
    /// It would start.
    Ready(String),
    /// Something listens there already: another program, or the server itself.
    Taken(String),
}

/// Whether the server would start, by the checks it makes itself; the failure is the one it would end with.
pub(crate) async fn outlook(config: &Config) -> Result<Outlook, Failure> {
    let address = config.server.listen.as_str();
    let cannot = |error| Failure::of(ErrorKind::ConfigError, cannot_listen(address, &error));
    let mut resolved = tokio::net::lookup_host(address).await.map_err(cannot)?;
    let nothing = || cannot(io::ErrorKind::AddrNotAvailable.into());
    let bound = resolved.next().ok_or_else(nothing)?;
    let keys = Keys::open(&config.server.keys, false, bound).await?;
    match TcpListener::bind(address).await {
        Ok(_) => Ok(Outlook::Ready(match keys {
            Keys::Configured(keys) => format!("{} key(s) for `serve` on {address}", keys.len()),
            _ => format!("`serve` on {address} makes a key at each start: [server] has no `keys`"),
        })),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            Ok(Outlook::Taken(cannot_listen(address, &error)))
        }
        Err(error) => Err(cannot(error)),
    }
}

fn cannot_listen(address: &str, error: &io::Error) -> String {
    format!("cannot listen on {address}: {error}")
}

//! The socket: connections with their limits, and the way the server stops.

use std::io;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;

use super::halt::Halt;
use super::patient::{Patient, UnderWay};
use crate::output::note;

/// How long the head of a request may take, and a kept connection may wait for its next one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Most bytes of a request's head; more is answered 431, as are more than 100 headers (hyper's own limit).
const HEAD_BYTES: usize = 64 << 10;

/// How long what is cut may take to say so.
const LAST: Duration = Duration::from_millis(500);

/// Serves until a signal says stop; then takes nothing new and lets what is under way end within `drain`. When it
/// returns every request is over.
pub(crate) async fn run(
    listener: TcpListener,
    router: Router,
    halt: &Halt,
    mut stop: Stop,
    drain: Duration,
) {
    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_header_size(HEAD_BYTES);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = stop.told() => break,
            // What has ended is forgotten.
            Some(_) = connections.join_next() => continue,
        };
        let calls = UnderWay::default();
        let stream = Patient::new(stream, calls.clone(), halt.clone());
        let router = TowerToHyperService::new(router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(calls.clone());
            router.call(request)
        });
        let connection = graceful.watch(server.serve_connection(TokioIo::new(stream), service));
        connections.spawn(async move {
            // A client that goes away or speaks no HTTP is no fault of the server.
            let _ = connection.await;
        });
    }
    drop(listener);
    note("stopping: calls under way may end");
    halt.drain();
    let ended = graceful.shutdown();
    tokio::pin!(ended);
    let in_time = tokio::select! {
        () = &mut ended => true,
        () = tokio::time::sleep(drain) => {
            note("stopped before every call had ended");
            false
        }
        () = stop.told() => {
            note("stopped at once");
            false
        }
    };
    if !in_time {
        halt.cut();
        let _ = tokio::time::timeout(LAST, ended).await;
    }
    // Dropped here, and waited for, each call is recorded and logged as it is.
    connections.shutdown().await;
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Events are small and each counts.
                let _ = stream.set_nodelay(true);
                return stream;
            }
            // Out of file descriptors, say: connections that end give some back.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// The signals that stop the server.
pub(crate) struct Stop {
    #[cfg(unix)]
    terminate: Signal,
    #[cfg(unix)]
    interrupt: Signal,
}

impl Stop {
    /// From here on no signal ends the process by itself.
    pub(crate) fn listen() -> io::Result<Stop> {
        Ok(Stop {
            #[cfg(unix)]
            terminate: signal(SignalKind::terminate())?,
            #[cfg(unix)]
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn told(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}

//! The socket: connections with their limits, and the way the server stops.

use std::io;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};

use super::patient::Patient;
use crate::output::note;

/// How long the head of a request may take, and a kept connection may wait for its next one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Most bytes of a request's head; more is answered 431, as are more than 100 headers (hyper's own limit).
const HEAD_BYTES: usize = 64 << 10;

/// Serves until a signal says stop; then takes nothing new and lets what is under way end within `drain`.
pub(crate) async fn run(listener: TcpListener, router: Router, drain: Duration) -> io::Result<()> {
    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_header_size(HEAD_BYTES);
    let graceful = GracefulShutdown::new();
    let mut stop = Stop::listen()?;
    loop {
        let stream = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = stop.told() => break,
        };
        let service = TowerToHyperService::new(router.clone());
        let connection =
            graceful.watch(server.serve_connection(TokioIo::new(Patient::new(stream)), service));
        tokio::spawn(async move {
            // A client that goes away or speaks no HTTP is no fault of the server.
            let _ = connection.await;
        });
    }
    drop(listener);
    note("stopping: calls under way may end");
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(drain) => note("stopped before every call had ended"),
        () = stop.told() => note("stopped at once"),
    }
    Ok(())
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
struct Stop {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn listen() -> io::Result<Stop> {
        Ok(Stop {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?,
        })
    }

    async fn told(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}

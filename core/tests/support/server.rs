//! The server: it listens, hands each connection its replies, and remembers.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::connection;
use super::reply::Reply;

/// A scripted server on loopback, gone with its value.
pub struct Server {
    address: SocketAddr,
    tls: bool,
    memory: Arc<Memory>,
    listening: JoinHandle<()>,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// For example `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as much of it as came.
    pub body: Vec<u8>,
    /// Which connection it came on, from 0.
    pub connection: usize,
    /// When its head was complete.
    pub at: Instant,
}

impl Asked {
    /// The first header of this name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What the connections share.
#[derive(Default)]
pub(super) struct Memory {
    replies: Mutex<Replies>,
    pub(super) asked: Mutex<Vec<Asked>>,
    /// One entry a connection: when it was over.
    closed: Mutex<Vec<Option<Instant>>>,
}

#[derive(Default)]
struct Replies {
    list: VecDeque<Reply>,
    always: Option<Reply>,
}

impl Memory {
    pub(super) fn next_reply(&self) -> Reply {
        let mut replies = self.replies.lock().unwrap();
        let next = replies.list.pop_front().or_else(|| replies.always.clone());
        next.unwrap_or_else(|| Reply::new(500, &[], "the server has no reply left"))
    }

    fn opened(&self) -> usize {
        let mut closed = self.closed.lock().unwrap();
        closed.push(None);
        closed.len() - 1
    }

    pub(super) fn over(&self, connection: usize) {
        self.closed.lock().unwrap()[connection].get_or_insert_with(Instant::now);
    }
}

impl Server {
    /// Answers each request with the next of these; after the last with status 500.
    pub async fn start(replies: Vec<Reply>) -> Server {
        let replies = Replies {
            list: replies.into(),
            always: None,
        };
        Server::run(replies, None).await
    }

    /// Answers every request with this.
    pub async fn always(reply: Reply) -> Server {
        let replies = Replies {
            list: VecDeque::new(),
            always: Some(reply),
        };
        Server::run(replies, None).await
    }

    /// The same as [`Server::start`] over TLS; [`Authority`](super::Authority) makes the acceptor.
    pub async fn start_tls(acceptor: TlsAcceptor, replies: Vec<Reply>) -> Server {
        let replies = Replies {
            list: replies.into(),
            always: None,
        };
        Server::run(replies, Some(acceptor)).await
    }

    async fn run(replies: Replies, tls: Option<TlsAcceptor>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let memory = Arc::new(Memory {
            replies: Mutex::new(replies),
            ..Memory::default()
        });
        let speaks_tls = tls.is_some();
        let shared = Arc::clone(&memory);
        let listening = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                while connections.try_join_next().is_some() {}
                stream.set_nodelay(true).unwrap();
                let id = shared.opened();
                connections.spawn(connection::serve(
                    stream,
                    tls.clone(),
                    id,
                    Arc::clone(&shared),
                ));
            }
        });
        Server {
            address,
            tls: speaks_tls,
            memory,
            listening,
        }
    }

    /// The server's URL without a slash at the end, by address.
    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// From now on answers every request with this.
    pub fn now_always(&self, reply: Reply) {
        self.memory.replies.lock().unwrap().always = Some(reply);
    }

    /// Forgets the requests so far: a test of memory counts its own.
    pub fn forget(&self) {
        *self.memory.asked.lock().unwrap() = Vec::new();
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Asked> {
        self.memory.asked.lock().unwrap().clone()
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.memory.closed.lock().unwrap().len()
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        let closed = self.memory.closed.lock().unwrap();
        closed.iter().filter(|closed| closed.is_none()).count()
    }

    /// When a connection, from 0, was over, whichever side closed it.
    pub fn closed_at(&self, connection: usize) -> Option<Instant> {
        self.memory
            .closed
            .lock()
            .unwrap()
            .get(connection)
            .copied()
            .flatten()
    }

    /// Waits until there was a connection and none is open. False: it took longer.
    pub async fn closed_within(&self, limit: Duration) -> bool {
        self.until(limit, || self.connections() > 0 && self.open() == 0)
            .await
    }

    /// Waits until so many requests have come. False: it took longer.
    pub async fn asked_within(&self, count: usize, limit: Duration) -> bool {
        self.until(limit, || self.memory.asked.lock().unwrap().len() >= count)
            .await
    }

    async fn until(&self, limit: Duration, condition: impl Fn() -> bool) -> bool {
        let start = Instant::now();
        while !condition() {
            if start.elapsed() > limit {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        true
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The connections are of its set, and end with it.
        self.listening.abort();
    }
}

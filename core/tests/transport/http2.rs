//! HTTP/2, on a server of the h2 crate: shared connections, refused and reset streams.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::{join_all, poll_fn};
use h2::server::{Connection, SendResponse};
use h2::{Reason, RecvStream};
use http::{Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;

use super::support::Authority;
use super::*;

type Conn = Connection<TlsStream<TcpStream>, Bytes>;
type Respond = SendResponse<Bytes>;

/// A server that hands each request to `answer`, with its number from 0, and counts connections.
struct H2 {
    url: String,
    connections: Arc<AtomicUsize>,
    client: Client,
}

impl H2 {
    async fn start<F, A>(answer: A) -> H2
    where
        A: Fn(usize, Request<RecvStream>, Respond) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let asked = Arc::new(AtomicUsize::new(0));
        H2::serve(move |mut connection: Conn| {
            let (answer, asked) = (answer.clone(), Arc::clone(&asked));
            async move {
                while let Some(Ok((request, respond))) = connection.accept().await {
                    let number = asked.fetch_add(1, Ordering::SeqCst);
                    tokio::spawn(answer(number, request, respond));
                }
            }
        })
        .await
    }

    async fn serve<F, S>(serve: S) -> H2
    where
        S: Fn(Conn) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let authority = Authority::new();
        let acceptor = authority.acceptor_h2();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let stream = acceptor.accept(stream).await.unwrap();
                tokio::spawn(serve(h2::server::handshake(stream).await.unwrap()));
            }
        });
        let settings = ClientSettings {
            ca_bundle: Some(authority.file()),
            ..settings()
        };
        let client = Client::new(settings).unwrap();
        H2 {
            url,
            connections,
            client,
        }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn ok() -> Response<()> {
    Response::builder().status(200).body(()).unwrap()
}

/// Answers with a body in one.
fn answer(mut respond: Respond, body: &'static str) {
    let mut stream = respond.send_response(ok(), false).unwrap();
    stream.send_data(body.into(), true).unwrap();
}

#[tokio::test]
async fn calls_at_once_share_one_connection() {
    let server = H2::start(|_, request: Request<RecvStream>, respond| async move {
        assert_eq!(request.method(), "POST");
        assert_eq!(request.version(), http::Version::HTTP_2);
        tokio::time::sleep(Duration::from_millis(20)).await;
        answer(respond, "ok");
    })
    .await;
    ask(&server.client, &server.url).await.unwrap();
    let calls = (0..20).map(|_| ask(&server.client, &server.url));
    for call in join_all(calls).await {
        assert_eq!(call.unwrap(), (200, "ok".to_owned()));
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn f11_a_refused_stream_is_asked_again() {
    let server = H2::start(|number, _, mut respond: Respond| async move {
        match number {
            0 => respond.send_reset(Reason::REFUSED_STREAM),
            _ => answer(respond, "ok"),
        }
    })
    .await;
    assert_eq!(ask(&server.client, &server.url).await.unwrap().1, "ok");
}

#[tokio::test]
async fn f11_after_a_goaway_comes_a_new_connection() {
    let server = H2::serve(|mut connection: Conn| async move {
        // One request a connection, announced by a GOAWAY.
        if let Some(Ok((_, respond))) = connection.accept().await {
            connection.graceful_shutdown();
            answer(respond, "ok");
        }
        while connection.accept().await.is_some() {}
    })
    .await;
    for _ in 0..3 {
        assert_eq!(ask(&server.client, &server.url).await.unwrap().1, "ok");
    }
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn f12_a_reset_stream_breaks_off() {
    let server = H2::start(|_, _, mut respond: Respond| async move {
        let mut stream = respond.send_response(ok(), false).unwrap();
        stream.send_data("part".into(), false).unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        stream.send_reset(Reason::INTERNAL_ERROR);
    })
    .await;
    let mut body = send(&server.client, &server.url).await.unwrap().body;
    assert_eq!(body.next().await.unwrap().unwrap(), "part");
    is_connection(&body.next().await.unwrap().unwrap_err(), "body");
}

#[tokio::test]
async fn f76_dropping_a_body_resets_its_stream_alone() {
    let (told, mut reset) = tokio::sync::mpsc::unbounded_channel();
    let server = H2::start(move |number, _, mut respond: Respond| {
        let told = told.clone();
        async move {
            if number > 0 {
                return answer(respond, "ok");
            }
            let mut stream = respond.send_response(ok(), false).unwrap();
            stream.send_data("part".into(), false).unwrap();
            let _ = told.send(poll_fn(|context| stream.poll_reset(context)).await);
        }
    })
    .await;
    let mut body = send(&server.client, &server.url).await.unwrap().body;
    body.next().await.unwrap().unwrap();
    drop(body);
    let reason = tokio::time::timeout(SOON, reset.recv())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(reason.unwrap(), Reason::CANCEL);
    assert_eq!(ask(&server.client, &server.url).await.unwrap().1, "ok");
    assert_eq!(server.connections(), 1);
}

/// A server that begins an answer, then answers pings or not, and nothing else.
async fn silent(answers_pings: bool) -> H2 {
    H2::serve(move |mut connection: Conn| async move {
        if let Some(Ok((_, mut respond))) = connection.accept().await {
            let mut stream = respond.send_response(ok(), false).unwrap();
            stream.send_data("part".into(), false).unwrap();
            if !answers_pings {
                let written = poll_fn(|context| connection.poll_closed(context));
                let _ = tokio::time::timeout(SOON, written).await;
                return std::future::pending().await;
            }
            let _ = connection.accept().await;
        }
    })
    .await
}

/// What comes after the first part, with a clock that jumps over the waits.
async fn after_the_first_part(
    server: &H2,
    limit: Duration,
) -> (Option<Option<Result<Bytes>>>, Duration) {
    let mut body = send(&server.client, &server.url).await.unwrap().body;
    assert_eq!(body.next().await.unwrap().unwrap(), "part");
    tokio::time::sleep(SOON * 2).await;
    tokio::time::pause();
    let start = tokio::time::Instant::now();
    let next = tokio::time::timeout(limit, body.next()).await.ok();
    (next, start.elapsed())
}

#[tokio::test]
async fn a_host_that_answers_no_ping_is_dead_within_a_minute() {
    let server = silent(false).await;
    let (next, took) = after_the_first_part(&server, Duration::from_secs(600)).await;
    is_connection(&next.unwrap().unwrap().unwrap_err(), "body");
    assert!(took <= Duration::from_secs(60), "{took:?}");
}

#[tokio::test]
async fn a_host_that_answers_pings_may_think_for_minutes() {
    let server = silent(true).await;
    let (next, _) = after_the_first_part(&server, Duration::from_secs(600)).await;
    assert!(next.is_none(), "{next:?}");
}

#[tokio::test]
async fn f44_headers_end_at_their_limit() {
    let server = H2::start(|_, _, mut respond: Respond| async move {
        let response = Response::builder().header("x", "y".repeat(100 << 10));
        let _ = respond.send_response(response.body(()).unwrap(), true);
    })
    .await;
    let error = send(&server.client, &server.url).await.unwrap_err();
    // The library ends the stream without saying why.
    is_connection(&error, "http");
}

//! Sections 4.3 and 4.4: dropping, keeping, holding back, and many at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::support::{Reply, Server};
use super::*;

#[tokio::test]
async fn f70_f76_dropping_a_body_closes_the_socket() {
    let server = Server::always(Reply::sse(&["one"]).then_stall()).await;
    let mut body = send(&client(), &server.url()).await.unwrap().body;
    body.next().await.unwrap().unwrap();
    assert_eq!(server.open(), 1);
    let dropped = Instant::now();
    drop(body);
    assert!(server.closed_within(SOON).await);
    assert!(server.closed_at(0).unwrap() - dropped < SOON);
}

#[tokio::test]
async fn f70_dropping_a_body_that_was_never_read_closes_the_socket() {
    let reply = Reply::chunked(&[], vec![vec![b'x'; 1 << 16]; 200]);
    let server = Server::always(reply).await;
    let body = send(&client(), &server.url()).await.unwrap().body;
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(body);
    assert!(server.closed_within(SOON).await);
}

#[tokio::test]
async fn f76_dropping_a_request_that_waits_closes_the_socket() {
    let server = Server::always(Reply::silence()).await;
    let client = client();
    let waiting = tokio::spawn({
        let (client, url) = (client.clone(), server.url());
        async move { send(&client, &url).await.map(|_| ()) }
    });
    assert!(server.asked_within(1, LONG).await);
    waiting.abort();
    assert!(server.closed_within(SOON).await);
}

#[tokio::test]
async fn f76_dropping_a_request_that_is_still_sent_closes_the_socket() {
    // Nothing is read of the body beyond what the system buffers.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let request = HttpRequest {
        body: vec![b'x'; 64 << 20].into(),
        ..request(&url)
    };
    let client = client();
    let sending = tokio::spawn(client.send(request));
    let (mut stream, _) = listener.accept().await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!sending.is_finished());
    let start = Instant::now();
    sending.abort();
    let mut buffer = vec![0; 1 << 20];
    while matches!(stream.read(&mut buffer).await, Ok(count) if count > 0) {}
    assert!(start.elapsed() < SOON * 3, "{:?}", start.elapsed());
}

#[tokio::test]
async fn f76_dropping_a_request_in_its_tls_handshake_closes_the_socket() {
    // A plain server waits for the end of a head that never comes.
    let server = Server::always(Reply::silence()).await;
    let url = format!("https://{}", server.address());
    let waiting = tokio::time::timeout(SOON, send(&client(), &url)).await;
    assert!(waiting.is_err());
    assert!(server.closed_within(SOON).await);
}

#[tokio::test]
async fn f76_dropping_a_request_that_connects_gives_up_the_attempt() {
    let Some((port, _listener, _queue)) = super::connect::black_hole().await else {
        eprintln!("skipped: this system accepts connections past the backlog");
        return;
    };
    let url = format!("http://127.0.0.1:{port}");
    let client = client();
    let waiting = tokio::time::timeout(SOON, send(&client, &url)).await;
    assert!(waiting.is_err());
    // The kernel tells of a socket whose first packet is not answered yet: state 02.
    let connecting = || {
        let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap_or_default();
        let to = format!(":{port:04X} 02 ");
        table.lines().any(|line| line.contains(&to))
    };
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!connecting(), "the attempt to connect goes on");
}

#[tokio::test]
async fn f76_a_future_that_was_never_polled_sends_nothing() {
    let server = Server::always(Reply::new(200, &[], "ok")).await;
    let client = client();
    drop(client.send(request(&server.url())));
    let mut dropped = client.send(request(&server.url()));
    assert!((&mut dropped).now_or_never().is_none());
    drop(dropped);
    assert_eq!(ask(&client, &server.url()).await.unwrap().1, "ok");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn f71_a_connection_is_free_again_at_the_end_of_its_body() {
    let server = Server::always(Reply::sse(&["one", "[DONE]"])).await;
    let client = client();
    let mut kept = Vec::new();
    for _ in 0..3 {
        let mut body = send(&client, &server.url()).await.unwrap().body;
        while let Some(chunk) = body.next().await {
            chunk.unwrap();
        }
        // The value outlives its end.
        kept.push(body);
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn f69_a_slow_reader_holds_the_host_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let block = vec![b'x'; 1 << 16];
        while stream.write_all(&block).await.is_ok() {
            count.fetch_add(block.len(), Ordering::Relaxed);
        }
    });
    let mut body = send(&client(), &url).await.unwrap().body;
    body.next().await.unwrap().unwrap();
    let mut before = usize::MAX;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = sent.load(Ordering::Relaxed);
        if now == before {
            break;
        }
        before = now;
    }
    // What stands in the buffers of two sockets, and it stands still.
    assert_eq!(sent.load(Ordering::Relaxed), before);
    assert!(before < 32 << 20, "{before}");
    let mut taken = 0;
    while taken < before {
        taken += body.next().await.unwrap().unwrap().len();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f81_f82_many_streams_do_not_disturb_each_other() {
    let mut replies = vec![Reply::sse(&["a", "b", "c"]).paced(Duration::from_millis(5)); 299];
    replies.insert(150, Reply::sse(&["a"]).reset());
    let server = Server::start(replies).await;
    let client = client();
    let calls = (0..300).map(|_| {
        let (client, url) = (client.clone(), server.url());
        tokio::spawn(async move { ask(&client, &url).await })
    });
    let answers: Vec<Result<(u16, String)>> = join_all(calls)
        .await
        .into_iter()
        .map(|call| call.unwrap())
        .collect();
    let failed: Vec<&Error> = answers
        .iter()
        .filter_map(|answer| answer.as_ref().err())
        .collect();
    assert_eq!(failed.len(), 1);
    is_connection(failed[0], "body");
    assert!(
        answers
            .iter()
            .flatten()
            .all(|(_, text)| text == "data: a\n\ndata: b\n\ndata: c\n\n")
    );
    drop(client);
    assert!(server.closed_within(LONG).await);
}

#[tokio::test]
async fn connections_close_with_their_client() {
    let server = Server::always(Reply::new(200, &[], "ok")).await;
    let client = client();
    ask(&client, &server.url()).await.unwrap();
    assert_eq!(server.open(), 1);
    drop(client);
    assert!(server.closed_within(SOON).await);
}

#[tokio::test]
async fn a_large_answer_arrives_whole() {
    let piece: Vec<u8> = (0..=255).cycle().take(1 << 16).collect();
    let server = Server::always(Reply::chunked(&[], vec![piece.clone(); 256])).await;
    let body = read(send(&client(), &server.url()).await.unwrap())
        .await
        .unwrap();
    assert_eq!(body.len(), 16 << 20);
    assert!(body.chunks(1 << 16).all(|chunk| chunk == piece));
}

#[test]
fn without_a_runtime_it_is_an_error_and_no_panic() {
    let error = client()
        .send(request("http://127.0.0.1:1"))
        .now_or_never()
        .unwrap()
        .unwrap_err();
    assert_eq!(told(&error).0, ErrorKind::ConfigError);
    assert!(error.to_string().contains("tokio"), "{error}");
}

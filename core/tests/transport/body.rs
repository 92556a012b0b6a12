//! Sections 4.2 and 4.3 as far as the transport decides them: lengths, encodings, limits, cuts.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use slugline::transport::{FrameParser, SseParser};

use super::support::{Reply, Server};
use super::*;

const GZIP: [(&str, &str); 1] = [("content-encoding", "gzip")];

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// The one failure of an answer that this reply gives.
async fn broken(reply: Reply) -> Error {
    let server = Server::always(reply).await;
    match send(&client(), &server.url()).await {
        Err(error) => error,
        Ok(response) => read(response).await.unwrap_err(),
    }
}

#[tokio::test]
async fn every_status_is_an_answer() {
    for status in [200, 204, 304, 400, 401, 418, 429, 451, 500, 529, 599] {
        let server = Server::always(Reply::raw(format!(
            "HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n"
        )))
        .await;
        assert_eq!(
            ask(&client(), &server.url()).await.unwrap(),
            (status, String::new())
        );
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn f29_f30_redirects_are_answers_and_never_followed() {
    let other = Server::always(Reply::new(200, &[], "followed")).await;
    for status in [301, 302, 303, 307, 308] {
        for location in [other.url(), "/elsewhere".to_owned()] {
            let server =
                Server::always(Reply::new(status, &[("location", &location)], "moved")).await;
            let response = send(&client(), &server.url()).await.unwrap();
            assert_eq!(
                (
                    response.status,
                    response.headers["location"].to_str().unwrap()
                ),
                (status, location.as_str())
            );
            assert_eq!(server.requests().len(), 1);
        }
    }
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn f35_f36_a_body_shorter_than_stated_breaks_off() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0123456789";
    for reply in [Reply::raw(head).close(), Reply::raw(head).reset()] {
        let error = broken(reply).await;
        is_connection(&error, "body");
        assert!(error.data().retryable);
        assert!(error.to_string().contains("127.0.0.1:"), "{error}");
    }
}

#[tokio::test]
async fn f36_a_body_longer_than_stated_does_not_reach_the_next_answer() {
    let smuggled = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
    let server = Server::start(vec![Reply::raw(smuggled), Reply::new(200, &[], "good")]).await;
    let client = client();
    assert_eq!(ask(&client, &server.url()).await.unwrap().1, "ok");
    assert_eq!(ask(&client, &server.url()).await.unwrap().1, "good");
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn f36_chunks_that_are_none() {
    for chunks in [
        "zz\r\nab\r\n",
        "5\r\nab\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\nab\r\n",
    ] {
        let reply = Reply::raw(format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}"
        ));
        is_connection(&broken(reply.close()).await, "body");
    }
}

#[tokio::test]
async fn gzip_is_decoded_whole_and_in_pieces() {
    let plain = "some text, some text, some text".repeat(100);
    let whole = Reply::new(200, &GZIP, gzip(plain.as_bytes()));
    for reply in [whole.clone(), whole.byte_by_byte()] {
        let server = Server::always(reply).await;
        let response = send(&client(), &server.url()).await.unwrap();
        assert!(!response.headers.contains_key("content-encoding"));
        assert_eq!(read(response).await.unwrap(), plain);
    }
}

#[tokio::test]
async fn f42_a_gzip_bomb_ends_at_the_limit() {
    // 256 MiB in 260 KB.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let block = vec![0; 1 << 20];
    for _ in 0..256 {
        encoder.write_all(&block).unwrap();
    }
    let server = Server::always(Reply::new(200, &GZIP, encoder.finish().unwrap())).await;
    let limit = 1 << 20;
    let client = Client::new(ClientSettings {
        max_answer_bytes: limit,
        ..settings()
    })
    .unwrap();
    let mut body = send(&client, &server.url()).await.unwrap().body;
    let mut taken = 0;
    let error = loop {
        match body.next().await.unwrap() {
            Ok(chunk) => taken += chunk.len() as u64,
            Err(error) => break error,
        }
    };
    assert_eq!(told(&error).0, ErrorKind::InvalidResponse);
    assert_eq!(error.data().details["limit"], "max_answer_bytes");
    assert!(taken <= limit, "{taken}");
    drop(body);
    assert!(server.closed_within(SOON).await);
}

#[tokio::test]
async fn f43_other_encodings_and_broken_gzip_cannot_be_read() {
    let good = gzip("some text".repeat(50).as_bytes());
    let twice = gzip(&good);
    for reply in [
        Reply::new(200, &[("content-encoding", "br")], "x"),
        Reply::new(200, &[("content-encoding", "gzip, gzip")], &twice),
        Reply::new(200, &GZIP, &good[..good.len() / 2]),
        Reply::new(200, &GZIP, "this was never gzip"),
    ] {
        assert_eq!(told(&broken(reply).await).0, ErrorKind::InvalidResponse);
    }
    // One layer of two is taken off; what is under it is text to nobody, and for the decoder to refuse.
    let server = Server::always(Reply::new(200, &GZIP, &twice)).await;
    let response = send(&client(), &server.url()).await.unwrap();
    assert_eq!(read(response).await.unwrap(), good);
    let server = Server::always(Reply::new(200, &[("content-encoding", "identity")], "x")).await;
    assert_eq!(ask(&client(), &server.url()).await.unwrap().1, "x");
}

#[tokio::test]
async fn f43_gzip_that_breaks_off_with_its_connection_is_the_connections_fault() {
    let good = gzip("some text".repeat(50).as_bytes());
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        good.len()
    );
    let reply = Reply::raw([head.as_bytes(), &good[..good.len() / 2]].concat()).close();
    is_connection(&broken(reply).await, "body");
}

#[tokio::test]
async fn f44_an_answer_ends_at_its_limit() {
    let client = Client::new(ClientSettings {
        max_answer_bytes: 1000,
        ..settings()
    })
    .unwrap();
    for (bytes, fits) in [(1000, true), (1001, false)] {
        for reply in [
            Reply::new(200, &[], vec![b'x'; bytes]),
            Reply::chunked(&[], [vec![b'x'; 500], vec![b'x'; bytes - 500]]),
        ] {
            let server = Server::always(reply).await;
            let answer = ask(&client, &server.url()).await;
            assert_eq!(answer.is_ok(), fits);
            if let Err(error) = answer {
                assert_eq!(told(&error).0, ErrorKind::InvalidResponse);
                assert!(error.to_string().contains("max_answer_bytes"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn f44_headers_end_at_their_limit() {
    let many: String = (0..10_000)
        .map(|index| format!("x-{index}: y\r\n"))
        .collect();
    let long = format!("x: {}\r\n", "y".repeat(70 << 10));
    let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(4 << 20));
    for reply in [
        Reply::raw(format!("HTTP/1.1 200 OK\r\n{many}\r\n")),
        Reply::raw(format!(
            "HTTP/1.1 200 OK\r\n{long}content-length: 0\r\n\r\n"
        )),
        Reply::raw(endless).then_stall(),
    ] {
        let error = broken(reply).await;
        assert_eq!(told(&error).0, ErrorKind::InvalidResponse, "{error:?}");
        assert_eq!(error.data().details["limit"], "header_bytes");
    }
    let some: String = (0..90)
        .map(|index| format!("x-{index}: {}\r\n", "y".repeat(500)))
        .collect();
    let server = Server::always(Reply::raw(format!(
        "HTTP/1.1 200 OK\r\n{some}content-length: 0\r\n\r\n"
    )))
    .await;
    assert_eq!(
        send(&client(), &server.url()).await.unwrap().headers.len(),
        91
    );
}

#[tokio::test]
async fn f56_a_stream_that_breaks_off_is_an_error_after_what_came() {
    for end in [
        Reply::close as fn(Reply) -> Reply,
        Reply::reset,
        Reply::half_close,
    ] {
        let reply = end(Reply::sse(&["one", "two"])).paced(Duration::from_millis(10));
        let server = Server::always(reply).await;
        let mut body = send(&client(), &server.url()).await.unwrap().body;
        let mut text = Vec::new();
        let error = loop {
            match body.next().await.unwrap() {
                Ok(chunk) => text.extend_from_slice(&chunk),
                Err(error) => break error,
            }
        };
        is_connection(&error, "body");
        assert_eq!(text, b"data: one\n\ndata: two\n\n");
    }
}

/// The data of the events of an answer.
async fn events(server: &Server) -> Vec<String> {
    let mut body = send(&client(), &server.url()).await.unwrap().body;
    let mut parser = SseParser::new();
    let mut events = Vec::new();
    while let Some(chunk) = body.next().await {
        parser
            .push(&chunk.unwrap(), &mut |frame| {
                events.push(frame.data.to_owned());
                Ok(())
            })
            .unwrap();
    }
    events
}

#[tokio::test]
async fn f64_characters_cut_anywhere_arrive_whole() {
    let text = "gr\u{fc}\u{df}e \u{6f22}\u{5b57} \u{1f600}";
    let length = Reply::sse(&[text]).body_bytes();
    for cut in 0..=length {
        let reply = Reply::sse(&[text])
            .cut_at(&[cut])
            .paced(Duration::from_millis(1));
        assert_eq!(
            events(&Server::always(reply).await).await,
            [text],
            "cut at {cut}"
        );
    }
}

#[tokio::test]
async fn f74_a_stream_byte_by_byte() {
    let texts: Vec<String> = (0..50)
        .map(|index| format!("{{\"n\":{index},\"t\":\"\u{e9}\u{1f600}\"}}"))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let server = Server::always(Reply::sse(&texts).byte_by_byte()).await;
    assert_eq!(events(&server).await, texts);
}

#[tokio::test]
async fn f75_trailers_and_close_are_legal() {
    let trailers =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-sum: 1\r\n\r\n";
    let close = Reply::new(200, &[("connection", "close")], "ok").close();
    let server = Server::start(vec![
        Reply::raw(trailers),
        close,
        Reply::new(200, &[], "ok"),
    ])
    .await;
    let client = client();
    for _ in 0..3 {
        assert_eq!(ask(&client, &server.url()).await.unwrap().1, "ok");
    }
    assert_eq!(server.connections(), 2);
}

//! Section 4.1 without TLS: no connection, a dead one, and answers at odd moments.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::support::{Authority, Reply, Server};
use super::*;

/// A port where nobody listens.
async fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test]
async fn f01_refused_names_the_host() {
    let port = closed_port().await;
    let error = send(&client(), &format!("http://127.0.0.1:{port}"))
        .await
        .unwrap_err();
    is_connection(&error, "tcp");
    assert!(error.data().retryable);
    assert!(
        error.to_string().contains(&format!("127.0.0.1:{port}")),
        "{error}"
    );
}

#[tokio::test]
async fn f02_a_name_without_address_is_a_dns_error() {
    let error = send(&client(), "https://nothing-here.invalid")
        .await
        .unwrap_err();
    is_connection(&error, "dns");
    assert!(
        error.to_string().contains("nothing-here.invalid:443"),
        "{error}"
    );
    // A machine without any resolver says that it cannot tell for now, which may be tried again.
    assert_eq!(
        error.data().retryable,
        error.to_string().contains("emporary"),
        "{error}"
    );
}

/// A listener that drops every further SYN: its queue is full and it never accepts.
pub(super) async fn black_hole() -> Option<(u16, TcpListener, Vec<TcpStream>)> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    for _ in 0..64 {
        match tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
            Ok(stream) => queue.push(stream.unwrap()),
            Err(_) => return Some((address.port(), listener, queue)),
        }
    }
    None
}

#[tokio::test]
async fn f03_a_black_hole_times_out_at_the_limit() {
    let Some((port, _listener, _queue)) = black_hole().await else {
        eprintln!("skipped: this system accepts connections past the backlog");
        return;
    };
    let client = Client::new(ClientSettings {
        connect_timeout_ms: 300,
        ..settings()
    })
    .unwrap();
    let start = std::time::Instant::now();
    let error = send(&client, &format!("http://127.0.0.1:{port}"))
        .await
        .unwrap_err();
    assert_eq!(told(&error), (ErrorKind::Timeout, "connect".to_owned()));
    assert!(error.data().retryable);
    assert!(
        (250..1000).contains(&start.elapsed().as_millis()),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn f07_closed_without_a_byte() {
    let server = Server::always(Reply::hang_up()).await;
    let error = send(&client(), &server.url()).await.unwrap_err();
    is_connection(&error, "http");
    assert!(error.data().retryable);
    // The connection was new: another would say the same.
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn f07_closed_before_the_request_is_read() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let closing = tokio::spawn(async move {
        loop {
            drop(listener.accept().await);
        }
    });
    let error = send(&client(), &url).await.unwrap_err();
    is_connection(&error, "http");
    closing.abort();
}

#[tokio::test]
async fn f08_a_stale_connection_is_replaced_unseen() {
    for broken in [Reply::raw("").reset(), Reply::hang_up()] {
        let ok = Reply::new(200, &[], "ok");
        let server = Server::start(vec![ok.clone(), broken, ok]).await;
        let client = client();
        for _ in 0..2 {
            assert_eq!(ask(&client, &server.url()).await.unwrap().0, 200);
        }
        let connections: Vec<usize> = server
            .requests()
            .iter()
            .map(|asked| asked.connection)
            .collect();
        assert_eq!(connections, [0, 0, 1]);
    }
}

#[tokio::test]
async fn f08_only_once() {
    let (ok, broken) = (Reply::new(200, &[], "ok"), Reply::raw("").reset());
    let server = Server::start(vec![ok.clone(), broken.clone(), broken, ok]).await;
    let client = client();
    ask(&client, &server.url()).await.unwrap();
    is_connection(&ask(&client, &server.url()).await.unwrap_err(), "http");
    assert_eq!(server.requests().len(), 3);
    assert_eq!(ask(&client, &server.url()).await.unwrap().1, "ok");
}

#[tokio::test]
async fn f08_a_connection_closed_while_idle_is_not_used() {
    let ok = Reply::new(200, &[], "ok");
    let server = Server::start(vec![ok.clone().close(), ok]).await;
    let client = client();
    ask(&client, &server.url()).await.unwrap();
    assert!(server.closed_within(LONG).await);
    assert_eq!(ask(&client, &server.url()).await.unwrap().1, "ok");
    assert_eq!(server.connections(), 2);
}

fn upload(server: &Server, bytes: usize) -> HttpRequest {
    HttpRequest {
        body: vec![b'x'; bytes].into(),
        ..request(&server.url())
    }
}

#[tokio::test]
async fn f09_reset_while_sending() {
    let server = Server::always(Reply::raw("").early().reset()).await;
    let error = client().send(upload(&server, 32 << 20)).await.unwrap_err();
    is_connection(&error, "http");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn f10_an_early_answer_counts_while_the_request_is_still_sent() {
    for end in [Reply::then_stall as fn(Reply) -> Reply, Reply::half_close] {
        for status in [413, 401] {
            let reply = Reply::new(status, &[], "no").early();
            let server = Server::always(end(reply)).await;
            let response = client().send(upload(&server, 32 << 20)).await.unwrap();
            assert_eq!(response.status, status);
            assert_eq!(read(response).await.unwrap(), "no");
        }
    }
}

#[tokio::test]
async fn f13_localhost_answers_over_whichever_family_works() {
    let server = Server::always(Reply::new(200, &[], "ok")).await;
    let url = format!("http://localhost:{}", server.address().port());
    let start = std::time::Instant::now();
    assert_eq!(ask(&client(), &url).await.unwrap().1, "ok");
    assert!(start.elapsed() < Duration::from_secs(1));
}

fn through(server: &Server) -> ClientSettings {
    let proxy = format!("http://user:{KEY}@{}", server.address());
    ClientSettings {
        proxy,
        ..settings()
    }
}

#[tokio::test]
async fn f14_a_proxy_that_refuses_is_named_without_credentials() {
    for (status, retryable) in [(407, false), (502, true)] {
        let proxy = Server::always(Reply::new(status, &[], "")).await;
        let client = Client::new(through(&proxy)).unwrap();
        let error = send(&client, "https://models.example").await.unwrap_err();
        is_connection(&error, "proxy");
        assert!(error.to_string().contains("models.example:443"), "{error}");
        assert_eq!(error.data().retryable, retryable);
        let asked = &proxy.requests()[0];
        assert_eq!(
            (asked.method.as_str(), asked.path.as_str()),
            ("CONNECT", "models.example:443")
        );
        assert!(asked.header("proxy-authorization").is_some());
        assert!(asked.header("authorization").is_none());
        assert!(!format!("{client:?}").contains(KEY));
    }
}

/// A proxy that carries whatever host is asked for to this address.
async fn tunnel(to: std::net::SocketAddr) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://user:secret@{}", listener.local_addr().unwrap());
    let carrying = tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(near.read_u8().await.unwrap());
        }
        near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let mut far = TcpStream::connect(to).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        String::from_utf8(head).unwrap()
    });
    (url, carrying)
}

#[tokio::test]
async fn f15_a_proxy_carries_tls_it_cannot_read() {
    let authority = Authority::new();
    let acceptor = authority.acceptor_for(&["models.example"], false);
    let server = Server::start_tls(acceptor, vec![Reply::new(200, &[], "ok")]).await;
    let (proxy, carrying) = tunnel(server.address()).await;
    let client = Client::new(ClientSettings {
        proxy,
        ca_bundle: Some(authority.file()),
        ..settings()
    })
    .unwrap();
    let answer = ask(&client, "https://models.example").await.unwrap();
    assert_eq!(answer, (200, "ok".to_owned()));
    drop(client);
    let head = carrying.await.unwrap();
    assert!(
        head.starts_with("CONNECT models.example:443 HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(head.contains("roxy-"), "{head}");
    assert!(!head.contains(KEY), "the proxy saw the key");
}

#[tokio::test]
async fn f14_a_proxy_that_is_not_there() {
    let port = closed_port().await;
    let proxy = format!("http://127.0.0.1:{port}");
    let client = Client::new(ClientSettings {
        proxy,
        ..settings()
    })
    .unwrap();
    let error = send(&client, "https://models.example").await.unwrap_err();
    is_connection(&error, "proxy");
    assert!(error.data().retryable);
}

#[tokio::test]
async fn f15_this_machine_is_never_asked_through_a_proxy() {
    let proxy = Server::always(Reply::new(502, &[], "")).await;
    let server = Server::always(Reply::new(200, &[], "ok")).await;
    let client = Client::new(ClientSettings {
        allow_http: true,
        ..through(&proxy)
    })
    .unwrap();
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("http://{host}:{}", server.address().port());
        assert_eq!(ask(&client, &url).await.unwrap().1, "ok");
    }
    assert!(proxy.requests().is_empty());
    assert_eq!(ask(&client, "http://models.example").await.unwrap().0, 502);
    assert!(
        proxy.requests()[0]
            .path
            .starts_with("http://models.example/")
    );
}

#[tokio::test]
async fn f17_informational_answers_are_passed_over() {
    let bytes = "HTTP/1.1 100 Continue\r\n\r\n\
                 HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n\
                 HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let server = Server::always(Reply::raw(bytes)).await;
    let client = client();
    for _ in 0..2 {
        assert_eq!(
            ask(&client, &server.url()).await.unwrap(),
            (200, "ok".to_owned())
        );
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn something_else_than_http_is_said_to_be() {
    let server = Server::always(Reply::raw("SSH-2.0-OpenSSH_9.9\r\n\r\n").close()).await;
    let error = send(&client(), &server.url()).await.unwrap_err();
    is_connection(&error, "http");
    assert!(error.to_string().contains("not HTTP"), "{error}");
}

#[tokio::test]
async fn what_is_sent_is_what_was_given() {
    let server = Server::always(Reply::new(200, &[("x-request-id", "r1")], "ok")).await;
    let response = send(&client(), &server.url()).await.unwrap();
    assert_eq!(response.headers["x-request-id"], "r1");
    let asked = &server.requests()[0];
    assert_eq!(asked.method, "POST");
    assert_eq!(asked.path, format!("/v1/chat/completions?key={KEY}"));
    assert_eq!(
        asked.header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );
    assert_eq!(asked.header("accept-encoding"), Some("gzip"));
    assert!(asked.header("user-agent").unwrap().starts_with("slugline/"));
    assert!(asked.header("content-encoding").is_none());
    assert_eq!(asked.json()["key"], KEY);
}

#[tokio::test]
async fn an_unread_socket_is_not_left_behind() {
    // A server that closes right after its answer, while the client's half is still open.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = vec![0; 4096];
        let _ = stream.read(&mut buffer).await.unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\n\r\nto the end")
            .await
            .unwrap();
    });
    assert_eq!(ask(&client(), &url).await.unwrap().1, "to the end");
    serving.await.unwrap();
}

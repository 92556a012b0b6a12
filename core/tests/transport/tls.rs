//! Section 4.1 with TLS: whom the client trusts, and what it says where it does not.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::support::{Authority, Reply, Server};
use super::*;

fn trusting(authority: &Authority) -> ClientSettings {
    ClientSettings {
        ca_bundle: Some(authority.file()),
        ..settings()
    }
}

async fn failure(settings: ClientSettings, url: &str) -> Error {
    send(&Client::new(settings).unwrap(), url)
        .await
        .unwrap_err()
}

#[tokio::test]
async fn a_trusted_authority_is_enough() {
    let authority = Authority::new();
    let server = Server::start_tls(authority.acceptor(), vec![Reply::new(200, &[], "ok"); 2]).await;
    let client = Client::new(trusting(&authority)).unwrap();
    for url in [
        server.url(),
        format!("https://localhost:{}", server.address().port()),
    ] {
        assert_eq!(ask(&client, &url).await.unwrap().1, "ok");
    }
}

#[tokio::test]
async fn f04_an_unknown_authority_is_not_trusted() {
    let authority = Authority::new();
    let server = Server::start_tls(authority.acceptor(), vec![]).await;
    for settings in [settings(), trusting(&Authority::new())] {
        let error = failure(settings, &server.url()).await;
        is_connection(&error, "tls");
        assert!(!error.data().retryable);
        let message = error.to_string();
        assert!(
            message.contains("ca_bundle") && message.contains("127.0.0.1:"),
            "{message}"
        );
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn f04_another_host_or_a_date_past_is_refused() {
    let authority = Authority::new();
    for (names, expired, word) in [
        (["models.example"], false, "not valid for name"),
        (["127.0.0.1"], true, "expired"),
    ] {
        let server = Server::start_tls(authority.acceptor_for(&names, expired), vec![]).await;
        let error = failure(trusting(&authority), &server.url()).await;
        is_connection(&error, "tls");
        assert!(!error.data().retryable);
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[tokio::test]
async fn f05_a_stalled_handshake_times_out_at_the_limit() {
    // A plain server waits for the end of a head that never comes.
    let server = Server::always(Reply::silence()).await;
    let url = server.url().replace("http:", "https:");
    let start = std::time::Instant::now();
    let error = failure(
        ClientSettings {
            connect_timeout_ms: 300,
            ..settings()
        },
        &url,
    )
    .await;
    assert_eq!(told(&error), (ErrorKind::Timeout, "connect".to_owned()));
    assert!(error.data().retryable);
    assert!(
        (250..1000).contains(&start.elapsed().as_millis()),
        "{:?}",
        start.elapsed()
    );
    assert!(server.closed_within(SOON).await);
}

/// A server that greets every connection with these bytes and closes it.
async fn greeting(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(bytes).await;
        }
    });
    url
}

#[tokio::test]
async fn f06_plain_http_on_an_https_url_is_said() {
    let url = greeting(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    let error = failure(settings(), &url).await;
    is_connection(&error, "tls");
    assert!(!error.data().retryable);
    assert!(error.to_string().contains("plain http"), "{error}");
}

#[tokio::test]
async fn f07_closed_during_the_handshake_may_be_tried_again() {
    let error = failure(settings(), &greeting(b"").await).await;
    assert_eq!(error.kind(), ErrorKind::Connection, "{error:?}");
    assert!(error.data().retryable, "{error:?}");
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_it_is_asked_for() {
    let authority = Authority::new();
    let acceptor = authority.acceptor_for_clients();
    let server = Server::start_tls(acceptor, vec![Reply::new(200, &[], "ok")]).await;
    let error = failure(trusting(&authority), &server.url()).await;
    assert_eq!(error.kind(), ErrorKind::Connection, "{error:?}");
    let settings = ClientSettings {
        client_cert: Some(authority.client_files()),
        ..trusting(&authority)
    };
    let client = Client::new(settings).unwrap();
    assert_eq!(ask(&client, &server.url()).await.unwrap().1, "ok");
}

#[test]
fn files_that_cannot_be_used_are_named_at_opening() {
    let authority = Authority::new();
    let (cert, key) = authority.client_files();
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "no certificate").unwrap();
    let absent = folder.path().join("absent.pem");
    for (settings, setting, file) in [
        (
            ClientSettings {
                ca_bundle: Some(absent.clone()),
                ..settings()
            },
            "ca_bundle",
            "absent.pem",
        ),
        (
            ClientSettings {
                ca_bundle: Some(empty.clone()),
                ..settings()
            },
            "ca_bundle",
            "empty.pem",
        ),
        (
            ClientSettings {
                client_cert: Some((absent, key.clone())),
                ..settings()
            },
            "client_cert",
            "absent.pem",
        ),
        (
            ClientSettings {
                client_cert: Some((cert.clone(), empty)),
                ..settings()
            },
            "client_cert",
            "empty.pem",
        ),
        (
            ClientSettings {
                client_cert: Some((authority.file(), key)),
                ..settings()
            },
            "client_cert",
            "ca.pem",
        ),
    ] {
        let error = Client::new(settings).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigError);
        let message = error.to_string();
        assert!(
            message.contains(setting) && message.contains(file),
            "{message}"
        );
    }
}

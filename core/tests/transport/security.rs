//! Section 4.5 as far as it is the transport's: where a request may go at all.

use super::support::{Reply, Server};
use super::*;

#[tokio::test]
async fn a_blocked_network_is_asked_for_nothing() {
    let server = Server::always(Reply::new(200, &[], "ok")).await;
    let client = Client::new(ClientSettings {
        block_network: true,
        ..settings()
    })
    .unwrap();
    for url in [server.url(), "https://models.example".to_owned()] {
        let error = send(&client, &url).await.unwrap_err();
        assert_eq!(told(&error).0, ErrorKind::PermissionDenied);
        assert!(error.to_string().contains("block_network"), "{error}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn f104_f105_f107_urls_that_may_not_be_asked() {
    let client = client();
    for url in [
        "http://models.example".to_owned(),
        format!("https://{KEY}@models.example"),
        format!("https://user:{KEY}@models.example"),
        "file:///etc".to_owned(),
        "unix:/run/socket".to_owned(),
        "replay:folder".to_owned(),
        String::new(),
        "https://169.254.169.254".to_owned(),
        "https://[::ffff:a9fe:a9fe]".to_owned(),
    ] {
        let error = send(&client, &url).await.unwrap_err();
        assert_eq!(told(&error).0, ErrorKind::ConfigError, "{url}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_none_is_refused_without_showing_it() {
    for proxy in [
        format!("socks5://user:{KEY}@127.0.0.1:1"),
        format!("user:{KEY}"),
        format!("http://user:{KEY}@"),
    ] {
        let error = Client::new(ClientSettings {
            proxy,
            ..settings()
        })
        .unwrap_err();
        assert_eq!(told(&error).0, ErrorKind::ConfigError);
        assert!(error.to_string().contains("proxy"), "{error}");
    }
}

#[tokio::test]
async fn f99_nothing_that_is_shown_holds_the_key() {
    let server = Server::always(Reply::new(200, &[("x", KEY)], KEY)).await;
    let client = client();
    let asked = request(&server.url());
    let response = client.send(asked.clone()).await.unwrap();
    let shown = format!("{client:?} {response:?}");
    assert!(!shown.contains("canary"), "{shown}");
}

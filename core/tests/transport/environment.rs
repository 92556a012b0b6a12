//! What the environment says of proxies and authorities. A process has one environment, so each case runs this
//! test binary again with its own.

use std::process::{Command, Output};

use super::support::{Authority, Reply, Server};
use super::*;

const URL: &str = "TEST_URL";

/// Runs one ignored test of this file with exactly these variables for proxies and certificates.
async fn again(name: &str, variables: &[(&str, String)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", &format!("environment::{name}")]);
    for (key, _) in std::env::vars() {
        let folded = key.to_lowercase();
        if folded.ends_with("_proxy") || folded.starts_with("ssl_cert") || key == "REQUEST_METHOD" {
            command.env_remove(key);
        }
    }
    command.envs(variables.iter().map(|(key, value)| (key, value)));
    let output: Output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
}

async fn asked_as_the_environment_says() -> Result<(u16, String)> {
    let settings = ClientSettings {
        allow_http: true,
        proxy: "system".to_owned(),
        ..settings()
    };
    let client = Client::new(settings).unwrap();
    ask(&client, &std::env::var(URL).unwrap()).await
}

#[tokio::test]
#[ignore = "runs in an environment of its own"]
async fn child_is_answered() {
    assert_eq!(asked_as_the_environment_says().await.unwrap().1, "ok");
}

#[tokio::test]
#[ignore = "runs in an environment of its own"]
async fn child_is_refused_by_the_proxy() {
    is_connection(&asked_as_the_environment_says().await.unwrap_err(), "proxy");
}

#[tokio::test]
#[ignore = "runs in an environment of its own"]
async fn child_finds_no_name() {
    is_connection(&asked_as_the_environment_says().await.unwrap_err(), "dns");
}

#[tokio::test]
#[ignore = "runs in an environment of its own"]
async fn child_does_not_trust() {
    is_connection(&asked_as_the_environment_says().await.unwrap_err(), "tls");
}

fn variables(pairs: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    pairs
        .iter()
        .map(|(key, value)| (*key, (*value).to_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f15_the_proxy_of_the_environment_is_used() {
    let proxy = Server::start(vec![Reply::new(502, &[], ""), Reply::new(200, &[], "ok")]).await;
    let secure = [
        ("HTTPS_PROXY", proxy.url().as_str()),
        (URL, "https://models.invalid"),
    ]
    .map(|(key, value)| (key, value.to_owned()));
    again("child_is_refused_by_the_proxy", &secure).await;
    assert_eq!(proxy.requests()[0].path, "models.invalid:443");
    again(
        "child_is_answered",
        &variables(&[("HTTP_PROXY", &proxy.url()), (URL, "http://models.invalid")]),
    )
    .await;
    assert!(
        proxy.requests()[1]
            .path
            .starts_with("http://models.invalid/")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f15_no_proxy_names_the_exceptions() {
    let proxy = Server::start(vec![]).await;
    let given = variables(&[
        ("HTTPS_PROXY", &proxy.url()),
        ("NO_PROXY", "other.example,.invalid"),
        (URL, "https://models.invalid"),
    ]);
    again("child_finds_no_name", &given).await;
    assert_eq!(proxy.connections(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f15_under_cgi_a_header_cannot_set_the_proxy() {
    let proxy = Server::start(vec![]).await;
    let given = variables(&[
        ("HTTP_PROXY", &proxy.url()),
        ("REQUEST_METHOD", "GET"),
        (URL, "http://models.invalid"),
    ]);
    again("child_finds_no_name", &given).await;
    assert_eq!(proxy.connections(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f15_this_machine_is_asked_past_the_proxy_of_the_environment() {
    let proxy = Server::start(vec![]).await;
    let server = Server::always(Reply::new(200, &[], "ok")).await;
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("http://{host}:{}", server.address().port());
        let given = variables(&[
            ("HTTP_PROXY", &proxy.url()),
            ("ALL_PROXY", &proxy.url()),
            (URL, &url),
        ]);
        again("child_is_answered", &given).await;
    }
    assert_eq!(proxy.connections(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f121_ssl_cert_file_names_the_authorities() {
    let authority = Authority::new();
    let server = Server::start_tls(authority.acceptor(), vec![Reply::new(200, &[], "ok")]).await;
    let file = |path: std::path::PathBuf| path.to_str().unwrap().to_owned();
    again(
        "child_is_answered",
        &variables(&[
            ("SSL_CERT_FILE", &file(authority.file())),
            (URL, &server.url()),
        ]),
    )
    .await;
    for other in [
        file(Authority::new().file()),
        "/nowhere/ca.pem".to_owned(),
        String::new(),
    ] {
        again(
            "child_does_not_trust",
            &variables(&[("SSL_CERT_FILE", &other), (URL, &server.url())]),
        )
        .await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
#[ignore = "runs in an environment of its own"]
async fn child_runs_out_of_files() {
    let server = Server::always(Reply::new(200, &[], "ok")).await;
    let client = client();
    // The first use opens what the runtime itself needs.
    assert_eq!(ask(&client, &server.url()).await.unwrap().1, "ok");
    let fresh = self::client();
    let mut files = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        files.push(file);
    }
    let error = ask(&fresh, &server.url()).await.unwrap_err();
    is_connection(&error, "tcp");
    assert!(error.to_string().contains("open files"), "{error}");
    drop(files);
    assert_eq!(ask(&fresh, &server.url()).await.unwrap().1, "ok");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f16_too_many_open_files() {
    again("child_runs_out_of_files", &[]).await;
}

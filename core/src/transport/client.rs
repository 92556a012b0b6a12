//! The network: the one place that knows the HTTP library, and the one that reads the network's environment.
//!
//! A [`Client`] holds connections for equal settings, sends a request once, and hands back status, headers and a
//! body still to come. Retries, deadlines and the meaning of a status belong to the callers; only a connection
//! that died while idle is replaced here, unseen.

#![expect(clippy::disallowed_types, reason = "the one file that knows reqwest")]

use std::cell::Cell;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, header};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tower_layer::Layer;
use tower_service::Service;

use super::destination::{Destination, Destinations, is_metadata};
use super::failure::{Facts, broken_body, headers_too_large, unanswered, was_stale};
use super::limits::HEADER_BYTES;
use super::{Body, BoxFuture, HttpRequest, HttpResponse, Transport, tls};
use crate::error::{Error, ErrorKind, Result};

/// How the network is used. Calls with equal settings share a [`Client`] and so its connections.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClientSettings {
    /// Milliseconds for a connection: name, TCP and TLS together. 0: without limit.
    pub connect_timeout_ms: u64,
    /// `system` (environment or the machine's settings), `off`, or the URL of an HTTP proxy. This machine itself
    /// is never asked through a proxy.
    pub proxy: String,
    /// PEM file with certificate authorities, instead of the machine's.
    pub ca_bundle: Option<PathBuf>,
    /// PEM files of the client's certificate and key.
    pub client_cert: Option<(PathBuf, PathBuf)>,
    /// Most bytes of one decoded body.
    pub max_answer_bytes: u64,
    /// Nothing is sent anywhere.
    pub block_network: bool,
    /// Plain http is legal to other machines too.
    pub allow_http: bool,
}

impl Default for ClientSettings {
    fn default() -> Self {
        ClientSettings {
            connect_timeout_ms: 5000,
            proxy: "system".to_owned(),
            ca_bundle: None,
            client_cert: None,
            max_answer_bytes: 64 << 20,
            block_network: false,
            allow_http: false,
        }
    }
}

/// A transport over the network: HTTP/1.1 and HTTP/2, TLS, proxies, gzip. Cheap to clone.
///
/// Errors: `ConfigError` for a URL that may not be asked, `PermissionDenied` where the network is blocked,
/// `Timeout` with `details.stage` `connect`, `Connection` with `details.stage` `dns`, `tcp`, `tls`, `proxy` or `http`
/// (a body that breaks off: `body`), and `InvalidResponse` past a limit or for an encoding that is not known.
/// Redirects are never followed: their status is the answer.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    settings: ClientSettings,
    checked: Destinations,
    /// To other machines.
    outward: Route,
    /// To this machine, past any proxy.
    local: Route,
}

/// One way out, with its kept connections.
struct Route {
    kept: reqwest::Client,
    /// Without kept connections; made when a kept one was dead.
    fresh: OnceLock<reqwest::Client>,
    plan: Plan,
}

/// All that a `reqwest::Client` is made of.
#[derive(Clone)]
struct Plan {
    tls: rustls::ClientConfig,
    proxy: Proxy,
    connect_timeout: Option<Duration>,
}

#[derive(Clone)]
enum Proxy {
    System,
    Off,
    Through(Box<reqwest::Proxy>),
}

tokio::task_local! {
    /// Set where the request under way had a connection opened for it.
    static OPENED: Cell<bool>;
}

impl Client {
    /// Reads certificates and checks the proxy's URL; opens no connection. What cannot be used is an error of
    /// kind `ConfigError` that names the setting.
    #[expect(
        clippy::disallowed_methods,
        reason = "certificates of the machine are the network's own environment"
    )]
    pub fn new(settings: ClientSettings) -> Result<Client> {
        let cert_file = std::env::var_os("SSL_CERT_FILE")
            .filter(|file| !file.is_empty())
            .map(PathBuf::from);
        let tls = tls::config(
            settings.ca_bundle.as_deref(),
            settings.client_cert.as_ref(),
            cert_file,
        )?;
        let timeout = settings.connect_timeout_ms;
        let outward = Plan {
            tls,
            proxy: Proxy::read(&settings.proxy)?,
            connect_timeout: (timeout > 0).then(|| Duration::from_millis(timeout)),
        };
        let local = Plan {
            proxy: Proxy::Off,
            ..outward.clone()
        };
        Ok(Client(Arc::new(Inner {
            outward: Route::new(outward)?,
            local: Route::new(local)?,
            checked: Destinations::default(),
            settings,
        })))
    }
}

impl fmt::Debug for Client {
    // The settings alone: a proxy's URL may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Transport for Client {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse>> {
        let inner = Arc::clone(&self.0);
        Box::pin(async move { inner.send(request).await })
    }
}

impl Inner {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse> {
        let settings = &self.settings;
        let to = self.checked.check(&request.url, settings.allow_http)?;
        if settings.block_network {
            let message = format!("{to} is not asked: `block_network` is set");
            return Err(Error::new(ErrorKind::PermissionDenied, message));
        }
        if tokio::runtime::Handle::try_current().is_err() {
            let message = "the network needs a tokio runtime: call from within one";
            return Err(Error::new(ErrorKind::ConfigError, message));
        }
        let route = if to.loopback {
            &self.local
        } else {
            &self.outward
        };
        let response = route
            .send(&request, &to)
            .await
            .map_err(|error| self.failed(error, &to))?;
        self.answer(response, to)
    }

    fn failed(&self, error: reqwest::Error, to: &Destination) -> Error {
        let facts = facts(&error, self.settings.connect_timeout_ms);
        // The library's text may name the whole URL, and that a key.
        let error = error.without_url();
        unanswered(facts, &error, to).with_source(error)
    }

    fn answer(
        &self,
        mut response: reqwest::Response,
        from: Arc<Destination>,
    ) -> Result<HttpResponse> {
        let headers = std::mem::take(response.headers_mut());
        if header_bytes(&headers) > HEADER_BYTES {
            return Err(headers_too_large(&from));
        }
        // What the library decodes, it takes off the headers.
        if let Some(encoding) = headers.get(header::CONTENT_ENCODING)
            && encoding != "identity"
        {
            let message = format!(
                "the answer of {from} has the content encoding {encoding:?}, which was not asked for"
            );
            return Err(Error::new(ErrorKind::InvalidResponse, message));
        }
        Ok(HttpResponse {
            status: response.status().as_u16(),
            headers,
            body: self.body(response, from),
        })
    }

    fn body(&self, response: reqwest::Response, from: Arc<Destination>) -> Body {
        let limit = self.settings.max_answer_bytes;
        let mut left = limit;
        Box::pin(response.bytes_stream().map(move |chunk| {
            let chunk: Bytes = chunk.map_err(|error| {
                let error = error.without_url();
                broken_body(&error, &from).with_source(error)
            })?;
            left = left.checked_sub(chunk.len() as u64).ok_or_else(|| {
                let message =
                    format!("the answer of {from} is longer than {limit} bytes (max_answer_bytes)");
                Error::new(ErrorKind::InvalidResponse, message)
                    .with_detail("limit", "max_answer_bytes")
            })?;
            Ok(chunk)
        }))
    }
}

impl Route {
    fn new(plan: Plan) -> Result<Route> {
        Ok(Route {
            kept: plan.client(true)?,
            fresh: OnceLock::new(),
            plan,
        })
    }

    async fn send(
        &self,
        request: &HttpRequest,
        to: &Destination,
    ) -> reqwest::Result<reqwest::Response> {
        let (sent, opened) = OPENED
            .scope(Cell::new(false), async {
                let sent = self.kept.execute(message(request, to)).await;
                (sent, OPENED.with(Cell::get))
            })
            .await;
        match sent {
            // A host may close an idle connection just as the request is written to it. A new connection tells
            // whether more than that is wrong.
            Err(error) if !opened && was_stale(facts(&error, 0), &error) => {
                self.fresh().execute(message(request, to)).await
            }
            sent => sent,
        }
    }

    fn fresh(&self) -> &reqwest::Client {
        self.fresh.get_or_init(|| {
            self.plan
                .client(false)
                .unwrap_or_else(|_| self.kept.clone())
        })
    }
}

impl Plan {
    fn client(&self, keep: bool) -> Result<reqwest::Client> {
        self.builder(keep).build().map_err(|error| {
            Error::new(ErrorKind::Internal, "the HTTP client cannot be set up").with_source(error)
        })
    }

    fn builder(&self, keep: bool) -> reqwest::ClientBuilder {
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .user_agent(concat!("slugline/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connector_layer(NoteOpening)
            .dns_resolver(Arc::new(Resolver))
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(15))
            // A model may think for minutes in silence; a ping tells that from a dead host.
            .http2_keep_alive_interval(Duration::from_secs(30))
            .http2_keep_alive_timeout(Duration::from_secs(20))
            .http2_max_header_list_size(HEADER_BYTES as u32);
        let builder = match self.connect_timeout {
            Some(timeout) => builder.connect_timeout(timeout),
            None => builder,
        };
        let builder = match keep {
            true => builder,
            false => builder.pool_max_idle_per_host(0),
        };
        match &self.proxy {
            Proxy::System => builder,
            Proxy::Off => builder.no_proxy(),
            Proxy::Through(proxy) => builder.proxy(proxy.as_ref().clone()),
        }
    }
}

impl Proxy {
    fn read(setting: &str) -> Result<Proxy> {
        match setting {
            "system" | "" => Ok(Proxy::System),
            "off" => Ok(Proxy::Off),
            url if url.starts_with("http://") || url.starts_with("https://") => {
                reqwest::Proxy::all(url)
                    .map(|proxy| Proxy::Through(Box::new(proxy)))
                    .map_err(|_| wrong_proxy())
            }
            _ => Err(wrong_proxy()),
        }
    }
}

/// Without the setting itself, which may hold a password.
fn wrong_proxy() -> Error {
    let message = "proxy is none of `system`, `off` and the http or https URL of a proxy";
    Error::new(ErrorKind::ConfigError, message)
}

fn message(request: &HttpRequest, to: &Destination) -> reqwest::Request {
    let mut message = reqwest::Request::new(reqwest::Method::POST, to.url.clone());
    *message.headers_mut() = request.headers.clone();
    *message.body_mut() = Some(request.body.clone().into());
    message
}

fn facts(error: &reqwest::Error, connect_timeout_ms: u64) -> Facts {
    Facts {
        connecting: error.is_connect(),
        timed_out: error.is_timeout(),
        resolving: error.is_dns(),
        connect_timeout_ms,
    }
}

fn header_bytes(headers: &HeaderMap) -> usize {
    // As HTTP/1 writes them: a colon, a blank and a line end each.
    let line = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
        name.as_str().len() + value.len() + 4
    };
    headers.iter().map(line).sum()
}

/// Notes that a connection is opened for the request under way.
#[derive(Clone, Copy)]
struct NoteOpening;

impl<S> Layer<S> for NoteOpening {
    type Service = NotesOpening<S>;

    fn layer(&self, connector: S) -> NotesOpening<S> {
        NotesOpening(connector)
    }
}

#[derive(Clone)]
struct NotesOpening<S>(S);

impl<S: Service<To>, To> Service<To> for NotesOpening<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, to: To) -> S::Future {
        // Outside of a request there is nobody to tell.
        let _ = OPENED.try_with(|opened| opened.set(true));
        self.0.call(to)
    }
}

/// The machine's resolver, without the addresses at which clouds give out credentials.
struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let mut found = false;
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0))
                .await?
                .inspect(|_| found = true)
                .filter(|address| !is_metadata(address.ip()))
                .collect();
            if found && addresses.is_empty() {
                return Err(
                    "its address serves the metadata of cloud machines and is never asked".into(),
                );
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;

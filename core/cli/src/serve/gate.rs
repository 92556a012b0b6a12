//! Who may call: keys, compared in constant time, and the host names a browser may use.
//!
//! A page of another site can reach a server on loopback through a name that its owner points there. Such
//! a request names that host, and is refused before anything of it is read.

use std::net::SocketAddr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};
use slugline::provider::{Credentials, KeySource, Secret};
use slugline::{Error, ErrorKind};
use subtle::{Choice, ConstantTimeEq as _};

use crate::output::Failure;

/// The keys that open the server.
pub(crate) enum Keys {
    /// `--no-auth`, on loopback.
    None,
    /// Made at the start, as none is configured.
    Generated(Secret),
    /// Of the configuration.
    Configured(Vec<Secret>),
}

impl Keys {
    /// The keys of the configuration, else one made now. Beyond loopback there must be a configured one.
    pub(crate) async fn open(
        sources: &[KeySource],
        no_auth: bool,
        bound: SocketAddr,
    ) -> Result<Keys, Failure> {
        let loopback = bound.ip().is_loopback();
        if no_auth {
            return match loopback {
                true => Ok(Keys::None),
                false => Err(Failure::usage(format!(
                    "--no-auth is for loopback addresses, and {} is none",
                    bound.ip()
                ))),
            };
        }
        let mut keys = Vec::with_capacity(sources.len());
        for source in sources {
            keys.push(read(source).await?);
        }
        match (keys.is_empty(), loopback) {
            (false, _) => Ok(Keys::Configured(keys)),
            (true, true) => Ok(Keys::Generated(generate()?)),
            (true, false) => Err(wrong(format!(
                "{} can be reached from other machines: set `keys` in the [server] table first",
                bound.ip()
            ))),
        }
    }

    /// The key to tell the user, where it was made here.
    pub(crate) fn generated(&self) -> Option<String> {
        match self {
            Keys::Generated(key) => Some(key.expose().to_owned()),
            _ => None,
        }
    }

    fn all(&self) -> Option<&[Secret]> {
        match self {
            Keys::None => None,
            Keys::Generated(key) => Some(std::slice::from_ref(key)),
            Keys::Configured(keys) => Some(keys),
        }
    }
}

async fn read(source: &KeySource) -> Result<Secret, Failure> {
    if let KeySource::Env(names) = source
        && !source.is_configured()
    {
        let names = names.join(" or ");
        let message = format!("`keys` of [server]: the environment variable {names} is not set");
        return Err(wrong(message));
    }
    match source.resolve("server", true).await {
        Ok(Credentials::Key(key)) => Ok(key),
        Ok(_) => Err(wrong("`keys` of [server] holds no key".to_owned())),
        Err(error) => Err(wrong(format!("`keys` of [server]: {error}"))),
    }
}

fn wrong(message: String) -> Failure {
    Failure::of(ErrorKind::ConfigError, message)
}

/// 244 random bits.
fn generate() -> Result<Secret, Failure> {
    let half = || uuid::Uuid::new_v4().simple();
    Ok(Secret::new(
        &format!("sk-slugline-{}{}", half(), half()),
        "the generated key",
    )?)
}

/// Keys and host names together.
pub(crate) struct Gate {
    keys: Keys,
    /// Names beside those of loopback; `None`: any name.
    hosts: Option<Vec<String>>,
}

impl Gate {
    /// `allowed` are further names; a port behind one says nothing.
    pub(crate) fn new(keys: Keys, bound: SocketAddr, allowed: &[String]) -> Result<Gate, Failure> {
        // Beyond loopback the names are not known, and a key is needed in any case.
        let checked = bound.ip().is_loopback() || !allowed.is_empty();
        let mut hosts = vec![bare(&bound.ip().to_string())];
        for name in allowed {
            hosts.push(allowed_name(name)?);
        }
        Ok(Gate {
            keys,
            hosts: checked.then_some(hosts),
        })
    }

    /// Whether the request names a host that this server is called by.
    pub(crate) fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Error> {
        let Some(hosts) = &self.hosts else {
            return Ok(());
        };
        let mut named = headers.get_all(header::HOST).iter();
        let (first, second) = (named.next(), named.next());
        let authority = first
            .and_then(|host| host.to_str().ok())
            .and_then(|host| host.parse::<Authority>().ok());
        let known = |authority: &Authority| {
            let host = bare(authority.host());
            is_loopback(&host) || hosts.contains(&host)
        };
        let fits = second.is_none()
            && authority.as_ref().is_some_and(known)
            // `GET http://host/path`: both must be ours.
            && uri.authority().is_none_or(known);
        match fits {
            true => Ok(()),
            false => Err(Error::new(
                ErrorKind::PermissionDenied,
                "this server is not called by the name in the Host header; --allow-host adds a name",
            )),
        }
    }

    /// Whether the request shows a key: `Authorization: Bearer KEY` or `X-API-Key: KEY`.
    pub(crate) fn check_key(&self, headers: &HeaderMap) -> Result<(), Error> {
        let Some(keys) = self.keys.all() else {
            return Ok(());
        };
        let bearer = headers
            .get_all(header::AUTHORIZATION)
            .iter()
            .filter_map(|value| bearer(value.as_bytes()));
        let plain = headers.get_all("x-api-key").iter();
        let mut shown = bearer.chain(plain.map(|value| value.as_bytes())).peekable();
        let missing = shown.peek().is_none();
        let mut right = Choice::from(0);
        // Every key is compared in full, whatever came before: time tells nothing but lengths.
        for given in shown {
            for key in keys {
                right |= key.expose().as_bytes().ct_eq(given);
            }
        }
        match (bool::from(right), missing) {
            (true, _) => Ok(()),
            (_, true) => Err(denied(
                "no key: send `Authorization: Bearer KEY` or `X-API-Key: KEY`",
            )),
            _ => Err(denied("this key does not open this server")),
        }
    }
}

fn denied(message: &str) -> Error {
    Error::new(ErrorKind::Authentication, message)
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, key) = value.split_at_checked(7)?;
    scheme
        .eq_ignore_ascii_case(b"bearer ")
        .then(|| key.trim_ascii())
}

/// The name of `--allow-host`; a port behind it says nothing, as in the header it is compared with.
fn allowed_name(name: &str) -> Result<String, Failure> {
    let hint = if name.contains("://") {
        "; leave the scheme out"
    } else if name.contains('*') {
        "; patterns are not known, each name needs its own --allow-host"
    } else {
        ""
    };
    let authority = name.parse::<Authority>().ok();
    let host = authority.filter(|authority| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:[]".contains(&byte);
        hint.is_empty() && !authority.host().is_empty() && authority.as_str().bytes().all(plain)
    });
    match host {
        Some(authority) => Ok(bare(authority.host())),
        None => Err(Failure::usage(format!(
            "--allow-host: {name:?} is no host name{hint}"
        ))),
    }
}

/// A host name as it is compared: without brackets, final dot and capitals.
fn bare(host: &str) -> String {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.trim_end_matches('.').to_ascii_lowercase()
}

fn is_loopback(host: &str) -> bool {
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    fn gate(bound: &str, allowed: &[&str]) -> Gate {
        let keys = ["first-key", "second-key"].map(|key| Secret::new(key, "a key").unwrap());
        let allowed: Vec<String> = allowed.iter().map(|name| (*name).to_owned()).collect();
        let keys = Keys::Configured(keys.into());
        Gate::new(keys, bound.parse().unwrap(), &allowed).unwrap()
    }

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in list {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn either_header_opens() {
        let gate = gate("127.0.0.1:1", &[]);
        for right in [
            ("authorization", "Bearer first-key"),
            ("authorization", "bearer second-key "),
            ("x-api-key", "second-key"),
        ] {
            assert!(gate.check_key(&headers(&[right])).is_ok(), "{right:?}");
        }
        for wrong in [
            ("authorization", "Basic first-key"),
            ("authorization", "Bearer"),
            ("authorization", "first-key"),
            ("x-api-key", "first-ke"),
            ("x-api-key", "first-keyy"),
            ("x-api-key", ""),
        ] {
            let error = gate.check_key(&headers(&[wrong])).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Authentication);
            assert!(!error.to_string().contains("first"), "{error}");
        }
        // One right key is enough: a proxy may add its own header.
        let both = [
            ("authorization", "Bearer other"),
            ("x-api-key", "first-key"),
        ];
        assert!(gate.check_key(&headers(&both)).is_ok());
    }

    #[test]
    fn only_names_of_this_server_pass() {
        let uri: Uri = "/healthz".parse().unwrap();
        let check = |gate: &Gate, host: &str| gate.check_host(&uri, &headers(&[("host", host)]));
        let local = gate("127.0.0.1:8787", &["Slug.example:8787"]);
        for right in [
            "localhost",
            "LOCALHOST:8787",
            "127.0.0.1:8787",
            "127.9.9.9",
            "[::1]:8787",
            "slug.example:443",
            "localhost.",
        ] {
            assert!(check(&local, right).is_ok(), "{right}");
        }
        for wrong in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "",
            "a b",
        ] {
            assert!(check(&local, wrong).is_err(), "{wrong}");
        }
        assert!(local.check_host(&uri, &HeaderMap::new()).is_err());
        let two = headers(&[("host", "localhost"), ("host", "evil.example")]);
        assert!(local.check_host(&uri, &two).is_err());
        let absolute: Uri = "http://evil.example/healthz".parse().unwrap();
        assert!(
            local
                .check_host(&absolute, &headers(&[("host", "localhost")]))
                .is_err()
        );
        let open = gate("0.0.0.0:8787", &[]);
        assert!(check(&open, "any.example").is_ok());
        let named = gate("0.0.0.0:8787", &["any.example"]);
        assert!(check(&named, "any.example").is_ok() && check(&named, "evil.example").is_err());
    }
}

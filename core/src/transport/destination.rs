//! Where a request may go: what is checked of a URL, and of an address, before anything is sent.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, PoisonError, RwLock};

use url::{Host, Url};

use crate::error::{Error, ErrorKind, Result};

/// A URL that may be asked. Shows as `host:port`, which is all that an error may say of it.
#[derive(Debug, Clone)]
pub(super) struct Destination {
    /// The URL as given.
    pub(super) url: Url,
    /// The host is this machine.
    pub(super) loopback: bool,
}

/// The URLs that were checked before. An application asks a few, again and again, and to read one takes a sixth of
/// a whole exchange.
#[derive(Debug, Default)]
pub(super) struct Destinations(RwLock<HashMap<String, Arc<Destination>>>);

impl Destinations {
    /// Beyond so many, all are forgotten: memory must not grow with what a caller makes up.
    const MOST: usize = 256;

    /// [`Destination::check`], at most once for a URL.
    pub(super) fn check(&self, url: &str, allow_http: bool) -> Result<Arc<Destination>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(destination) = known.get(url) {
            return Ok(Arc::clone(destination));
        }
        drop(known);
        let destination = Arc::new(Destination::check(url, allow_http)?);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= Destinations::MOST {
            known.clear();
        }
        known.insert(url.to_owned(), Arc::clone(&destination));
        Ok(destination)
    }
}

impl Destination {
    /// Checks a URL: HTTP over TLS, or plain where `allow_http` or the host is this machine, without credentials.
    pub(super) fn check(url: &str, allow_http: bool) -> Result<Destination> {
        // The parser's errors name no part of the URL, nor does ours: it may hold a key.
        let url = Url::parse(url)
            .map_err(|error| refused(format!("the URL to ask is not a URL: {error}")))?;
        let destination = Destination {
            loopback: url.host().is_some_and(|host| is_loopback(&host)),
            url,
        };
        let url = &destination.url;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused(format!(
                "the URL of {destination} holds a user name or password; give the key as `api_key`"
            )));
        }
        match url.scheme() {
            "https" => {}
            "http" if destination.loopback || allow_http => {}
            "http" => {
                return Err(refused(format!(
                    "{destination} would be asked over plain http, which shows the key to the network; \
                     use https, or set `allow_http`"
                )));
            }
            scheme => {
                return Err(refused(format!(
                    "`{scheme}` URLs cannot be asked; use https"
                )));
            }
        }
        if url.host().is_some_and(|host| is_metadata_host(&host)) {
            return Err(refused(format!(
                "{destination} serves the metadata of cloud machines and is never asked"
            )));
        }
        Ok(destination)
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.host_str().unwrap_or("(no host)"))?;
        match self.url.port_or_known_default() {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

fn refused(message: String) -> Error {
    Error::new(ErrorKind::ConfigError, message)
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.to_canonical().is_loopback(),
    }
}

fn is_metadata_host(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            matches!(name, "metadata.google.internal" | "metadata.goog")
        }
        Host::Ipv4(address) => is_metadata(IpAddr::V4(*address)),
        Host::Ipv6(address) => is_metadata(IpAddr::V6(*address)),
    }
}

/// True for the addresses at which clouds give credentials to whoever asks from inside: those of AWS, Azure,
/// Google, Oracle and others (169.254.169.254), AWS containers (169.254.170.2 and .23), AWS over IPv6, Alibaba
/// (100.100.100.200) and Azure's host (168.63.129.16).
pub(super) fn is_metadata(address: IpAddr) -> bool {
    const V4: [Ipv4Addr; 5] = [
        Ipv4Addr::new(169, 254, 169, 254),
        Ipv4Addr::new(169, 254, 170, 2),
        Ipv4Addr::new(169, 254, 170, 23),
        Ipv4Addr::new(100, 100, 100, 200),
        Ipv4Addr::new(168, 63, 129, 16),
    ];
    const V6: [Ipv6Addr; 2] = [
        Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
        Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    ];
    match address.to_canonical() {
        IpAddr::V4(address) => V4.contains(&address),
        IpAddr::V6(address) => V6.contains(&address),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn https_and_this_machine_are_legal() {
        for (url, place, loopback) in [
            (
                "https://api.example.com/v1?key=x",
                "api.example.com:443",
                false,
            ),
            ("http://127.0.0.1:8000/v1", "127.0.0.1:8000", true),
            ("http://localhost/v1", "localhost:80", true),
            ("http://models.localhost:1/", "models.localhost:1", true),
            ("http://[::1]:8000/", "[::1]:8000", true),
            (
                "http://[::ffff:127.0.0.1]:8000/",
                "[::ffff:7f00:1]:8000",
                true,
            ),
            // Every spelling of an address is that address.
            ("http://2130706433/", "127.0.0.1:80", true),
        ] {
            let destination = Destination::check(url, false).unwrap();
            assert_eq!(destination.to_string(), place);
            assert_eq!(destination.loopback, loopback, "{url}");
        }
    }

    #[test]
    fn what_was_checked_is_kept_up_to_a_number() {
        let destinations = Destinations::default();
        let first = destinations.check("https://h/0", false).unwrap();
        assert!(Arc::ptr_eq(
            &first,
            &destinations.check("https://h/0", false).unwrap()
        ));
        for index in 0..3 * Destinations::MOST {
            let url = format!("https://h/{index}");
            assert_eq!(destinations.check(&url, false).unwrap().url.as_str(), url);
        }
        assert!(destinations.0.read().unwrap().len() <= Destinations::MOST);
        assert!(destinations.check("http://h/", false).is_err());
        assert!(destinations.check("http://h/", false).is_err());
    }

    #[test]
    fn plain_http_to_another_machine_needs_leave() {
        for url in [
            "http://example.com/?key=sk-1",
            "http://10.0.0.1/",
            "http://0.0.0.0/",
            "http://localhost.example.com/",
        ] {
            let error = Destination::check(url, false).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigError);
            assert!(error.to_string().contains("allow_http"), "{error}");
            assert!(!error.to_string().contains("sk-1"), "{error}");
            assert!(Destination::check(url, true).is_ok());
        }
    }

    #[test]
    fn metadata_is_never_asked_however_it_is_spelt() {
        for url in [
            "http://169.254.169.254/latest",
            "https://169.254.169.254/",
            "https://2852039166/",
            "https://0xa9fea9fe/",
            "https://[::ffff:169.254.169.254]/",
            "https://[fd00:ec2::254]/",
            "https://169.254.170.2/",
            "https://100.100.100.200/",
            "https://metadata.google.internal./",
            "https://METADATA.google.internal/",
        ] {
            let error = Destination::check(url, true).unwrap_err();
            assert!(error.to_string().contains("metadata"), "{url}: {error}");
        }
    }

    #[test]
    fn other_urls_are_refused_without_showing_them() {
        for url in [
            "",
            "sk-secret",
            "file:///etc/passwd",
            "unix:/sk-secret",
            "https://user:sk-secret@example.com/",
            "https://sk-secret@example.com/",
            "https://sk-secret\r\nx: y@h/",
        ] {
            let error = Destination::check(url, true).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigError, "{url}");
            assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
        }
    }
}

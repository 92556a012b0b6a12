//! Keys: where they come from, and a type that does not show them.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

use crate::error::{Error, ErrorKind, Result};
use crate::transport::BoxFuture;

/// A key. `Debug` shows nothing of it; memory is zeroed on drop.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Checks and keeps a key: outer white space is trimmed, anything but visible ASCII is refused.
    /// `what` names where it came from.
    pub fn new(key: &str, what: &str) -> Result<Secret> {
        let key = key.trim();
        if key.is_empty() {
            return Err(Error::new(
                ErrorKind::ConfigError,
                format!("{what} is empty"),
            ));
        }
        if !key.bytes().all(|byte| (0x21..0x7f).contains(&byte)) {
            let message = format!(
                "{what} holds a character that cannot stand in a header (a line break, a blank or non-ASCII)"
            );
            return Err(Error::new(ErrorKind::ConfigError, message));
        }
        Ok(Secret(SecretString::from(key.to_owned())))
    }

    /// The key itself. Only the code that writes the authentication header calls this.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The text without the key and without its base64 and URL-encoded forms.
    pub fn redact(&self, text: &str) -> String {
        const MASK: &str = "[redacted]";
        let key = self.expose();
        let mut clean = text.replace(key, MASK);
        // Encoded forms of a very short key would hit ordinary words.
        if key.len() >= 6 {
            for encoded in [
                STANDARD.encode(key),
                STANDARD_NO_PAD.encode(key),
                URL_SAFE.encode(key),
                URL_SAFE_NO_PAD.encode(key),
                utf8_percent_encode(key, NON_ALPHANUMERIC).to_string(),
            ] {
                if clean.contains(&encoded) {
                    clean = clean.replace(&encoded, MASK);
                }
            }
        }
        clean
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

/// What a request is signed with.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// Nothing: legal for hosts of one's own.
    None,
    /// A key or bearer token.
    Key(Secret),
    /// AWS credentials for SigV4.
    Aws {
        /// Access key id (not secret).
        access_key_id: String,
        /// Secret access key.
        secret_access_key: Secret,
        /// Session token of temporary credentials.
        session_token: Option<Secret>,
    },
}

impl Credentials {
    /// The text without any of these secrets.
    pub fn redact(&self, text: &str) -> String {
        match self {
            Credentials::None => text.to_owned(),
            Credentials::Key(key) => key.redact(text),
            Credentials::Aws {
                secret_access_key,
                session_token,
                ..
            } => {
                let text = secret_access_key.redact(text);
                session_token
                    .as_ref()
                    .map(|token| token.redact(&text))
                    .unwrap_or(text)
            }
        }
    }
}

/// A key that code provides at the time of a call.
pub trait KeyProvider: Send + Sync {
    /// The key, for one attempt.
    fn key(&self) -> BoxFuture<'static, Result<String>>;
}

/// Where a provider's key comes from.
#[derive(Clone, Default)]
pub enum KeySource {
    /// The host needs none.
    #[default]
    None,
    /// Given in configuration or code.
    Literal(Secret),
    /// The first of these environment variables that is set, read at each use.
    Env(Vec<String>),
    /// A file, read at each use.
    File(PathBuf),
    /// Code, asked at each use.
    Callable(Arc<dyn KeyProvider>),
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeySource::None => f.write_str("None"),
            KeySource::Literal(_) => f.write_str("Literal([redacted])"),
            KeySource::Env(names) => f.debug_tuple("Env").field(names).finish(),
            KeySource::File(path) => f.debug_tuple("File").field(path).finish(),
            KeySource::Callable(_) => f.write_str("Callable"),
        }
    }
}

/// The value of an environment variable; one that is empty counts as not set.
/// Every read of the environment in this crate goes through here.
pub(crate) fn env_var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

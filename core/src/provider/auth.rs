//! Keys: where they come from, and a type that does not show them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use http::HeaderValue;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

use super::aws;
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

    /// `Bearer KEY`, marked sensitive, for the `authorization` header.
    pub(crate) fn bearer(&self) -> Result<HeaderValue> {
        sensitive(&format!("Bearer {}", self.expose()))
    }

    /// The value of a header that holds the key alone, marked sensitive.
    pub(crate) fn header(&self) -> Result<HeaderValue> {
        sensitive(self.expose())
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

fn sensitive(text: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Error::new(ErrorKind::ConfigError, "the key cannot stand in a header"))?;
    value.set_sensitive(true);
    Ok(value)
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
    /// AWS: a bearer key, else access keys, from the environment or the shared credentials file.
    Aws,
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
            KeySource::Aws => f.write_str("Aws"),
            KeySource::Callable(_) => f.write_str("Callable"),
        }
    }
}

impl KeySource {
    /// The credentials for one attempt of this provider. Without a key, [`Credentials::None`] where the
    /// host works without (`required` is false).
    ///
    /// # Errors
    /// `authentication`, before any network, that says how to set the key; `details.env` names the
    /// variable. A key that cannot stand in a header is such an error too.
    pub async fn resolve(&self, provider: &str, required: bool) -> Result<Credentials> {
        let found = match self {
            KeySource::None => Ok(None),
            KeySource::Literal(key) => Ok(Some(Credentials::Key(key.clone()))),
            KeySource::Env(names) => key_of_env(names),
            KeySource::File(path) => key_of_file(path),
            KeySource::Aws => aws::credentials(),
            KeySource::Callable(code) => match code.key().await {
                Ok(key) => checked(&key, "the key that code provides"),
                Err(error) => Err(error),
            },
        };
        match found {
            Ok(Some(credentials)) => Ok(credentials),
            Ok(None) if !required => Ok(Credentials::None),
            Ok(None) => Err(self.missing(provider)),
            Err(mut error) => {
                error
                    .data_mut()
                    .provider
                    .get_or_insert_with(|| provider.to_owned());
                Err(error)
            }
        }
    }

    /// Whether there is a key to be had, judged without reading it.
    pub fn is_configured(&self) -> bool {
        match self {
            KeySource::None => false,
            KeySource::Env(names) => names.iter().any(|name| env_var(name).is_some()),
            KeySource::File(path) => path.is_file(),
            KeySource::Aws => aws::are_configured(),
            KeySource::Literal(_) | KeySource::Callable(_) => true,
        }
    }

    /// Credentials that only show where the real ones would go: for looking at a request.
    ///
    /// # Errors
    /// None in practice; the stand-in passes the same checks as a key.
    pub(crate) fn stand_in(&self, required: bool) -> Result<Credentials> {
        if required || self.is_configured() {
            return Secret::new("stand-in", "the stand-in").map(Credentials::Key);
        }
        Ok(Credentials::None)
    }

    fn missing(&self, provider: &str) -> Error {
        let names: &[String] = match self {
            KeySource::Env(names) => names,
            KeySource::Aws => &[aws::BEARER_VARIABLE.to_owned()],
            _ => &[],
        };
        let mut message = format!("no key for provider `{provider}`: set ");
        if !names.is_empty() {
            message += &format!("the environment variable {}, or ", names.join(" or "));
        }
        message += &format!("`api_key` of [providers.{provider}]");
        let mut error = Error::new(ErrorKind::Authentication, message);
        error.data_mut().provider = Some(provider.to_owned());
        match names.first() {
            Some(name) => error.with_detail("env", name.as_str()),
            None => error,
        }
    }
}

/// Longest file that is read as a key.
const KEY_FILE_BYTES: u64 = 64 << 10;

fn key_of_env(names: &[String]) -> Result<Option<Credentials>> {
    for name in names {
        if let Some(key) = env_var(name) {
            return checked(&key, &format!("the environment variable {name}"));
        }
    }
    Ok(None)
}

fn key_of_file(path: &Path) -> Result<Option<Credentials>> {
    let what = format!("the key file {}", path.display());
    let fail = |says: String| {
        Err(Error::new(
            ErrorKind::Authentication,
            format!("{what} {says}"),
        ))
    };
    match std::fs::metadata(path) {
        Err(error) => return fail(format!("cannot be read: {error}")),
        // Anything else than a small regular file could block, or never end.
        Ok(about) if !about.is_file() => return fail("is not a file".to_owned()),
        Ok(about) if about.len() > KEY_FILE_BYTES => return fail("is too long".to_owned()),
        Ok(_) => {}
    }
    match std::fs::read_to_string(path) {
        Ok(key) => checked(&key, &what),
        Err(error) => fail(format!("cannot be read: {error}")),
    }
}

/// A key that was found at the time of a call: what is wrong with it concerns this target alone.
fn checked(key: &str, what: &str) -> Result<Option<Credentials>> {
    match Secret::new(key, what) {
        Ok(key) => Ok(Some(Credentials::Key(key))),
        Err(error) => Err(Error::new(
            ErrorKind::Authentication,
            error.into_data().message,
        )),
    }
}

/// The value of an environment variable; one that is empty counts as not set.
/// Every read of the environment in this crate goes through here.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub(crate) fn env_var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    fn resolve(source: &KeySource, required: bool) -> Result<Credentials> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(source.resolve("acme", required))
    }

    fn key(credentials: Result<Credentials>) -> String {
        match credentials.unwrap() {
            Credentials::Key(key) => key.expose().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_first_variable_that_is_set_counts() {
        // Cargo sets this one for every test.
        let source = KeySource::Env(vec![
            "SLUGLINE_TEST_NOT_SET".into(),
            "CARGO_PKG_NAME".into(),
        ]);
        assert_eq!(key(resolve(&source, true)), "slugline");
        assert!(source.is_configured());
    }

    #[test]
    fn a_missing_key_says_how_to_set_it() {
        let source = KeySource::Env(vec![
            "SLUGLINE_TEST_NOT_SET".into(),
            "SLUGLINE_TEST_NEITHER".into(),
        ]);
        let error = resolve(&source, true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert_eq!(error.data().details["env"], "SLUGLINE_TEST_NOT_SET");
        assert_eq!(error.data().provider.as_deref(), Some("acme"));
        assert_eq!(
            error.to_string(),
            "no key for provider `acme`: set the environment variable SLUGLINE_TEST_NOT_SET or \
             SLUGLINE_TEST_NEITHER, or `api_key` of [providers.acme]"
        );
        assert!(matches!(resolve(&source, false), Ok(Credentials::None)));
        assert!(resolve(&KeySource::None, true).is_err());
        assert!(matches!(
            resolve(&KeySource::None, false),
            Ok(Credentials::None)
        ));
    }

    #[test]
    fn files_are_trimmed_and_checked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "  sk-hunter2\r\n").unwrap();
        let source = KeySource::File(path.clone());
        assert_eq!(key(resolve(&source, true)), "sk-hunter2");
        for bad in ["sk-hunter2\r\nx: y", "sk-h\0unter2", "sk-hünter2", "  \n"] {
            std::fs::write(&path, bad).unwrap();
            let error = resolve(&source, true).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Authentication);
            assert!(!format!("{error:?}").contains("nter2"), "{error:?}");
        }
        let missing = KeySource::File(folder.path().join("none"));
        assert!(
            resolve(&missing, false)
                .unwrap_err()
                .to_string()
                .contains("cannot be read")
        );
        let folder = KeySource::File(folder.path().to_owned());
        assert!(
            resolve(&folder, false)
                .unwrap_err()
                .to_string()
                .contains("is not a file")
        );
    }

    #[test]
    fn code_is_asked_each_time() {
        struct Code;
        impl KeyProvider for Code {
            fn key(&self) -> BoxFuture<'static, Result<String>> {
                Box::pin(async { Ok(" fresh ".to_owned()) })
            }
        }
        assert_eq!(
            key(resolve(&KeySource::Callable(Arc::new(Code)), true)),
            "fresh"
        );
    }
}

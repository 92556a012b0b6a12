//! From an entry of `[providers]` and a built-in row to a [`Provider`].
//!
//! What the entry says wins over the environment, and that over the row. URLs are checked here, once:
//! what passes can be joined, sent and logged.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use url::{Host, Url};

use super::model::{ClientCert, Config, ProviderConfig};
use super::presets::{Preset, PresetEnv, preset, presets};
use super::read::At;
use crate::error::{Error, ErrorKind, Result};
use crate::nearest::nearest;
use crate::provider::{self, Carrier, Dialect, KeySource, Network, Provider, Quirks};

/// What building providers takes from outside, so that tests can stand in for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outside {
    /// Reads an environment variable.
    pub(super) env: fn(&str) -> Option<String>,
    /// Finds a dialect by name.
    pub(super) dialect: fn(&str) -> Option<Arc<dyn Dialect>>,
}

/// The process and what is built in.
pub(super) const OUTSIDE: Outside = Outside {
    env: provider::env_var,
    dialect: provider::dialect,
};

/// Every dialect there is, and the feature that builds it in where it is not always there.
const DIALECTS: &[(&str, Option<&str>)] = &[
    ("openai", None),
    ("anthropic", None),
    ("gemini", None),
    ("bedrock", Some("bedrock")),
    ("cohere", None),
    ("test", None),
];

/// The built-in row that an entry stands on; `None` for a host of one's own.
pub(super) fn row(name: &str, entry: &ProviderConfig) -> Result<Option<&'static Preset>> {
    let (root, table) = (At::Root.key("providers"), name);
    let at = root.key(table);
    match (&entry.preset, &entry.dialect) {
        (Some(_), Some(_)) => Err(at.error("has both `preset` and `dialect`: give one")),
        (None, Some(_)) => Ok(None),
        (Some(of), None) => preset(of).map(Some).ok_or_else(|| {
            let says = format!("names no built-in host{}", near_preset(of));
            at.key("preset").error(says)
        }),
        (None, None) => preset(name).map(Some).ok_or_else(|| {
            at.error(format!(
                "is no built-in host{}; a host of your own needs `dialect` and `base_url`, \
                 another account of a built-in one needs `preset`",
                near_preset(name)
            ))
        }),
    }
}

fn near_preset(name: &str) -> String {
    match nearest(name, presets().iter().map(|row| row.name.as_str())) {
        Some(near) => format!(" (did you mean `{near}`?)"),
        None => String::new(),
    }
}

/// The provider of this name.
///
/// # Errors
/// `config_error` that names the key, or the variable that a setting was read from.
pub(super) fn provider(
    name: &str,
    entry: &ProviderConfig,
    row: Option<&'static Preset>,
    config: &Config,
    outside: Outside,
) -> Result<Provider> {
    let root = At::Root.key("providers");
    let at = root.key(name);
    let dialect_name = match (row, &entry.dialect) {
        (Some(row), _) => row.dialect.as_str(),
        (None, Some(dialect)) => dialect.as_str(),
        (None, None) => return Err(at.error("needs `preset` or `dialect`")),
    };
    let dialect = dialect(dialect_name, name, &at, outside)?;
    let no_env = PresetEnv::default();
    let from_env = row.map_or(&no_env, |row| &row.env);
    let setting = |key: &str, given: &Option<String>, variables: &[String]| {
        let found = match given {
            Some(text) => Some((text.clone(), at.key(key).to_string())),
            None => first_set(variables, outside),
        };
        match found {
            Some((text, place)) if !is_plain_word(&text) => Err(at.error(format!(
                "takes `{key}` from `{place}`, which may hold letters, digits and `-_.:` only"
            ))),
            // Given as empty it is none, whatever the environment says.
            found => Ok(found.map(|(text, _)| text).filter(|text| !text.is_empty())),
        }
    };
    let (base_url, carrier) = base_url(name, entry, row, dialect_name, config, outside)?;
    let (key, key_required) = match config.key_providers.0.get(name) {
        Some(code) => (KeySource::Callable(Arc::clone(code)), true),
        None => match (&entry.api_key, row) {
            // A key that was asked for by name must be there.
            (Some(key), _) => (key.clone(), true),
            (None, Some(row)) if row.aws => (KeySource::Aws, row.key_required),
            (None, Some(row)) if !row.env.api_key.is_empty() => {
                (KeySource::Env(row.env.api_key.clone()), row.key_required)
            }
            (None, _) => (KeySource::None, false),
        },
    };
    let key_required = key_required && carrier == Carrier::Network;
    let key = plain_http(&at, &base_url, &carrier, key, key_required, config)?;
    let engine = &config.engine;
    let files = |cert: &ClientCert| (cert.cert.clone(), cert.key.clone());
    Ok(Provider {
        name: name.to_owned(),
        preset: row.map(|row| row.name.clone()).unwrap_or_default(),
        dialect,
        base_url,
        key,
        key_required,
        headers: entry.headers.0.clone(),
        quirks: quirks(entry, row, &at)?,
        region: setting("region", &entry.region, &from_env.region)?,
        project: setting("project", &entry.project, &from_env.project)?,
        location: setting("location", &entry.location, &from_env.location)?,
        api_version: setting("api_version", &entry.api_version, &from_env.api_version)?,
        organization: setting("organization", &entry.organization, &from_env.organization)?,
        max_concurrency: entry.max_concurrency,
        rpm: entry.rpm,
        tpm: entry.tpm,
        share: entry.share,
        timeout_ms: entry.timeout_ms,
        network: Network {
            connect_timeout_ms: entry
                .connect_timeout_ms
                .unwrap_or(engine.connect_timeout_ms),
            proxy: entry
                .proxy
                .as_ref()
                .unwrap_or(&engine.proxy)
                .as_str()
                .to_owned(),
            ca_bundle: entry.ca_bundle.clone().or_else(|| engine.ca_bundle.clone()),
            client_cert: entry
                .client_cert
                .as_ref()
                .or(engine.client_cert.as_ref())
                .map(files),
        },
        carrier,
    })
}

fn dialect(
    dialect: &str,
    provider: &str,
    at: &At<'_>,
    outside: Outside,
) -> Result<Arc<dyn Dialect>> {
    if let Some(built_in) = (outside.dialect)(dialect) {
        return Ok(built_in);
    }
    match DIALECTS.iter().find(|(known, _)| *known == dialect) {
        Some((_, feature)) => {
            let feature = feature.unwrap_or(dialect);
            let message = format!(
                "provider `{provider}` speaks `{dialect}`, which is not built in: \
                 build with the feature `{feature}`"
            );
            Err(Error::new(ErrorKind::ConfigError, message)
                .with_param(at.to_string())
                .with_detail("feature", feature))
        }
        None => {
            let known: Vec<&str> = DIALECTS.iter().map(|(known, _)| *known).collect();
            Err(at
                .key("dialect")
                .not_one_of(&known, &Value::String(String::new())))
        }
    }
}

/// The first of these variables that is set: its value and its name.
fn first_set(variables: &[String], outside: Outside) -> Option<(String, String)> {
    variables
        .iter()
        .find_map(|name| (outside.env)(name).map(|value| (value.trim().to_owned(), name.clone())))
}

/// Whether a key for this built-in host is to be had.
pub(super) fn has_key(row: &Preset, outside: Outside) -> bool {
    first_set(&row.env.api_key, outside).is_some() || row.aws && KeySource::Aws.is_configured()
}

/// Settings of this kind become part of host names, paths and headers.
fn is_plain_word(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':'))
}

fn quirks(entry: &ProviderConfig, row: Option<&Preset>, at: &At<'_>) -> Result<Quirks> {
    let mut merged = row.map(|row| row.quirks.clone()).unwrap_or_default();
    merged.extend(entry.quirks.clone());
    Quirks::deserialize(Value::Object(merged)).map_err(|error| {
        let message = error.to_string();
        let says = match message.strip_prefix("unknown field ") {
            Some(rest) => format!("has no field {rest}"),
            None => "holds a field of the wrong type".to_owned(),
        };
        at.key("quirks").error(says)
    })
}

/// The URL that requests go to, and what carries them.
fn base_url(
    name: &str,
    entry: &ProviderConfig,
    row: Option<&Preset>,
    dialect: &str,
    config: &Config,
    outside: Outside,
) -> Result<(String, Carrier)> {
    let root = At::Root.key("providers");
    let table = root.key(name);
    let at = table.key("base_url");
    // Where a host of this kind is at home.
    let home = row.or_else(|| preset(dialect));
    let home_url = home.map_or("", |row| row.base_url.as_str());
    let given = match (&entry.base_url, row) {
        (Some(url), _) => Some((url.clone(), None)),
        (None, Some(row)) if config.engine.env_base_urls => {
            first_set(&row.env.base_url, outside).map(|(url, variable)| (url, Some(variable)))
        }
        (None, _) => None,
    };
    if let Some((url, variable)) = given {
        if variable.is_none() {
            if let Some(folder) = url.strip_prefix("replay:") {
                if folder.is_empty() {
                    return Err(at.error("must name a folder after `replay:`"));
                }
                let base = match home_url {
                    "" if row.is_none_or(|row| row.own_url) => "https://replay.invalid",
                    home => home,
                };
                return Ok((base.to_owned(), Carrier::Replay(PathBuf::from(folder))));
            }
            if url == "script:" {
                return Ok((url, Carrier::Script));
            }
        }
        return match checked_url(&url) {
            Ok(url) => Ok((url, Carrier::Network)),
            Err(says) => Err(match variable {
                None => at.error(says),
                Some(variable) => Error::new(
                    ErrorKind::ConfigError,
                    format!("the environment variable {variable} {says}"),
                )
                .with_detail("env", variable),
            }),
        };
    }
    match row {
        Some(row) if row.own_url => {
            let hint = match row.env.base_url.first() {
                Some(variable) => format!(" (or the environment variable {variable})"),
                None => String::new(),
            };
            Err(table.error(format!(
                "needs `base_url`{hint}: every account of `{}` has a URL of its own",
                row.name
            )))
        }
        None if !home_url.is_empty() && home_url != "script:" => Err(table.error(format!(
            "needs `base_url`; for {home_url} write `preset = \"{dialect}\"` instead of `dialect`"
        ))),
        _ if home_url == "script:" => Ok((home_url.to_owned(), Carrier::Script)),
        _ => Ok((home_url.to_owned(), Carrier::Network)),
    }
}

/// Names and addresses at which clouds hand out their machines' credentials.
const METADATA: &[&str] = &[
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "fd00:ec2::254",
    "metadata.google.internal",
    "metadata",
];

/// An http(s) URL in normal form, without a slash at its end; or what is wrong with it.
fn checked_url(text: &str) -> Result<String, &'static str> {
    if text
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || c == '\\')
    {
        return Err("holds a character that cannot stand in a URL");
    }
    let url = Url::parse(text).map_err(|_| "must be an http(s) URL or `replay:FOLDER`")?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("must be an http(s) URL or `replay:FOLDER`");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must hold no user name or password: use `api_key` or `headers`");
    }
    if url.fragment().is_some() {
        return Err("must hold no fragment (`#`)");
    }
    let Some(host) = url.host_str() else {
        return Err("names no host");
    };
    let bare = host.trim_matches(['[', ']', '.']);
    if METADATA.contains(&bare) {
        return Err("names a cloud's metadata service");
    }
    let mut out = url.origin().ascii_serialization();
    out += url.path().trim_end_matches('/');
    if let Some(query) = url.query() {
        out.push('?');
        out += query;
    }
    Ok(out)
}

/// Whether this URL reaches the machine itself.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => {
            address.is_loopback() || address.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback())
        }
        None => false,
    }
}

/// Over plain http to another machine no key goes out, unless `allow_http` says so.
fn plain_http(
    at: &At<'_>,
    base_url: &str,
    carrier: &Carrier,
    key: KeySource,
    required: bool,
    config: &Config,
) -> Result<KeySource> {
    let exposed = *carrier == Carrier::Network
        && !config.engine.allow_http
        && Url::parse(base_url).is_ok_and(|url| url.scheme() == "http" && !is_loopback(&url));
    if !exposed || matches!(key, KeySource::None) {
        return Ok(key);
    }
    if required || key.is_configured() {
        return Err(at.key("base_url").error(
            "would send a key over plain http to another machine: use https, or set `allow_http`",
        ));
    }
    // An optional key that is not set: it must not start to be sent when it is set later.
    Ok(KeySource::None)
}

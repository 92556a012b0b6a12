//! Google Cloud's paths to models: which host serves a location, and where a publisher's model is.
//! Used by every dialect whose provider has the quirk `vertex`.

use std::borrow::Cow;

use super::url::segment;
use super::{Credentials, Provider, Secret, Target};
use crate::error::{Error, ErrorKind, Result};

/// Where requests go that name no location.
const GLOBAL: &str = "global";

/// The base URL: the configured one, else the host of the location.
///
/// `global` has a host without a region and the multi-regions `eu` and `us` have their own form.
/// Without a project (express mode) there is only the global host.
pub(crate) fn base_url(provider: &Provider) -> Result<Cow<'_, str>> {
    if !provider.base_url.is_empty() {
        return Ok(Cow::Borrowed(&provider.base_url));
    }
    let location = location(provider);
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !location.bytes().all(letters) {
        let message = format!(
            "`location` of provider `{}` is no location of Google Cloud, such as `europe-west4` or `global`",
            provider.name
        );
        return Err(Error::new(ErrorKind::ConfigError, message));
    }
    Ok(match location {
        _ if provider.project.is_none() => "https://aiplatform.googleapis.com".into(),
        GLOBAL => "https://aiplatform.googleapis.com".into(),
        "eu" | "us" => format!("https://aiplatform.{location}.rep.googleapis.com").into(),
        region => format!("https://{region}-aiplatform.googleapis.com").into(),
    })
}

/// The path of a model of `publisher`, without a slash in front and without the verb.
/// A model that names its own publisher (`publishers/..`) or a tuned one (`endpoints/..`) is taken as it says.
pub(crate) fn path(target: &Target, version: &str, publisher: &str) -> Result<String> {
    let provider = &target.provider;
    let mut path = segment(version, "api_version")?.into_owned();
    if let Some(project) = &provider.project {
        path.push_str("/projects/");
        path.push_str(&segment(project, "project")?);
        path.push_str("/locations/");
        path.push_str(&segment(location(provider), "location")?);
    }
    let model = &target.model;
    if !(model.starts_with("publishers/") || model.starts_with("endpoints/")) {
        path.push_str("/publishers/");
        path.push_str(publisher);
        path.push_str("/models");
    }
    for piece in model.split('/') {
        path.push('/');
        path.push_str(&segment(piece, "model")?);
    }
    Ok(path)
}

/// The header that carries the key: an API key has its own, an access token goes as bearer.
pub(crate) fn key_header<'a>(
    credentials: &'a Credentials,
    target: &Target,
) -> Result<Option<KeyHeader<'a>>> {
    let Credentials::Key(key) = credentials else {
        return Ok(None);
    };
    let is_api_key = key.expose().starts_with("AIza");
    let is_token = key.expose().starts_with("ya29.");
    if target.provider.project.is_none() && !is_api_key {
        // Express mode knows API keys only, in more than one spelling; a token needs a project.
        if is_token {
            let message = format!(
                "provider `{}` has an access token but no `project`: set `project`, or GOOGLE_CLOUD_PROJECT",
                target.provider.name
            );
            return Err(Error::new(ErrorKind::ConfigError, message));
        }
        return Ok(Some(KeyHeader::ApiKey(key)));
    }
    Ok(Some(match is_api_key {
        true => KeyHeader::ApiKey(key),
        false => KeyHeader::Bearer(key),
    }))
}

/// A key and how it goes.
pub(crate) enum KeyHeader<'a> {
    /// In `x-goog-api-key`.
    ApiKey(&'a Secret),
    /// In `authorization`, as bearer.
    Bearer(&'a Secret),
}

fn location(provider: &Provider) -> &str {
    [&provider.location, &provider.region]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .find(|name| !name.is_empty())
        .unwrap_or(GLOBAL)
}

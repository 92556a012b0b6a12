//! `build_request`: the request a call would send, to be looked at.
//!
//! What is configured may be a key wherever it stands, so of headers and of the URL's query only values under
//! plain names are shown.

use serde::Serialize;
use serde_json::Value;

use super::attempt;
use super::call::Call;
use crate::chat::{ChatRequest, JsonMap, PromptRequest, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::route::Candidate;

/// Headers whose values are shown.
const PLAIN_HEADERS: &[&str] = &[
    "accept",
    "anthropic-beta",
    "anthropic-version",
    "content-type",
    "openai-beta",
    "openai-organization",
    "openai-project",
    "user-agent",
    "x-amz-content-sha256",
    "x-amz-date",
];
/// Parameters of the URL whose values are shown.
const PLAIN_PARAMETERS: &[&str] = &["alt", "api-version"];
/// What stands for any other value.
const REDACTED: &str = "[redacted]";

/// What to build a request for, and whether its answer would be streamed.
#[derive(Debug, Clone)]
pub enum RequestFor {
    /// A call of `chat`.
    Chat(Box<ChatRequest>, bool),
    /// A call of `run_prompt`.
    Prompt(Box<PromptRequest>, bool),
}

impl From<ChatRequest> for RequestFor {
    fn from(request: ChatRequest) -> Self {
        RequestFor::Chat(Box::new(request), false)
    }
}

impl From<PromptRequest> for RequestFor {
    fn from(request: PromptRequest) -> Self {
        RequestFor::Prompt(Box::new(request), false)
    }
}

/// A request as it would go to a provider, secrets replaced by `[redacted]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProviderRequest {
    /// Always `POST`.
    pub method: String,
    /// The URL. Of its query only `alt` and `api-version` keep their values.
    pub url: String,
    /// The headers, by name in lower case; those that are no secret by their name keep their values.
    pub headers: JsonMap,
    /// The body.
    pub body: Value,
    /// The target, as `provider/model`.
    pub model: String,
    /// What was left out or adapted.
    pub warnings: Vec<Warning>,
}

impl ProviderRequest {
    pub(super) fn of(call: &Call, candidate: &Candidate) -> Result<ProviderRequest> {
        let target = candidate.target();
        let options = call.options_for(target);
        let (_, mut warnings, _) = call.log.summary();
        let stream = call.streams_upstream();
        let encoded = attempt::encode(
            &call.messages,
            &options,
            target,
            stream,
            call.policy,
            &mut warnings,
        )
        .map_err(|error| error.with_target(&target.provider.name, &target.model))?;
        let mut request = encoded.into_request();
        // A key need not be there to look: a stand-in shows where it would go.
        let stand_in = target.provider.key.stand_in(target.provider.key_required)?;
        target
            .provider
            .dialect
            .authorize(&mut request, &stand_in, target)?;
        let headers = request
            .headers
            .iter()
            .map(|(name, value)| {
                let plain = PLAIN_HEADERS.contains(&name.as_str()) && !value.is_sensitive();
                let value = match plain {
                    true => value.to_str().unwrap_or("[binary]"),
                    false => REDACTED,
                };
                (name.as_str().to_owned(), Value::from(value))
            })
            .collect();
        let body = serde_json::from_slice(&request.body)
            .map_err(|_| Error::new(ErrorKind::Internal, "the encoded request is not JSON"))?;
        Ok(ProviderRequest {
            method: "POST".to_owned(),
            url: shown(&request.url),
            headers,
            body,
            model: target.name(),
            warnings,
        })
    }
}

/// The URL without the values of its query, but for plain ones.
fn shown(url: &str) -> String {
    let Some((path, query)) = url.split_once('?') else {
        return url.to_owned();
    };
    let parameters = query.split('&').map(|parameter| {
        match parameter.split_once('=') {
            Some((name, _)) if !PLAIN_PARAMETERS.contains(&name) => format!("{name}={REDACTED}"),
            // A word alone may be a key as well.
            None if !parameter.is_empty() => REDACTED.to_owned(),
            _ => parameter.to_owned(),
        }
    });
    format!("{path}?{}", parameters.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_parameters_are_shown() {
        assert_eq!(shown("https://h/v1/a"), "https://h/v1/a");
        assert_eq!(
            shown("https://h/a?key=s3&alt=sse&api-version=2024-10-21&s3&x="),
            "https://h/a?key=[redacted]&alt=sse&api-version=2024-10-21&[redacted]&x=[redacted]"
        );
    }
}

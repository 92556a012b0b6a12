//! `build_request`: the request a call would send, to be looked at.

use serde::Serialize;
use serde_json::Value;

use super::attempt;
use super::call::Call;
use crate::chat::{ChatRequest, JsonMap, PromptRequest, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::route::Candidate;

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
    /// The URL.
    pub url: String,
    /// The headers, by name in lower case.
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
                let value = if value.is_sensitive() {
                    "[redacted]"
                } else {
                    value.to_str().unwrap_or("[binary]")
                };
                (name.as_str().to_owned(), Value::from(value))
            })
            .collect();
        let body = serde_json::from_slice(&request.body)
            .map_err(|_| Error::new(ErrorKind::Internal, "the encoded request is not JSON"))?;
        Ok(ProviderRequest {
            method: "POST".to_owned(),
            url: request.url,
            headers,
            body,
            model: target.name(),
            warnings,
        })
    }
}

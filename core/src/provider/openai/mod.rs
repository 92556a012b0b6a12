//! The OpenAI format, spoken by OpenAI, Azure and most other hosts. What they do differently is in [`Quirks`];
//! nothing here asks which host it is.
//!
//! `encode` and `messages` write a request. `types` and `leaves` read answers and chunks alike, and `repeated` spares
//! what chunks repeat; `stream` turns both into deltas, choice by `choice`, with the help of `calls`, `usage` and
//! `replay`; `decode` gives whole answers and errors.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::{
    Call, Capability, Credentials, Dialect, Quirks, ReasoningForm, Reply, StreamDecoder, Support,
    Target,
};
use crate::chat::Warning;
use crate::error::{Error, ErrorKind, Result};
use crate::transport::{Framing, HttpRequest};

mod calls;
mod choice;
mod decode;
mod encode;
mod leaves;
mod messages;
mod repeated;
mod replay;
mod stream;
mod types;
mod usage;

/// The dialect `openai`.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenAi;

impl Dialect for OpenAi {
    fn name(&self) -> &'static str {
        "openai"
    }

    fn capability(&self, target: &Target) -> Capability {
        capability(&target.provider.quirks, &target.model)
    }

    fn encode(&self, call: Call<'_>, _: &mut Vec<Warning>) -> Result<HttpRequest> {
        self.encode_with(call, self.name(), None)
    }

    fn authorize(
        &self,
        request: &mut HttpRequest,
        credentials: &Credentials,
        target: &Target,
    ) -> Result<()> {
        let provider = &target.provider;
        let secret = match credentials {
            Credentials::None => return Ok(()),
            Credentials::Key(secret) => secret,
            Credentials::Aws { .. } => {
                let message = format!(
                    "provider `{}` takes a key, not AWS credentials",
                    provider.name
                );
                return Err(Error::new(ErrorKind::ConfigError, message));
            }
        };
        let key = secret.expose();
        // A token of Entra, where Azure takes a key in a header of its own.
        let is_token =
            key.starts_with("eyJ") && key.bytes().filter(|byte| *byte == b'.').count() == 2;
        let (name, value) = match &provider.quirks.key_header {
            Some(name) if !is_token => {
                let unfit = |what: &str| {
                    let message = format!(
                        "{what} of provider `{}` cannot stand in a header",
                        provider.name
                    );
                    Error::new(ErrorKind::ConfigError, message)
                };
                let name =
                    HeaderName::from_bytes(name.as_bytes()).map_err(|_| unfit("`key_header`"))?;
                let mut value = HeaderValue::from_str(key).map_err(|_| unfit("the key"))?;
                value.set_sensitive(true);
                (name, value)
            }
            _ => (AUTHORIZATION, secret.bearer()?),
        };
        request.headers.insert(name, value);
        Ok(())
    }

    fn decode(&self, _headers: &HeaderMap, body: &[u8], target: &Target) -> Result<Reply> {
        decode::decode(body, target, self.name())
    }

    fn decode_error(
        &self,
        status: u16,
        headers: &HeaderMap,
        body: &[u8],
        target: &Target,
    ) -> Error {
        decode::decode_error(status, headers, body, target)
    }

    fn framing(&self) -> Framing {
        Framing::Sse
    }

    fn decoder(&self, target: &Target) -> Box<dyn StreamDecoder> {
        Box::new(stream::Decoder::new(target, self.name()))
    }
}

impl OpenAi {
    /// As [`Dialect::encode`], for replay data of this family and with the script of the `test` provider.
    pub(super) fn encode_with(
        self,
        call: Call<'_>,
        family: &'static str,
        script: Option<&Value>,
    ) -> Result<HttpRequest> {
        let mut request = encode::encode(call, family, script)?;
        let provider = &call.target.provider;
        for (name, value) in [
            ("openai-organization", &provider.organization),
            ("openai-project", &provider.project),
        ] {
            if let Some(value) = value {
                let value = HeaderValue::from_str(value).map_err(|_| {
                    let provider = &provider.name;
                    let message =
                        format!("`{name}` of provider `{provider}` holds a control character");
                    Error::new(ErrorKind::ConfigError, message)
                })?;
                request.headers.insert(name, value);
            }
        }
        Ok(request)
    }
}

/// How a host takes each field, from its quirks alone.
fn capability(quirks: &Quirks, model: &str) -> Capability {
    let mut rules = Vec::with_capacity(32);
    match quirks.reasoning {
        ReasoningForm::Effort => rules.push(("thinking_budget", Support::Dropped)),
        ReasoningForm::Object => {
            rules.push(("reasoning_effort", Support::Adapted("`reasoning.effort`")));
            rules.push((
                "thinking_budget",
                Support::Adapted("`reasoning.max_tokens`"),
            ));
        }
        ReasoningForm::Enabled => {
            rules.push((
                "reasoning_effort",
                Support::Adapted("`reasoning.enabled`, on or off"),
            ));
            rules.push(("thinking_budget", Support::Dropped));
        }
        ReasoningForm::Thinking => {
            let beside = Support::Adapted("and `thinking`, on or off");
            rules.push(("reasoning_effort", beside));
            rules.push(("thinking_budget", Support::Dropped));
        }
        ReasoningForm::EnableThinking => {
            let switch = Support::Adapted("`enable_thinking`, on or off");
            rules.push(("reasoning_effort", switch));
        }
    }
    rules.push(match quirks.max_completion_tokens {
        true => ("max_tokens", Support::Adapted("`max_completion_tokens`")),
        false => ("max_completion_tokens", Support::Adapted("`max_tokens`")),
    });
    if quirks.seed_field.is_some() {
        rules.push(("seed", Support::Adapted("under the host's own name")));
    }
    if quirks.required_word.is_some() {
        let word = Support::Adapted("in the host's own word");
        rules.push(("tool_choice.required", word));
    }
    quirks.narrow(Capability::new(rules), model)
}

#[cfg(test)]
mod decode_tests;
#[cfg(test)]
mod encode_tests;
#[cfg(test)]
pub(super) mod tests;

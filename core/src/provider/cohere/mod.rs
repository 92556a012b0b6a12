//! Cohere's v2 chat: OpenAI's roles and tools, its own names for sampling, reasoning as thinking or as a plan
//! for tools, citations as annotations.
//!
//! Requests are built in `encode`, answers read in `decode` and `stream` from the shapes in `types`.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::error::ErrorRules;
use super::{Call, Capability, Credentials, Dialect, Reply, StreamDecoder, Support, Target};
use crate::chat::Warning;
use crate::error::{Error, ErrorKind, Result};
use crate::transport::{Framing, HttpRequest};

mod decode;
mod encode;
mod stream;
mod types;

/// The dialect's name, and the family of its replay data.
const FAMILY: &str = "cohere";

/// What Cohere's errors have of their own: 498 is a blocked key.
const RULES: ErrorRules = ErrorRules {
    should_retry: false,
    statuses: &[(498, ErrorKind::Authentication)],
    words: &[],
    phrases: &[],
};

/// Cohere's v2 chat.
#[derive(Debug, Default)]
pub(super) struct Cohere;

impl Dialect for Cohere {
    fn name(&self) -> &'static str {
        FAMILY
    }

    fn capability(&self, target: &Target) -> Capability {
        use Support::{Adapted, Dropped, Refused, Within};
        let capability = Capability::new([
            ("unknown", Dropped),
            ("top_p", Within(0.01, 0.99)),
            ("top_k", Within(0.0, 500.0)),
            ("frequency_penalty", Within(0.0, 1.0)),
            ("presence_penalty", Within(0.0, 1.0)),
            ("seed", Within(0.0, i64::MAX as f64)),
            ("top_logprobs", Dropped),
            ("logit_bias", Dropped),
            (
                "reasoning_effort",
                Adapted("`thinking`, with a token budget below `high`"),
            ),
            ("thinking_budget", Adapted("`thinking.token_budget`")),
            ("parallel_tool_calls", Adapted("`true` only")),
            ("verbosity", Dropped),
            ("service_tier", Dropped),
            ("prediction", Dropped),
            ("modalities", Refused),
            ("audio", Refused),
            ("prompt_cache_key", Dropped),
            ("safety_identifier", Dropped),
            ("web_search_options", Dropped),
            ("n", Refused),
            ("stop", Adapted("`stop_sequences`, at most five")),
            ("user", Dropped),
            ("content.input_audio", Refused),
            ("content.file", Refused),
            ("content.other", Refused),
            ("tools.other", Refused),
            (
                "tool_choice.function",
                Adapted("only that tool is sent, and one is required"),
            ),
            ("tool_choice.other", Refused),
            ("response_format.json_object", Adapted("without tools")),
            (
                "response_format.json_schema",
                Adapted("`json_object` with the schema, without tools"),
            ),
        ]);
        target.provider.quirks.narrow(capability, &target.model)
    }

    fn encode(&self, call: Call<'_>, warnings: &mut Vec<Warning>) -> Result<HttpRequest> {
        encode::encode(call, warnings)
    }

    fn authorize(
        &self,
        request: &mut HttpRequest,
        credentials: &Credentials,
        _target: &Target,
    ) -> Result<()> {
        if let Credentials::Key(key) = credentials {
            request.headers.insert(AUTHORIZATION, key.bearer()?);
        }
        Ok(())
    }

    fn decode(&self, _headers: &HeaderMap, body: &[u8], target: &Target) -> Result<Reply> {
        decode::decode(body, target)
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
        Box::new(stream::Decoder::new(target))
    }
}

#[cfg(test)]
mod tests;

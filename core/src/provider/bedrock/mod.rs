//! Amazon Bedrock's Converse API: one wire format in front of many makers' models.
//!
//! [`encode`] writes requests, with [`turns`], [`assistant`] and [`media`] for the messages and [`tools`] for tools
//! and formats; [`sign`] signs them. [`decode`] and [`stream`] read answers; [`replay`] keeps what a later request
//! must send back; [`models`] knows what differs between the makers.

mod assistant;
mod decode;
mod encode;
mod media;
mod models;
mod replay;
pub mod sign;
mod stream;
mod tools;
mod turns;
mod types;

use std::time::SystemTime;

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::anthropic::claude;
use super::error::ErrorRules;
use super::{Call, Capability, Credentials, Dialect, Reply, StreamDecoder, Support, Target};
use crate::chat::Warning;
use crate::error::{Error, ErrorKind, Result};
use crate::transport::{Framing, HttpRequest};
use models::{Thinking, TopK};

/// Name in configuration, and family of replay data.
const FAMILY: &str = "bedrock";

/// The tool whose call is the answer, for models that take a schema in no other way. Decoding knows it by
/// this name.
const ANSWER_TOOL: &str = "slugline_answer";

/// What Bedrock's errors have of their own. Types that say no more than their status are not listed.
const RULES: ErrorRules = {
    use ErrorKind::{
        Authentication, Overloaded, QuotaExceeded, RateLimited, ServerError, Timeout, UnknownModel,
    };
    ErrorRules {
        should_retry: false,
        statuses: &[],
        words: &[
            ("UnrecognizedClientException", Authentication),
            ("InvalidClientTokenId", Authentication),
            ("InvalidSignatureException", Authentication),
            ("SignatureDoesNotMatch", Authentication),
            ("IncompleteSignature", Authentication),
            ("IncompleteSignatureException", Authentication),
            ("MissingAuthenticationToken", Authentication),
            ("MissingAuthenticationTokenException", Authentication),
            ("ExpiredToken", Authentication),
            ("ExpiredTokenException", Authentication),
            ("RequestExpired", Authentication),
            ("RequestTimeTooSkewed", Authentication),
            ("RequestInTheFuture", Authentication),
            ("ResourceNotFoundException", UnknownModel),
            ("ServiceQuotaExceededException", QuotaExceeded),
            ("ThrottlingException", RateLimited),
            ("ModelNotReadyException", RateLimited),
            ("ModelTimeoutException", Timeout),
            ("ModelErrorException", ServerError),
            ("ModelStreamErrorException", ServerError),
            ("InternalServerException", ServerError),
            ("ServiceUnavailableException", Overloaded),
        ],
        phrases: &[
            ("authentication failed", Authentication),
            ("bearer token has expired", Authentication),
        ],
    }
};

/// The dialect `bedrock`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bedrock;

impl Dialect for Bedrock {
    fn name(&self) -> &'static str {
        FAMILY
    }

    fn capability(&self, target: &Target) -> Capability {
        use Support::{Adapted, Carried, Dropped, Refused, Within};
        let (family, name) = models::family(target);
        let thinking = family.thinking(name);
        let is_claude = thinking == Thinking::Claude;
        let sampled = !is_claude || claude::is_sampled(&target.model);
        let forced = family.tool_choice && (!is_claude || claude::can_be_forced(&target.model));
        let when = |yes: bool, support: Support, no: Support| if yes { support } else { no };
        let capability = Capability::new([
            ("unknown", Dropped),
            ("temperature", when(sampled, Within(0.0, 1.0), Dropped)),
            ("top_p", when(sampled, Carried, Dropped)),
            (
                "top_k",
                match family.top_k {
                    TopK::Plain if sampled => Adapted("`additionalModelRequestFields.top_k`"),
                    TopK::Inference => {
                        Adapted("`additionalModelRequestFields.inferenceConfig.topK`")
                    }
                    _ => Dropped,
                },
            ),
            ("frequency_penalty", Dropped),
            ("presence_penalty", Dropped),
            ("seed", Dropped),
            ("logprobs", Dropped),
            ("top_logprobs", Dropped),
            ("logit_bias", Dropped),
            ("n", Refused),
            (
                "reasoning_effort",
                match thinking {
                    Thinking::None => Dropped,
                    Thinking::Claude => {
                        Adapted("`thinking` and `output_config.effort`, past Converse")
                    }
                    Thinking::Effort => Adapted("`reasoning_effort`, past Converse"),
                    Thinking::Config => Adapted("`reasoning_config`, past Converse"),
                    Thinking::Nova => Adapted("`reasoningConfig`, past Converse"),
                },
            ),
            (
                "thinking_budget",
                when(
                    is_claude,
                    Adapted("`thinking.budget_tokens`, past Converse"),
                    Dropped,
                ),
            ),
            ("parallel_tool_calls", Adapted("`true` only")),
            ("verbosity", Dropped),
            ("prediction", Dropped),
            ("modalities", Refused),
            ("audio", Refused),
            ("prompt_cache_key", Dropped),
            ("safety_identifier", Dropped),
            ("web_search_options", Dropped),
            ("user", Adapted("`requestMetadata.user`")),
            ("service_tier", Adapted("`serviceTier.type`")),
            ("stop", Adapted("`inferenceConfig.stopSequences`")),
            ("max_tokens", Adapted("`inferenceConfig.maxTokens`")),
            ("content.image_url", Adapted("bytes, or an object in S3")),
            ("content.image_url.remote", Adapted("`s3:` URLs only")),
            ("content.input_audio", Adapted("`audio`")),
            ("content.file", Adapted("bytes, or an object in S3")),
            ("content.file.remote", Adapted("`s3:` URLs only")),
            ("content.other", Refused),
            ("tools.other", Refused),
            ("tool_choice.none", Adapted("no tools are sent")),
            (
                "tool_choice.required",
                when(forced, Adapted("`any`"), Refused),
            ),
            (
                "tool_choice.function",
                when(forced, Adapted("`tool`"), Refused),
            ),
            ("tool_choice.other", Refused),
            ("response_format.json_object", Adapted("by the prompt only")),
            (
                "response_format.json_schema",
                if family.has_schemas(name) {
                    Adapted("`outputConfig.textFormat`")
                } else {
                    when(forced, Adapted("the call of a tool"), Refused)
                },
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
        target: &Target,
    ) -> Result<()> {
        match credentials {
            Credentials::None => Ok(()),
            Credentials::Key(key) => {
                request.headers.insert(AUTHORIZATION, key.bearer()?);
                Ok(())
            }
            Credentials::Aws {
                access_key_id,
                secret_access_key,
                session_token,
            } => {
                let keys = sign::Keys {
                    access_key_id,
                    secret_access_key: secret_access_key.expose(),
                    session_token: session_token.as_ref().map(|token| token.expose()),
                };
                sign::authorize(request, &keys, encode::region(&target.provider)?)
            }
        }
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

    fn server_time(&self, error: &Error) -> Option<SystemTime> {
        decode::server_time(error)
    }

    fn framing(&self) -> Framing {
        Framing::EventStream
    }

    fn decoder(&self, target: &Target) -> Box<dyn StreamDecoder> {
        Box::new(stream::Decoder::new(target))
    }
}

#[cfg(test)]
mod tests;

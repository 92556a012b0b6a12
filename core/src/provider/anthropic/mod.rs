//! Anthropic's Messages API, at home, on Google Cloud (quirk `vertex`) and at hosts that speak it.
//!
//! [`encode`] writes requests, with [`turns`] and [`parts`] for the messages, [`thinking`] for limits and
//! [`schema`] for structured outputs;
//! [`decode`], [`stream`] and [`blocks`] read answers; [`replay`] keeps what a later request must send back;
//! [`models`] knows what differs between generations of Claude, and `claude` tells it to dialects that
//! serve Claude behind a format of their own.

mod blocks;
#[cfg(feature = "bedrock")]
pub(crate) mod claude;
mod decode;
mod encode;
mod models;
mod parts;
mod replay;
mod schema;
mod stream;
mod thinking;
mod turns;
mod types;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};

use crate::chat::Warning;
use crate::error::{Error, Result};
use crate::provider::vertex::{self, KeyHeader};
use crate::provider::{
    Call, Capability, Credentials, Dialect, Reply, StreamDecoder, Support, Target,
};
use crate::transport::{Framing, HttpRequest};

use models::{Model, Sampling};

/// Name in configuration, and family of replay data.
const FAMILY: &str = "anthropic";
/// `anthropic-version` where the provider has no `api_version`.
const DEFAULT_VERSION: &str = "2023-06-01";
/// From this version on `temperature`, `top_p` and `top_k` are refused, whatever the model.
const VERSION_WITHOUT_SAMPLING: &str = "2026-10-21";

/// The dialect `anthropic`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Anthropic;

impl Dialect for Anthropic {
    fn name(&self) -> &'static str {
        FAMILY
    }

    fn capability(&self, target: &Target) -> Capability {
        use Support::{Adapted, Carried, Dropped, Refused, Within};
        let model = Model::of(&target.model);
        let version = target.provider.api_version.as_deref();
        let sampled = model.sampling != Sampling::None
            && (target.provider.quirks.vertex
                || version.unwrap_or(DEFAULT_VERSION) < VERSION_WITHOUT_SAMPLING);
        let forced = match model.forced_tool {
            true => Carried,
            false => Refused,
        };
        let sampling = |support| if sampled { support } else { Dropped };
        let capability = Capability::new([
            ("unknown", Dropped),
            ("temperature", sampling(Within(0.0, 1.0))),
            ("top_p", sampling(Carried)),
            ("top_k", sampling(Carried)),
            ("frequency_penalty", Dropped),
            ("presence_penalty", Dropped),
            ("seed", Dropped),
            ("logprobs", Dropped),
            ("top_logprobs", Dropped),
            ("logit_bias", Dropped),
            ("n", Refused),
            ("verbosity", Dropped),
            ("prediction", Dropped),
            ("modalities", Refused),
            ("audio", Refused),
            ("prompt_cache_key", Dropped),
            ("web_search_options", Dropped),
            ("user", Adapted("`metadata.user_id`")),
            (
                "safety_identifier",
                Adapted("`metadata.user_id`, where `user` is absent"),
            ),
            (
                "stop",
                Adapted("`stop_sequences`, without those of white space"),
            ),
            (
                "service_tier",
                Adapted("`auto`, or `standard_only` for `default`"),
            ),
            (
                "reasoning_effort",
                Adapted("`output_config.effort`, or a budget in tokens on older models"),
            ),
            (
                "thinking_budget",
                Adapted("`thinking.budget_tokens`; newer models decide themselves"),
            ),
            (
                "parallel_tool_calls",
                Adapted("`tool_choice.disable_parallel_tool_use`"),
            ),
            ("max_tokens", Adapted("always sent: 4096 where absent")),
            ("content.input_audio", Refused),
            ("content.other", Refused),
            ("tools.other", Refused),
            ("tool_choice.required", forced),
            ("tool_choice.function", forced),
            ("tool_choice.other", Refused),
            (
                "response_format.json_object",
                Adapted("asked for by the prompt only"),
            ),
            (
                "response_format.json_schema",
                match model.schema {
                    true => Adapted("`output_config.format`; limits on values are told in words"),
                    false => Refused,
                },
            ),
        ]);
        target.provider.quirks.narrow(capability, &target.model)
    }

    fn encode(&self, call: Call<'_>, warnings: &mut Vec<Warning>) -> Result<HttpRequest> {
        encode::request(call, warnings)
    }

    fn authorize(
        &self,
        request: &mut HttpRequest,
        credentials: &Credentials,
        target: &Target,
    ) -> Result<()> {
        const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
        const GOOGLE_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");
        let provider = &target.provider;
        if provider.quirks.vertex {
            let (name, value) = match vertex::key_header(credentials, target)? {
                None => return Ok(()),
                Some(KeyHeader::ApiKey(key)) => (GOOGLE_KEY, key.header()?),
                Some(KeyHeader::Bearer(key)) => (AUTHORIZATION, key.bearer()?),
            };
            request.headers.insert(name, value);
        } else if let Credentials::Key(key) = credentials {
            // Tokens of Anthropic's OAuth are no API keys.
            if provider.quirks.bearer || key.expose().starts_with("sk-ant-oat") {
                request.headers.insert(AUTHORIZATION, key.bearer()?);
            } else {
                request.headers.insert(API_KEY, key.header()?);
            }
        }
        Ok(())
    }

    fn decode(&self, _: &HeaderMap, body: &[u8], target: &Target) -> Result<Reply> {
        decode::reply(body, target)
    }

    fn decode_error(
        &self,
        status: u16,
        headers: &HeaderMap,
        body: &[u8],
        target: &Target,
    ) -> Error {
        decode::error(status, headers, body, target)
    }

    fn framing(&self) -> Framing {
        Framing::Sse
    }

    fn decoder(&self, target: &Target) -> Box<dyn StreamDecoder> {
        Box::new(stream::Decoder::new(target))
    }
}

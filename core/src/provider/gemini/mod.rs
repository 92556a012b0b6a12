//! Google's `generateContent`, in AI Studio and on Google Cloud (quirk `vertex`).
//!
//! [`encode`] writes requests, with [`contents`] and [`parts`] for the messages; the [`reader`] reads answers,
//! whole ones for [`decode`] and chunks for [`stream`], with [`partial`] for arguments in pieces; [`replay`]
//! keeps the signatures that a later request must send back; [`models`] knows what differs between generations.

mod answer;
mod contents;
mod decode;
mod encode;
mod models;
mod partial;
mod parts;
mod reader;
mod replay;
mod stream;
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

use models::{Model, Thinking};

/// Name in configuration, and family of replay data.
const FAMILY: &str = "gemini";
/// Version in AI Studio's paths where the provider has no `api_version`.
const DEFAULT_VERSION: &str = "v1beta";

/// The dialect `gemini`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Gemini;

impl Dialect for Gemini {
    fn name(&self) -> &'static str {
        FAMILY
    }

    fn capability(&self, target: &Target) -> Capability {
        use Support::{Adapted, Dropped, Refused};
        let model = Model::of(&target.model);
        let thinking = |form| match model.thinking {
            Thinking::None => Dropped,
            _ => Adapted(form),
        };
        let capability = Capability::new([
            ("unknown", Dropped),
            ("logit_bias", Dropped),
            ("n", Adapted("`candidateCount`")),
            ("stop", Adapted("`stopSequences`, at most 5")),
            ("logprobs", Adapted("`responseLogprobs`")),
            ("top_logprobs", Adapted("`logprobs`")),
            (
                "reasoning_effort",
                thinking("`thinkingLevel`, or a budget in tokens on 2.5"),
            ),
            ("thinking_budget", thinking("`thinkingBudget`")),
            ("parallel_tool_calls", Dropped),
            ("verbosity", Dropped),
            ("service_tier", Dropped),
            ("prediction", Dropped),
            ("modalities", Adapted("`responseModalities`")),
            ("audio", Adapted("the voice of `speechConfig`")),
            ("prompt_cache_key", Dropped),
            ("safety_identifier", Dropped),
            ("user", Dropped),
            ("web_search_options", Dropped),
            ("content.other", Refused),
            ("tools.other", Refused),
            ("tool_choice.other", Refused),
            (
                "response_format.json_object",
                Adapted("`responseMimeType`; before Gemini 3 not with tools"),
            ),
            (
                "response_format.json_schema",
                Adapted("`responseJsonSchema`; before Gemini 3 not with tools"),
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
        const API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");
        let key = if target.provider.quirks.vertex {
            vertex::key_header(credentials, target)?
        } else {
            match credentials {
                Credentials::Key(key) => Some(KeyHeader::ApiKey(key)),
                _ => None,
            }
        };
        match key {
            None => {}
            Some(KeyHeader::ApiKey(key)) => {
                request.headers.insert(API_KEY, key.header()?);
            }
            Some(KeyHeader::Bearer(key)) => {
                request.headers.insert(AUTHORIZATION, key.bearer()?);
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

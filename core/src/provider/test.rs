//! The dialect of the built-in `test` provider: the OpenAI format with the script of `extra_body.test` in the
//! body, where the scripted transport reads it. No other provider is ever sent that key.

use http::HeaderMap;

use super::openai::OpenAi;
use super::{Call, Capability, Credentials, Dialect, Reply, StreamDecoder, Target, body};
use crate::chat::Warning;
use crate::error::{Error, Result};
use crate::transport::{Framing, HttpRequest};

/// The dialect `test`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Test;

impl Dialect for Test {
    fn name(&self) -> &'static str {
        "test"
    }

    /// It takes everything: what a call means is for the script alone.
    fn capability(&self, _target: &Target) -> Capability {
        Capability::default()
    }

    fn encode(&self, call: Call<'_>, _: &mut Vec<Warning>) -> Result<HttpRequest> {
        let script = call.options.extra_body.get(body::TEST_KEY);
        OpenAi.encode_with(call, self.name(), script)
    }

    fn authorize(&self, _: &mut HttpRequest, _: &Credentials, _: &Target) -> Result<()> {
        Ok(())
    }

    fn decode(&self, headers: &HeaderMap, body: &[u8], target: &Target) -> Result<Reply> {
        OpenAi.decode(headers, body, target)
    }

    fn decode_error(
        &self,
        status: u16,
        headers: &HeaderMap,
        body: &[u8],
        target: &Target,
    ) -> Error {
        OpenAi.decode_error(status, headers, body, target)
    }

    fn framing(&self) -> Framing {
        OpenAi.framing()
    }

    fn decoder(&self, target: &Target) -> Box<dyn StreamDecoder> {
        OpenAi.decoder(target)
    }
}

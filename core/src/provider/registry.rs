//! The dialects that are built in: one line each.

use std::sync::Arc;

use super::Dialect;
use super::anthropic::Anthropic;
use super::cohere::Cohere;
use super::gemini::Gemini;
use super::openai::OpenAi;
use super::test::Test;

/// The dialect with this name in configuration.
pub fn dialect(name: &str) -> Option<Arc<dyn Dialect>> {
    Some(match name {
        "openai" => Arc::new(OpenAi),
        "anthropic" => Arc::new(Anthropic),
        "gemini" => Arc::new(Gemini),
        #[cfg(feature = "bedrock")]
        "bedrock" => Arc::new(super::bedrock::Bedrock),
        "cohere" => Arc::new(Cohere),
        "test" => Arc::new(Test),
        _ => return None,
    })
}

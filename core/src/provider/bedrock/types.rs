//! Converse on the wire: what is sent, borrowed from the call, and what comes back, read leniently.
//! Source: AWS's service model of `bedrock-runtime` (botocore 1.44.5) and recorded answers.

use std::borrow::Cow;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::chat::JsonMap;
use crate::provider::lenient;

/// The body of a request; model and streaming are in the URL.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) system: Vec<Block<'a>>,
    pub(super) messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Inference::is_empty")]
    pub(super) inference_config: Inference<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_config: Option<ToolConfig<'a>>,
    #[serde(skip_serializing_if = "JsonMap::is_empty")]
    pub(super) additional_model_request_fields: JsonMap,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output_config: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_metadata: Option<Metadata<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) service_tier: Option<Tier<'a>>,
}

/// A turn of the conversation.
#[derive(Debug, Serialize)]
pub(super) struct Turn<'a> {
    pub(super) role: &'static str,
    pub(super) content: Vec<Block<'a>>,
}

/// A block of a turn, of `system` or of a tool's result: an object with one key.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Block<'a> {
    Text(Cow<'a, str>),
    Json(Json<'a>),
    Image(Media<'a>),
    Document(Document<'a>),
    Audio(Media<'a>),
    Video(Media<'a>),
    ToolUse(ToolUse<'a>),
    ToolResult(ToolResult<'a>),
    ReasoningContent(Reasoning<'a>),
    CachePoint(CachePoint<'a>),
    /// A replayed block of another kind, as it came.
    #[serde(untagged)]
    Raw(&'a Value),
}

/// A JSON value: bytes of the caller's that are one, or a text to be wrapped.
#[derive(Debug)]
pub(super) enum Json<'a> {
    Raw(&'a RawValue),
    Result(Cow<'a, str>),
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Raw(raw) => raw.serialize(serializer),
            Json::Result(text) => serializer.collect_map([("result", text)]),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Media<'a> {
    pub(super) format: &'a str,
    pub(super) source: Source<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    pub(super) format: &'a str,
    pub(super) name: String,
    pub(super) source: Source<'a>,
}

/// Bytes in the request, or an object in S3 that the account may read.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Source<'a> {
    Bytes(Cow<'a, str>),
    S3Location { uri: &'a str },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolUse<'a> {
    pub(super) tool_use_id: Cow<'a, str>,
    pub(super) name: &'a str,
    pub(super) input: Input<'a>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'a str>,
}

/// The arguments of a call; none are an empty object.
#[derive(Debug)]
pub(super) struct Input<'a>(pub(super) Option<&'a RawValue>);

impl Serialize for Input<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(raw) => raw.serialize(serializer),
            None => serializer.collect_map(std::iter::empty::<(&str, &str)>()),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolResult<'a> {
    pub(super) tool_use_id: Cow<'a, str>,
    pub(super) content: Vec<Block<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reasoning<'a> {
    pub(super) reasoning_text: SignedText<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct SignedText<'a> {
    pub(super) text: &'a str,
    pub(super) signature: &'a str,
}

/// Everything up to here is to be cached.
#[derive(Debug, Serialize)]
pub(super) struct CachePoint<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ttl: Option<&'a str>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Inference<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_tokens: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_p: Option<f64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(super) stop_sequences: &'a [String],
}

impl Inference<'_> {
    fn is_empty(&self) -> bool {
        self.max_tokens.is_none()
            && self.temperature.is_none()
            && self.top_p.is_none()
            && self.stop_sequences.is_empty()
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolConfig<'a> {
    pub(super) tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_choice: Option<Choice<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Tool<'a> {
    ToolSpec(ToolSpec<'a>),
    CachePoint(CachePoint<'a>),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolSpec<'a> {
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<&'a str>,
    pub(super) input_schema: Schema<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) strict: Option<bool>,
}

#[derive(Debug, Serialize)]
pub(super) struct Schema<'a> {
    pub(super) json: Cow<'a, Value>,
}

/// Which tool is called.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Choice<'a> {
    Auto {},
    Any {},
    Tool { name: &'a str },
}

#[derive(Debug, Serialize)]
pub(super) struct Metadata<'a> {
    pub(super) user: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct Tier<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'a str,
}

/// A whole answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer<'a> {
    #[serde(borrow)]
    pub(super) output: Output<'a>,
    #[serde(default)]
    pub(super) stop_reason: Option<String>,
    #[serde(default)]
    pub(super) usage: Option<Tokens>,
    #[serde(default)]
    pub(super) service_tier: Option<AnswerTier>,
    #[serde(flatten)]
    pub(super) extra: JsonMap,
}

#[derive(Debug, Deserialize)]
pub(super) struct Output<'a> {
    #[serde(borrow, default)]
    pub(super) message: Option<AnswerMessage<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AnswerMessage<'a> {
    /// Each read on its own, so that a block of a new kind can be kept as it is.
    #[serde(borrow, default)]
    pub(super) content: Vec<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AnswerTier {
    #[serde(rename = "type", default)]
    pub(super) kind: Option<String>,
}

/// A block of an answer. One without any of these keys is of a new kind.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AnswerBlock<'a> {
    #[serde(default)]
    pub(super) text: Option<String>,
    #[serde(borrow, default)]
    pub(super) tool_use: Option<AnswerToolUse<'a>>,
    #[serde(default)]
    pub(super) reasoning_content: Option<AnswerReasoning>,
    #[serde(default)]
    pub(super) citations_content: Option<Citations>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AnswerToolUse<'a> {
    #[serde(default)]
    pub(super) tool_use_id: Option<String>,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(borrow, default)]
    pub(super) input: Option<&'a RawValue>,
    /// `server_tool_use` where the host runs the tool itself.
    #[serde(rename = "type", default)]
    pub(super) kind: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AnswerReasoning {
    #[serde(default)]
    pub(super) reasoning_text: Option<ReasoningText>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ReasoningText {
    #[serde(default)]
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) signature: Option<String>,
}

/// Text with what it cites.
#[derive(Debug, Deserialize)]
pub(super) struct Citations {
    #[serde(default)]
    pub(super) content: Vec<CitedText>,
    #[serde(default)]
    pub(super) citations: Vec<Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CitedText {
    #[serde(default)]
    pub(super) text: Option<String>,
}

/// Counts; `inputTokens` leave out what the cache read and wrote.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tokens {
    #[serde(default, deserialize_with = "lenient::count")]
    pub(super) input_tokens: Option<u64>,
    #[serde(default, deserialize_with = "lenient::count")]
    pub(super) output_tokens: Option<u64>,
    #[serde(default, deserialize_with = "lenient::count")]
    pub(super) cache_read_input_tokens: Option<u64>,
    #[serde(default, deserialize_with = "lenient::count")]
    pub(super) cache_write_input_tokens: Option<u64>,
    #[serde(flatten)]
    pub(super) extra: JsonMap,
}

/// `contentBlockStart`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BlockStart {
    #[serde(default)]
    pub(super) content_block_index: Option<u64>,
    #[serde(default)]
    pub(super) start: JsonMap,
}

/// `contentBlockDelta`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BlockDelta {
    #[serde(default)]
    pub(super) content_block_index: Option<u64>,
    #[serde(default)]
    pub(super) delta: DeltaBody,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeltaBody {
    #[serde(default)]
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) tool_use: Option<ToolUseDelta>,
    #[serde(default)]
    pub(super) reasoning_content: Option<ReasoningDelta>,
    #[serde(default)]
    pub(super) citation: Option<Value>,
    #[serde(flatten)]
    pub(super) extra: JsonMap,
}

#[derive(Debug, Deserialize)]
pub(super) struct ToolUseDelta {
    #[serde(default)]
    pub(super) input: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReasoningDelta {
    #[serde(default)]
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) signature: Option<String>,
    #[serde(default)]
    pub(super) redacted_content: Option<String>,
}

/// `contentBlockStop`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BlockStop {
    #[serde(default)]
    pub(super) content_block_index: Option<u64>,
}

/// `messageStop`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessageStop {
    #[serde(default)]
    pub(super) stop_reason: Option<String>,
    #[serde(flatten)]
    pub(super) extra: JsonMap,
}

/// `metadata`, which follows `messageStop`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StreamMetadata {
    #[serde(default)]
    pub(super) usage: Option<Tokens>,
    #[serde(default)]
    pub(super) service_tier: Option<AnswerTier>,
    #[serde(flatten)]
    pub(super) extra: JsonMap,
}

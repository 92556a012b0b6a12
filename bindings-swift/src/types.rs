//! Answers out: the core's nouns as records. Each mirrors its type field by field, which the compiler
//! checks; open JSON crosses as text, `""` for an empty object.

use serde_json::Value;
use slugline::Location;
use slugline::chat::{
    Attempt, CampaignRef, ChatCompletion, Choice, CompletionTokensDetails, Content, Cost, Delta,
    FinishReason, FunctionCall, JsonMap, Logprobs, Message, Meta, Part, PromptRef,
    PromptTokensDetails, Role, StreamHead, Timing, TokenLogprob, ToolCall, ToolCallDelta,
    TopLogprob, Usage, Warning,
};
use slugline::compose::RenderedPrompt;
use slugline::engine::ProviderRequest;
use slugline::prompt::{EnvironmentInfo, PromptInfo, VariantInfo};

uniffi::custom_type!(JsonMap, String, {
    remote,
    lower: |map| if map.is_empty() { String::new() } else { Value::Object(map).to_string() },
    try_lift: |text| match text.as_str() {
        "" => Ok(JsonMap::new()),
        json => Ok(serde_json::from_str(json)?),
    },
});

uniffi::custom_type!(Value, String, {
    remote,
    lower: |value| value.to_string(),
    try_lift: |text| Ok(serde_json::from_str(&text)?),
});

#[uniffi::remote(Enum)]
pub enum Role {
    System,
    Developer,
    User,
    Assistant,
    Tool,
    Function,
}

#[uniffi::remote(Enum)]
pub enum FinishReason {
    Stop,
    Length,
    ToolCalls,
    ContentFilter,
}

#[uniffi::remote(Enum)]
pub enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[uniffi::remote(Enum)]
pub enum Part {
    Text {
        text: String,
        cache_control: Option<Value>,
    },
    ImageUrl {
        url: String,
        detail: Option<String>,
        cache_control: Option<Value>,
    },
    InputAudio {
        data: String,
        format: String,
        cache_control: Option<Value>,
    },
    File {
        file_id: Option<String>,
        filename: Option<String>,
        file_data: Option<String>,
        file_url: Option<String>,
        cache_control: Option<Value>,
    },
    Refusal {
        refusal: String,
    },
    Other(JsonMap),
}

#[uniffi::remote(Record)]
pub struct Message {
    pub role: Role,
    pub content: Option<Content>,
    pub id: Option<String>,
    pub name: Option<String>,
    pub tool_calls: Vec<ToolCall>,
    pub tool_call_id: Option<String>,
    pub function_call: Option<FunctionCall>,
    pub refusal: Option<String>,
    pub reasoning_content: Option<String>,
    pub annotations: Vec<Value>,
    pub audio: Option<Value>,
    pub metadata: JsonMap,
    pub completion_id: Option<String>,
    pub provider_state: Option<Value>,
    pub extra: JsonMap,
}

#[uniffi::remote(Record)]
pub struct ToolCall {
    pub id: String,
    pub function: FunctionCall,
    pub extra: JsonMap,
}

#[uniffi::remote(Record)]
pub struct FunctionCall {
    pub name: String,
    pub arguments: String,
}

#[uniffi::remote(Record)]
pub struct ChatCompletion {
    pub id: String,
    pub created: i64,
    pub model: String,
    pub choices: Vec<Choice>,
    pub usage: Option<Usage>,
    pub system_fingerprint: Option<String>,
    pub service_tier: Option<String>,
    pub session_id: String,
    pub meta: Meta,
    pub extra: JsonMap,
}

#[uniffi::remote(Record)]
pub struct Choice {
    pub index: u32,
    pub message: Message,
    pub finish_reason: Option<FinishReason>,
    pub native_finish_reason: Option<String>,
    pub logprobs: Option<Logprobs>,
    pub completion_id: String,
    pub model: String,
    pub extra: JsonMap,
}

#[uniffi::remote(Record)]
pub struct Logprobs {
    pub content: Option<Vec<TokenLogprob>>,
    pub refusal: Option<Vec<TokenLogprob>>,
}

#[uniffi::remote(Record)]
pub struct TokenLogprob {
    pub token: String,
    pub logprob: f64,
    pub bytes: Option<Vec<u8>>,
    pub top_logprobs: Vec<TopLogprob>,
}

#[uniffi::remote(Record)]
pub struct TopLogprob {
    pub token: String,
    pub logprob: f64,
    pub bytes: Option<Vec<u8>>,
}

#[uniffi::remote(Record)]
pub struct Usage {
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    pub total_tokens: u64,
    pub prompt_tokens_details: Option<PromptTokensDetails>,
    pub completion_tokens_details: Option<CompletionTokensDetails>,
    pub cache_creation_input_tokens: Option<u64>,
    pub cache_read_input_tokens: Option<u64>,
    pub extra: JsonMap,
}

#[uniffi::remote(Record)]
pub struct PromptTokensDetails {
    pub cached_tokens: Option<u64>,
    pub audio_tokens: Option<u64>,
}

#[uniffi::remote(Record)]
pub struct CompletionTokensDetails {
    pub reasoning_tokens: Option<u64>,
    pub audio_tokens: Option<u64>,
    pub accepted_prediction_tokens: Option<u64>,
    pub rejected_prediction_tokens: Option<u64>,
}

#[uniffi::remote(Record)]
pub struct Meta {
    pub provider: String,
    pub model: String,
    pub provider_model: Option<String>,
    pub attempts: Vec<Attempt>,
    pub prompt: Option<PromptRef>,
    pub campaign: Option<CampaignRef>,
    pub timing: Timing,
    pub cost: Option<Cost>,
    pub warnings: Vec<Warning>,
    pub recording_id: Option<String>,
}

#[uniffi::remote(Record)]
pub struct Attempt {
    pub provider: String,
    pub model: String,
    pub outcome: String,
    pub status: Option<u16>,
    pub code: Option<String>,
    pub wait_ms: u64,
    pub duration_ms: u64,
    pub request_id: Option<String>,
}

#[uniffi::remote(Record)]
pub struct PromptRef {
    pub slug: String,
    pub version: Option<u64>,
    pub environment: Option<String>,
    pub variant: Option<String>,
    pub hash: String,
}

#[uniffi::remote(Record)]
pub struct CampaignRef {
    pub key: String,
    pub arm: String,
}

#[uniffi::remote(Record)]
pub struct Timing {
    pub queue_ms: u64,
    pub ttft_ms: Option<u64>,
    pub total_ms: u64,
}

#[uniffi::remote(Record)]
pub struct Cost {
    pub amount: f64,
    pub currency: String,
    pub source: String,
}

#[uniffi::remote(Record)]
pub struct Warning {
    pub code: String,
    pub param: Option<String>,
    pub message: String,
}

#[uniffi::remote(Record)]
pub struct StreamHead {
    pub id: String,
    pub created: i64,
    pub model: String,
    pub session_id: String,
    pub completion_ids: Vec<String>,
}

#[uniffi::remote(Record)]
pub struct Delta {
    pub index: u32,
    pub role: Option<Role>,
    pub text: Option<String>,
    pub refusal: Option<String>,
    pub reasoning: Option<String>,
    pub tool_calls: Vec<ToolCallDelta>,
    pub finish_reason: Option<FinishReason>,
    pub native_finish_reason: Option<String>,
    pub logprobs: Option<Logprobs>,
    pub usage: Option<Usage>,
    pub annotations: Vec<Value>,
    pub audio: Option<Value>,
    pub provider_state: Option<Value>,
    pub extra: JsonMap,
}

#[uniffi::remote(Record)]
pub struct ToolCallDelta {
    pub index: u32,
    pub id: Option<String>,
    pub name: Option<String>,
    pub arguments: String,
}

#[uniffi::remote(Record)]
pub struct RenderedPrompt {
    pub messages: Vec<Message>,
    pub params: JsonMap,
    pub prompt: Option<PromptRef>,
    pub warnings: Vec<Warning>,
}

#[uniffi::remote(Record)]
pub struct ProviderRequest {
    pub method: String,
    pub url: String,
    pub headers: JsonMap,
    pub body: Value,
    pub model: String,
    pub warnings: Vec<Warning>,
}

#[uniffi::remote(Record)]
pub struct PromptInfo {
    pub slug: String,
    pub description: Option<String>,
    pub file: String,
    pub versions: Vec<u64>,
    pub environments: Vec<EnvironmentInfo>,
    pub variants: Vec<VariantInfo>,
    pub version: Option<u64>,
    pub hash: String,
    pub schema: Option<Value>,
    pub variables: Vec<String>,
    pub source: Option<String>,
    pub problem: Option<String>,
}

#[uniffi::remote(Record)]
pub struct EnvironmentInfo {
    pub name: String,
    pub version: Option<u64>,
}

#[uniffi::remote(Record)]
pub struct VariantInfo {
    pub name: String,
    pub weight: f64,
    pub description: Option<String>,
}

#[uniffi::remote(Record)]
pub struct Location {
    pub file: Option<String>,
    pub line: Option<u32>,
    pub column: Option<u32>,
    pub message: Option<u32>,
}

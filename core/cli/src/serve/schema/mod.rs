//! The bodies of the routes as OpenAPI schemas: requests by a table of fields (`request`), answers as types
//! here. The engine's own types know nothing of OpenAPI; the test of the clients compares both.

mod request;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use slugline::chat::JsonMap;
use slugline::engine::asks::Judgement;
use utoipa::ToSchema;
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::{Object, ObjectBuilder};

pub(crate) use request::{ChatRequest, ProjectPromptRequest, PromptRequest};

/// An answer of `/healthz`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`.
    pub(crate) status: &'static str,
}

/// A list of models, as OpenAI gives it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModelList {
    /// Always `list`.
    pub(crate) object: &'static str,
    pub(crate) data: Vec<ModelInfo>,
}

/// A name that `model` may have.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModelInfo {
    pub(crate) id: String,
    /// Always `model`.
    pub(crate) object: &'static str,
    /// When the server started, in Unix seconds.
    pub(crate) created: i64,
    pub(crate) owned_by: &'static str,
}

/// One event of a stream. OpenAPI has no words for streams: this is the shape of each of its events.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChatEvent {
    /// A `chat.completion.chunk` as JSON (the last one with `meta`), an error in its envelope, or `[DONE]` at the end.
    pub(crate) data: String,
}

/// Environments of prompts.
#[derive(Serialize, ToSchema)]
pub(crate) struct Deployments {
    pub(crate) deployments: Vec<Deployment>,
}

/// A prompt in an environment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Deployment {
    pub(crate) prompt_slug: String,
    pub(crate) environment: String,
    /// The version it points at; absent where the environment has a file of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) version: Option<String>,
    /// When it last changed.
    #[schema(format = "date-time")]
    pub(crate) deployed_at: String,
}

/// A prompt as it is stored.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoredPrompt {
    pub(crate) state: StoredState,
    /// Default variables.
    #[schema(value_type = Object)]
    pub(crate) chat_input: JsonMap,
}

/// Messages and parameters of a stored prompt.
#[derive(Serialize, ToSchema)]
pub(crate) struct StoredState {
    /// Always `chat`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The messages, unrendered.
    #[schema(value_type = Vec<Object>)]
    template: Value,
    /// Tools of the prompt, as OpenAI writes them.
    #[schema(value_type = Vec<Object>)]
    tools: Value,
    /// Always empty: what is older than tools.
    #[schema(value_type = Vec<Object>)]
    functions: [Value; 0],
    /// Model and parameters.
    #[schema(value_type = Object)]
    args: JsonMap,
}

impl StoredPrompt {
    pub(crate) fn new(template: Value, tools: Value, args: JsonMap, variables: JsonMap) -> Self {
        let state = StoredState {
            kind: "chat",
            template,
            tools,
            functions: [],
            args,
        };
        StoredPrompt {
            state,
            chat_input: variables,
        }
    }
}

/// A judgement of a completion.
#[derive(Deserialize, ToSchema)]
pub(crate) struct FeedbackRequest {
    /// `choices[].completion_id` of an answer.
    pub(crate) completion_id: String,
    /// What is judged, for example `thumbs`.
    #[schema(min_length = 1, max_length = 128)]
    pub(crate) metric: String,
    /// Yes or no, or a number.
    #[schema(schema_with = bool_or_number)]
    pub(crate) value: Judgement,
    /// Why, in words.
    pub(crate) comment: Option<String>,
    /// The same; with `details` behind it where both are given.
    pub(crate) reason: Option<String>,
    /// The same.
    pub(crate) details: Option<String>,
    /// Who says so.
    #[schema(max_length = 256)]
    pub(crate) user_id: Option<String>,
}

fn bool_or_number() -> Object {
    let kinds = vec![Type::Boolean, Type::Number];
    ObjectBuilder::new()
        .schema_type(SchemaType::Array(kinds))
        .build()
}

/// Kept feedback.
#[derive(Serialize, ToSchema)]
pub(crate) struct FeedbackId {
    #[schema(format = "uuid")]
    pub(crate) feedback_id: String,
}

/// Declares types that only describe what the engine writes.
macro_rules! described {
    ($($(#[$about:meta])* $name:ident { $($(#[$field_about:meta])* $field:ident: $type:ty,)+ })+) => {
        $(
            $(#[$about])*
            #[derive(ToSchema)]
            #[expect(dead_code, reason = "the schema is what is used of it")]
            pub(crate) struct $name { $($(#[$field_about])* $field: $type,)+ }
        )+
    };
}

described! {
    /// An error.
    ErrorBody {
        error: ErrorFields,
    }
    /// What went wrong.
    ErrorFields {
        /// One sentence; holds no key, prompt or answer.
        message: String,
        /// OpenAI's word for the family of the error.
        r#type: String,
        /// The field that is wrong.
        #[schema(required = true)]
        param: Option<String>,
        /// What to act on: one of the codes in the documentation.
        code: String,
    }
    /// A whole answer.
    ChatCompletion {
        id: String,
        object: String,
        /// Unix time in seconds.
        created: i64,
        /// The target that served, as `provider/model`.
        model: String,
        choices: Vec<Choice>,
        /// Null where the provider gave none; under `/api/v1` zeros, with the header `x-slugline-usage: unknown`.
        #[schema(required = true)]
        usage: Option<Usage>,
        session_id: String,
        meta: Meta,
    }
    /// One choice.
    Choice {
        index: u32,
        message: AnswerMessage,
        #[schema(required = true)]
        finish_reason: Option<String>,
        /// Log probabilities, as OpenAI gives them.
        #[schema(required = true, value_type = Option<Object>)]
        logprobs: Option<Value>,
        /// Feedback refers to this.
        #[schema(format = "uuid")]
        completion_id: String,
        /// The target that served.
        model: String,
    }
    /// What the model said.
    AnswerMessage {
        role: String,
        /// Null where there are only tool calls.
        #[schema(required = true)]
        content: Option<String>,
        #[schema(required = false, value_type = Vec<Object>)]
        tool_calls: Vec<Value>,
    }
    /// Tokens.
    Usage {
        prompt_tokens: u64,
        completion_tokens: u64,
        total_tokens: u64,
        cache_creation_input_tokens: Option<u64>,
        cache_read_input_tokens: Option<u64>,
    }
    /// How the answer came about.
    Meta {
        provider: String,
        model: String,
        #[schema(value_type = Vec<Object>)]
        attempts: Vec<Value>,
        #[schema(value_type = Option<Object>)]
        prompt: Option<Value>,
        #[schema(value_type = Option<Object>)]
        campaign: Option<Value>,
        #[schema(value_type = Object)]
        timing: Value,
        #[schema(value_type = Option<Object>)]
        cost: Option<Value>,
        warnings: Vec<Warning>,
        recording_id: Option<String>,
    }
    /// Something to know about a call that went through.
    Warning {
        code: String,
        param: Option<String>,
        message: String,
    }
}

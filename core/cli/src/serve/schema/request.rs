//! The fields of requests: one table, so that a test can hold it against the engine's own list.

use serde_json::Value;
use utoipa::openapi::schema::{AdditionalProperties, AnyOfBuilder, SchemaType, Type};
use utoipa::openapi::{ArrayBuilder, Object, ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// What a field holds.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Bool,
    Text,
    Word(&'static [&'static str]),
    Number(f64, f64),
    Whole(i64, i64),
    Map,
    Texts,
    TextOrTexts,
    Objects,
    Messages,
    Any,
}
use Kind::*;

const MANY: i64 = u32::MAX as i64;

/// Every option of a call: its name, what it holds, and in a few words what it does.
const OPTIONS: &[(&str, Kind, &str)] = &[
    (
        "model",
        TextOrTexts,
        "`provider/model`, an alias, a project, a bare id, or `prompt/SLUG`; a list is an ordered fallback",
    ),
    ("project", Text, "The call's project"),
    ("temperature", Number(0.0, 2.0), "Sampling temperature"),
    ("top_p", Number(0.0, 1.0), "Nucleus sampling"),
    (
        "top_k",
        Whole(0, MANY),
        "Sample among this many likeliest tokens",
    ),
    ("frequency_penalty", Number(-2.0, 2.0), ""),
    ("presence_penalty", Number(-2.0, 2.0), ""),
    ("seed", Whole(-MANY, MANY), ""),
    ("logprobs", Bool, "Return log probabilities"),
    ("top_logprobs", Whole(0, 20), "Needs `logprobs`"),
    ("logit_bias", Map, "Token id to bias"),
    (
        "reasoning_effort",
        Text,
        "`none` to `max`, as far as the model knows them",
    ),
    ("thinking_budget", Whole(0, MANY), "Most tokens to think"),
    ("parallel_tool_calls", Bool, ""),
    ("verbosity", Text, "`low`, `medium` or `high`"),
    ("service_tier", Text, ""),
    ("prediction", Any, "Predicted output"),
    ("modalities", Texts, ""),
    ("audio", Any, "Voice and format of spoken output"),
    ("prompt_cache_key", Text, ""),
    ("safety_identifier", Text, ""),
    ("web_search_options", Any, ""),
    ("n", Whole(1, 128), "How many choices"),
    (
        "max_tokens",
        Whole(-1, MANY),
        "Most tokens to answer; -1 leaves it to the host",
    ),
    (
        "max_completion_tokens",
        Whole(-1, MANY),
        "The same under OpenAI's newer name",
    ),
    ("stop", TextOrTexts, "Texts that end the answer"),
    (
        "tools",
        Objects,
        "Definitions, or `{id, enabled}` for registered ones",
    ),
    ("use_tools", Bool, "`false`: no registered tool"),
    (
        "tool_choice",
        Any,
        "`none`, `auto`, `required` or a named function",
    ),
    (
        "response_format",
        Map,
        "`text`, `json_object` or `json_schema`",
    ),
    ("cache", Word(&["auto", "off"]), "Prompt caching marks"),
    (
        "stream_options",
        Map,
        "`include_usage`: a last chunk with the usage",
    ),
    ("session_id", Text, "Groups calls; made where absent"),
    ("user", Text, "End-user id"),
    ("ab_campaign", Text, "Key of a campaign to take part in"),
    ("assignment_key", Text, "Unit of assignment"),
    ("labels", Map, "Kept on the recording: at most 16"),
    ("metadata", Map, "Another name for `labels`"),
    ("tags", Texts, "Kept on the recording"),
    (
        "system_prompt_args",
        Map,
        "Renders the project's system prompt",
    ),
    ("store", Bool, "`false`: no recording at all"),
    (
        "do_not_record",
        Bool,
        "`true`: a recording without prompt, variables and answer",
    ),
    (
        "max_ttft_ms",
        Whole(0, MANY),
        "Milliseconds a target has until its first delta",
    ),
    (
        "hedge_after_ms",
        Whole(0, MANY),
        "Milliseconds until the next target starts beside",
    ),
    (
        "timeout_ms",
        Whole(0, MANY),
        "Milliseconds for the whole call",
    ),
    (
        "idle_timeout_ms",
        Whole(0, MANY),
        "Milliseconds between events of a stream",
    ),
    ("max_retries", Whole(0, MANY), "Retries on one target"),
    (
        "unsupported",
        Word(&["warn", "error"]),
        "What to do about a parameter that the target lacks",
    ),
    (
        "fallback_on",
        Texts,
        "Codes of errors that fall back although they would not",
    ),
    ("extra_body", Map, "Merged into the provider's request"),
];

/// The options that are not for clients.
#[cfg(test)]
const WITHHELD: &[&str] = &["extra_headers"];

const STREAM: (&str, Kind, &str) = ("stream", Bool, "Answer with events");
const MESSAGES: (&str, Kind, &str) = (
    "messages",
    Messages,
    "A text, or messages as OpenAI writes them",
);

const PROMPT: &[(&str, Kind, &str)] = &[
    ("variables", Map, "The template's variables"),
    (
        "environment",
        Text,
        "Where the path names none; else `production`",
    ),
    (
        "version",
        Whole(1, MANY),
        "A version, instead of the environment's",
    ),
    ("variant", Text, "A variant by name"),
    (
        "template",
        Objects,
        "Messages in place of the stored ones, rendered like them",
    ),
];

/// Names of fields in camelCase that `/{workspace}/..` takes beside all others.
const PROJECT: &[(&str, Kind, &str)] = &[
    ("doNotRecord", Bool, "As `do_not_record`"),
    ("parallelToolCalls", Bool, "As `parallel_tool_calls`"),
    (
        "max_thinking_tokens",
        Whole(0, MANY),
        "As `thinking_budget`",
    ),
];

/// The body of a chat.
pub(crate) struct ChatRequest;
/// The body of a prompt's run.
pub(crate) struct PromptRequest;
/// The same under `/{workspace}/..`, in either casing.
pub(crate) struct ProjectPromptRequest;

impl PartialSchema for ChatRequest {
    fn schema() -> RefOr<Schema> {
        let fields = [STREAM, MESSAGES]
            .into_iter()
            .chain(OPTIONS.iter().copied());
        let about = "A chat. Keys that are not listed go on to a target of OpenAI's format.";
        object(about, fields.chain(PROMPT.iter().copied()))
    }
}

impl PartialSchema for PromptRequest {
    fn schema() -> RefOr<Schema> {
        let fields = [STREAM, MESSAGES].into_iter().chain(PROMPT.iter().copied());
        object(
            "A run of a stored prompt.",
            fields.chain(OPTIONS.iter().copied()),
        )
    }
}

impl PartialSchema for ProjectPromptRequest {
    fn schema() -> RefOr<Schema> {
        let fields = [STREAM, MESSAGES].into_iter().chain(PROMPT.iter().copied());
        let fields = fields.chain(OPTIONS.iter().copied());
        let about = "A run of a stored prompt. Fields may be written in camelCase.";
        object(about, fields.chain(PROJECT.iter().copied()))
    }
}

macro_rules! named {
    ($($name:ident)+) => {$(
        impl ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )+};
}
named!(ChatRequest PromptRequest ProjectPromptRequest);

fn object(
    about: &str,
    fields: impl Iterator<Item = (&'static str, Kind, &'static str)>,
) -> RefOr<Schema> {
    let mut object = ObjectBuilder::new()
        .description(Some(about))
        .additional_properties(Some(AdditionalProperties::FreeForm(true)));
    for (name, kind, about) in fields {
        object = object.property(name, field(kind, about));
    }
    object.build().into()
}

/// The schema of a field; null is the same as absent.
fn field(kind: Kind, about: &str) -> Schema {
    let one = |kind: Type| ObjectBuilder::new().schema_type(nullable([kind]));
    let array = |items: Object| {
        ArrayBuilder::new()
            .schema_type(nullable([Type::Array]))
            .items(items)
    };
    let about = (!about.is_empty()).then_some(about);
    let object = match kind {
        Bool => one(Type::Boolean),
        Text => one(Type::String),
        Word(words) => one(Type::String).enum_values(Some(
            words.iter().copied().map(Value::from).chain([Value::Null]),
        )),
        Number(low, high) => one(Type::Number).minimum(Some(low)).maximum(Some(high)),
        Whole(low, high) => one(Type::Integer)
            .minimum(Some(low as f64))
            .maximum(Some(high as f64)),
        Map => one(Type::Object).additional_properties(Some(AdditionalProperties::FreeForm(true))),
        Texts => return array(plain(Type::String)).description(about).build().into(),
        Objects => return array(plain(Type::Object)).description(about).build().into(),
        TextOrTexts => return either(plain(Type::String), about),
        Messages => return either(message(), about),
        Any => ObjectBuilder::new().schema_type(SchemaType::AnyValue),
    };
    object.description(about).build().into()
}

/// A text, or a list of these.
fn either(items: Object, about: Option<&str>) -> Schema {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1));
    let list = ArrayBuilder::new().items(items).min_items(Some(1));
    AnyOfBuilder::new()
        .item(text.build())
        .item(list.build())
        .item(plain(Type::Null))
        .description(about)
        .build()
        .into()
}

/// A message as OpenAI writes it; more keys are carried.
fn message() -> Object {
    let roles = [
        "system",
        "developer",
        "user",
        "assistant",
        "tool",
        "function",
    ];
    let role = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(roles));
    let content = [Type::String, Type::Array, Type::Null]
        .into_iter()
        .collect();
    ObjectBuilder::new()
        .property("role", role.build())
        .property(
            "content",
            ObjectBuilder::new()
                .schema_type(SchemaType::Array(content))
                .build(),
        )
        .required("role")
        .build()
}

fn plain(kind: Type) -> Object {
    ObjectBuilder::new().schema_type(kind).build()
}

fn nullable(kinds: impl IntoIterator<Item = Type>) -> SchemaType {
    SchemaType::Array(kinds.into_iter().chain([Type::Null]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use slugline::chat::{Options, PromptRequest};

    #[test]
    fn every_option_is_described() {
        let mut described: Vec<&str> = OPTIONS.iter().map(|field| field.0).collect();
        described.extend(WITHHELD);
        assert_eq!(described, Options::NAMES);
        let mut described: Vec<&str> = PROMPT.iter().map(|field| field.0).collect();
        described.extend(["messages", "slug"]);
        described.sort_unstable();
        let mut names = PromptRequest::NAMES.to_vec();
        names.sort_unstable();
        assert_eq!(described, names);
    }
}

//! How a host differs from the home of its dialect, as data: a row of `presets.json` or the `quirks` of a
//! configured provider. Code asks for the field, never for the host's name.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Capability, Support};
use crate::chat::Options;
use crate::nearest::nearest;

/// What a host does otherwise than its dialect's home. Every field is a named difference; the default is a
/// plain host that takes whatever the dialect can say.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quirks {
    /// Fields that are left out with a warning.
    pub lacks: Vec<Field>,
    /// Fields without which the call would mean something else: `unsupported`.
    pub refuses: Vec<Field>,
    /// Narrower ranges than OpenAI's: field to lowest and highest value.
    pub ranges: BTreeMap<Field, (f64, f64)>,
    /// What holds for some models only.
    pub models: Vec<ModelRule>,
    /// The key goes into this header, bare, instead of `authorization` as a bearer token.
    pub key_header: Option<String>,
    /// Azure's paths: `/openai/v1`, or `/openai/deployments/MODEL` where `api_version` is set.
    pub deployments: bool,
    /// The token limit is `max_completion_tokens`; elsewhere it is `max_tokens`.
    pub max_completion_tokens: bool,
    /// The role `developer` is known; elsewhere it becomes `system`.
    pub developer_role: bool,
    /// Replayed assistant turns may hold `refusal` and `audio`; elsewhere a refusal is sent as text.
    pub assistant_extras: bool,
    /// Assistant turns with tool calls must come back with their `reasoning_content`.
    pub replay_reasoning: bool,
    /// Content parts and tools may hold `cache_control`.
    pub cache_control: bool,
    /// Streams give usage unasked, and `stream_options` is refused.
    pub no_stream_options: bool,
    /// The name of `seed`.
    pub seed_field: Option<String>,
    /// The word for `tool_choice: "required"`.
    pub required_word: Option<String>,
    /// Whose models these are (`anthropic`, `mistral`, ..), where Bedrock's model ids do not say it, as the
    /// ARNs of application inference profiles.
    pub model_maker: Option<String>,
    /// Ids of tool calls must be nine letters or digits.
    pub short_tool_ids: bool,
    /// How reasoning is asked for.
    pub reasoning: ReasoningForm,
    /// The host's words for `reasoning_effort`.
    pub effort_words: BTreeMap<String, String>,
    /// `completion_tokens` does not include reasoning.
    pub reasoning_apart: bool,
    /// The host defines `x-should-retry`.
    pub should_retry: bool,
    /// Reached through Google Cloud (Vertex): paths with project and location, keys as bearer tokens.
    pub vertex: bool,
    /// An Anthropic-format host that takes its key as a bearer token instead of in `x-api-key`.
    pub bearer: bool,
    /// Tokens to think for each word of `reasoning_effort`, where the model takes a budget in tokens
    /// (Anthropic before Claude 4.6, Gemini 2.5); words that are absent keep the dialect's own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub thinking_budgets: BTreeMap<String, u64>,
    /// Whether the models of an Anthropic-format host decide themselves how long to think
    /// (`thinking: {"type": "adaptive"}`); absent: read from the model's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adaptive_thinking: Option<bool>,
}

/// How a host of the OpenAI format is asked to reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningForm {
    /// `reasoning_effort: WORD`.
    #[default]
    Effort,
    /// `reasoning: {effort: WORD, max_tokens: BUDGET}`.
    Object,
    /// `reasoning: {enabled: BOOL}`, off for the effort `none`.
    Enabled,
    /// `thinking: {type: "enabled" | "disabled"}`, off for the effort `none`, beside `reasoning_effort`.
    Thinking,
    /// `enable_thinking: BOOL` and `thinking_budget: BUDGET`, off for the effort `none`.
    EnableThinking,
}

/// What holds for the models with certain names.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelRule {
    /// Names; `*` stands for anything.
    pub names: Vec<String>,
    /// Names to which it does not apply after all.
    pub except: Vec<String>,
    /// Fields that are left out with a warning.
    pub lacks: Vec<Field>,
    /// `lacks` holds only for calls that ask for reasoning.
    pub lacks_while_reasoning: bool,
    /// Fields without which the call would mean something else: `unsupported`.
    pub refuses: Vec<Field>,
    /// System messages are sent as `developer`.
    pub system_as_developer: bool,
}

impl ModelRule {
    /// Whether it is about this model.
    pub fn is_about(&self, model: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, model));
        any(&self.names) && !any(&self.except)
    }
}

impl Quirks {
    /// What is left of a dialect's capability at this host, for this model.
    pub fn narrow(&self, capability: Capability, model: &str) -> Capability {
        let every = |capability: Capability, fields: &[Field], support| {
            let rule = |capability: Capability, field: &Field| capability.with(field.0, support);
            fields.iter().fold(capability, rule)
        };
        let mut capability = capability;
        for (field, (low, high)) in &self.ranges {
            capability = capability.with(field.0, Support::Within(*low, *high));
        }
        capability = every(capability, &self.lacks, Support::Dropped);
        capability = every(capability, &self.refuses, Support::Refused);
        for rule in self.rules_for(model) {
            capability = match rule.lacks_while_reasoning {
                true => capability.not_while_reasoning(rule.lacks.iter().map(|field| field.0)),
                false => every(capability, &rule.lacks, Support::Dropped),
            };
            capability = every(capability, &rule.refuses, Support::Refused);
        }
        capability
    }

    /// The rules about this model.
    pub fn rules_for<'a>(&'a self, model: &'a str) -> impl Iterator<Item = &'a ModelRule> {
        self.models.iter().filter(move |rule| rule.is_about(model))
    }
}

/// Whether the text fits the pattern, in which `*` stands for any run of characters.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, mut rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(head) else {
        return false;
    };
    while let Some((piece, after)) = rest.split_once('*') {
        let Some(at) = text.find(piece) else {
            return false;
        };
        text = &text[at + piece.len()..];
        rest = after;
    }
    text.ends_with(rest)
}

/// The name of an option, or one of [`Capability::FINER`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Field(&'static str);

impl Field {
    /// The field with this name.
    pub fn named(name: &str) -> Option<Field> {
        Options::NAMES
            .iter()
            .chain(Capability::FINER)
            .find(|known| **known == name)
            .map(|known| Field(known))
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Field::named(&name).ok_or_else(|| {
            let known = Options::NAMES.iter().chain(Capability::FINER).copied();
            serde::de::Error::custom(match nearest(&name, known) {
                Some(near) => format!("unknown field `{name}`: did you mean `{near}`?"),
                None => format!("unknown field `{name}`"),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, fits) in [
            ("gpt-5", "gpt-5", true),
            ("gpt-5", "gpt-5-mini", false),
            ("gpt-5-*", "gpt-5-mini", true),
            ("gpt-5.*", "gpt-5-mini", false),
            ("*-chat*", "gpt-5-chat-latest", true),
            ("*-chat*", "gpt-5", false),
            ("o1*", "o1", true),
            ("*", "", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "ac", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn an_unknown_field_names_the_nearest() {
        let error = serde_json::from_str::<Quirks>(r#"{"lacks": ["temprature"]}"#).unwrap_err();
        assert!(error.to_string().contains("did you mean `temperature`"));
        let error = serde_json::from_str::<Quirks>(r#"{"lack": []}"#).unwrap_err();
        assert!(error.to_string().contains("unknown field `lack`"));
    }

    #[test]
    fn a_host_narrows_what_its_dialect_takes() {
        let quirks: Quirks = serde_json::from_str(
            r#"{"lacks": ["seed"], "refuses": ["tools.other"], "ranges": {"temperature": [0, 1]},
                "models": [{"names": ["old*"], "lacks": ["top_k"], "refuses": ["content.file"]}]}"#,
        )
        .unwrap();
        let capability =
            Capability::new([("seed", Support::Adapted("x")), ("n", Support::Refused)]);
        let of = |model: &str, field: &str| quirks.narrow(capability.clone(), model).of(field);
        assert_eq!(of("new", "seed"), Support::Dropped);
        assert_eq!(of("new", "tools.other"), Support::Refused);
        assert_eq!(of("new", "temperature"), Support::Within(0.0, 1.0));
        assert_eq!(of("new", "n"), Support::Refused);
        assert_eq!(of("new", "top_k"), Support::Carried);
        assert_eq!(of("older", "top_k"), Support::Dropped);
        assert_eq!(of("older", "content.file"), Support::Refused);
    }
}

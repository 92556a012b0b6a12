//! Model parameters of a prompt file: `config`, `model_params` and `slugline.*` to call options.
//!
//! Names are taken in Dotprompt's camelCase and in OpenAI's snake_case. What no option is named
//! after goes to the provider's request body as it stands, so that a new parameter of a host
//! needs no release. A prompt file is data: it can never say where a request goes or with
//! which key.

use serde::de::{DeserializeSeed, Error as _, IntoDeserializer, MapAccess};
use serde_json::Value;

use super::frontmatter::Reader;
use super::place::child;
use crate::chat::{JsonMap, Options};
use crate::{Error, Result};

/// Options that `config` may set under their own name.
const PARAMETERS: &[&str] = &[
    "temperature",
    "top_p",
    "top_k",
    "frequency_penalty",
    "presence_penalty",
    "seed",
    "logprobs",
    "top_logprobs",
    "logit_bias",
    "reasoning_effort",
    "thinking_budget",
    "parallel_tool_calls",
    "verbosity",
    "service_tier",
    "prediction",
    "modalities",
    "audio",
    "prompt_cache_key",
    "web_search_options",
    "n",
    "max_tokens",
    "max_completion_tokens",
    "stop",
    "tool_choice",
    "tools",
    "response_format",
];
/// Dotprompt's words for some of them, in snake_case.
const SYNONYMS: &[(&str, &str)] = &[
    ("max_output_tokens", "max_tokens"),
    ("stop_sequences", "stop"),
];
/// Options that `slugline.*` may set.
pub(crate) const POLICIES: &[&str] = &[
    "max_ttft_ms",
    "hedge_after_ms",
    "timeout_ms",
    "idle_timeout_ms",
    "max_retries",
    "unsupported",
    "fallback_on",
    "cache",
    "use_tools",
    "labels",
    "tags",
    "do_not_record",
];
/// What stands elsewhere, and would do harm in a request's body.
const ELSEWHERE: &[(&str, &str)] = &[
    ("messages", "messages are the body of the file"),
    ("model", "write it at the top level"),
    ("stream", "whether to stream is the caller's choice"),
    ("stream_options", "whether to stream is the caller's choice"),
];
/// What decides where a request goes, as whom, and beside what: never set by a prompt file.
const FORBIDDEN: &[&str] = &[
    "api_base",
    "api_key",
    "api_version",
    "authorization",
    "base_url",
    "ca_bundle",
    "client_cert",
    "credentials",
    "endpoint",
    "extra_headers",
    "headers",
    "host",
    "hostname",
    "http_options",
    "openai_api_key",
    "organization",
    "provider_url",
    "proxy",
    "url",
];

/// Reads a map of model parameters into options.
pub(crate) fn read(
    reader: &Reader,
    pointer: &str,
    map: &JsonMap,
    options: &mut Options,
) -> Result<()> {
    let section = pointer.trim_start_matches('/').replace('/', ".");
    for (key, value) in map {
        let at = child(pointer, key);
        let snake = snake_case(key);
        let name = SYNONYMS
            .iter()
            .find(|(synonym, _)| *synonym == snake)
            .map_or(snake.as_str(), |(_, name)| name);
        if FORBIDDEN.contains(&name) {
            return Err(forbidden(reader, &at, key));
        }
        if let Some((_, why)) = ELSEWHERE.iter().find(|(word, _)| *word == name) {
            return Err(
                reader.key_error(&at, format!("`{section}.{key}` has no place here: {why}"))
            );
        }
        if name == "extra_body" {
            let Value::Object(body) = value else {
                return Err(reader.error(&at, format!("`{section}.{key}` must be a map")));
            };
            for (key, value) in body {
                if FORBIDDEN.contains(&snake_case(key).as_str()) {
                    return Err(forbidden(reader, &child(&at, key), key));
                }
                options.extra_body.insert(key.clone(), value.clone());
            }
        } else if PARAMETERS.contains(&name) {
            let shown = format!("{section}.{key}");
            set(options, name, value)
                .map_err(|why| reader.error(&at, format!("`{shown}` {why}")))?;
        } else {
            options.extra_body.insert(key.clone(), value.clone());
        }
    }
    Ok(())
}

/// Reads one of [`POLICIES`].
pub(crate) fn read_policy(
    reader: &Reader,
    pointer: &str,
    name: &str,
    value: &Value,
    options: &mut Options,
) -> Result<()> {
    set(options, name, value)
        .map_err(|why| reader.error(pointer, format!("`slugline.{name}` {why}")))
}

/// Fails where a prompt file wants to set a host, a header or a key at its top level.
pub(crate) fn refuse_forbidden(reader: &Reader, header: &JsonMap) -> Result<()> {
    for key in header.keys() {
        let last = key.rsplit('.').next().unwrap_or(key);
        let ours = key.starts_with("slugline.");
        // Another tool's plain keys are none of our business: they do nothing here.
        if ours && FORBIDDEN.contains(&snake_case(last).as_str()) {
            return Err(forbidden(reader, &child("", key), key));
        }
    }
    Ok(())
}

fn forbidden(reader: &Reader, pointer: &str, key: &str) -> Error {
    reader.key_error(
        pointer,
        format!("a prompt file cannot set `{key}`: hosts, headers and keys belong into the configuration"),
    )
}

/// Sets one option by name; the error says what the value must be, never what it is.
fn set(options: &mut Options, name: &str, value: &Value) -> Result<(), String> {
    let mut one = One(Some(value));
    match options.read(name, &mut one) {
        Ok(true) => Ok(()),
        Ok(false) => Err("is not known".to_owned()),
        Err(error) => Err(must_be(&error.to_string())),
    }
}

/// Keeps what serde expected and drops what it found.
fn must_be(message: &str) -> String {
    let expected = match message.rsplit_once("expected ") {
        Some((_, expected)) => expected,
        None => return message.replacen("must be", "has a part that must be", 1),
    };
    let words = match expected {
        "f64" | "f32" => "a number",
        "i64" | "i32" => "a whole number",
        "u64" | "u32" => "a whole number from 0",
        "a boolean" => "true or false",
        other => other,
    };
    format!("must be {words}")
}

/// A map that is read in its middle: the key is known, the value is next.
struct One<'a>(Option<&'a Value>);

impl<'de> MapAccess<'de> for One<'de> {
    type Error = serde_json::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        _: K,
    ) -> Result<Option<K::Value>, Self::Error> {
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, Self::Error> {
        let value = self
            .0
            .take()
            .ok_or_else(|| Self::Error::custom("no value"))?;
        seed.deserialize(value.into_deserializer())
    }
}

/// `maxOutputTokens` to `max_output_tokens`.
pub(crate) fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        out.push(if c == '-' {
            '_'
        } else {
            c.to_ascii_lowercase()
        });
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::prompt::yaml::read_yaml;
    use serde_json::json;

    fn config(text: &str) -> Result<Options> {
        let tree = read_yaml("p", text, 1)?;
        let reader = Reader {
            file: "p",
            tree: &tree,
        };
        let mut options = Options::default();
        let map = tree.value["config"].as_object().unwrap();
        read(&reader, "/config", map, &mut options).map(|()| options)
    }

    #[test]
    fn both_spellings_name_one_option() {
        let camel = config("config: {topP: 0.5, topK: 3, maxOutputTokens: 9, stopSequences: [a], frequencyPenalty: 1}").unwrap();
        let snake =
            config("config: {top_p: 0.5, top_k: 3, max_tokens: 9, stop: a, frequency_penalty: 1}")
                .unwrap();
        assert_eq!(camel, snake);
        assert_eq!(camel.max_tokens, Some(9));
        assert_eq!(camel.stop, ["a"]);
    }

    #[test]
    fn unknown_parameters_go_to_the_body() {
        let options = config(
            "config: {min_p: 0.1, safetySettings: {x: 1}, extra_body: {y: 2}, temperature: null}",
        )
        .unwrap();
        assert_eq!(
            Value::Object(options.extra_body),
            json!({"min_p": 0.1, "safetySettings": {"x": 1}, "y": 2})
        );
        assert_eq!(options.temperature, None);
    }

    #[test]
    fn hosts_headers_and_keys_are_refused() {
        for key in [
            "base_url",
            "baseUrl",
            "apiKey",
            "extra_headers",
            "extraHeaders",
            "headers",
            "Authorization",
            "httpOptions",
        ] {
            let error = config(&format!("config:\n  {key}: x\n")).unwrap_err();
            assert_eq!(error.code(), "template_error");
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("p:2:3: a prompt file cannot set `{key}`")),
                "{error}"
            );
        }
        assert!(config("config:\n  extra_body: {api_key: x}\n").is_err());
    }

    #[test]
    fn wrong_values_are_named_not_shown() {
        for (text, expected) in [
            (
                "config: {temperature: hot}",
                "`config.temperature` must be a number",
            ),
            (
                "config: {seed: 1.5}",
                "`config.seed` must be a whole number",
            ),
            (
                "config: {topK: -1}",
                "`config.topK` must be a whole number from 0",
            ),
            (
                "config: {parallelToolCalls: 1}",
                "`config.parallelToolCalls` must be true or false",
            ),
            (
                "config: {stop: 1}",
                "`config.stop` must be a string or a list of strings",
            ),
        ] {
            let error = config(text).unwrap_err().to_string();
            assert!(error.ends_with(expected), "{error}");
            assert!(!error.contains("hot"));
        }
        let error = config("config: {tool_choice: sometimes}")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("`config.tool_choice`") && !error.contains("sometimes"),
            "{error}"
        );
    }
}

//! What a body may not say: names that would reach for a provider's URL, key or headers.
//!
//! Clients choose among the targets of the configuration. Whatever this library does not know goes on to a target
//! of OpenAI's format as it is, and some of those are gateways that take such names at any depth: so all of it is
//! looked through, and so are the options that are passed on as they are. Messages, tools, formats, variables and labels
//! are data, where a property may have any name.

use serde_json::Value;
use slugline::Error;
use slugline::chat::JsonMap;

/// Refused at any depth, with an `s` or without, and as the end of a longer name (`openai_api_keys`,
/// `azureEndpoint`); in lower case without separators. `tokens` are counted, not secret.
const ENDS: &[&str] = &[
    "accesskey",
    "accesskeyid",
    "apibase",
    "apikey",
    "apiurl",
    "authorization",
    "baseuri",
    "baseurl",
    "callback",
    "callbackurl",
    "cookie",
    "credential",
    "endpoint",
    "header",
    "host",
    "hostname",
    "password",
    "privatekey",
    "proxy",
    "proxies",
    "secret",
    "secretkey",
    "serverurl",
    "token",
    "tokenprovider",
    "webhook",
    "webhookurl",
];
/// Refused at any depth as the beginning of a name: settings of a host or a gateway.
const BEGINS: &[&str] = &["aws", "litellm", "vertex"];
/// Refused at any depth as the whole name.
const WHOLE: &[&str] = &[
    "auth",
    "contentpolicyfallbacks",
    "contextwindowfallbacks",
    "customllmprovider",
    "extraquery",
    "fallbacks",
    "modellist",
    "providers",
    "userconfig",
];
/// Refused as a key of the body or of `extra_body`, and as the end of one; further down a `url` is that of a picture
/// or a document.
const OUTERMOST: &[&str] = &["organization", "uri", "uris", "url", "urls"];
/// Not for `extra_body`, which is merged last: the engine has said these by then.
const ROUTED: &[&str] = &["messages", "model", "stream"];

/// Keys whose own keys are names that a schema gives: any will do.
const NAMING: &[&str] = &["$defs", "definitions", "properties"];
/// Fields of a call that are data, or read to the last key.
const DATA: &[&str] = &[
    "labels",
    "messages",
    "metadata",
    "response_format",
    "system_prompt_args",
    "template",
    "tools",
    "variables",
];
/// Most characters of a key in an error.
const SHOWN: usize = 64;

/// Checks a key of the body.
pub(super) fn key(key: &str) -> Result<(), Error> {
    match is_forbidden(key) || is_outermost(key) {
        true => Err(refusal(shown(key))),
        false => Ok(()),
    }
}

/// Checks what stands below a key of the body.
pub(super) fn below(key: &str, value: &Value) -> Result<(), Error> {
    if DATA.contains(&key) {
        return Ok(());
    }
    if let ("extra_body", Value::Object(body)) = (key, value) {
        return extra_body(body);
    }
    match found(value) {
        Some(rest) => Err(refusal(joined(shown(key), &rest))),
        None => Ok(()),
    }
}

/// Checks `extra_body`.
fn extra_body(body: &JsonMap) -> Result<(), Error> {
    for (key, value) in body {
        let path = || joined("extra_body".to_owned(), &shown(key));
        if ROUTED.contains(&plain(key).as_str()) {
            let message = format!(
                "`{}` would undo what the call says: say it outside of `extra_body`",
                path()
            );
            return Err(Error::invalid(path(), message));
        }
        if is_forbidden(key) || is_outermost(key) {
            return Err(refusal(path()));
        }
        if let Some(rest) = found(value) {
            return Err(refusal(joined(path(), &rest)));
        }
    }
    Ok(())
}

/// The path of the first name below this value that is refused.
fn found(value: &Value) -> Option<String> {
    match value {
        Value::Object(map) => map.iter().find_map(|(key, value)| match value {
            _ if is_forbidden(key) => Some(shown(key)),
            Value::Object(named) if NAMING.contains(&key.as_str()) => {
                let found = named
                    .iter()
                    .find_map(|(name, value)| Some(joined(shown(name), &found(value)?)));
                Some(joined(shown(key), &found?))
            }
            value => Some(joined(shown(key), &found(value)?)),
        }),
        Value::Array(list) => {
            let mut list = list.iter().enumerate();
            list.find_map(|(index, value)| Some(joined(format!("[{index}]"), &found(value)?)))
        }
        _ => None,
    }
}

fn is_forbidden(key: &str) -> bool {
    let name = plain(key);
    let ends = |name: &str| ENDS.iter().any(|end| name.ends_with(end));
    let one = name.strip_suffix('s').filter(|one| !one.ends_with("token"));
    ends(&name)
        || one.is_some_and(ends)
        || BEGINS.iter().any(|begin| name.starts_with(begin))
        || WHOLE.contains(&name.as_str())
}

fn is_outermost(key: &str) -> bool {
    let name = plain(key);
    OUTERMOST.iter().any(|end| name.ends_with(end))
}

/// A name as it is compared: letters and digits, in lower case.
fn plain(key: &str) -> String {
    let letters = key.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

fn shown(key: &str) -> String {
    key.chars().take(SHOWN).collect()
}

fn joined(path: String, rest: &str) -> String {
    match rest.starts_with('[') {
        true => path + rest,
        false => path + "." + rest,
    }
}

fn refusal(path: String) -> Error {
    let message = format!(
        "`{path}` is not for clients: URLs, keys and headers of providers come from the server's configuration"
    );
    Error::invalid(path, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn param(result: Result<(), Error>) -> Option<String> {
        result.err().map(|error| {
            assert!(!error.to_string().contains("theirs"));
            error.data().param.clone().unwrap()
        })
    }

    #[test]
    fn names_are_found_in_any_casing_and_as_the_end_of_others() {
        for name in [
            "api_key",
            "API-Key",
            "openai_api_key",
            "azureEndpoint",
            "baseURL",
            "extra_headers",
            "extra_query",
            "vertex_project",
            "aws_region_name",
            "litellm_params",
            "user_config",
            "fallbacks",
            "https_proxy",
            "client_secret",
            "url",
            "api_keys",
            "baseUrls",
            "secret_key",
            "token",
            "id-token",
            "auth",
            "azure_ad_token_provider",
            "host",
            "hostname",
            "uri",
            "organization",
            "header",
            "cookies",
            "webhook",
            "callback_url",
            "success_callback",
            "callbacks",
        ] {
            assert_eq!(param(key(name)).as_deref(), Some(name));
        }
        for name in [
            "prompt_cache_key",
            "assignment_key",
            "max_tokens",
            "add_special_tokens",
            "min_p",
            "user",
            "safety_identifier",
            "author",
            "allow_fallbacks",
            "test",
        ] {
            assert_eq!(param(key(name)), None, "{name}");
        }
        assert!(param(key(&"x_api_key".repeat(1000))).unwrap().len() <= SHOWN);
    }

    #[test]
    fn names_are_found_at_every_depth() {
        for (value, path) in [
            (json!({"api_key": "theirs"}), "k.api_key"),
            (
                json!([{"a": [1, {"base_url": "theirs"}]}]),
                "k[0].a[1].base_url",
            ),
            (
                json!({"extra_body": {"openai_api_key": "theirs"}}),
                "k.extra_body.openai_api_key",
            ),
            (
                json!({"properties": {"x": {"headers": {}}}}),
                "k.properties.x.headers",
            ),
        ] {
            assert_eq!(param(below("k", &value)).as_deref(), Some(path));
        }
        for value in [
            json!([{"url": "https://pictures.example/a.png"}]),
            json!({"properties": {"endpoint": {"type": "string"}, "api_key": {}}}),
            json!({"file_uri": "x", "image_url": {"url": "x"}, "completion_tokens": 1}),
            json!("api_key"),
        ] {
            assert_eq!(param(below("k", &value)), None, "{value}");
        }
    }

    #[test]
    fn the_extra_body_routes_nothing() {
        let of = |value: Value| param(below("extra_body", &value));
        assert_eq!(of(json!({"model": "x"})).unwrap(), "extra_body.model");
        assert_eq!(of(json!({"Stream": true})).unwrap(), "extra_body.Stream");
        assert_eq!(of(json!({"messages": []})).unwrap(), "extra_body.messages");
        assert_eq!(of(json!({"url": "x"})).unwrap(), "extra_body.url");
        assert_eq!(
            of(json!({"extra_body": {"api_key": "x"}})).unwrap(),
            "extra_body.extra_body.api_key"
        );
        assert_eq!(of(json!({"min_p": 0.1, "plugins": [{"model": "x"}]})), None);
    }

    #[test]
    fn nothing_of_openais_is_refused() {
        let body = json!({
            "audio": {"format": "mp3", "voice": {"id": "v"}},
            "frequency_penalty": 0,
            "function_call": {"name": "f"},
            "functions": [{"name": "f", "parameters": {"properties": {"host": {}, "token": {}}}}],
            "logit_bias": {"5": 1},
            "logprobs": true,
            "max_completion_tokens": 1,
            "max_tokens": 1,
            "messages": [{"role": "user", "content": "x", "host": 1}],
            "metadata": {"host": "x", "api_key": "x"},
            "modalities": ["text"],
            "model": "m",
            "n": 1,
            "parallel_tool_calls": true,
            "prediction": {"type": "content", "content": [{"type": "text", "text": "x"}]},
            "presence_penalty": 0,
            "prompt_cache_key": "x",
            "prompt_cache_retention": "24h",
            "reasoning_effort": "low",
            "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"default": {"token": 1}}}},
            "safety_identifier": "x",
            "seed": 1,
            "service_tier": "auto",
            "stop": ["x"],
            "store": true,
            "stream": true,
            "stream_options": {"include_usage": true, "include_obfuscation": false},
            "temperature": 0,
            "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]}},
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"headers": {}}}}}],
            "top_logprobs": 1,
            "top_p": 1,
            "user": "x",
            "verbosity": "low",
            "web_search_options": {"search_context_size": "low", "user_location": {"type": "approximate", "approximate": {"city": "x"}}},
        });
        for (name, value) in body.as_object().unwrap() {
            assert_eq!(param(key(name)), None);
            assert_eq!(param(below(name, value)), None);
        }
    }
}

//! From a body to a call: which verb, whether it streams, and what a client may not say.
//!
//! Clients choose among the targets of the configuration: a body that names a provider's URL, key or
//! headers is refused. A key that nobody knows goes on to the target, which carries it or says so.

use axum::http::HeaderMap;
use serde_json::Value;
use slugline::Error;
use slugline::chat::{ChatRequest, JsonMap, Options, PromptRequest, Warning};
use slugline::input;
use slugline::prompt::Address;

/// What a model name of a stored prompt starts with.
pub(crate) const PROMPT_PREFIX: &str = "prompt/";

/// Names that would reach for a provider's URL, key or headers, in lower case without separators.
const FORBIDDEN: &[&str] = &[
    "apibase",
    "apikey",
    "apiurl",
    "authorization",
    "awsaccesskeyid",
    "awssecretaccesskey",
    "awssessiontoken",
    "baseurl",
    "defaultheaders",
    "endpoint",
    "extraheaders",
    "headers",
    "httpproxy",
    "httpsproxy",
    "providers",
    "proxy",
    "url",
    "vertexcredentials",
    "xapikey",
];

const DO_NOT_RECORD: &str = "do_not_record";

/// The header that says the same.
const NO_RECORD: &str = "x-langtail-do-not-record";

/// A call as a request asks for it.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) verb: Verb,
    /// Whether the answer is wanted as events.
    pub(crate) stream: bool,
    /// What was left out before the engine saw it.
    pub(crate) dropped: Vec<Warning>,
}

/// What the engine is asked.
#[derive(Debug)]
pub(crate) enum Verb {
    Chat(ChatRequest),
    Prompt(PromptRequest),
}

impl Ask {
    /// The options of either verb.
    pub(crate) fn options(&mut self) -> &mut Options {
        match &mut self.verb {
            Verb::Chat(request) => &mut request.options,
            Verb::Prompt(request) => &mut request.options,
        }
    }

    /// Heeds the header about recording. The stricter of header and body wins, and so does any value that
    /// is not a plain no.
    pub(crate) fn heed(mut self, headers: &HeaderMap) -> Ask {
        let says_no = |value: &[u8]| {
            let value = value.trim_ascii();
            value.is_empty() || value == b"0" || value.eq_ignore_ascii_case(b"false")
        };
        let mut values = headers.get_all(NO_RECORD).iter();
        if values.any(|value| !value.as_bytes().split(|byte| *byte == b',').all(says_no)) {
            self.options().do_not_record = Some(true);
        }
        self
    }
}

/// A body of OpenAI's; its `model` may be `prompt/SLUG`, `prompt/SLUG@ENVIRONMENT` or `prompt/SLUG@VERSION`.
pub(crate) fn chat(mut body: JsonMap) -> Result<Ask, Error> {
    let stored = match body.get("model") {
        Some(Value::String(model)) => model.strip_prefix(PROMPT_PREFIX).map(str::to_owned),
        _ => None,
    };
    if let Some(address) = stored {
        body.remove("model");
        return prompt(&Address::parse(&address)?, body);
    }
    let parts = Parts::of(body, ChatRequest::NAMES)?;
    let mut request: ChatRequest = input::from_value(&Value::Object(parts.known))?;
    if request.messages.is_empty() {
        return Err(Error::invalid("messages", "`messages` is missing or empty"));
    }
    request.options.unknown = parts.unknown;
    Ok(Ask {
        verb: Verb::Chat(request),
        stream: parts.stream,
        dropped: Vec::new(),
    })
}

/// The call of a stored prompt. What the address names wins over the body.
pub(crate) fn prompt(address: &Address, body: JsonMap) -> Result<Ask, Error> {
    let mut parts = Parts::of(body, PromptRequest::NAMES)?;
    parts.known.remove("slug");
    let mut request: PromptRequest = input::from_value(&Value::Object(parts.known))?;
    request.slug = address.slug.as_str().to_owned();
    if address.environment.is_some() {
        request.environment.clone_from(&address.environment);
    }
    if address.version.is_some() {
        request.version = address.version;
    }
    request.options.unknown = parts.unknown;
    Ok(Ask {
        verb: Verb::Prompt(request),
        stream: parts.stream,
        dropped: Vec::new(),
    })
}

/// A body taken apart.
struct Parts {
    known: JsonMap,
    unknown: JsonMap,
    stream: bool,
}

impl Parts {
    fn of(body: JsonMap, names: &[&str]) -> Result<Parts, Error> {
        let mut parts = Parts {
            known: JsonMap::with_capacity(body.len()),
            unknown: JsonMap::new(),
            stream: false,
        };
        for (mut key, value) in body {
            refuse(&key, "")?;
            if key == "doNotRecord" {
                key = DO_NOT_RECORD.to_owned();
            }
            // Said in both spellings, the stricter wins.
            if key == DO_NOT_RECORD && parts.known.get(DO_NOT_RECORD) == Some(&Value::Bool(true)) {
                continue;
            }
            if key == "stream" {
                parts.stream = match value {
                    Value::Bool(stream) => stream,
                    Value::Null => false,
                    _ => return Err(Error::invalid("stream", "`stream`: expected true or false")),
                };
            } else if names.contains(&key.as_str()) || Options::NAMES.contains(&key.as_str()) {
                if let ("extra_body", Value::Object(inner)) = (key.as_str(), &value) {
                    inner
                        .keys()
                        .try_for_each(|inner| refuse(inner, "extra_body."))?;
                }
                parts.known.insert(key, value);
            } else if !value.is_null() {
                parts.unknown.insert(key, value);
            }
        }
        Ok(parts)
    }
}

fn refuse(key: &str, within: &str) -> Result<(), Error> {
    let letters = key.chars().filter(|c| c.is_ascii_alphanumeric());
    let plain: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    if FORBIDDEN.contains(&plain.as_str()) {
        let message = format!(
            "`{within}{key}` is not for clients: URLs, keys and headers of providers come from the server's configuration"
        );
        return Err(Error::invalid(format!("{within}{key}"), message));
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> JsonMap {
        match value {
            Value::Object(map) => map,
            _ => panic!(),
        }
    }

    #[test]
    fn keys_of_openai_and_ours_are_read_and_others_kept() {
        let mut ask = chat(map(json!({
            "model": "test/echo", "messages": [{"role": "user", "content": "x"}], "stream": true,
            "temperature": 0, "session_id": "s", "min_p": 0.1, "functions": null,
        })))
        .unwrap();
        assert!(ask.stream);
        let options = ask.options();
        assert_eq!(options.model, ["test/echo"]);
        assert_eq!(json!(options.unknown), json!({"min_p": 0.1}));
    }

    #[test]
    fn the_stricter_word_about_recording_wins() {
        let wanted = |body: Value, headers: &[&str]| {
            let mut all = HeaderMap::new();
            for value in headers {
                all.append(NO_RECORD, value.parse().unwrap());
            }
            let mut ask = chat(map(body)).unwrap().heed(&all);
            ask.options().do_not_record
        };
        let plain = json!({"messages": "x"});
        assert_eq!(wanted(plain.clone(), &[]), None);
        assert_eq!(wanted(plain.clone(), &["false", "0", ""]), None);
        for headers in [
            &["true"][..],
            &["false", "true"],
            &["true, false"],
            &["yes"],
        ] {
            assert_eq!(wanted(plain.clone(), headers), Some(true), "{headers:?}");
        }
        for body in [
            json!({"messages": "x", "doNotRecord": true}),
            json!({"messages": "x", "do_not_record": true, "doNotRecord": false}),
            json!({"messages": "x", "doNotRecord": true, "do_not_record": false}),
        ] {
            assert_eq!(wanted(body, &["false"]), Some(true));
        }
    }

    #[test]
    fn a_model_may_be_a_stored_prompt() {
        let ask = chat(map(
            json!({"model": "prompt/a/greet@7", "variables": {"name": "Ada"}}),
        ))
        .unwrap();
        let Verb::Prompt(request) = ask.verb else {
            panic!()
        };
        assert_eq!(
            (request.slug.as_str(), request.version),
            ("a/greet", Some(7))
        );
        assert!(request.options.model.is_empty());
        assert!(chat(map(json!({"model": "prompt/../../etc/passwd"}))).is_err());
    }

    #[test]
    fn providers_urls_keys_and_headers_are_refused() {
        for key in [
            "api_key",
            "apiKey",
            "API-Key",
            "base_url",
            "baseUrl",
            "api_base",
            "extra_headers",
            "extraHeaders",
            "headers",
            "providers",
            "proxy",
            "url",
        ] {
            let mut body = map(json!({"model": "test/echo", "messages": "x"}));
            body.insert(key.to_owned(), json!("secret-value"));
            let error = chat(body).unwrap_err();
            assert_eq!(error.data().param.as_deref(), Some(key));
            assert!(!error.to_string().contains("secret-value"));
            let body = json!({"messages": "x", "extra_body": {key: "secret-value"}});
            assert!(chat(map(body)).is_err(), "{key}");
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let param = |body: Value| chat(map(body)).unwrap_err().data().param.clone().unwrap();
        assert_eq!(param(json!({"model": "test/echo"})), "messages");
        assert_eq!(param(json!({"messages": "x", "stream": 1})), "stream");
        assert_eq!(param(json!({"messages": "x", "n": "two"})), "n");
    }
}

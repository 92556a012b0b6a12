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

use super::forbidden;

/// What a model name of a stored prompt starts with.
pub(crate) const PROMPT_PREFIX: &str = "prompt/";

/// Fields that hold a name or names. They are kept with recordings and told in errors, so they have a length.
const NAMES: &[&str] = &[
    "ab_campaign",
    "assignment_key",
    "environment",
    "model",
    "project",
    "tags",
    "user",
    "variant",
];
/// Longest name, in bytes.
const LONGEST: usize = 512;
/// Most names in a field.
const MOST: usize = 64;

const DO_NOT_RECORD: &str = "do_not_record";

/// The header that says the same.
const NO_RECORD: &str = "x-langtail-do-not-record";

/// A call as a request asks for it.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) verb: Verb,
    /// Whether the answer is wanted as events.
    pub(crate) stream: bool,
    /// Whether its body was so large that its work holds others up.
    pub(crate) heavy: bool,
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
    if let Some(address) = stored(body.get("model"))? {
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
        heavy: false,
        dropped: Vec::new(),
    })
}

/// The address of the stored prompt that `model` names, if it names one.
fn stored(model: Option<&Value>) -> Result<Option<String>, Error> {
    let of = |model: &Value| {
        let address = model.as_str()?.strip_prefix(PROMPT_PREFIX);
        address.map(str::to_owned)
    };
    match model {
        Some(Value::Array(models)) => match models.as_slice() {
            [only] => Ok(of(only)),
            models if models.iter().any(|model| of(model).is_some()) => {
                let message = "a list in `model` holds models to fall back to: `prompt/SLUG` can only stand alone";
                Err(Error::invalid("model", message))
            }
            _ => Ok(None),
        },
        model => Ok(model.and_then(of)),
    }
}

/// The call of a stored prompt. What the address names is said there: a body that says otherwise is refused.
pub(crate) fn prompt(address: &Address, body: JsonMap) -> Result<Ask, Error> {
    let mut parts = Parts::of(body, PromptRequest::NAMES)?;
    parts.known.remove("slug");
    let mut request: PromptRequest = input::from_value(&Value::Object(parts.known))?;
    request.slug = address.slug.as_str().to_owned();
    if address.environment.is_some() || address.version.is_some() {
        if request.environment.is_some() && request.environment != address.environment {
            return Err(said_otherwise("environment"));
        }
        if request.version.is_some() && request.version != address.version {
            return Err(said_otherwise("version"));
        }
        request.environment.clone_from(&address.environment);
        request.version = address.version;
    }
    request.options.unknown = parts.unknown;
    Ok(Ask {
        verb: Verb::Prompt(request),
        stream: parts.stream,
        heavy: false,
        dropped: Vec::new(),
    })
}

fn check_names(field: &str, value: &Value) -> Result<(), Error> {
    let names = match value {
        Value::Array(names) => names.as_slice(),
        name => std::slice::from_ref(name),
    };
    let short = |name: &Value| name.as_str().is_none_or(|name| name.len() <= LONGEST);
    if names.len() > MOST {
        let message = format!("`{field}` has at most {MOST} elements");
        return Err(Error::invalid(field, message));
    }
    if !names.iter().all(short) {
        let message = format!("`{field}`: a name has at most {LONGEST} bytes");
        return Err(Error::invalid(field, message));
    }
    Ok(())
}

fn said_otherwise(field: &str) -> Error {
    let message = format!(
        "`{field}`: the address names another environment or version; leave it out of the body, or name it in the address alone"
    );
    Error::invalid(field, message)
}

/// A payload is not kept because of a capital: any spelling of the name means it.
fn is_do_not_record(key: &str) -> bool {
    let letters = key.bytes().filter(u8::is_ascii_alphanumeric);
    letters
        .map(|byte| byte.to_ascii_lowercase())
        .eq(b"donotrecord".iter().copied())
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
            forbidden::key(&key)?;
            if is_do_not_record(&key) {
                key = DO_NOT_RECORD.to_owned();
            }
            // Said in several spellings, the strictest wins.
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
                forbidden::below(&key, &value)?;
                if NAMES.contains(&key.as_str()) {
                    check_names(&key, &value)?;
                }
                parts.known.insert(key, value);
            } else if !value.is_null() {
                // Of a prompt that is not run here: data, as it would be there.
                if !PromptRequest::NAMES.contains(&key.as_str()) {
                    forbidden::below(&key, &value)?;
                }
                parts.unknown.insert(key, value);
            }
        }
        Ok(parts)
    }
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
            json!({"messages": "x", "DO_NOT_RECORD": true}),
            json!({"messages": "x", "DoNotRecord": false, "do-not-record": true, "doNotRecord": false}),
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
    fn a_list_of_one_is_the_one() {
        let ask = chat(map(json!({"model": ["prompt/greet"], "variables": {}}))).unwrap();
        assert!(matches!(ask.verb, Verb::Prompt(_)));
        let lists = json!({"model": ["test/echo", "prompt/greet"], "messages": "x"});
        let error = chat(map(lists)).unwrap_err();
        assert_eq!(error.data().param.as_deref(), Some("model"));
        let ask = chat(map(json!({"model": ["a/x", "b/y"], "messages": "x"}))).unwrap();
        assert!(matches!(ask.verb, Verb::Chat(_)));
    }

    #[test]
    fn names_have_a_length() {
        let long = "n".repeat(LONGEST + 1);
        for field in NAMES {
            let mut body = json!({"messages": "x"});
            body[*field] = json!(long);
            let error = prompt(&Address::new("a").unwrap(), map(body)).unwrap_err();
            assert_eq!(error.data().param.as_deref(), Some(*field));
            assert!(!error.to_string().contains("nnn"));
        }
        let many = json!({"messages": "x", "tags": vec!["t"; MOST + 1]});
        assert!(chat(map(many)).is_err());
        let right =
            json!({"messages": "x", "model": "a/b", "tags": vec!["t".repeat(LONGEST); MOST]});
        assert!(chat(map(right)).is_ok());
    }

    #[test]
    fn body_and_address_must_agree() {
        let of = |address: &str, body: Value| {
            let ask = prompt(&Address::parse(address).unwrap(), map(body));
            ask.map(|ask| match ask.verb {
                Verb::Prompt(request) => (request.environment, request.version),
                Verb::Chat(_) => panic!(),
            })
            .map_err(|error| error.data().param.clone().unwrap())
        };
        let staging = Some("staging".to_owned());
        assert_eq!(
            of("a", json!({"environment": "staging", "version": 2})),
            Ok((staging.clone(), Some(2)))
        );
        assert_eq!(
            of("a@staging", json!({"environment": "staging"})),
            Ok((staging, None))
        );
        assert_eq!(of("a@2", json!({"version": 2})), Ok((None, Some(2))));
        for (address, body, param) in [
            ("a@staging", json!({"version": 2}), "version"),
            (
                "a@staging",
                json!({"environment": "production"}),
                "environment",
            ),
            ("a@2", json!({"version": 3}), "version"),
            ("a@2", json!({"environment": "staging"}), "environment"),
        ] {
            assert_eq!(of(address, body.clone()), Err(param.to_owned()), "{body}");
        }
    }

    #[test]
    fn providers_urls_keys_and_headers_are_refused() {
        let refused = |body: Value| {
            let error = chat(map(body)).unwrap_err();
            assert!(!error.to_string().contains("theirs"));
            error.data().param.clone().unwrap()
        };
        for (body, param) in [
            (json!({"apiKey": "theirs", "messages": "x"}), "apiKey"),
            (
                json!({"messages": "x", "extra_headers": {}}),
                "extra_headers",
            ),
            (
                json!({"messages": "x", "x": [{"base_url": "theirs"}]}),
                "x[0].base_url",
            ),
            (
                json!({"messages": "x", "extra_body": {"model": "theirs"}}),
                "extra_body.model",
            ),
            (
                json!({"messages": "x", "extra_body": {"extra_body": {"api_key": "theirs"}}}),
                "extra_body.extra_body.api_key",
            ),
        ] {
            assert_eq!(refused(body), param);
        }
        let data = json!({
            "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x.example/a.png"}}]}],
            "tools": [{"type": "function", "function": {"name": "call", "parameters": {"type": "object", "properties": {"base_url": {"type": "string"}}}}}],
            "metadata": {"endpoint": "eu"}, "variables": {"api_key": "x"},
        });
        assert!(chat(map(data)).is_ok());
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let param = |body: Value| chat(map(body)).unwrap_err().data().param.clone().unwrap();
        assert_eq!(param(json!({"model": "test/echo"})), "messages");
        assert_eq!(param(json!({"messages": "x", "stream": 1})), "stream");
        assert_eq!(param(json!({"messages": "x", "n": "two"})), "n");
    }
}

#![allow(clippy::unwrap_used)]

use http::header::ACCEPT;
use serde_json::{Value, json};

use super::tests::{edit, preset, target};
use super::*;
use crate::chat::{ChatRequest, UnsupportedPolicy};
use crate::provider::Secret;

/// The request for a call after fitting, and the codes and params of its warnings.
fn encoded(target: &Target, call: Value, stream: bool) -> Result<(HttpRequest, Vec<String>)> {
    let request: ChatRequest = serde_json::from_value(call).unwrap();
    let policy = request.options.unsupported.unwrap_or_default();
    let capability = OpenAi.capability(target);
    let (options, mut warnings) =
        crate::provider::fit(&request.options, &request.messages, &capability, policy)?;
    let call = Call {
        messages: &request.messages,
        options: &options,
        target,
        stream,
    };
    let request = OpenAi.encode(call, &mut warnings)?;
    let told = warnings
        .iter()
        .map(|warning| warning.param.clone().unwrap())
        .collect();
    Ok((request, told))
}

fn body(target: &Target, call: Value) -> Value {
    let (request, _) = encoded(target, call, false).unwrap();
    serde_json::from_slice(&request.body).unwrap()
}

fn with(field: &str, value: Value) -> Value {
    let mut call = json!({"messages": "hi"});
    call[field] = value;
    call
}

#[test]
fn the_plain_call() {
    let (request, told) = encoded(&target("h", "{}"), json!({"messages": "hi"}), true).unwrap();
    assert_eq!(request.url, "https://host.example/v1/chat/completions");
    assert_eq!(
        std::str::from_utf8(&request.body).unwrap(),
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"stream_options":{"include_usage":true}}"#
    );
    assert_eq!(request.headers[ACCEPT], "text/event-stream");
    assert_eq!(request.headers.len(), 3);
    assert!(told.is_empty());
}

#[test]
fn what_is_for_us_alone_is_not_sent() {
    let call = json!({
        "messages": [
            {"role": "user", "content": "hi", "metadata": {"a": 1}, "id": "x"},
            {"role": "assistant", "content": "ho", "completion_id": "c", "id": "y", "annotations": [{}],
             "reasoning_content": "hm", "provider_state": {"family": "anthropic", "data": {}}, "prefix": true},
            {"role": "assistant", "content": null},
        ],
        "session_id": "s", "labels": {"a": 1}, "metadata": {"b": 2}, "tags": ["t"], "store": true, "timeout_ms": 5,
        "cache": "auto", "fallback_on": [], "extra_body": {"test": {"content": "x"}},
    });
    let sent = body(&target("h", "{}"), call);
    let messages = json!([
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "ho", "prefix": true},
        {"role": "assistant", "content": ""},
    ]);
    assert_eq!(sent, json!({"model": "m", "messages": messages}));
}

#[test]
fn token_limits_and_roles_by_quirk() {
    let call = json!({
        "messages": [{"role": "developer", "content": "a"}, {"role": "system", "content": "b"}, {"role": "user", "content": "c"}],
        "max_completion_tokens": 7, "temperature": 0.5,
    });
    let roles = |sent: &Value| -> Vec<String> {
        let messages = sent["messages"].as_array().unwrap();
        messages
            .iter()
            .map(|message| message["role"].as_str().unwrap().to_owned())
            .collect()
    };
    let plain = body(&target("h", "{}"), call.clone());
    assert_eq!(plain["max_tokens"], 7);
    assert_eq!(roles(&plain), ["system", "system", "user"]);
    let chat = body(&preset("openai", "gpt-4.1"), call.clone());
    assert_eq!(chat["max_completion_tokens"], 7);
    assert_eq!(chat["temperature"], 0.5);
    assert_eq!(roles(&chat), ["developer", "system", "user"]);
    let (request, told) = encoded(&preset("openai", "o3-mini"), call, false).unwrap();
    let reasoning: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(roles(&reasoning), ["developer", "developer", "user"]);
    assert_eq!(reasoning.get("temperature"), None);
    assert_eq!(told, ["temperature"]);
    let absent = body(&target("h", "{}"), with("max_tokens", json!(-1)));
    assert_eq!(absent.get("max_tokens"), None);
    assert_eq!(
        body(&target("h", "{}"), with("max_tokens", json!(0)))["max_tokens"],
        0
    );
}

#[test]
fn reasoning_models_that_sample_without_reasoning() {
    let openai = preset("openai", "gpt-5.1");
    let call =
        |effort: &str| json!({"messages": "hi", "temperature": 0, "reasoning_effort": effort});
    assert_eq!(body(&openai, call("none"))["temperature"], 0.0);
    let (request, told) = encoded(&openai, call("high"), false).unwrap();
    let sent: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(sent.get("temperature"), None);
    assert_eq!(told, ["temperature"]);
    let mut strict = call("high");
    strict["unsupported"] = json!("error");
    let error = encoded(&openai, strict, false).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(error.data().param.as_deref(), Some("temperature"));
    assert_eq!(
        body(
            &preset("openai", "gpt-5-chat-latest"),
            with("temperature", json!(1))
        )["temperature"],
        1.0
    );
}

#[test]
fn reasoning_in_the_host_s_form() {
    let call = json!({"messages": "hi", "reasoning_effort": "max"});
    let off = with("reasoning_effort", json!("none"));
    let budget = with("thinking_budget", json!(2048));
    for (host, call, field, value) in [
        ("vllm", &call, "reasoning_effort", json!("max")),
        ("groq", &call, "reasoning_effort", json!("high")),
        ("openrouter", &call, "reasoning", json!({"effort": "xhigh"})),
        (
            "openrouter",
            &budget,
            "reasoning",
            json!({"max_tokens": 2048}),
        ),
        ("deepseek", &call, "thinking", json!({"type": "enabled"})),
        ("deepseek", &call, "reasoning_effort", json!("max")),
        ("deepseek", &off, "thinking", json!({"type": "disabled"})),
        ("dashscope", &off, "enable_thinking", json!(false)),
        ("dashscope", &budget, "thinking_budget", json!(2048)),
    ] {
        assert_eq!(
            body(&preset(host, "m"), call.clone())[field],
            value,
            "{host}"
        );
    }
    assert_eq!(
        body(&preset("deepseek", "m"), off).get("reasoning_effort"),
        None
    );
}

#[test]
fn mistral_s_names_and_ids() {
    let call = json!({
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "call_0123456789", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                {"id": "abcDEF123", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "call_0123456789", "content": "1"},
            {"role": "tool", "tool_call_id": "abcDEF123", "content": "2"},
        ],
        "seed": 7, "tool_choice": "required", "tools": [{"type": "function", "function": {"name": "f"}}],
    });
    let (request, _) = encoded(&preset("mistral", "m"), call, true).unwrap();
    let sent: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(sent["random_seed"], 7);
    assert_eq!(sent["tool_choice"], "any");
    assert_eq!(sent.get("stream_options"), None);
    let id = sent["messages"][1]["tool_calls"][0]["id"].as_str().unwrap();
    assert!(
        id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "{id}"
    );
    assert_eq!(sent["messages"][2]["tool_call_id"], id);
    assert_eq!(sent["messages"][3]["tool_call_id"], "abcDEF123");
}

#[test]
fn caching_marks_go_where_they_are_known() {
    let mark = json!({"type": "ephemeral"});
    let call = |cache: &str| {
        json!({
            "messages": [{"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": mark}]}],
            "tools": [{"type": "function", "function": {"name": "f"}, "cache_control": mark}], "cache": cache,
        })
    };
    let carried = body(&preset("openrouter", "m"), call("auto"));
    assert_eq!(carried["messages"][0]["content"][0]["cache_control"], mark);
    assert_eq!(carried["tools"][0]["cache_control"], mark);
    for sent in [
        body(&preset("openrouter", "m"), call("off")),
        body(&preset("openai", "m"), call("auto")),
    ] {
        assert_eq!(
            sent["messages"][0]["content"],
            json!([{"type": "text", "text": "hi"}])
        );
        assert_eq!(
            sent["tools"],
            json!([{"type": "function", "function": {"name": "f"}}])
        );
    }
}

#[test]
fn tools_and_what_belongs_to_them() {
    let none =
        json!({"messages": "hi", "tools": [], "tool_choice": "auto", "parallel_tool_calls": false});
    assert_eq!(
        body(&target("h", "{}"), none),
        json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]})
    );
    let custom = json!({"type": "custom", "custom": {"name": "sql"}});
    let allowed = json!({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}});
    let sent = body(
        &target("h", "{}"),
        json!({"messages": "hi", "tools": [custom], "tool_choice": allowed, "parallel_tool_calls": false}),
    );
    assert_eq!(sent["tools"], json!([custom]));
    assert_eq!(sent["tool_choice"], allowed);
    assert_eq!(sent["parallel_tool_calls"], false);
}

#[test]
fn refusals_and_spoken_turns_come_back() {
    let messages = json!([
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": null, "refusal": "no"},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
        {"role": "assistant", "content": "ok", "audio": {"id": "audio_1", "data": "AAAA", "transcript": "ok"}},
    ]);
    let home = body(&preset("openai", "gpt-4o"), json!({"messages": messages}));
    assert_eq!(
        home["messages"][1],
        json!({"role": "assistant", "content": null, "refusal": "no"})
    );
    assert_eq!(home["messages"][2]["content"][0]["type"], "refusal");
    assert_eq!(home["messages"][3]["audio"], json!({"id": "audio_1"}));
    let away = body(&target("h", "{}"), json!({"messages": messages}));
    assert_eq!(
        away["messages"][1],
        json!({"role": "assistant", "content": "no"})
    );
    assert_eq!(
        away["messages"][2]["content"],
        json!([{"type": "text", "text": "no"}])
    );
    assert_eq!(
        away["messages"][3],
        json!({"role": "assistant", "content": "ok"})
    );
}

#[test]
fn extra_body_and_headers_come_last() {
    let mut host = target("h", "{}");
    edit(&mut host).headers = vec![
        ("x-team".into(), "a".into()),
        ("user-agent".into(), "mine".into()),
    ];
    let call = json!({
        "messages": "hi", "temperature": 1, "extra_body": {"temperature": null, "top_a": 0.1, "messages": []},
        "extra_headers": {"x-team": "b", "x-secret-key": "c"},
    });
    let (request, _) = encoded(&host, call, false).unwrap();
    assert_eq!(
        std::str::from_utf8(&request.body).unwrap(),
        r#"{"model":"m","messages":[],"temperature":null,"top_a":0.1}"#
    );
    assert_eq!(request.headers["x-team"], "b");
    assert_eq!(request.headers["user-agent"], "mine");
    assert!(
        request.headers["x-secret-key"].is_sensitive() && !request.headers["x-team"].is_sensitive()
    );
    edit(&mut host).headers = vec![("x-a".into(), "b\r\nc: d".into())];
    let error = encoded(&host, json!({"messages": "hi"}), false).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigError);
    assert!(error.to_string().contains("provider `h`") && !error.to_string().contains("c: d"));
}

#[test]
fn azure_s_paths_and_keys() {
    let key = |key: &str| Credentials::Key(Secret::new(key, "the key").unwrap());
    for (base_url, version, url) in [
        (
            "https://r.example",
            None,
            "https://r.example/openai/v1/chat/completions",
        ),
        (
            "https://r.example/openai/v1/",
            None,
            "https://r.example/openai/v1/chat/completions",
        ),
        (
            "https://r.example/",
            Some("2024-10-21"),
            "https://r.example/openai/deployments/my%20dep/chat/completions?api-version=2024-10-21",
        ),
        (
            "https://r.example/openai/deployments/d?api-version=1",
            Some("2"),
            "https://r.example/openai/deployments/d/chat/completions?api-version=1",
        ),
        (
            "https://r.example/openai/deployments/d",
            Some("2"),
            "https://r.example/openai/deployments/d/chat/completions?api-version=2",
        ),
    ] {
        let mut azure = preset("azure", "my dep");
        let provider = edit(&mut azure);
        provider.base_url = base_url.to_owned();
        provider.api_version = version.map(str::to_owned);
        let (mut request, _) = encoded(&azure, json!({"messages": "hi"}), false).unwrap();
        assert_eq!(request.url, url);
        OpenAi
            .authorize(&mut request, &key("0123456789abcdef"), &azure)
            .unwrap();
        assert_eq!(request.headers["api-key"], "0123456789abcdef");
        assert!(request.headers["api-key"].is_sensitive());
        assert!(!request.headers.contains_key(AUTHORIZATION));
        let mut request = request.clone();
        request.headers.remove("api-key");
        OpenAi
            .authorize(&mut request, &key("eyJhbGciOi.eyJzdWIi.c2ln"), &azure)
            .unwrap();
        assert!(
            request.headers.contains_key(AUTHORIZATION) && !request.headers.contains_key("api-key")
        );
    }
}

#[test]
fn keys_and_organization() {
    let mut home = preset("openai", "gpt-4.1");
    edit(&mut home).organization = Some("org-1".into());
    edit(&mut home).project = Some("proj-1".into());
    let (mut request, _) = encoded(&home, json!({"messages": "hi"}), false).unwrap();
    assert_eq!(request.headers["openai-organization"], "org-1");
    assert_eq!(request.headers["openai-project"], "proj-1");
    OpenAi
        .authorize(&mut request, &Credentials::None, &home)
        .unwrap();
    assert!(!request.headers.contains_key(AUTHORIZATION));
    let key = Credentials::Key(Secret::new("sk-1", "the key").unwrap());
    OpenAi.authorize(&mut request, &key, &home).unwrap();
    assert_eq!(request.headers[AUTHORIZATION], "Bearer sk-1");
    assert!(request.headers[AUTHORIZATION].is_sensitive());
}

#[test]
fn replay_data_goes_back_to_its_host_alone() {
    let answer = json!({"choices": [{"message": {"content": null, "reasoning": "hm",
        "reasoning_details": [{"type": "reasoning.encrypted", "data": "x", "id": null}],
        "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"},
                        "extra_content": {"google": {"thought_signature": "s"}}}]}}]});
    let host = target("h", "{}");
    let reply = OpenAi
        .decode(&HeaderMap::new(), answer.to_string().as_bytes(), &host)
        .unwrap();
    // Through JSON and back, as an application would keep it.
    let message = serde_json::to_value(&reply.choices[0].message).unwrap();
    let call = json!({"messages": [{"role": "user", "content": "hi"}, message]});
    let again = body(&host, call.clone());
    assert_eq!(
        again["messages"][1]["reasoning_details"],
        json!([{"type": "reasoning.encrypted", "data": "x"}])
    );
    assert_eq!(
        again["messages"][1]["tool_calls"][0]["extra_content"]["google"]["thought_signature"],
        "s"
    );
    assert_eq!(again["messages"][1].get("reasoning_content"), None);
    let mut other = target("o", r#"{"replay_reasoning": true}"#);
    edit(&mut other).base_url = "https://other.example/v1".into();
    let elsewhere = body(&other, call);
    let plain =
        json!({"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    assert_eq!(
        elsewhere["messages"][1],
        json!({"role": "assistant", "content": null, "tool_calls": [plain]})
    );
}

#[test]
fn reasoning_comes_back_with_its_calls_where_the_host_wants_it() {
    let call = json!({"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let messages = json!([
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "x", "reasoning_content": "old"},
        {"role": "assistant", "content": null, "reasoning_content": "new", "tool_calls": [call]},
    ]);
    let sent = body(&preset("deepseek", "m"), json!({"messages": messages}));
    assert_eq!(sent["messages"][1].get("reasoning_content"), None);
    assert_eq!(sent["messages"][2]["reasoning_content"], "new");
    let sent = body(&preset("groq", "m"), json!({"messages": messages}));
    assert_eq!(sent["messages"][2].get("reasoning_content"), None);
}

#[test]
fn the_policy_is_warn_by_default() {
    assert_eq!(UnsupportedPolicy::default(), UnsupportedPolicy::Warn);
    let refused = encoded(&preset("groq", "m"), with("n", json!(2)), false).unwrap_err();
    assert_eq!(refused.data().param.as_deref(), Some("n"));
    let (_, told) = encoded(
        &preset("groq", "m"),
        with("logit_bias", json!({"1": 1})),
        false,
    )
    .unwrap();
    assert_eq!(told, ["logit_bias"]);
}

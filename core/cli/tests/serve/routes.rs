//! The routes of chats, models and the server itself.

use serde_json::{Value, json};

use crate::server::Server;

fn hello() -> Value {
    json!({"model": "test/echo", "messages": [{"role": "user", "content": "one two"}]})
}

fn with(mut body: Value, more: Value) -> Value {
    let map = body.as_object_mut().unwrap();
    map.extend(more.as_object().unwrap().clone());
    body
}

#[test]
fn chats_are_answered_as_openai_would() {
    let server = Server::start();
    for path in [
        "/chat/completions",
        "/v1/chat/completions",
        "/api/v1/chat/completions",
    ] {
        let reply = server.post(path, &hello());
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.header("x-slugline-model"), Some("test/echo"));
        assert_eq!(reply.header("x-slugline-attempts"), Some("1"));
        assert!(reply.header("x-request-id").unwrap().starts_with("req-"));
        assert!(reply.header("access-control-allow-origin").is_none());
        let answer = reply.ok();
        assert_eq!(answer["object"], "chat.completion");
        assert_eq!(answer["choices"][0]["message"]["content"], "one two");
        assert_eq!(answer["choices"][0]["model"], "test/echo");
        assert_eq!(
            answer["choices"][0]["completion_id"]
                .as_str()
                .unwrap()
                .len(),
            36
        );
        assert_eq!(answer["session_id"].as_str().unwrap().len(), 36);
        assert_eq!(answer["usage"]["total_tokens"], 4);
    }
}

#[test]
fn streams_end_with_done_and_tell_usage_only_when_asked() {
    let server = Server::start();
    let path = "/v1/chat/completions";
    let plain = server.post(
        path,
        &with(hello(), json!({"stream": true, "session_id": "s-1"})),
    );
    assert_eq!(plain.header("x-slugline-session-id"), Some("s-1"));
    assert_eq!(plain.header("cache-control"), Some("no-cache"));
    let events = plain.events();
    let (done, chunks) = events.split_last().unwrap();
    assert_eq!(done, "[DONE]");
    let text: String = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(text, "one two");
    for chunk in chunks {
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert_eq!(chunk["session_id"], "s-1");
        assert!(chunk.get("usage").is_none(), "{chunk}");
        assert_eq!(
            chunk["choices"][0]["completion_id"],
            chunks[0]["choices"][0]["completion_id"]
        );
    }
    let asked = json!({"stream": true, "stream_options": {"include_usage": true}});
    let events = server.post(path, &with(hello(), asked)).events();
    let usage = &events[events.len() - 2];
    assert_eq!(
        (&usage["choices"], &usage["usage"]["total_tokens"]),
        (&json!([]), &json!(4))
    );
}

#[test]
fn the_engine_route_leaves_nothing_out() {
    let server = Server::start();
    let path = "/api/v1/chat/completions";
    let call = json!({"test": {"tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]}});
    let answer = server.post(path, &with(hello(), call.clone())).ok();
    let message = &answer["choices"][0]["message"];
    assert_eq!(message["content"], "");
    assert_eq!(message["role"], "assistant");
    assert!(message["id"].is_string());
    assert_eq!(message["tool_calls"][0]["function"]["name"], "look");
    let plain = server
        .post("/v1/chat/completions", &with(hello(), call.clone()))
        .ok();
    assert_eq!(plain["choices"][0]["message"]["content"], Value::Null);
    let events = server
        .post(path, &with(with(hello(), call), json!({"stream": true})))
        .events();
    let mut seen = 0;
    for choice in events.iter().filter_map(|event| event["choices"].get(0)) {
        let delta = &choice["delta"];
        assert!(
            delta["id"].is_string() && delta["role"].is_string() && delta["content"].is_string()
        );
        seen += 1;
    }
    assert!(seen > 1);
    let none = server.post(path, &with(hello(), json!({"test": {"usage": null}})));
    assert_eq!(none.header("x-slugline-usage"), Some("unknown"));
    assert_eq!(none.ok()["usage"]["total_tokens"], 0);
}

#[test]
fn model_names_reach_aliases_projects_and_prompts() {
    let server = Server::start();
    let path = "/v1/chat/completions";
    for model in ["fast", "support", "support/small", "test/echo"] {
        let mut body = with(hello(), json!({"model": model}));
        if model.starts_with("support") {
            body["system_prompt_args"] = json!({"customer": "Ada"});
        }
        assert_eq!(
            server.post(path, &body).ok()["model"],
            "test/echo",
            "{model}"
        );
    }
    let body = json!({"model": "prompt/greet", "variables": {"name": "Ada"}});
    let answer = server.post(path, &body).ok();
    assert_eq!(answer["choices"][0]["message"]["content"], "Hello Ada!");
    assert_eq!(answer["meta"]["prompt"]["slug"], "greet");
    let body = json!({"model": "prompt/team/bye@production", "variables": {"name": "Ada"}, "stream": true});
    let events = server.post(path, &body).events();
    assert_eq!(events.last().unwrap(), "[DONE]");
    let error = server.post(path, &with(hello(), json!({"model": "tset/echo"})));
    assert_eq!(
        (error.status, error.code().as_str()),
        (404, "unknown_model")
    );
    let error = server.post(path, &json!({"model": "prompt/grete"}));
    assert_eq!((error.status, error.code().as_str()), (404, "not_found"));
}

#[test]
fn errors_have_openais_envelope_and_their_status() {
    let server = Server::start();
    let path = "/v1/chat/completions";
    let hot = server.post(path, &with(hello(), json!({"temperature": 3})));
    assert_eq!(hot.status, 400);
    let error = hot.json()["error"].clone();
    assert_eq!(error["param"], "temperature");
    assert_eq!(error["code"], "invalid_request");
    assert_eq!(error["type"], "invalid_request_error");
    for (test, status, code) in [
        (
            json!({"status": 429, "retry_after": 0.01}),
            429,
            "rate_limited",
        ),
        (json!({"status": 503}), 503, "overloaded"),
        (json!({"status": 401}), 401, "authentication"),
        (json!({"status": 400}), 400, "invalid_request"),
    ] {
        for stream in [false, true] {
            let script = json!({"test": test, "max_retries": 0, "stream": stream});
            let reply = server.post(path, &with(hello(), script));
            assert_eq!((reply.status, reply.code().as_str()), (status, code));
            assert!(reply.header("x-should-retry").is_some());
        }
    }
    let late = json!({"max_ttft_ms": 20, "test": {"ttft_ms": 5000}});
    let late = server.post(path, &with(hello(), late));
    assert_eq!((late.status, late.code().as_str()), (408, "ttft_timeout"));
    let network = server.post(path, &with(hello(), json!({"model": "ollama/x"})));
    assert_eq!(network.status, 403, "{}", network.body);
    let cut = json!({"stream": true, "test": {"content": "a b c d", "cut_after": 2}});
    let cut = server.post(path, &with(hello(), cut));
    assert_eq!(cut.status, 200);
    assert_eq!(
        cut.events().last().unwrap()["error"]["code"],
        "stream_interrupted"
    );
    server.logged("error=stream_interrupted");
}

#[test]
fn keys_that_nobody_knows_are_told_or_passed_on() {
    let server = Server::start();
    let answer = server
        .post(
            "/v1/chat/completions",
            &with(hello(), json!({"min_p": 0.1})),
        )
        .ok();
    assert_eq!(answer["choices"][0]["message"]["content"], "one two");
    let wrong = json!({"model": "test/echo", "messages": "x", "stream": "yes"});
    assert_eq!(server.post("/v1/chat/completions", &wrong).status, 400);
    for (body, kind, status) in [
        ("{", "application/json", 400),
        ("[]", "application/json", 400),
        ("{}", "text/plain", 415),
    ] {
        let reply = server.ask(
            "POST",
            "/v1/chat/completions",
            &[("content-type", kind)],
            body,
        );
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (status, "invalid_request"),
            "{body}"
        );
    }
}

#[test]
fn models_are_what_the_configuration_names() {
    let server = Server::start();
    let list = server.get("/v1/models").ok();
    assert_eq!(list["object"], "list");
    let ids: Vec<&str> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids,
        [
            "fast",
            "support",
            "support/small",
            "prompt/acme/shop/greet",
            "prompt/greet",
            "prompt/team/bye"
        ]
    );
}

#[test]
fn a_model_is_there_where_a_call_could_name_it() {
    let server = Server::start();
    for (path, id) in [
        ("fast", "fast"),
        ("support/small", "support/small"),
        ("test%2Fanything", "test/anything"),
        ("prompt/team/bye", "prompt/team/bye"),
    ] {
        let model = server.get(&format!("/v1/models/{path}")).ok();
        assert_eq!(
            (model["id"].as_str(), &model["object"]),
            (Some(id), &json!("model"))
        );
    }
    for (path, code) in [
        ("nobody/x", "unknown_model"),
        ("nothing-known", "unknown_model"),
        ("prompt/nope", "not_found"),
    ] {
        let reply = server.get(&format!("/v1/models/{path}"));
        assert_eq!((reply.status, reply.code().as_str()), (404, code), "{path}");
    }
}

#[test]
fn a_name_that_cannot_be_breaks_only_itself() {
    let files = [
        ("prompts/promptroot.yaml", "layout: workspaces\n"),
        ("prompts/acme/shop/tea/production.prompt", "Tea"),
        ("prompts/prompt/x/y/production.prompt", "Never"),
    ];
    let server = Server::with(crate::server::CONFIG, &files, &[]);
    let models = server.get("/v1/models").ok().to_string();
    assert!(models.contains("prompt/acme/shop/tea"), "{models}");
    let live = server.get("/list-deployments").ok();
    assert_eq!(live["deployments"].as_array().unwrap().len(), 1);
}

#[test]
fn the_document_lists_every_route_and_each_answers() {
    let server = Server::start();
    let document = server
        .bare("GET", "/openapi.json", &[("host", "localhost")], "")
        .ok();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths = document["paths"].as_object().unwrap();
    let mut listed = Vec::new();
    for (path, methods) in paths {
        for method in methods.as_object().unwrap().keys() {
            let real = path
                .replace("{slug}", "greet")
                .replace("{model}", "test/echo")
                .replace("{workspace}/{project}/{prompt}", "acme/shop/greet")
                .replace("{prompt}", "greet")
                .replace("{environment}", "production");
            let body = if method == "post" {
                r#"{"messages": "x", "model": "test/echo"}"#
            } else {
                ""
            };
            let json = ("content-type", "application/json");
            let reply = server.ask(&method.to_uppercase(), &real, &[json], body);
            assert!(
                reply.status < 300 || reply.status == 400 && reply.code() != "not_found",
                "{method} {path}: {}",
                reply.body
            );
            listed.push(format!("{method} {path}"));
        }
    }
    for route in [
        "post /chat/completions",
        "post /v1/chat/completions",
        "post /api/v1/chat/completions",
        "post /prompt/{slug}/run",
        "post /{workspace}/{project}/{prompt}/{environment}",
        "get /{workspace}/{project}/{prompt}/{environment}",
        "post /project-prompt/{prompt}/{environment}",
        "get /project-prompt/{prompt}/{environment}",
        "post /api/v1/feedback",
        "get /v1/models",
        "get /v1/models/{model}",
        "get /list-deployments",
        "get /healthz",
        "get /openapi.json",
    ] {
        assert!(
            listed.iter().any(|known| known == route),
            "{route} is not in {listed:?}"
        );
    }
}

#[test]
fn the_server_says_that_it_is_up_and_what_is_not_there() {
    let server = Server::start();
    let up = server.bare("GET", "/healthz", &[("host", "localhost")], "");
    assert_eq!(up.ok(), json!({"status": "ok"}));
    let nothing = server.get("/v1/embeddings");
    assert_eq!(
        (nothing.status, nothing.code().as_str()),
        (404, "not_found")
    );
    let wrong = server.get("/v1/chat/completions");
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("POST")));
    let id = ("x-request-id", "abc-123");
    assert_eq!(
        server
            .ask("GET", "/v1/models", &[id], "")
            .header("x-request-id"),
        Some("abc-123")
    );
    let odd = ("x-request-id", "has blanks");
    assert_ne!(
        server
            .ask("GET", "/v1/models", &[odd], "")
            .header("x-request-id"),
        Some("has blanks")
    );
}

#[test]
fn feedback_is_kept_for_known_completions() {
    let server = Server::start();
    let answer = server.post("/api/v1/chat/completions", &hello()).ok();
    let id = &answer["choices"][0]["completion_id"];
    let path = "/api/v1/feedback";
    for (value, words) in [
        (json!(true), json!({"comment": "good"})),
        (
            json!(0.5),
            json!({"reason": "Style", "details": "too long"}),
        ),
        (json!(1), json!({"user_id": "ada"})),
    ] {
        let body = with(
            json!({"completion_id": id, "metric": "thumbs", "value": value}),
            words,
        );
        let reply = server.post(path, &body);
        assert_eq!(reply.status, 201, "{}", reply.body);
        assert_eq!(reply.json()["feedback_id"].as_str().unwrap().len(), 36);
    }
    let unknown = json!({"completion_id": "00000000-0000-4000-8000-000000000000", "metric": "thumbs", "value": true});
    let reply = server.post(path, &unknown);
    assert_eq!((reply.status, reply.code().as_str()), (404, "not_found"));
    for wrong in [
        json!({"metric": "thumbs", "value": true}),
        json!({"completion_id": id, "metric": "", "value": true}),
        json!({"completion_id": id, "metric": "thumbs", "value": "yes"}),
    ] {
        assert_eq!(server.post(path, &wrong).status, 400, "{wrong}");
    }
    let unstored = server
        .post(
            "/v1/chat/completions",
            &with(hello(), json!({"store": false})),
        )
        .ok();
    assert_eq!(unstored["meta"]["recording_id"], Value::Null);
    let body = json!({"completion_id": unstored["choices"][0]["completion_id"], "metric": "thumbs", "value": true});
    assert_eq!(server.post(path, &body).status, 404);
}

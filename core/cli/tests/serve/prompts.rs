//! The routes of stored prompts.

use serde_json::json;

use crate::server::{CONFIG, PROMPTS, Server};

#[test]
fn slugs_run_with_slashes_as_they_are_or_encoded() {
    let server = Server::start();
    let body = json!({"variables": {"name": "Ada"}});
    for (path, text) in [
        ("/prompt/greet/run", "Hello Ada!"),
        ("/prompt/team/bye/run", "Goodbye Ada"),
        ("/prompt/team%2Fbye/run", "Goodbye Ada"),
        ("/prompt/acme/shop/greet/run", "Welcome Ada"),
        ("/prompt/greet@production/run", "Hello Ada!"),
    ] {
        let answer = server.post(path, &body).ok();
        assert_eq!(answer["choices"][0]["message"]["content"], text, "{path}");
    }
    let default = server.post("/prompt/greet/run", &json!({})).ok();
    assert_eq!(default["choices"][0]["message"]["content"], "Hello World!");
    let missing = server.post("/prompt/team/bye/run", &json!({}));
    assert_eq!(
        (missing.status, missing.code().as_str()),
        (400, "missing_variable")
    );
    let streamed = server
        .post("/prompt/greet/run", &json!({"stream": true}))
        .events();
    assert_eq!(streamed.last().unwrap(), "[DONE]");
    for path in ["/prompt/greet/walk", "/prompt/run", "/prompt//run"] {
        let status = server.post(path, &body).status;
        assert!(status == 404 || status == 400, "{path}: {status}");
    }
}

#[test]
fn environments_run_under_their_workspace() {
    let server = Server::start();
    let path = "/acme/shop/greet/production";
    let body = json!({"variables": {"name": "Ada"}, "doNotRecord": true, "maxTokens": 5, "_langtailTestRunId": "t"});
    let answer = server.post(path, &body).ok();
    assert_eq!(answer["choices"][0]["message"]["content"], "Welcome Ada");
    assert_eq!(answer["meta"]["warnings"][0]["param"], "_langtailTestRunId");
    let key = [
        ("host", "localhost"),
        ("x-api-key", "key-of-the-tests"),
        ("content-type", "application/json"),
    ];
    let reply = server.bare(
        "POST",
        "/project-prompt/greet/production",
        &key,
        "{\"stream\": false}",
    );
    assert_eq!(
        reply.ok()["choices"][0]["message"]["content"],
        "Hello World!"
    );
    let reply = server.post("/acme/shop/greet/staging", &body);
    assert_eq!((reply.status, reply.code().as_str()), (404, "not_found"));
    for workspace in ["api", "v1", "chat", "metrics", "healthz", "openapi.json"] {
        let reply = server.post(&format!("/{workspace}/shop/greet/production"), &body);
        assert_eq!(reply.status, 404, "{workspace}");
    }
    let own = json!({"template": [{"role": "user", "content": "Hi {{name}}"}], "variables": {"name": "Bo"}});
    let answer = server.post(path, &own).ok();
    assert_eq!(answer["choices"][0]["message"]["content"], "Hi Bo");
}

#[test]
fn a_stored_prompt_is_given_unrendered() {
    let server = Server::start();
    let stored = server.get("/project-prompt/greet/production").ok();
    assert_eq!(
        stored,
        json!({
            "state": {
                "type": "chat",
                "template": [
                    {"role": "system", "content": "Be kind.\n"},
                    {"role": "user", "content": "Hello {{name}}!"},
                ],
                "tools": [],
                "functions": [],
                "args": {"temperature": 0.5, "model": "test/echo"},
            },
            "chatInput": {"name": "World"},
        })
    );
    assert_eq!(server.get("/project-prompt/none/production").status, 404);
}

#[test]
fn versions_and_deployments_of_workspaces() {
    let root = "prompts/acme/shop/greet";
    let manifest = "environments: {production: {version: 1}}\n";
    let mut files = PROMPTS.to_vec();
    files.clear();
    let config = CONFIG.replace(
        "prompts = \"prompts\"",
        "prompts = \"prompts\"\ndefault_workspace = \"acme\"\ndefault_project = \"shop\"",
    );
    let one = format!("{root}/versions/1.prompt");
    let two = format!("{root}/versions/2.prompt");
    let yaml = format!("{root}/prompt.yaml");
    let staging = format!("{root}/staging.prompt");
    files.extend([
        ("prompts/promptroot.yaml", "layout: workspaces\n"),
        (one.as_str(), "First {{name}}"),
        (two.as_str(), "Second {{name}}"),
        (yaml.as_str(), manifest),
        (staging.as_str(), "Draft {{name}}"),
    ]);
    let server = Server::with(&config, &files, &[]);
    let body = json!({"variables": {"name": "Ada"}});
    for (path, text) in [
        ("/acme/shop/greet/production", "First Ada"),
        ("/acme/shop/greet/staging", "Draft Ada"),
        ("/acme/shop/greet/production?v=2", "Second Ada"),
        ("/project-prompt/greet/production?v=2", "Second Ada"),
        ("/prompt/acme/shop/greet@2/run", "Second Ada"),
    ] {
        let answer = server.post(path, &body).ok();
        assert_eq!(answer["choices"][0]["message"]["content"], text, "{path}");
    }
    let stored = server.get("/acme/shop/greet/production?v=2").ok();
    assert_eq!(stored["state"]["template"][0]["content"], "Second {{name}}");
    assert_eq!(server.get("/acme/shop/greet/production?v=9").status, 404);
    let list = server.get("/list-deployments").ok();
    let list = list["deployments"].as_array().unwrap();
    assert_eq!(list.len(), 2);
    for entry in list {
        assert_eq!(entry["promptSlug"], "greet");
        assert_eq!(entry["deployedAt"].as_str().unwrap().len(), 20);
        let version = (entry["environment"] == "production").then_some("1");
        assert_eq!(
            entry.get("version").and_then(|version| version.as_str()),
            version
        );
    }
}

//! What a recording says of its call: of a turn that was lost, of a reader that left, of a rerun; and the reports
//! that are made of recordings.

use slugline::chat::PromptRequest;
use slugline::engine::Rerun;
use slugline::store::{CampaignQuery, CampaignReport};

use super::*;

#[tokio::test]
async fn an_answer_whose_turn_is_lost_is_recorded_as_a_conflict() {
    let engine = engine(json!({"recording": "full"}));
    let session = engine.session("s");
    session.chat(echo("one")).await.unwrap();
    let slow = |text| scripted(text, json!({"ttft_ms": 50}));
    let (a, b) = tokio::join!(session.chat(slow("two")), session.chat(slow("three")));
    let lost = a.and(b).unwrap_err();
    let partial = lost.data().partial.as_ref().unwrap();
    let mut stream = session.chat_stream(slow("four"));
    stream.next().await.unwrap().unwrap();
    session.clear().await.unwrap();
    let error = stream.completion().await.unwrap_err();
    let ids = [partial, error.data().partial.as_ref().unwrap()]
        .map(|partial| partial.meta.recording_id.clone().unwrap());
    for (id, text) in ids.iter().zip([partial.text().as_str(), "four"]) {
        let kept = engine.recordings().get(id).await.unwrap();
        assert_eq!(kept.error_code.as_deref(), Some("conflict"));
        assert_eq!(kept.answer.unwrap()[0].message.text(), text);
        assert_eq!(kept.finish_reason.as_deref(), Some("stop"));
        assert!(kept.usage.is_some());
    }
    let usage = engine.usage(UsageQuery::default()).await.unwrap();
    assert_eq!((usage[0].calls, usage[0].errors), (4, 2));
    assert_eq!(usage[0].metered_calls, 4);
}

#[tokio::test]
async fn a_whole_answer_is_kept_whoever_leaves_while_its_turn_is_written() {
    for way in [
        "chat",
        "stream to its end",
        "stream to the reason it stopped",
    ] {
        let store = Gated::new(Gate::Open);
        let engine = over(&store);
        let session = engine.session("s");
        store.hold_turns(true);
        let call = async {
            if way == "chat" {
                return session.chat(echo("hi")).await.map(|_| ());
            }
            let mut stream = session.chat_stream(echo("hi"));
            while let Some(chunk) = stream.next().await {
                let is_last = chunk?
                    .choices
                    .iter()
                    .any(|choice| choice.finish_reason.is_some());
                if is_last && way != "stream to its end" {
                    return Ok(());
                }
            }
            Ok::<_, slugline::Error>(())
        };
        let left = tokio::time::timeout(Duration::from_millis(100), call).await;
        assert_eq!(
            left.is_ok(),
            way == "stream to the reason it stopped",
            "{way}"
        );
        // The session's next call waits for the turn.
        let next = tokio::time::timeout(Duration::from_millis(100), session.history()).await;
        assert!(next.is_err(), "{way}");
        store.hold_turns(false);
        assert_eq!(session.history().await.unwrap().len(), 2, "{way}");
        session.chat(echo("again")).await.unwrap();
        let found = recorded(&engine).await;
        assert_eq!(found.len(), 2, "{way}");
        for recording in found {
            assert_eq!(recording.error_code, None, "{way}");
            assert_eq!(recording.finish_reason.as_deref(), Some("stop"), "{way}");
        }
    }
}

#[tokio::test]
async fn a_call_waits_for_its_turn_as_long_as_it_may_take() {
    let store = Gated::new(Gate::Open);
    let engine = over(&store);
    let session = engine.session("s");
    store.hold_turns(true);
    let error = session
        .chat(echo("hi").timeout_ms(100_u64))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "timeout");
    assert_eq!(error.data().partial.as_ref().unwrap().text(), "hi");
    store.hold_turns(false);
    assert_eq!(session.history().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_rerun_says_what_it_was_made_from() {
    let config = json!({
        "engine": {"recording": "full"},
        "projects": {"support": {"system_prompt": "Help.", "models": {"small": "test/echo"}}},
    });
    let engine = Engine::new(Config::from_value(config).unwrap()).unwrap();
    let labels: JsonMap = (0..16)
        .map(|n| (format!("label-{n}"), "x".into()))
        .collect();
    let request = ChatRequest::new("hi")
        .model("small")
        .project("support")
        .labels(labels);
    let first = engine.chat(request).await.unwrap();
    let mut id = first.meta.recording_id.unwrap();
    for model in [
        vec![],
        vec!["small".to_owned()],
        vec!["support/small".to_owned()],
    ] {
        let rerun = Rerun { model };
        let again = engine.recordings().rerun(&id, rerun).await.unwrap();
        let kept = engine
            .recordings()
            .get(&again.meta.recording_id.unwrap())
            .await;
        let kept = kept.unwrap();
        assert_eq!(kept.labels["rerun_of"], id);
        assert_eq!(kept.labels.len(), 17);
        assert_eq!(kept.project.as_deref(), Some("support"));
        // The project's instructions are there once.
        let messages = &kept.request.unwrap()["messages"];
        assert_eq!(messages.as_array().unwrap().len(), 2, "{messages}");
        id = kept.id;
    }
}

#[tokio::test]
async fn a_rerun_of_a_prompt_keeps_what_it_was_made_of() {
    let config = json!({
        "engine": {"recording": "full", "prompts": {"greet": "Hello {{name}}"}, "default_model": "test/echo"},
    });
    let engine = Engine::new(Config::from_value(config).unwrap()).unwrap();
    let variables = JsonMap::from_iter([("name".to_owned(), "Ada".into())]);
    let first = engine
        .run_prompt(PromptRequest::new("greet").variable("name", "Ada"))
        .await
        .unwrap();
    let again = engine
        .recordings()
        .rerun(&first.meta.recording_id.unwrap(), Rerun::default())
        .await
        .unwrap();
    let id = again.meta.recording_id.unwrap();
    let kept = engine.recordings().get(&id).await.unwrap();
    assert_eq!(kept.variables, Some(variables));
    assert_eq!(kept.prompt.unwrap().slug, "greet");
}

#[tokio::test]
async fn secrets_in_the_body_are_not_kept() {
    let engine = engine(json!({"recording": "full"}));
    let body = json!({
        "seed_bias": 1, "stop_token_ids": [2], "api_key": "hidden",
        "data_sources": [{"endpoint": "https://search.example", "authentication": {"key": "hidden"}}],
        "mcp_servers": [{"name": "m", "authorization_token": "hidden"}],
        "tools": [{"type": "mcp", "Headers": {"x": "hidden"}, "X-Api-Key": "hidden", "token": "hidden"}],
    });
    let Value::Object(body) = body else { panic!() };
    engine.chat(echo("hi").extra_body(body)).await.unwrap();
    let found = recorded(&engine).await;
    let kept = found[0].request.as_ref().unwrap();
    let expected = json!({
        "seed_bias": 1, "stop_token_ids": [2],
        "data_sources": [{"endpoint": "https://search.example"}],
        "mcp_servers": [{"name": "m"}],
        "tools": [{"type": "mcp"}],
    });
    assert_eq!(kept["extra_body"], expected);
}

#[tokio::test]
async fn a_campaign_is_reported_by_its_prompt_and_by_its_recordings() {
    let prompts = json!({
        "greet": "---\nvariants: {warm: {weight: 1}}\n---\nHello",
        "greet.warm": "Hello there",
    });
    let store = Gated::new(Gate::Open);
    let open = |config: Value| {
        Engine::builder()
            .config(Config::from_value(config).unwrap())
            .store(store.clone())
            .open()
            .unwrap()
    };
    let settings = json!({"prompts": prompts, "default_model": "test/echo"});
    let campaigns =
        json!({"tone": {"applies_to": {"project": "p"}, "arms": [{"name": "a"}, {"name": "b"}]}});
    let projects = json!({"p": {}});
    let engine = open(json!({"engine": settings, "campaigns": campaigns, "projects": projects}));
    for user in ["1", "2", "3"] {
        engine
            .run_prompt(PromptRequest::new("greet").user(user))
            .await
            .unwrap();
        let request = ChatRequest::new("hi").project("p").user(user);
        engine.chat(request).await.unwrap();
    }
    let calls = |report: CampaignReport| report.arms.iter().map(|arm| arm.calls).sum::<u64>();
    for address in ["greet", "greet@production"] {
        let report = engine.campaign_report(address).await.unwrap();
        assert_eq!(report.campaign, "greet");
        assert_eq!(calls(report), 3, "{address}");
    }
    assert_eq!(calls(engine.campaign_report("tone").await.unwrap()), 3);
    engine.shutdown().await.unwrap();

    // Neither the campaign nor the prompt is there any more; their calls are.
    let later = open(json!({}));
    for key in ["tone", "greet"] {
        assert_eq!(calls(later.campaign_report(key).await.unwrap()), 3, "{key}");
        let never = CampaignQuery {
            until_ms: Some(0),
            ..CampaignQuery::from(key)
        };
        assert_eq!(calls(later.campaign_report(never).await.unwrap()), 0);
    }
    let error = later.campaign_report("nobody").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.data().details["resource"], "campaign");
}

#[tokio::test]
async fn a_rerun_has_what_the_target_set_and_no_secrets() {
    let config = json!({
        "engine": {"recording": "full"},
        "models": {"set": {"targets": [
            {"model": "test/echo", "params": {"extra_body": {"test": {"content": "as set"}}}},
        ]}},
    });
    let engine = Engine::new(Config::from_value(config).unwrap()).unwrap();
    let asked = json!({
        "messages": "hi",
        "model": "set",
        "tools": [
            {"type": "mcp", "server_url": "u", "authorization": "S3CRET", "headers": {"X-Key": "S3CRET"}},
            {"type": "function", "function": {"name": "f", "parameters": {
                "type": "object", "properties": {"api_key": {"type": "string"}},
            }}},
        ],
        "web_search_options": {"api_keys": ["S3CRET"], "search_context_size": "low"},
        "max_completion_tokens": 50,
    });
    let asked = ChatRequest::from_json(asked.to_string().as_bytes()).unwrap();
    let answer = engine.chat(asked).await.unwrap();
    assert_eq!(answer.text(), "as set");
    let id = answer.meta.recording_id.unwrap();
    let kept = engine.recordings().get(&id).await.unwrap();
    let request = json!(kept.request);
    assert!(!request.to_string().contains("S3CRET"), "{request}");
    assert_eq!(request["max_completion_tokens"], 50);
    assert_eq!(request["web_search_options"]["search_context_size"], "low");
    let schema = &request["tools"][1]["function"]["parameters"];
    assert_eq!(schema["properties"]["api_key"]["type"], "string");
    let again = engine
        .recordings()
        .rerun(&id, Rerun::default())
        .await
        .unwrap();
    assert_eq!(again.text(), "as set");
}

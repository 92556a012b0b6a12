//! Options, tools and formats, maker by maker, and where the request goes.

use super::*;

#[test]
fn urls_come_from_the_region_and_keep_ids_in_one_segment() {
    let hi = json!({"messages": "hi"});
    let (url, _, _) = encoded(&target(CLAUDE), hi.clone()).unwrap();
    assert_eq!(
        url,
        "https://bedrock-runtime.eu-central-1.amazonaws.com/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"
    );
    let arn =
        "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0";
    let (url, _, _) = encoded(&target(arn), hi.clone()).unwrap();
    assert!(url.ends_with("/model/arn%3Aaws%3Abedrock%3Aeu-central-1%3A123456789012%3Ainference-profile%2Feu.amazon.nova-lite-v1%3A0/converse"));
    assert!(encoded(&target(".."), hi.clone()).is_err());

    let mut nowhere = target(CLAUDE);
    Arc::get_mut(&mut nowhere.provider).unwrap().region = None;
    let error = encoded(&nowhere, hi.clone()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigError);
    assert!(error.to_string().contains("`region`") && error.to_string().contains("AWS_REGION"));
    Arc::get_mut(&mut nowhere.provider).unwrap().region = Some("eu.evil.example/".to_owned());
    assert_eq!(
        encoded(&nowhere, hi.clone()).unwrap_err().kind(),
        ErrorKind::ConfigError
    );

    // A host of one's own needs no region, and the name of AWS's tells it for signing.
    let provider = Arc::get_mut(&mut nowhere.provider).unwrap();
    provider.region = None;
    provider.base_url = "https://bedrock-runtime-fips.us-west-2.amazonaws.com/proxy?k=v".to_owned();
    let (url, _, _) = encoded(&nowhere, hi).unwrap();
    assert!(url.starts_with("https://bedrock-runtime-fips.us-west-2.amazonaws.com/proxy/model/"));
    assert!(url.ends_with("/converse?k=v"));
    assert_eq!(encode::region(&nowhere.provider).unwrap(), "us-west-2");
}

#[test]
fn what_differs_between_makers_goes_past_converse() {
    let fields = |model: &str, options: Value| {
        let mut request = json!({"messages": "hi", "max_tokens": 9000});
        request
            .as_object_mut()
            .unwrap()
            .extend(options.as_object().unwrap().clone());
        body(model, request)["additionalModelRequestFields"].clone()
    };
    let high = json!({"reasoning_effort": "high"});
    assert_eq!(fields(OLD_CLAUDE, json!({"top_k": 5})), json!({"top_k": 5}));
    assert_eq!(
        fields(NOVA, json!({"top_k": 5})),
        json!({"inferenceConfig": {"topK": 5}})
    );
    assert_eq!(
        fields(OLD_CLAUDE, json!({"thinking_budget": 2000})),
        json!({"thinking": {"type": "enabled", "budget_tokens": 2000}})
    );
    assert_eq!(
        fields("global.anthropic.claude-opus-4-7-v1", high.clone())["output_config"],
        json!({"effort": "high"})
    );
    assert_eq!(
        fields("amazon.nova-2-lite-v1:0", high.clone()),
        json!({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}})
    );
    assert_eq!(
        fields("openai.gpt-oss-120b-1:0", high.clone()),
        json!({"reasoning_effort": "high"})
    );
    assert_eq!(
        fields("qwen.qwen3-32b-v1:0", high.clone()),
        json!({"reasoning_config": "high"})
    );
    assert_eq!(fields(LLAMA, high), Value::Null);

    let told = warned(
        "openai.gpt-oss-120b-1:0",
        json!({"messages": "hi", "reasoning_effort": "none"}),
    );
    assert_eq!(
        told,
        [("unsupported_parameter".into(), "reasoning_effort".into())]
    );
    let told = warned(
        OLD_CLAUDE,
        json!({"messages": "hi", "reasoning_effort": "low", "temperature": 0.5}),
    );
    assert_eq!(
        told,
        [("unsupported_parameter".into(), "temperature".into())]
    );
}

#[test]
fn options_take_their_places() {
    let sent = body(
        NOVA,
        json!({
            "messages": "hi", "max_tokens": 5, "temperature": 0, "top_p": 0.5, "stop": ["a", "b"],
            "user": "u@example.com", "service_tier": "priority",
            "extra_body": {"guardrailConfig": {"guardrailIdentifier": "g"}}
        }),
    );
    assert_eq!(
        sent,
        json!({
            "messages": [{"role": "user", "content": [{"text": "hi"}]}],
            "inferenceConfig": {"maxTokens": 5, "temperature": 0.0, "topP": 0.5, "stopSequences": ["a", "b"]},
            "requestMetadata": {"user": "u@example.com"},
            "serviceTier": {"type": "priority"},
            "guardrailConfig": {"guardrailIdentifier": "g"}
        })
    );
    assert_eq!(
        warned(
            NOVA,
            json!({"messages": "hi", "user": "näme", "parallel_tool_calls": false})
        ),
        [
            ("unsupported_parameter".into(), "parallel_tool_calls".into()),
            ("unsupported_parameter".into(), "user".into())
        ]
    );
}

#[test]
fn choices_of_tools() {
    let choice = |model: &str, choice: Value| {
        let request = json!({"messages": "hi", "tools": [weather()], "tool_choice": choice});
        body(model, request)["toolConfig"]
            .get("toolChoice")
            .cloned()
    };
    assert_eq!(choice(NOVA, json!("auto")), Some(json!({"auto": {}})));
    assert_eq!(choice(NOVA, json!("required")), Some(json!({"any": {}})));
    let named = json!({"type": "function", "function": {"name": "weather"}});
    assert_eq!(
        choice(NOVA, named),
        Some(json!({"tool": {"name": "weather"}}))
    );
    assert_eq!(choice(LLAMA, json!("auto")), None);
    let none = json!({"messages": "hi", "tools": [weather()], "tool_choice": "none"});
    assert!(body(NOVA, none).get("toolConfig").is_none());

    // Calls in the conversation need their tools declared, wanted or not.
    let called = json!([
        {"role": "user", "content": "hi"},
        {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": {"name": "weather", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c", "content": "rain"}
    ]);
    let none = json!({"messages": called, "tools": [weather()], "tool_choice": "none"});
    assert_eq!(
        body(NOVA, none.clone())["toolConfig"]["tools"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        warned(NOVA, none),
        [("adapted_parameter".into(), "tool_choice".into())]
    );
    let sent = body(NOVA, json!({"messages": called}));
    assert_eq!(
        sent["toolConfig"],
        json!({"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": {"type": "object"}}}}]})
    );
}

fn schema() -> Value {
    json!({"type": "json_schema", "json_schema": {"name": "city", "schema": {"type": "object", "properties": {"z": {"type": "string"}, "a": {"type": "integer", "minimum": 1}}, "required": ["z"]}}})
}

#[test]
fn schemas_are_carried_or_become_the_call_of_a_tool() {
    let sent = body(
        CLAUDE,
        json!({"messages": "hi", "response_format": schema()}),
    );
    let format = &sent["outputConfig"]["textFormat"];
    assert_eq!(format["type"], "json_schema");
    assert_eq!(format["structure"]["jsonSchema"]["name"], "city");
    let text = format["structure"]["jsonSchema"]["schema"]
        .as_str()
        .unwrap();
    assert!(text.starts_with(r#"{"type":"object","properties":{"z":{"type":"string"},"a":{"#));
    assert!(text.contains(r#""additionalProperties":false"#));

    let sent = body(
        OLD_CLAUDE,
        json!({"messages": "hi", "response_format": schema()}),
    );
    assert_eq!(
        sent["toolConfig"]["toolChoice"],
        json!({"tool": {"name": ANSWER_TOOL}})
    );
    assert_eq!(
        sent["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"],
        schema()["json_schema"]["schema"]
    );
    let sent = body(
        OLD_CLAUDE,
        json!({"messages": "hi", "response_format": schema(), "tools": [weather()]}),
    );
    assert_eq!(sent["toolConfig"]["toolChoice"], json!({"any": {}}));
    assert_eq!(sent["toolConfig"]["tools"].as_array().unwrap().len(), 2);

    let thinks = json!({"messages": "hi", "response_format": schema(), "reasoning_effort": "low"});
    assert_eq!(error(OLD_CLAUDE, thinks).kind(), ErrorKind::Unsupported);
    assert_eq!(
        error(
            LLAMA,
            json!({"messages": "hi", "response_format": schema()})
        )
        .kind(),
        ErrorKind::Unsupported
    );
    let taken = json!({"messages": "hi", "tools": [{"type": "function", "function": {"name": ANSWER_TOOL}}]});
    assert_eq!(error(NOVA, taken).kind(), ErrorKind::InvalidRequest);
}

#[test]
fn ids_of_calls_fit_the_model_both_ways() {
    let request = json!({"messages": [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "tool_calls": [
            {"id": "tooluse_bpe71yCfRu2b5i-nKGDr5g", "type": "function", "function": {"name": "weather", "arguments": "{}"}},
            {"id": "abcDEF123", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
        ]},
        {"role": "tool", "tool_call_id": "tooluse_bpe71yCfRu2b5i-nKGDr5g", "content": "{\"sky\": \"grey\"}"},
        {"role": "tool", "tool_call_id": "abcDEF123", "content": "rain"}
    ], "tools": [weather()]});
    let sent = body(MISTRAL, request.clone());
    let id = |turn: usize, block: usize, key: &str| {
        sent["messages"][turn]["content"][block][key]["toolUseId"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let rewritten = id(1, 0, "toolUse");
    assert!(rewritten.len() == 9 && rewritten.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert_eq!(id(2, 0, "toolResult"), rewritten);
    assert_eq!(id(1, 1, "toolUse"), "abcDEF123");
    assert_eq!(id(2, 1, "toolResult"), "abcDEF123");
    let results = &sent["messages"][2]["content"];
    assert_eq!(
        results[0]["toolResult"]["content"],
        json!([{"json": {"sky": "grey"}}])
    );
    assert_eq!(
        results[1]["toolResult"]["content"],
        json!([{"json": {"result": "rain"}}])
    );

    let answer = r#"{"output":{"message":{"content":[{"toolUse":{"toolUseId":"tooluse_bpe71yCfRu2b5i-nKGDr5g","name":"weather","input":{}}}]}},"stopReason":"tool_use"}"#;
    let reply = decode::decode(answer.as_bytes(), &target(MISTRAL)).unwrap();
    assert_eq!(reply.choices[0].message.tool_calls[0].id, rewritten);
    let reply = decode::decode(answer.as_bytes(), &target(NOVA)).unwrap();
    assert!(
        reply.choices[0].message.tool_calls[0]
            .id
            .starts_with("tooluse_")
    );

    // Another provider's id that is too long here.
    let long = "x".repeat(70);
    let sent = body(
        NOVA,
        json!({"messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "tool_calls": [{"id": long, "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": long, "content": "x"}
        ]}),
    );
    let use_id = &sent["messages"][1]["content"][0]["toolUse"]["toolUseId"];
    assert_eq!(use_id.as_str().unwrap().len(), 9);
    assert_eq!(
        &sent["messages"][2]["content"][0]["toolResult"]["toolUseId"],
        use_id
    );
}

#[test]
fn families_are_found_in_every_form_of_an_id() {
    let maker = |model: &str| {
        let target = target(model);
        let (family, name) = models::family(&target);
        (family.thinking(name), family.has_schemas(name))
    };
    assert_eq!(maker(CLAUDE), (Thinking::Claude, true));
    assert_eq!(
        maker("anthropic.claude-opus-4-7-v1"),
        (Thinking::Claude, false)
    );
    assert_eq!(
        maker(
            "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0"
        ),
        (Thinking::Claude, true)
    );
    assert_eq!(maker(NOVA), (Thinking::None, false));
    assert_eq!(maker("us.amazon.nova-2-lite-v1:0"), (Thinking::Nova, false));
    assert_eq!(maker("zai.glm-4.7"), (Thinking::None, true));
    let profile = "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc123";
    assert_eq!(maker(profile), (Thinking::None, false));
    let mut named = target(profile);
    Arc::get_mut(&mut named.provider)
        .unwrap()
        .quirks
        .model_maker = Some("anthropic".to_owned());
    assert_eq!(models::family(&named).0.thinking(profile), Thinking::Claude);
}

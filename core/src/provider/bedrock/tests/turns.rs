//! Messages as turns, and content of every kind.

use super::*;

#[test]
fn turns_alternate_and_results_stand_together_before_text() {
    let sent = body(
        NOVA,
        json!({"messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "developer", "content": ""},
            {"role": "user", "content": "a"},
            {"role": "user", "content": [{"type": "text", "text": "b"}, {"type": "text", "text": ""}]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Paris\"}"}},
                {"id": "c2", "type": "function", "function": {"name": "weather", "arguments": ""}}
            ]},
            {"role": "tool", "tool_call_id": "c1", "content": "rain"},
            {"role": "user", "content": "and now?"},
            {"role": "tool", "tool_call_id": "c2", "content": "", "is_error": true}
        ], "tools": [weather()]}),
    );
    assert_eq!(sent["system"], json!([{"text": "Be brief."}]));
    assert_eq!(
        sent["messages"],
        json!([
            {"role": "user", "content": [{"text": "a"}, {"text": "b"}]},
            {"role": "assistant", "content": [
                {"toolUse": {"toolUseId": "c1", "name": "weather", "input": {"city": "Paris"}}},
                {"toolUse": {"toolUseId": "c2", "name": "weather", "input": {}}}
            ]},
            {"role": "user", "content": [
                {"toolResult": {"toolUseId": "c1", "content": [{"text": "rain"}], "status": "success"}},
                {"toolResult": {"toolUseId": "c2", "content": [], "status": "error"}},
                {"text": "and now?"}
            ]}
        ])
    );
    assert_eq!(
        sent["toolConfig"],
        json!({"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": {"type": "object", "properties": {"city": {"type": "string"}}}}}}]})
    );
}

#[test]
fn conversations_that_begin_oddly_are_mended_and_told() {
    let greeting = json!({"messages": [{"role": "assistant", "content": "Hello"}, {"role": "user", "content": "hi"}]});
    let sent = body(LLAMA, greeting.clone());
    assert_eq!(
        sent["messages"][0],
        json!({"role": "user", "content": [{"text": "."}]})
    );
    assert_eq!(
        warned(LLAMA, greeting.clone()),
        [("adapted_parameter".into(), "messages".into())]
    );
    assert_eq!(body(CLAUDE, greeting)["messages"][0]["role"], "assistant");

    let alone = json!({"messages": [{"role": "system", "content": "Write a poem."}]});
    let sent = body(CLAUDE, alone);
    assert_eq!(
        sent,
        json!({"messages": [{"role": "user", "content": [{"text": "Write a poem."}]}]})
    );

    let late = json!({"messages": [{"role": "user", "content": "hi"}, {"role": "system", "content": "Be brief."}]});
    assert_eq!(
        body(CLAUDE, late)["messages"][0]["content"][1],
        json!({"text": "Be brief."})
    );
    let empty = json!({"messages": [{"role": "user", "content": ""}]});
    assert_eq!(error(CLAUDE, empty).kind(), ErrorKind::InvalidRequest);
}

#[test]
fn content_of_every_kind_has_its_place() {
    let part = |part: Value| json!({"messages": [{"role": "user", "content": [part]}]});
    let sent = |given: Value| body(NOVA, part(given))["messages"][0]["content"].clone();
    let image = |url: &str| json!({"type": "image_url", "image_url": {"url": url}});
    assert_eq!(
        sent(image("data:image/jpeg;base64,aGk=")),
        json!([{"image": {"format": "jpeg", "source": {"bytes": "aGk="}}}])
    );
    assert_eq!(
        sent(image("s3://bucket/cat.PNG")),
        json!([{"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/cat.PNG"}}}}])
    );
    assert_eq!(
        sent(json!({"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}})),
        json!([{"audio": {"format": "wav", "source": {"bytes": "aGk="}}}])
    );
    assert_eq!(
        sent(
            json!({"type": "file", "file": {"filename": "Q3_report (final).v2.pdf", "file_data": "data:application/pdf;base64,aGk="}})
        ),
        json!([{"text": "."}, {"document": {"format": "pdf", "name": "Q3 report (final) v2", "source": {"bytes": "aGk="}}}])
    );
    assert_eq!(
        sent(json!({"type": "file", "file": {"file_data": "data:video/mp4;base64,aGk="}})),
        json!([{"video": {"format": "mp4", "source": {"bytes": "aGk="}}}])
    );
    for (given, param) in [
        (
            image("https://host.example/cat.png"),
            "messages[0].content[0].image_url.url",
        ),
        (
            image("data:image/tiff;base64,aGk="),
            "messages[0].content[0].image_url.url",
        ),
        (
            json!({"type": "file", "file": {"file_id": "file-1"}}),
            "messages[0].content[0].file.file_id",
        ),
        (
            json!({"type": "video_url", "video_url": {}}),
            "messages[0].content[0]",
        ),
    ] {
        let error = error(NOVA, part(given));
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(error.data().param.as_deref(), Some(param));
    }
}

#[test]
fn arguments_that_are_no_object_are_refused_with_their_path() {
    for broken in ["[1]", "{\"a\":", "secret text"] {
        let error = error(
            CLAUDE,
            json!({"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": broken}}
            ]}]}),
        );
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert_eq!(
            error.data().param.as_deref(),
            Some("messages[1].tool_calls[0].function.arguments")
        );
        assert!(!error.to_string().contains("secret"));
    }
}

#[test]
fn caching_marks_become_points_where_the_model_has_them() {
    let request = json!({
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]},
            {"role": "user", "content": [{"type": "file", "file": {"file_data": "data:text/plain,hi"}, "cache_control": {"type": "ephemeral"}}]},
            {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": {"name": "weather", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "rain", "cache_control": {"type": "ephemeral"}}]}
        ],
        "tools": [{"type": "function", "function": {"name": "weather"}, "cache_control": {"type": "ephemeral"}}]
    });
    let sent = body(CLAUDE, request.clone());
    assert_eq!(
        sent["system"],
        json!([{"text": "Long."}, {"cachePoint": {"type": "default", "ttl": "1h"}}])
    );
    assert_eq!(sent["messages"][0]["content"][1], json!({"text": "."}));
    assert_eq!(
        sent["messages"][0]["content"][2],
        json!({"cachePoint": {"type": "default"}})
    );
    assert_eq!(
        sent["messages"][2]["content"][1],
        json!({"cachePoint": {"type": "default"}})
    );
    assert_eq!(
        sent["toolConfig"]["tools"][1],
        json!({"cachePoint": {"type": "default"}})
    );

    let nova = body(NOVA, request.clone());
    assert_eq!(
        nova["system"][1],
        json!({"cachePoint": {"type": "default"}})
    );
    assert_eq!(nova["toolConfig"]["tools"].as_array().unwrap().len(), 1);
    assert!(
        !body(LLAMA, request.clone())
            .to_string()
            .contains("cachePoint")
    );
    let mut off = request;
    off["cache"] = "off".into();
    assert!(!body(CLAUDE, off).to_string().contains("cachePoint"));
}

#[test]
fn content_that_cannot_stand_beside_results_gets_a_turn_of_its_own() {
    let request = |part: Value| {
        json!({"messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "tool_calls": [{"id": "abcDEF123", "type": "function", "function": {"name": "weather", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "abcDEF123", "content": "rain"},
            {"role": "user", "content": [part]}
        ], "tools": [weather()]})
    };
    let roles = |model: &str, part: Value| -> Vec<String> {
        let sent = body(model, request(part));
        let turns = sent["messages"].as_array().unwrap();
        turns
            .iter()
            .map(|turn| turn["role"].as_str().unwrap().to_owned())
            .collect()
    };
    let text = json!({"type": "text", "text": "and now?"});
    let file = json!({"type": "file", "file": {"file_data": "data:text/plain,hi"}});
    let joined = ["user", "assistant", "user"];
    let apart = ["user", "assistant", "user", "assistant", "user"];
    assert_eq!(roles(NOVA, file.clone()), joined);
    assert_eq!(roles(CLAUDE, text.clone()), joined);
    assert_eq!(roles(CLAUDE, file), apart);
    assert_eq!(roles(LLAMA, text.clone()), apart);
    assert_eq!(
        warned(MISTRAL, request(text)),
        [("adapted_parameter".into(), "messages".into())]
    );
}

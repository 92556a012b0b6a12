//! Answers of each dialect: a whole one of some 1.3 KB, and the chunk that a stream repeats with what ends it.
#![allow(dead_code)]

use serde_json::{Value, json};
use slugline::provider::Target;
use slugline::transport::Framing;

/// A whole answer.
pub(crate) struct Whole {
    pub(crate) name: &'static str,
    pub(crate) target: Target,
    pub(crate) body: String,
}

/// A stream of equal chunks. Events are name and data.
pub(crate) struct Stream {
    pub(crate) name: &'static str,
    pub(crate) target: Target,
    pub(crate) begin: Vec<(&'static str, String)>,
    pub(crate) chunk: (&'static str, String),
    pub(crate) end: Vec<(&'static str, String)>,
}

impl Stream {
    /// The stream's bytes, with so many chunks.
    pub(crate) fn body(&self, chunks: usize) -> Vec<u8> {
        let framing = self.target.provider.dialect.framing();
        let frame = |(event, data): &(&str, String)| match framing {
            Framing::Sse if event.is_empty() => format!("data: {data}\n\n").into_bytes(),
            Framing::Sse => format!("event: {event}\ndata: {data}\n\n").into_bytes(),
            Framing::EventStream => event_stream(event, data),
        };
        let mut body: Vec<u8> = self.begin.iter().flat_map(frame).collect();
        body.extend(frame(&self.chunk).repeat(chunks));
        body.extend(self.end.iter().flat_map(frame));
        body
    }
}

/// A frame of an AWS event stream.
fn event_stream(event: &str, data: &str) -> Vec<u8> {
    use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
    let mut message = Message::new(data.to_owned().into_bytes());
    for (name, value) in [
        (":event-type", event),
        (":content-type", "application/json"),
        (":message-type", "event"),
    ] {
        let value = HeaderValue::String(value.to_owned().into());
        message = message.add_header(Header::new(name, value));
    }
    let mut bytes = Vec::new();
    aws_smithy_eventstream::frame::write_message_to(&message, &mut bytes).unwrap();
    bytes
}

const SENTENCE: &str = "The order left on Tuesday.\n";

/// A whole answer of each dialect.
pub(crate) fn whole() -> Vec<Whole> {
    let text = SENTENCE.repeat(32);
    let entry = |name, model, body: Value| Whole {
        name,
        target: super::target(name, model),
        body: body.to_string(),
    };
    vec![
        entry(
            "openai",
            "gpt-4.1",
            json!({
                "id": "chatcmpl-CYPS1lijGoK8gd9lYzY3r9Sx50nbt", "object": "chat.completion", "created": 1762317021,
                "model": "gpt-4.1-2025-04-14", "service_tier": "default", "system_fingerprint": "fp_c82faf3ca0",
                "choices": [{"index": 0, "finish_reason": "stop", "logprobs": null, "message": {"role": "assistant",
                    "content": text, "refusal": null, "annotations": []}}],
                "usage": {"prompt_tokens": 320, "completion_tokens": 210, "total_tokens": 530,
                    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
                    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0,
                        "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}},
            }),
        ),
        entry(
            "anthropic",
            "claude-sonnet-4-5",
            json!({
                "model": "claude-sonnet-4-5-20250929", "id": "msg_01XFDUDYJgAACzvnptvVoYEL", "type": "message",
                "role": "assistant", "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
                "stop_sequence": null, "usage": {"input_tokens": 320, "cache_creation_input_tokens": 0,
                    "cache_read_input_tokens": 0, "output_tokens": 210, "service_tier": "standard"},
            }),
        ),
        entry(
            "gemini",
            "gemini-2.5-flash",
            json!({
                "candidates": [{"content": {"parts": [{"text": text}], "role": "model"}, "finishReason": "STOP", "index": 0}],
                "usageMetadata": {"promptTokenCount": 320, "candidatesTokenCount": 210, "totalTokenCount": 530,
                    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 320}]},
                "modelVersion": "gemini-2.5-flash", "responseId": "yLiYWkQBgUxyLiYWkQBgUx",
            }),
        ),
        entry(
            "cohere",
            "command-a-03-2025",
            json!({
                "id": "cec28054-8780-4218-b9a3-c7709b03606b", "finish_reason": "COMPLETE",
                "message": {"role": "assistant", "content": [{"type": "text", "text": text}]},
                "usage": {"billed_units": {"input_tokens": 300, "output_tokens": 200}, "cached_tokens": 128,
                    "tokens": {"input_tokens": 320, "output_tokens": 210}},
            }),
        ),
        #[cfg(feature = "bedrock")]
        entry(
            "bedrock",
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            json!({
                "metrics": {"latencyMs": 3447}, "stopReason": "end_turn",
                "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
                "usage": {"inputTokens": 320, "outputTokens": 210, "totalTokens": 530, "serverToolUsage": {},
                    "cacheReadInputTokens": 0, "cacheWriteInputTokens": 0},
            }),
        ),
    ]
}

/// Streams of each dialect.
pub(crate) fn streams() -> Vec<Stream> {
    let mut streams = openai();
    let entry = |name: &'static str,
                 model,
                 begin: Vec<(&'static str, Value)>,
                 chunk: (&'static str, Value),
                 end: Vec<(&'static str, Value)>| {
        let text = |(event, data): (&'static str, Value)| (event, data.to_string());
        let host = name.split('/').next().unwrap_or(name);
        Stream {
            name,
            target: super::target(host, model),
            begin: begin.into_iter().map(text).collect(),
            chunk: text(chunk),
            end: end.into_iter().map(text).collect(),
        }
    };
    streams.push(entry(
        "anthropic/text",
        "claude-sonnet-4-5",
        vec![
            ("message_start", json!({"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 1}}})),
            ("content_block_start", json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})),
        ],
        ("content_block_delta", json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " warehouse"}})),
        vec![
            ("content_block_stop", json!({"type": "content_block_stop", "index": 0})),
            ("message_delta", json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1000}})),
            ("message_stop", json!({"type": "message_stop"})),
        ],
    ));
    let gemini = |finish: Value| {
        json!({
            "candidates": [{"content": {"parts": [{"text": " warehouse"}], "role": "model"}, "index": 0, "finishReason": finish}],
            "usageMetadata": {"promptTokenCount": 320, "candidatesTokenCount": 210, "totalTokenCount": 530,
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 320}]},
            "modelVersion": "gemini-2.5-flash", "responseId": "yLiYWkQBgUxyLiYWkQBgUx",
        })
    };
    streams.push(entry(
        "gemini/text",
        "gemini-2.5-flash",
        vec![],
        ("", gemini(Value::Null)),
        vec![("", gemini("STOP".into()))],
    ));
    let cohere = |content: Value| json!({"type": "content-delta", "index": 0, "delta": {"message": {"content": content}}});
    streams.push(entry(
        "cohere/text",
        "command-a-03-2025",
        vec![("message-start", json!({"type": "message-start", "id": "m", "delta": {"message": {"role": "assistant", "content": [], "tool_calls": []}}}))],
        ("content-delta", cohere(json!({"text": " warehouse"}))),
        vec![("message-end", json!({"type": "message-end", "delta": {"finish_reason": "COMPLETE"}}))],
    ));
    #[cfg(feature = "bedrock")]
    for (name, index, delta) in [
        ("bedrock/text", 0, json!({"text": " warehouse"})),
        (
            "bedrock/call",
            1,
            json!({"toolUse": {"input": "\"Paris\""}}),
        ),
    ] {
        let call = json!({"toolUse": {"toolUseId": "t", "name": "lookup"}});
        streams.push(entry(
            name,
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            vec![
                ("messageStart", json!({"role": "assistant"})),
                ("contentBlockStart", json!({"contentBlockIndex": 1, "start": call})),
            ],
            ("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta, "p": "abcdefghijklmnopqrstuvwxyzABCDEF"})),
            vec![("messageStop", json!({"stopReason": "end_turn"})), ("metadata", json!({"usage": {"inputTokens": 1, "outputTokens": 1000}}))],
        ));
    }
    streams
}

fn openai() -> Vec<Stream> {
    let chunk = |content: Value, more: Value| {
        let mut chunk = json!({
            "id": "chatcmpl-CYPS1lijGoK8gd9lYzY3r9Sx50nbt", "object": "chat.completion.chunk", "created": 1762317021,
            "model": "gpt-4.1-2025-04-14", "service_tier": "default", "system_fingerprint": "fp_c82faf3ca0",
            "choices": [{"index": 0, "delta": content, "logprobs": null, "finish_reason": null}],
            "usage": null, "obfuscation": "yLiYWkQBgUx",
        });
        if let (Value::Object(chunk), Value::Object(more)) = (&mut chunk, more) {
            chunk.extend(more);
        }
        chunk.to_string()
    };
    let call = json!({"tool_calls": [{"index": 0, "function": {"arguments": "\"Paris\""}}]});
    let end = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    [
        (
            "openai/text",
            super::target("openai", "gpt-4.1"),
            chunk(json!({"content": " warehouse"}), json!({})),
        ),
        (
            "openai/call",
            super::target("openai", "gpt-4.1"),
            chunk(call, json!({})),
        ),
        (
            "openai/openrouter",
            super::target("openrouter", "x/y"),
            chunk(
                json!({"role": "assistant", "content": " warehouse", "reasoning": null}),
                json!({"provider": "P"}),
            ),
        ),
    ]
    .map(|(name, target, chunk)| Stream {
        name,
        target,
        begin: Vec::new(),
        chunk: ("", chunk),
        end: vec![("", end.to_owned()), ("", "[DONE]".to_owned())],
    })
    .into()
}

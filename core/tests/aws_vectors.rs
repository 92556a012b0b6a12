//! AWS's published vectors: event-stream frames and SigV4 signatures, read from the shared test data.
//! Without the data the vectors are not run, and a line says so.
#![cfg(feature = "bedrock")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

use std::path::Path;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;
use slugline::provider::bedrock::sign::{Keys, Scheme, Scope, Signable, sign};
use slugline::transport::eventstream::{HeaderValue, Message};
use slugline::transport::{Frame, Framing, parser};

fn vectors(folder: &str) -> Option<Vec<Value>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/data/wire-cases")
        .join(folder)
        .join("vectors.json");
    let Ok(text) = std::fs::read(&path) else {
        eprintln!("no vectors at {}: not run", path.display());
        return None;
    };
    let mut file: Value = serde_json::from_slice(&text).unwrap();
    match file["cases"].take() {
        Value::Array(cases) => Some(cases),
        _ => panic!("`cases` is not a list"),
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("{pointer} is missing"))
}

#[test]
fn event_stream_frames() {
    let Some(cases) = vectors("aws_eventstream") else {
        return;
    };
    for case in &cases {
        let name = text(case, "/name");
        let bytes = STANDARD.decode(text(case, "/frame_b64")).unwrap();
        for chunk in [1, 7, bytes.len()] {
            frame(name, case, &bytes, chunk);
        }
    }
    assert_eq!(cases.len(), 9);
}

fn frame(name: &str, case: &Value, bytes: &[u8], chunk: usize) {
    let mut parser = parser(Framing::EventStream).unwrap();
    let mut payloads = Vec::new();
    let mut sink = |frame: Frame<'_>| {
        payloads.push(frame.data.to_owned());
        Ok(())
    };
    let done = bytes
        .chunks(chunk)
        .try_for_each(|chunk| parser.push(chunk, &mut sink))
        .and_then(|()| parser.finish(&mut sink));
    if let Some(error) = case.pointer("/expected/error").and_then(Value::as_str) {
        let what = match error {
            "Prelude checksum mismatch" => "the checksum of its lengths is wrong",
            "Message checksum mismatch" => "the checksum of the message is wrong",
            other => panic!("{name}: a new kind of error: {other}"),
        };
        let message = done.unwrap_err().to_string();
        assert!(message.ends_with(what), "{name}: {message}");
        return;
    }
    done.unwrap_or_else(|error| panic!("{name}: {error}"));
    let expected = STANDARD.decode(text(case, "/expected/payload")).unwrap();
    assert_eq!(payloads, [String::from_utf8(expected).unwrap()], "{name}");

    let message = Message::parse(bytes).unwrap();
    let headers: Vec<Value> = message
        .headers()
        .map(|header| {
            let (name, value) = header.unwrap();
            let (kind, value) = match value {
                HeaderValue::Bool(true) => (0, true.into()),
                HeaderValue::Bool(false) => (1, false.into()),
                HeaderValue::Byte(number) => (2, number.into()),
                HeaderValue::Short(number) => (3, number.into()),
                HeaderValue::Int(number) => (4, number.into()),
                HeaderValue::Long(number) => (5, number.into()),
                HeaderValue::Bytes(bytes) => (6, Value::from(STANDARD.encode(bytes))),
                HeaderValue::Text(text) => (7, STANDARD.encode(text).into()),
                HeaderValue::Timestamp(millis) => (8, millis.into()),
                HeaderValue::Uuid(uuid) => (9, STANDARD.encode(uuid).into()),
            };
            serde_json::json!({"name": name, "type": kind, "value": value})
        })
        .collect();
    assert_eq!(Value::from(headers), case["expected"]["headers"], "{name}");
}

/// What a client encodes before it sends a path or a query that the vectors state as plain text.
const PLAIN: &AsciiSet = &CONTROLS.add(b' ');

#[test]
fn signatures() {
    let Some(cases) = vectors("aws_sigv4") else {
        return;
    };
    for case in &cases {
        let name = text(case, "/name");
        let (head, body) = text(case, "/request")
            .split_once("\n\n")
            .unwrap_or((text(case, "/request"), ""));
        // A folded header goes on in the next line; one line per header is what is sent today.
        let head = head.replace("\n ", " ");
        let mut lines = head.lines();
        let first = lines.next().unwrap();
        let (method, first) = first.split_once(' ').unwrap();
        let (path, _) = first.rsplit_once(' ').unwrap();
        let headers: Vec<(&str, &str)> = lines.map(|line| line.split_once(':').unwrap()).collect();
        let host = headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("host"))
            .unwrap()
            .1;
        let url = format!("https://{host}{}", utf8_percent_encode(path, PLAIN));

        let context = &case["context"];
        let token = context
            .pointer("/credentials/token")
            .and_then(Value::as_str);
        let keys = Keys {
            access_key_id: text(context, "/credentials/access_key_id"),
            secret_access_key: text(context, "/credentials/secret_access_key"),
            session_token: token,
        };
        let scope = Scope {
            region: text(context, "/region"),
            service: text(context, "/service"),
            time: time(text(context, "/timestamp")),
        };
        let scheme = Scheme {
            // The vectors state paths before any encoding, and sign them encoded once.
            encode_path_again: false,
            normalize_path: context["normalize"].as_bool().unwrap(),
            sign_session_token: !context["omit_session_token"].as_bool().unwrap_or(false),
            hash_header: context["sign_body"].as_bool().unwrap(),
        };
        let signable = Signable {
            method,
            url: &url,
            headers: &headers,
            body: body.as_bytes(),
        };
        let added = sign(&signable, &keys, &scope, &scheme).unwrap();
        let authorization = added
            .iter()
            .find(|(name, _)| name == "authorization")
            .unwrap();
        assert!(authorization.1.is_sensitive());
        let expected = text(case, "/header_signed_request")
            .lines()
            .find_map(|line| line.strip_prefix("Authorization:"))
            .unwrap();
        assert_eq!(authorization.1.to_str().unwrap(), expected, "{name}");
        assert!(
            expected.ends_with(text(case, "/header_signature")),
            "{name}"
        );
    }
    assert_eq!(cases.len(), 38);
}

fn time(stamp: &str) -> SystemTime {
    // The vectors have one time; anything else must be noticed.
    assert_eq!(stamp, "2015-08-30T12:36:00Z");
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
}

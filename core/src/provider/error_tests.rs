#![allow(clippy::unwrap_used)]

use http::{HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::provider::openai::tests::target;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_bytes(value.as_bytes()).unwrap())
        })
        .collect()
}

fn read(status: u16, body: &str) -> Error {
    classify(
        status,
        &HeaderMap::new(),
        body.as_bytes(),
        &ErrorRules::default(),
        &target("h", "{}"),
    )
}

#[test]
fn a_status_alone_has_a_kind() {
    use ErrorKind::*;
    for (status, kind, retryable) in [
        (302, InvalidRequest, false),
        (400, InvalidRequest, false),
        (401, Authentication, false),
        (402, QuotaExceeded, false),
        (403, PermissionDenied, false),
        (404, UnknownModel, false),
        (405, InvalidRequest, false),
        (408, Timeout, true),
        (409, Conflict, true),
        (413, RequestTooLarge, false),
        (415, InvalidRequest, false),
        (418, InvalidRequest, false),
        (422, InvalidRequest, false),
        (424, ServerError, true),
        (429, RateLimited, true),
        (451, InvalidRequest, false),
        (498, Overloaded, true),
        (499, ServerError, true),
        (500, ServerError, true),
        (501, Unsupported, false),
        (502, ServerError, true),
        (503, Overloaded, true),
        (504, Timeout, true),
        (529, Overloaded, true),
        (599, ServerError, true),
    ] {
        let error = read(status, "");
        assert_eq!(
            (error.kind(), error.data().retryable),
            (kind, retryable),
            "{status}"
        );
        assert_eq!(error.data().status, Some(status));
        assert_eq!(error.data().provider.as_deref(), Some("h"));
    }
}

#[test]
fn the_message_is_found_wherever_it_is() {
    for (body, said) in [
        (r#"{"error": {"message": "a"}, "message": "no"}"#, "a"),
        (r#"{"error": "b", "message": "no", "code": "x"}"#, "b"),
        (r#"{"error": {"detail": "b2"}}"#, "b2"),
        (r#"{"message": "c", "detail": "no"}"#, "c"),
        (
            r#"{"message": {"detail": [{"loc": ["body", "n", 0], "msg": "c1", "input": "SECRET"}]}}"#,
            "body.n.0: c1",
        ),
        (r#"{"detail": "d"}"#, "d"),
        (r#"{"detail": [{"msg": "d1"}, {"msg": "d2"}, 3]}"#, "d1; d2"),
        (r#"{"Message": "e"}"#, "e"),
        (r#"[{"error": {"message": "f"}}]"#, "f"),
        (r#""g""#, "g"),
        ("h h", "h h"),
        ("<html><body><h1>i</h1></body></html>", "i"),
        (
            r#"{"error": {"message": "Provider returned error", "metadata": {"raw": "busy"}}}"#,
            "Provider returned error: busy",
        ),
    ] {
        let error = read(400, body);
        assert_eq!(
            error.data().message,
            format!("h answered 400: {said}"),
            "{body}"
        );
        assert!(!serde_json::to_string(&error).unwrap().contains("SECRET"));
    }
    for nothing in [
        "",
        "  ",
        "{}",
        "[]",
        "null",
        "7",
        r#"{"error": {}}"#,
        r#"{"error": {"message": null}}"#,
    ] {
        let message = read(500, nothing).into_data().message;
        assert_eq!(message, "h answered 500 and gave no reason", "{nothing}");
    }
    let long = read(400, &format!(r#"{{"message": "{}"}}"#, "é".repeat(2000)))
        .into_data()
        .message;
    assert_eq!(
        long.chars().count(),
        "h answered 400: ".len() + MESSAGE_CHARS + 1
    );
}

#[test]
fn words_and_phrases_tell_more_than_the_status() {
    use ErrorKind::*;
    for (status, body, kind) in [
        (
            429,
            r#"{"error": {"message": "x", "code": "insufficient_quota"}}"#,
            QuotaExceeded,
        ),
        (
            429,
            r#"{"error": {"message": "You exceeded your current quota", "status": "RESOURCE_EXHAUSTED"}}"#,
            RateLimited,
        ),
        (
            429,
            r#"{"error": {"message": "context length"}}"#,
            RateLimited,
        ),
        (
            400,
            r#"{"error": {"message": "x", "code": "context_length_exceeded"}}"#,
            ContextLengthExceeded,
        ),
        (
            400,
            r#"{"message": "This model's maximum context length is 8192 tokens"}"#,
            ContextLengthExceeded,
        ),
        (
            413,
            r#"{"error": {"message": "prompt is too long: 9 tokens"}}"#,
            ContextLengthExceeded,
        ),
        (
            413,
            r#"{"error": {"message": "Request too large for model on tokens per minute", "type": "tokens", "code": "rate_limit_exceeded"}}"#,
            RequestTooLarge,
        ),
        (
            400,
            r#"{"error": {"code": "content_filter", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}"#,
            ContentFiltered,
        ),
        (
            403,
            r#"{"error": {"code": 403, "message": "x", "metadata": {"flagged_input": "y"}}}"#,
            ContentFiltered,
        ),
        (
            400,
            r#"{"code": "Client specified an invalid argument", "error": "Incorrect API key provided: xa***ed."}"#,
            Authentication,
        ),
        (
            400,
            r#"{"error": {"message": "Your credit balance is too low"}}"#,
            QuotaExceeded,
        ),
        (
            403,
            r#"{"error": {"message": "no access", "code": "model_not_found"}}"#,
            UnknownModel,
        ),
        (
            404,
            r#"{"error": {"code": "DeploymentNotFound", "message": "x"}}"#,
            UnknownModel,
        ),
        (
            500,
            r#"{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}"#,
            Overloaded,
        ),
        (
            400,
            r#"{"error": {"message": "x", "type": "rate_limit_error"}}"#,
            InvalidRequest,
        ),
    ] {
        assert_eq!(read(status, body).kind(), kind, "{body}");
    }
}

#[test]
fn an_error_without_a_status_goes_by_its_words() {
    use ErrorKind::*;
    for (body, kind) in [
        (
            r#"{"error": {"message": "x", "type": "rate_limit_error"}}"#,
            RateLimited,
        ),
        (r#"{"error": {"message": "x", "code": 502}}"#, ServerError),
        (r#"{"error": {"message": "x", "code": 429}}"#, RateLimited),
        (
            r#"{"error": {"message": "x", "type": "invalid_request_error", "status_code": 400}}"#,
            InvalidRequest,
        ),
        (
            r#"{"error": {"message": "x", "status": "UNAVAILABLE", "code": 503}}"#,
            Overloaded,
        ),
        (r#"{"error": "x"}"#, ServerError),
        (
            r#"{"object": "error", "message": "x", "type": "BadRequestError", "code": 400}"#,
            InvalidRequest,
        ),
    ] {
        let value = serde_json::from_str(body).unwrap();
        let error = classify_value(&value, &ErrorRules::default(), "h", "m");
        assert_eq!(error.kind(), kind, "{body}");
        assert_eq!(error.data().message, "h answered with an error: x");
    }
}

#[test]
fn a_dialect_s_own_rules_come_first() {
    let rules = ErrorRules {
        statuses: &[(498, ErrorKind::Authentication)],
        words: &[("Throttled", ErrorKind::RateLimited)],
        phrases: &[("no such", ErrorKind::UnknownModel)],
        ..ErrorRules::default()
    };
    let of = |status, body: &str| {
        classify(
            status,
            &HeaderMap::new(),
            body.as_bytes(),
            &rules,
            &target("h", "{}"),
        )
        .kind()
    };
    assert_eq!(of(498, ""), ErrorKind::Authentication);
    assert_eq!(
        of(400, r#"{"__type": "throttled"}"#),
        ErrorKind::RateLimited
    );
    assert_eq!(
        of(400, r#"{"message": "No such thing"}"#),
        ErrorKind::UnknownModel
    );
}

#[test]
fn hints_are_read_in_their_order() {
    const DATE: &str = "Tue, 10 Nov 2026 12:00:00 GMT";
    for (pairs, wait) in [
        (
            &[("retry-after-ms", "250"), ("retry-after", "9")][..],
            Some(250),
        ),
        (
            &[("x-ms-retry-after-ms", "1.5"), ("retry-after", "9")],
            Some(2),
        ),
        (
            &[("retry-after", "1"), ("x-amz-retry-after", "7")],
            Some(1000),
        ),
        (&[("retry-after", "0.25")], Some(250)),
        (&[("retry-after", " 61 ")], Some(61_000)),
        (&[("x-amz-retry-after", "70")], Some(70)),
        (&[("retry-after-ms", "x"), ("retry-after", "2")], Some(2000)),
        (
            &[
                ("date", DATE),
                ("retry-after", "Tue, 10 Nov 2026 12:00:30 GMT"),
            ],
            Some(30_000),
        ),
        (
            &[
                ("date", DATE),
                ("retry-after", "Tue, 10 Nov 2026 11:59:30 GMT"),
            ],
            None,
        ),
        (&[("date", DATE), ("retry-after", DATE)], None),
        (&[("retry-after", "Tue, 99 Nov 2026 12:00:30 GMT")], None),
        (&[("retry-after", "Tue, 10 Nov 100000 12:00:30 GMT")], None),
        (&[("retry-after", "0")], None),
        (&[("retry-after", "-5")], None),
        (&[("retry-after", "nan")], None),
        (&[("retry-after", "inf")], None),
        (
            &[("retry-after", "99999999999999999999999999999999999")],
            None,
        ),
        (&[("retry-after", "\u{e9}")], None),
        (&[], None),
    ] {
        assert_eq!(retry_after(&headers(pairs), None), wait, "{pairs:?}");
    }
}

#[test]
fn facts_are_kept_beside_the_kind() {
    let body = r#"{"error": {"message": "m", "type": "t", "param": "temperature", "code": 400, "n_ctx": 512,
        "innererror": {"a": {"b": true}}, "failed_generation": "SECRET", "input": "SECRET", "x": null,
        "details": [{"@type": "google.rpc.RetryInfo", "retryDelay": "34.4s"}]}}"#;
    let sent = headers(&[("x-request-id", "req_1"), ("cf-ray", "no")]);
    let rules = ErrorRules::default();
    let error = classify(429, &sent, body.as_bytes(), &rules, &target("h", "{}"));
    let data = error.data();
    assert_eq!(data.param.as_deref(), Some("temperature"));
    assert_eq!(data.request_id.as_deref(), Some("req_1"));
    assert_eq!(data.retry_after_ms, Some(34_400));
    let kept = data.details["provider_error"].to_string();
    assert!(
        kept.contains(r#""n_ctx":512"#) && kept.contains(r#""b":true"#),
        "{kept}"
    );
    assert!(!kept.contains("SECRET"));
}

#[test]
fn the_provider_s_word_on_retrying_counts_where_it_defines_it() {
    let says = |status, word, defines| {
        let rules = ErrorRules {
            should_retry: defines,
            ..ErrorRules::default()
        };
        let sent = headers(&[("x-should-retry", word)]);
        classify(status, &sent, b"", &rules, &target("h", "{}"))
            .into_data()
            .retryable
    };
    assert!(says(400, "true", true) && !says(400, "true", false));
    assert!(!says(500, "false", true) && says(500, "false", false));
    assert!(says(500, "maybe", true));
    let later = headers(&[("retry-after", "5")]);
    let error = classify(402, &later, b"", &ErrorRules::default(), &target("h", "{}"));
    assert!(error.data().retryable);
}

#[test]
fn a_redirect_names_the_place_without_its_path() {
    let sent = headers(&[("location", "https://user:pw@other.example/login?token=abc")]);
    let error = classify(302, &sent, b"", &ErrorRules::default(), &target("h", "{}"));
    let message = &error.data().message;
    assert!(message.contains("https://other.example;"), "{message}");
    assert!(!message.contains("token") && !message.contains("pw"));
    let sent = headers(&[("location", "/login?token=abc")]);
    let error = classify(302, &sent, b"", &ErrorRules::default(), &target("h", "{}"));
    assert!(!error.data().message.contains("token"));
}

#[test]
fn a_key_that_comes_back_is_not_shown() {
    let body = r#"{"error": {"message": "Incorrect API key provided: sk-proj-****************************wxyz.",
        "code": "invalid_api_key", "hint": "sk-live-0123456789abcdef0123"}}"#;
    let json = serde_json::to_string(&read(401, body)).unwrap();
    assert!(!json.contains("wxyz") && !json.contains("sk-"), "{json}");
}

proptest! {
    #[test]
    fn any_bytes_give_an_error(status in 300u16..=999, body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let error = classify(status, &HeaderMap::new(), &body, &ErrorRules::default(), &target("h", "{}"));
        prop_assert!(error.data().message.chars().all(|char| !char.is_control()));
    }

    #[test]
    fn any_json_gives_an_error(body in "\\{\"(error|message|detail|code)\": ?(\"[^\"\\\\]{0,40}\"|\\[.{0,20}\\]|\\{\"(message|code|details|metadata)\": ?(1|null|\\[\\]|\"<b>\")\\})\\}") {
        read(400, &body);
    }
}

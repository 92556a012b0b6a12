//! Errors, and what proves who asks.

use super::*;

#[test]
fn exceptions_in_streams_are_typed() {
    use ErrorKind::*;
    for (message, event, data, kind, retryable) in [
        (
            "exception",
            "throttlingException",
            r#"{"message":"Too many requests"}"#,
            RateLimited,
            true,
        ),
        (
            "exception",
            "validationException",
            r#"{"message":"bad"}"#,
            InvalidRequest,
            false,
        ),
        (
            "exception",
            "validationException",
            r#"{"message":"Input is too long for requested model."}"#,
            ContextLengthExceeded,
            false,
        ),
        (
            "exception",
            "modelStreamErrorException",
            r#"{"message":"m","originalStatusCode":500,"originalMessage":"o"}"#,
            ServerError,
            true,
        ),
        (
            "exception",
            "serviceUnavailableException",
            "{}",
            Overloaded,
            true,
        ),
        (
            "exception",
            "internalServerException",
            "{}",
            ServerError,
            true,
        ),
        (
            "exception",
            "somethingNewException",
            "not json",
            ServerError,
            true,
        ),
        ("error", "internal-failure", "it broke", ServerError, true),
    ] {
        let mut decoder = Bedrock.decoder(&target(CLAUDE));
        let frame = Frame {
            message,
            event,
            data,
        };
        let error = decoder.frame(frame, &mut Vec::new()).unwrap_err();
        assert_eq!(
            (error.kind(), error.data().retryable),
            (kind, retryable),
            "{event}"
        );
        assert_eq!(error.data().provider.as_deref(), Some("bedrock"));
    }
}

#[test]
fn errors_are_typed_by_their_header() {
    use ErrorKind::*;
    let target = target(CLAUDE);
    for (status, kind, body, expected) in [
        (
            400,
            "ValidationException:http://internal.amazon.com/",
            r#"{"message":"bad"}"#,
            InvalidRequest,
        ),
        (
            400,
            "ValidationException",
            r#"{"message":"Input is too long for requested model."}"#,
            ContextLengthExceeded,
        ),
        (400, "ServiceQuotaExceededException", "{}", QuotaExceeded),
        (
            403,
            "AccessDeniedException",
            r#"{"Message":"User is not authorized"}"#,
            PermissionDenied,
        ),
        (
            403,
            "AccessDeniedException",
            r#"{"message":"Authentication failed: Please make sure your API Key is valid."}"#,
            Authentication,
        ),
        (
            403,
            "UnrecognizedClientException",
            r#"{"message":"The security token included in the request is invalid."}"#,
            Authentication,
        ),
        (403, "InvalidSignatureException", "{}", Authentication),
        (403, "ExpiredTokenException", "{}", Authentication),
        (404, "ResourceNotFoundException", "{}", UnknownModel),
        (408, "ModelTimeoutException", "{}", Timeout),
        (424, "ModelErrorException", "{}", ServerError),
        (429, "ThrottlingException", "{}", RateLimited),
        (429, "ModelNotReadyException", "{}", RateLimited),
        (500, "InternalServerException", "", ServerError),
        (
            503,
            "ServiceUnavailableException",
            "<html>busy</html>",
            Overloaded,
        ),
        (
            403,
            "",
            r#"{"__type":"com.amazon.coral.service#ExpiredTokenException"}"#,
            Authentication,
        ),
    ] {
        let mut headers = HeaderMap::new();
        if !kind.is_empty() {
            headers.insert("x-amzn-errortype", kind.parse().unwrap());
        }
        headers.insert("x-amzn-requestid", "r-1".parse().unwrap());
        let error = Bedrock.decode_error(status, &headers, body.as_bytes(), &target);
        assert_eq!(error.kind(), expected, "{status} {kind} {body}");
        assert_eq!(error.data().status, Some(status));
        assert_eq!(error.data().request_id.as_deref(), Some("r-1"));
    }
}

#[test]
fn a_wrong_clock_is_told_with_the_servers_date() {
    let error = |kind: &'static str, date: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert("x-amzn-errortype", kind.parse().unwrap());
        headers.insert("date", date.parse().unwrap());
        let error = Bedrock.decode_error(403, &headers, b"{}", &target(CLAUDE));
        error.data().details.get("server_date").cloned()
    };
    const LONG_AGO: &str = "Sun, 30 Aug 2015 12:36:00 GMT";
    assert_eq!(
        error("InvalidSignatureException", LONG_AGO),
        Some(LONG_AGO.into())
    );
    assert_eq!(
        error("RequestTimeTooSkewed", LONG_AGO),
        Some(LONG_AGO.into())
    );
    assert_eq!(error("AccessDeniedException", LONG_AGO), None);
    assert_eq!(error("InvalidSignatureException", "soon"), None);
    let now = httpdate::fmt_http_date(std::time::SystemTime::now());
    let now: &'static str = Box::leak(now.into_boxed_str());
    assert_eq!(error("InvalidSignatureException", now), None);
}

#[test]
fn requests_are_signed_or_carry_the_key() {
    use crate::provider::Secret;
    let request = |credentials: &Credentials, target: &Target| {
        let request: ChatRequest = serde_json::from_value(json!({"messages": "hi"})).unwrap();
        let call = Call {
            messages: &request.messages,
            options: &request.options,
            target,
            stream: true,
        };
        let mut sent = Bedrock.encode(call, &mut Vec::new()).unwrap();
        Bedrock
            .authorize(&mut sent, credentials, target)
            .map(|()| sent)
    };
    let target = target(CLAUDE);
    let bearer = request(
        &Credentials::Key(Secret::new("abcdefgh", "key").unwrap()),
        &target,
    )
    .unwrap();
    assert_eq!(bearer.headers["authorization"], "Bearer abcdefgh");
    assert_eq!(
        bearer.headers["accept"],
        "application/vnd.amazon.eventstream"
    );
    let aws = Credentials::Aws {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: Secret::new("wJalrXUtnFEMI", "secret").unwrap(),
        session_token: Some(Secret::new("token", "token").unwrap()),
    };
    let signed = request(&aws, &target).unwrap();
    let header = signed.headers["authorization"].to_str().unwrap();
    assert!(header.contains("/eu-central-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "));
    assert_eq!(signed.headers["x-amz-security-token"], "token");
    let mut nowhere = target;
    let provider = Arc::get_mut(&mut nowhere.provider).unwrap();
    provider.region = None;
    provider.base_url = "https://gateway.example".to_owned();
    assert_eq!(
        request(&aws, &nowhere).unwrap_err().kind(),
        ErrorKind::ConfigError
    );
}

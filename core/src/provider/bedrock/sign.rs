//! AWS Signature Version 4: what proves to AWS who asks, without sending the secret key.
//!
//! [`sign`] is the algorithm for any service, as the test vectors need it; [`authorize`] applies it to one
//! Bedrock request. A signature holds for five minutes and for the exact bytes, so each try is signed anew.

use std::time::SystemTime;

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SessionTokenMode, SignableBody, SignableRequest,
    SigningSettings, UriPathNormalizationMode,
};
use aws_sigv4::sign::v4;
use http::header::{AUTHORIZATION, CONTENT_TYPE, DATE};
use http::{HeaderName, HeaderValue};

use crate::error::{Error, ErrorKind, Result};
use crate::transport::HttpRequest;

/// The name under which Bedrock's signatures are made.
const SERVICE: &str = "bedrock";
/// Headers that signing adds; those of an earlier try go first.
const ADDED: [&str; 3] = ["x-amz-date", "x-amz-security-token", "x-amz-content-sha256"];

/// The keys to sign with.
#[derive(Clone, Copy)]
pub struct Keys<'a> {
    /// Access key id (not secret).
    pub access_key_id: &'a str,
    /// Secret access key.
    pub secret_access_key: &'a str,
    /// Session token of temporary credentials.
    pub session_token: Option<&'a str>,
}

/// What a signature is good for.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The region that serves.
    pub region: &'a str,
    /// The service's name for signing.
    pub service: &'a str,
    /// When it is signed; AWS allows five minutes of difference.
    pub time: SystemTime,
}

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub struct Signable<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The URL as it is sent.
    pub url: &'a str,
    /// The headers to sign, beside `host` and those that signing adds.
    pub headers: &'a [(&'a str, &'a str)],
    /// The exact bytes of the body.
    pub body: &'a [u8],
}

/// How services differ in what they sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scheme {
    /// The path as sent is URI-encoded once more (`%3A` is signed as `%253A`): all services but S3.
    pub encode_path_again: bool,
    /// Dot segments and double slashes are resolved first: all services but S3.
    pub normalize_path: bool,
    /// The session token is part of what is signed.
    pub sign_session_token: bool,
    /// The body's hash is also sent as a header.
    pub hash_header: bool,
}

impl Scheme {
    /// What Bedrock checks.
    pub const BEDROCK: Scheme = Scheme {
        encode_path_again: true,
        normalize_path: true,
        sign_session_token: true,
        hash_header: false,
    };
}

/// The headers that make a request a signed one.
pub fn sign(
    signable: &Signable<'_>,
    keys: &Keys<'_>,
    scope: &Scope<'_>,
    scheme: &Scheme,
) -> Result<Vec<(HeaderName, HeaderValue)>> {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = if scheme.encode_path_again {
        PercentEncodingMode::Double
    } else {
        PercentEncodingMode::Single
    };
    settings.uri_path_normalization_mode = UriPathNormalizationMode::from(scheme.normalize_path);
    settings.session_token_mode = if scheme.sign_session_token {
        SessionTokenMode::Include
    } else {
        SessionTokenMode::Exclude
    };
    settings.payload_checksum_kind = if scheme.hash_header {
        PayloadChecksumKind::XAmzSha256
    } else {
        PayloadChecksumKind::NoHeader
    };
    let identity = aws_credential_types::Credentials::new(
        keys.access_key_id,
        keys.secret_access_key,
        keys.session_token.map(str::to_owned),
        None,
        "slugline",
    )
    .into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(scope.time)
        .settings(settings)
        .build()
        .map_err(unsignable)?
        .into();
    let request = SignableRequest::new(
        signable.method,
        signable.url,
        signable.headers.iter().copied(),
        SignableBody::Bytes(signable.body),
    )
    .map_err(unsignable)?;
    let (instructions, _) = aws_sigv4::http_request::sign(request, &params)
        .map_err(unsignable)?
        .into_parts();
    let (headers, _) = instructions.into_parts();
    headers
        .iter()
        .map(|header| {
            let name = HeaderName::from_bytes(header.name().as_bytes()).map_err(unsignable)?;
            let mut value = HeaderValue::from_str(header.value()).map_err(unsignable)?;
            value.set_sensitive(header.sensitive() || name == AUTHORIZATION);
            Ok((name, value))
        })
        .collect()
}

/// Signs one Bedrock request, again where it was signed before.
///
/// A `date` header is taken as the time of signing: that is how a try is corrected for a wrong clock, with
/// the time that the answer to the try before it stated.
pub(super) fn authorize(request: &mut HttpRequest, keys: &Keys<'_>, region: &str) -> Result<()> {
    for name in ADDED {
        request.headers.remove(name);
    }
    let time = request
        .headers
        .get(DATE)
        .and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok())
        .unwrap_or_else(SystemTime::now);
    let signed: Vec<(&str, &str)> = request
        .headers
        .iter()
        // Others may be changed by a proxy on the way.
        .filter(|(name, _)| *name == CONTENT_TYPE || name.as_str().starts_with("x-amz"))
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    let signable = Signable {
        method: "POST",
        url: &request.url,
        headers: &signed,
        body: &request.body,
    };
    let scope = Scope {
        region,
        service: SERVICE,
        time,
    };
    for (name, value) in sign(&signable, keys, &scope, &Scheme::BEDROCK)? {
        request.headers.insert(name, value);
    }
    Ok(())
}

fn unsignable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(
        ErrorKind::ConfigError,
        "the request cannot be signed: check `base_url`, `region` and the AWS credentials",
    )
    .with_source(cause)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use http::HeaderMap;

    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn signed(url: &str, token: Option<&str>, date: &'static str) -> HttpRequest {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(DATE, HeaderValue::from_static(date));
        headers.insert("x-trace", HeaderValue::from_static("not signed"));
        let mut request = HttpRequest {
            url: url.to_owned(),
            headers,
            body: "{\"messages\":[]}".into(),
            attempt: 0,
        };
        let keys = Keys {
            access_key_id: "AKIDEXAMPLE",
            secret_access_key: SECRET,
            session_token: token,
        };
        // What an earlier try left behind is replaced, not signed.
        for name in ADDED {
            let stale = HeaderValue::from_static("stale");
            request.headers.insert(name, stale);
        }
        authorize(&mut request, &keys, "us-east-1").unwrap();
        request
    }

    /// The expected values are what AWS's Python SDK (botocore 1.44.5) signs for the same request.
    #[test]
    fn signs_as_the_sdk_does() {
        const DAY: &str = "Fri, 20 Nov 2026 08:00:00 GMT";
        for (url, token, names, signature) in [
            (
                "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude-sonnet-4-20250514-v1%3A0/converse",
                None,
                "content-type;host;x-amz-date",
                "d6c73ffc3cc4aed88ea4054884950c1098a584dd1163fd6d668a4c216370f949",
            ),
            (
                "https://bedrock-runtime.us-east-1.amazonaws.com/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.amazon.nova-lite-v1%3A0/converse-stream",
                Some("a-session-token"),
                "content-type;host;x-amz-date;x-amz-security-token",
                "ad52c8eab5e37869bb82942fab5bbf4a109cc04d0ad2be84f00c7a352e57b4d9",
            ),
        ] {
            let request = signed(url, token, DAY);
            assert_eq!(
                request.headers[AUTHORIZATION].to_str().unwrap(),
                format!(
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261120/us-east-1/bedrock/aws4_request, \
                     SignedHeaders={names}, Signature={signature}"
                )
            );
            assert_eq!(request.headers["x-amz-date"], "20261120T080000Z");
        }
    }

    #[test]
    fn secrets_are_marked_and_not_sent() {
        let request = signed(
            "https://h/model/m/converse",
            Some("token"),
            "Fri, 20 Nov 2026 08:00:00 GMT",
        );
        for name in ["authorization", "x-amz-security-token"] {
            assert!(request.headers[name].is_sensitive());
        }
        assert!(!format!("{:?}", request.headers).contains(SECRET));
    }

    #[test]
    fn a_date_that_is_none_is_not_used() {
        let request = signed("https://h/model/m/converse", None, "yesterday");
        assert_ne!(request.headers["x-amz-date"], "20261120T080000Z");
    }
}

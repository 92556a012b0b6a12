//! What headers say about a failure: the id of the request, and how long to wait.

use std::time::SystemTime;

use http::HeaderMap;

use super::clean;

/// The provider's id of a request, for support and for `meta.attempts`.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    const NAMES: &[&str] = &[
        "x-request-id",
        "request-id",
        "x-amzn-requestid",
        "apim-request-id",
        "x-ms-request-id",
        "mistral-correlation-id",
        "x-debug-trace-id",
        "cf-ray",
    ];
    NAMES
        .iter()
        .filter_map(|name| headers.get(*name)?.to_str().ok())
        .find(|id| !id.is_empty())
        .map(|id| clean(id, 128))
}

/// How long the provider asks to wait, in milliseconds; `in_body` is what the body says. Zero, negative, past and
/// unreadable times are no hint.
pub(crate) fn retry_after(headers: &HeaderMap, in_body: Option<u64>) -> Option<u64> {
    header_hint(headers, BEFORE_BODY)
        .or(in_body)
        .or_else(|| header_hint(headers, AFTER_BODY))
}

const BEFORE_BODY: &[(&str, Unit)] = &[
    ("retry-after-ms", Unit::Milliseconds),
    ("x-ms-retry-after-ms", Unit::Milliseconds),
    ("retry-after", Unit::SecondsOrDate),
];
const AFTER_BODY: &[(&str, Unit)] = &[("x-amz-retry-after", Unit::Milliseconds)];

#[derive(Clone, Copy)]
enum Unit {
    Milliseconds,
    SecondsOrDate,
}

fn header_hint(headers: &HeaderMap, names: &[(&str, Unit)]) -> Option<u64> {
    names.iter().find_map(|(name, unit)| {
        let text = headers.get(*name)?.to_str().ok()?.trim();
        match (unit, text.parse::<f64>()) {
            (Unit::Milliseconds, Ok(number)) => wait_ms(number),
            (Unit::SecondsOrDate, Ok(number)) => wait_ms(number * 1000.0),
            (Unit::SecondsOrDate, Err(_)) => {
                let date = |text: &str| httpdate::parse_http_date(text).ok();
                // The provider's clock, where it shows it: ours may be wrong.
                let now = headers.get("date").and_then(|now| date(now.to_str().ok()?));
                let wait = date(text)?.duration_since(now.unwrap_or_else(SystemTime::now));
                wait_ms(wait.ok()?.as_secs_f64() * 1000.0)
            }
            (Unit::Milliseconds, Err(_)) => None,
        }
    })
}

/// A sensible wait, in whole milliseconds.
fn wait_ms(ms: f64) -> Option<u64> {
    const YEAR: f64 = 366.0 * 86_400_000.0;
    // NaN compares false with everything.
    (ms > 0.0 && ms <= YEAR).then_some(ms.ceil() as u64)
}

/// `34.4s`, as google.rpc.RetryInfo writes it.
pub(super) fn delay_ms(text: &str) -> Option<u64> {
    wait_ms(text.strip_suffix('s')?.parse::<f64>().ok()? * 1000.0)
}

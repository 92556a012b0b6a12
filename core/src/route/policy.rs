//! When to try the same target again, and how long to wait before that.
//!
//! Delays are full sequences of OpenAI's clients (0.5 s doubled, at most 8 s, up to a quarter
//! less by chance); a hint of the provider wins where it is one minute at most. A longer hint,
//! or a wait that would pass the deadline, is not waited for: the next target gets the call now.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, ErrorKind};

const BASE: Duration = Duration::from_millis(500);
const CAP: Duration = Duration::from_secs(8);
const LONGEST_HINT: Duration = Duration::from_secs(60);

/// How long to wait before retry number `retry` (from 0) after `error`, or `None` where this
/// target is not to be tried again within `deadline`.
pub fn backoff(error: &Error, retry: u32, now: Instant, deadline: Instant) -> Option<Duration> {
    let data = error.data();
    if !data.retryable {
        return None;
    }
    let hint = data
        .retry_after_ms
        .map(Duration::from_millis)
        .filter(|hint| !hint.is_zero());
    let wait = match hint {
        Some(hint) if hint > LONGEST_HINT => return None,
        Some(hint) => hint,
        None => {
            let full = BASE
                .saturating_mul(1_u32.checked_shl(retry).unwrap_or(u32::MAX))
                .min(CAP);
            full.mul_f64(1.0 - 0.25 * fastrand::f64())
        }
    };
    (now + wait < deadline).then_some(wait)
}

/// Whether the next target gets the call after this error.
pub fn falls_back(error: &Error, fallback_on: &[ErrorKind]) -> bool {
    error.kind().falls_back() || fallback_on.contains(&error.kind())
}

/// Whether this error says something about the target's health, and not only about the call.
pub fn is_fault(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Authentication
            | ErrorKind::PermissionDenied
            | ErrorKind::QuotaExceeded
            | ErrorKind::RateLimited
            | ErrorKind::Timeout
            | ErrorKind::TtftTimeout
            | ErrorKind::Connection
            | ErrorKind::Overloaded
            | ErrorKind::ServerError
            | ErrorKind::InvalidResponse
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn wait(kind: ErrorKind, hint: Option<u64>, retry: u32, left: u64) -> Option<Duration> {
        let mut error = Error::new(kind, "");
        error.data_mut().retry_after_ms = hint;
        let now = Instant::now();
        backoff(&error, retry, now, now + Duration::from_millis(left))
    }

    #[test]
    fn waits_grow_to_a_cap_with_a_quarter_of_chance() {
        for (retry, full) in [(0, 500), (1, 1000), (2, 2000), (4, 8000), (40, 8000)] {
            let wait = wait(ErrorKind::ServerError, None, retry, 600_000)
                .unwrap()
                .as_millis();
            assert!(
                (full * 3 / 4..=full).contains(&wait),
                "retry {retry} waits {wait} ms"
            );
        }
    }

    #[test]
    fn hints_win_up_to_a_minute() {
        assert_eq!(
            wait(ErrorKind::RateLimited, Some(1500), 0, 600_000),
            Some(Duration::from_millis(1500))
        );
        assert_eq!(wait(ErrorKind::RateLimited, Some(60_001), 0, 600_000), None);
    }

    #[test]
    fn nothing_is_waited_for_that_the_deadline_forbids() {
        assert_eq!(wait(ErrorKind::ServerError, None, 3, 1000), None);
        assert_eq!(wait(ErrorKind::InvalidRequest, None, 0, 600_000), None);
    }
}

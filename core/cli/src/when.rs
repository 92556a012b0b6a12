//! Times on the command line: read as people write them, and shown in UTC.

use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use time::format_description::well_known::{Iso8601, Rfc3339};
use time::{Date, OffsetDateTime};

/// The forms a time may have, for help and errors.
const FORMS: &str =
    "30m, 12h, 7d or 2w ago, 2026-11-20, 2026-11-20T09:30:00Z, or Unix milliseconds";

/// A time as an argument: Unix milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct When(pub(crate) i64);

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(ms) = text.parse() {
            return Ok(When(ms));
        }
        if let Some(ago) = ago(text) {
            return Ok(When(now().saturating_sub(ago)));
        }
        // The parser of dates takes what begins with one.
        if text.len() == "2026-11-20".len()
            && let Ok(day) = Date::parse(text, &Iso8601::DATE)
        {
            return Ok(When(millis(day.midnight().assume_utc())));
        }
        match OffsetDateTime::parse(text, &Rfc3339) {
            Ok(time) => Ok(When(millis(time))),
            Err(_) => Err(format!("write {FORMS}")),
        }
    }
}

/// Milliseconds of a number with a unit.
fn ago(text: &str) -> Option<i64> {
    let unit = text.chars().next_back()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
    (number >= 0).then(|| number.saturating_mul(seconds * 1_000))
}

fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn millis(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// A time as people read it, in UTC to the second.
pub(crate) fn shown(unix_ms: i64) -> String {
    let Ok(time) = OffsetDateTime::from_unix_timestamp(unix_ms.div_euclid(1_000)) else {
        return unix_ms.to_string();
    };
    let (hour, minute, second) = time.to_hms();
    format!("{} {hour:02}:{minute:02}:{second:02}", time.date())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn times_are_read_in_every_form() {
        let read = |text: &str| text.parse::<When>().map(|when| when.0);
        assert_eq!(read("1793491200000"), Ok(1_793_491_200_000));
        assert_eq!(read("2026-11-01"), Ok(1_793_491_200_000));
        assert_eq!(read("2026-11-01T01:00:00+01:00"), Ok(1_793_491_200_000));
        assert_eq!(read("2026-11-01T00:00:00.25Z"), Ok(1_793_491_200_250));
        let hour_ago = read("1h").unwrap();
        assert!((now() - hour_ago - 3_600_000).abs() < 60_000);
        assert!(read("2w").unwrap() < read("13d").unwrap());
        for wrong in [
            "",
            "yesterday",
            "h",
            "-3d",
            "2026-13-01",
            "2026-11-01 01:00",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_are_shown_to_the_second() {
        assert_eq!(shown(1_793_491_200_999), "2026-11-01 00:00:00");
        assert_eq!(shown(-1), "1969-12-31 23:59:59");
    }
}

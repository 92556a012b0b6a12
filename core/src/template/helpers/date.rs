//! The helper `date`, also written `$date`: now or a given time, in the patterns of Unicode
//! (`MMMM dd, yyyy`), in UTC or at a fixed offset. English names only.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::{Arguments, Problem};
use crate::template::value::Val;

const DEFAULT: &str = "MMMM dd, yyyy";
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
/// 0001-01-01 and the end of 9999, in seconds: what four digits of a year can say.
const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// `{{$date}}`, `{{$date "yyyy"}}`, `{{$date time "MM"}}`, with `format=` and `offset="+02:00"`.
pub(super) fn date<'a>(arguments: &Arguments<'a>, now: SystemTime) -> Result<Val<'a>, Problem> {
    let (time, pattern) = match arguments.list.as_slice() {
        [] => (None, None),
        [one] => match one.value() {
            // A single text is a pattern, unless it is a time.
            Value::String(text) => match parse(text) {
                Some(time) => (Some(time), None),
                None => (None, Some(text.as_str())),
            },
            value => (Some(given(value)?), None),
        },
        [time, pattern, ..] => match pattern.value() {
            Value::String(pattern) => (Some(given(time.value())?), Some(pattern.as_str())),
            _ => return Problem::new("the pattern of `date` is a text, as in `\"yyyy-MM-dd\"`"),
        },
    };
    let pattern = match (pattern, arguments.key("format").map(Val::value)) {
        (Some(pattern), _) => pattern,
        (None, Some(Value::String(pattern))) => pattern,
        (None, None | Some(Value::Null)) => DEFAULT,
        _ => return Problem::new("`format` is a text, as in `\"yyyy-MM-dd\"`"),
    };
    let offset = match arguments.key("offset").map(Val::value) {
        None | Some(Value::Null) => 0,
        Some(Value::String(text)) => match offset(text) {
            Some(offset) => offset,
            None => {
                return Problem::new("`offset` is `Z` or hours and minutes, as in `\"+02:00\"`");
            }
        },
        Some(_) => return Problem::new("`offset` is a text, as in `\"+02:00\"`"),
    };
    let millis = time.unwrap_or_else(|| since_epoch(now));
    if !RANGE.contains(&millis.div_euclid(1000).saturating_add(offset)) {
        return Problem::new("`date` knows the years 1 to 9999");
    }
    format(&Moment::new(millis, offset), pattern).map(Val::text)
}

/// A time given as a text or as milliseconds since 1970.
fn given(value: &Value) -> Result<i64, Problem> {
    let time = match value {
        Value::String(text) => parse(text),
        Value::Number(number) => number.as_i64(),
        _ => None,
    };
    match time {
        Some(time) => Ok(time),
        None => Problem::new(
            "`date` takes a time as `2025-03-30` or `2025-03-30T12:00:00Z`, or as milliseconds since 1970",
        ),
    }
}

fn since_epoch(now: SystemTime) -> i64 {
    let millis =
        |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    match now.duration_since(UNIX_EPOCH) {
        Ok(after) => millis(after),
        Err(before) => -millis(before.duration()),
    }
}

/// A calendar time at an offset from UTC.
struct Moment {
    year: i64,
    month: usize,
    day: u32,
    /// 0 is Monday.
    weekday: usize,
    hour: u32,
    minute: u32,
    second: u32,
    millis: u32,
    /// Seconds.
    offset: i64,
    /// Milliseconds since 1970.
    instant: i64,
}

impl Moment {
    fn new(instant: i64, offset: i64) -> Self {
        let local = instant.div_euclid(1000) + offset;
        let days = local.div_euclid(86_400);
        let of_day = u32::try_from(local.rem_euclid(86_400)).unwrap_or_default();
        let (year, month, day) = civil(days);
        Moment {
            year,
            month,
            day,
            weekday: usize::try_from((days + 3).rem_euclid(7)).unwrap_or_default(),
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
            millis: u32::try_from(instant.rem_euclid(1000)).unwrap_or_default(),
            offset,
            instant,
        }
    }
}

/// Year, month (from 0) and day of a day counted from 1970-01-01, by 400-year eras that start in March.
fn civil(days: i64) -> (i64, usize, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2) % 12;
    let year = era * 400 + year_of_era + i64::from(month < 2);
    (
        year,
        usize::try_from(month).unwrap_or_default(),
        u32::try_from(day).unwrap_or_default(),
    )
}

/// Days from 1970-01-01 to a date; month from 1.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// `2025-03-30`, `2025-03-30T12:00`, with seconds, fractions, `Z` or an offset; in milliseconds.
fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(split) => (text.get(..split)?, text.get(split + 1..)),
        None => (text, None),
    };
    let mut fields = date.split('-');
    let (year, month, day) = (fields.next()?, fields.next()?, fields.next()?);
    if fields.next().is_some() || year.len() != 4 || month.len() != 2 || day.len() != 2 {
        return None;
    }
    let (year, month, day) = (digits(year)?, digits(month)?, digits(day)?);
    let date = days(year, month, day);
    // A day that its month does not have comes back as another one.
    let (y, m, d) = civil(date);
    if (y, m + 1, i64::from(d)) != (year, usize::try_from(month).ok()?, day) {
        return None;
    }
    let millis = match time {
        Some(time) => clock(time)?,
        None => 0,
    };
    Some(date * 86_400_000 + millis)
}

/// `12:00`, `12:00:30.5`, with `Z` or an offset; in milliseconds of UTC.
fn clock(text: &str) -> Option<i64> {
    let split = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (time, zone) = (text.get(..split)?, text.get(split..)?);
    let offset = if zone.is_empty() { 0 } else { offset(zone)? };
    let mut fields = time.split(':');
    let (hour, minute) = (fields.next()?, fields.next()?);
    let (second, fraction) = match fields.next() {
        Some(second) => second.split_once('.').unwrap_or((second, "0")),
        None => ("00", "0"),
    };
    if fields.next().is_some() || hour.len() != 2 || minute.len() != 2 || second.len() != 2 {
        return None;
    }
    let (hour, minute, second) = (digits(hour)?, digits(minute)?, digits(second)?);
    if hour > 23 || minute > 59 || second > 59 || fraction.is_empty() {
        return None;
    }
    digits(fraction.get(..fraction.len().min(9))?)?;
    let millis = digits(
        &format!("{fraction:0<3}")
            .chars()
            .take(3)
            .collect::<String>(),
    )?;
    Some((hour * 3600 + minute * 60 + second - offset) * 1000 + millis)
}

/// Seconds of `Z`, `+02:00`, `-0530`, `+2`.
fn offset(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z" | "UTC") {
        return Some(0);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some(parts) => parts,
        None if rest.len() == 4 => rest.split_at_checked(2)?,
        None => (rest, "0"),
    };
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    (hours <= 18 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

fn digits(text: &str) -> Option<i64> {
    let plain =
        !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

fn format(moment: &Moment, pattern: &str) -> Result<String, Problem> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            rest = quoted(rest, &mut out)?;
            continue;
        }
        let length = rest.len() - rest.trim_start_matches(first).len();
        if first.is_ascii_alphabetic() {
            field(moment, first, length, &mut out)?;
        } else {
            out.push_str(rest.get(..length).unwrap_or_default());
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(out)
}

/// `'text'`, with `''` for a quote.
fn quoted<'p>(rest: &'p str, out: &mut String) -> Result<&'p str, Problem> {
    let mut rest = rest.get(1..).unwrap_or_default();
    if let Some(after) = rest.strip_prefix('\'') {
        out.push('\'');
        return Ok(after);
    }
    loop {
        let Some((text, after)) = rest.split_once('\'') else {
            return Problem::new("a quote in the pattern of `date` is never closed");
        };
        out.push_str(text);
        match after.strip_prefix('\'') {
            Some(more) => {
                out.push('\'');
                rest = more;
            }
            None => return Ok(after),
        }
    }
}

fn field(moment: &Moment, letter: char, length: usize, out: &mut String) -> Result<(), Problem> {
    let number = |value: i64| format!("{value:0length$}");
    let name = |name: &str, short: usize| match length {
        ..=3 => name.chars().take(short).collect(),
        _ => name.to_owned(),
    };
    let month = MONTHS.get(moment.month).copied().unwrap_or_default();
    let day = DAYS.get(moment.weekday).copied().unwrap_or_default();
    let text = match (letter, length) {
        ('y', 2) => format!("{:02}", moment.year % 100),
        ('y', 1..=4) => number(moment.year),
        ('M' | 'L', 1 | 2) => number(moment.month as i64 + 1),
        ('M' | 'L', 3 | 4) => name(month, 3),
        ('d', 1 | 2) => number(moment.day.into()),
        ('E', 1..=4) => name(day, 3),
        ('a', 1..=3) => if moment.hour < 12 { "AM" } else { "PM" }.to_owned(),
        ('H', 1 | 2) => number(moment.hour.into()),
        ('h', 1 | 2) => number(((moment.hour + 11) % 12 + 1).into()),
        ('m', 1 | 2) => number(moment.minute.into()),
        ('s', 1 | 2) => number(moment.second.into()),
        ('S', 1..=3) => format!("{:03}", moment.millis)
            .chars()
            .take(length)
            .collect(),
        ('X' | 'x', 1..=3) => zone(moment.offset, letter == 'X', length),
        ('t', 1) => moment.instant.div_euclid(1000).to_string(),
        ('T', 1) => moment.instant.to_string(),
        _ => {
            let written: String = std::iter::repeat_n(letter, length.min(8)).collect();
            return Problem::new(format!(
                "`{written}` is no part of a date pattern: use yyyy, MM, MMMM, dd, EEEE, HH, hh, mm, ss, SSS, a, XXX; put words in single quotes"
            ));
        }
    };
    out.push_str(&text);
    Ok(())
}

fn zone(offset: i64, letter_z: bool, length: usize) -> String {
    if offset == 0 && letter_z {
        return "Z".to_owned();
    }
    let sign = if offset < 0 { '-' } else { '+' };
    let (hours, minutes) = (offset.abs() / 3600, offset.abs() / 60 % 60);
    match length {
        1 if minutes == 0 => format!("{sign}{hours:02}"),
        1 | 2 => format!("{sign}{hours:02}{minutes:02}"),
        _ => format!("{sign}{hours:02}:{minutes:02}"),
    }
}

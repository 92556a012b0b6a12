//! A slug: the path by which a prompt is named, and the rules that keep it inside its root.
//!
//! Checked as text, before any file system sees it. Partials' names follow the same rules.

use crate::{Error, ErrorKind, Result};

/// Most characters of one segment.
const MAX_SEGMENT: usize = 128;
/// Most segments of one slug.
const MAX_SEGMENTS: usize = 16;

/// A checked path of segments: `name`, `dir/name`, `workspace/project/prompt`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(String);

impl Slug {
    /// Checks a slug.
    ///
    /// A segment has 1 to 128 of the letters A to Z and a to z, digits, `_`, `-` and `.`, does
    /// not start with `.` or `_`, does not end with `.`, holds no `..`, and is no device name
    /// of Windows (`con`, `nul`, `com1` ..). Anything else is `invalid_request`.
    pub fn parse(text: &str) -> Result<Slug> {
        check(text, "slug").map(|()| Slug(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The segments, first to last.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The last segment.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl std::fmt::Display for Slug {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks a path of segments; `what` names the option in the error.
pub(crate) fn check(text: &str, what: &'static str) -> Result<()> {
    if text.is_empty() {
        return Err(Error::invalid(what, format!("the {what} is empty")));
    }
    let mut count = 0;
    for segment in text.split('/') {
        count += 1;
        if let Err(why) = segment_rule(segment) {
            return Err(Error::new(
                ErrorKind::InvalidRequest,
                format!("the {what} {} is not allowed: {why}", shown(text)),
            )
            .with_param(what));
        }
    }
    if count > MAX_SEGMENTS {
        return Err(Error::invalid(
            what,
            format!("the {what} has more than {MAX_SEGMENTS} segments"),
        ));
    }
    Ok(())
}

/// Whether one segment of a slug is well formed.
pub(crate) fn is_segment(segment: &str) -> bool {
    segment_rule(segment).is_ok()
}

/// Whether a name of an environment or variant is well formed: a segment without dots, so that
/// `production.short.prompt` is a variant's file and never an environment of that name.
pub(crate) fn is_label(name: &str) -> bool {
    is_segment(name) && !name.contains('.')
}

fn segment_rule(segment: &str) -> Result<(), &'static str> {
    if segment.is_empty() {
        return Err("a segment is empty");
    }
    if segment.len() > MAX_SEGMENT {
        return Err("a segment is longer than 128 characters");
    }
    if !segment
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
    {
        return Err("segments have the letters A to Z and a to z, digits, `_`, `-` and `.` only");
    }
    if segment.starts_with(['.', '_']) {
        return Err("a segment starts with `.` or `_`");
    }
    if segment.ends_with('.') || segment.contains("..") {
        return Err("a segment ends with `.` or holds `..`");
    }
    // Windows opens a device whatever follows the first dot.
    let stem = segment.split('.').next().unwrap_or(segment);
    if is_device(stem) {
        return Err("a segment is a device name of Windows");
    }
    Ok(())
}

fn is_device(stem: &str) -> bool {
    let stem = stem.to_ascii_lowercase();
    match stem.as_bytes() {
        b"con" | b"prn" | b"aux" | b"nul" => true,
        [b'c', b'o', b'm', n] | [b'l', b'p', b't', n] => n.is_ascii_digit(),
        _ => false,
    }
}

/// A slug as an error message may show it: short, and without control characters.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(80) + 2);
    out.push('`');
    for (n, c) in text.chars().enumerate() {
        if n == 80 {
            out.push_str("..");
            break;
        }
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out.push('`');
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_the_rules_allow() {
        for slug in [
            "greet",
            "dir/greet",
            "a/b/c",
            "v1.2-beta_3",
            "COM10",
            "console",
        ] {
            assert_eq!(Slug::parse(slug).unwrap().as_str(), slug);
        }
        assert_eq!(Slug::parse("a/b/c").unwrap().name(), "c");
    }

    #[test]
    fn refuses_the_rest() {
        let long = "x".repeat(129);
        for slug in [
            "",
            "/",
            "a/",
            "/a",
            "a//b",
            ".",
            "..",
            "../a",
            "a/../b",
            "a..b",
            "a.",
            ".a",
            "_a",
            "a b",
            "a\\b",
            "a\0b",
            "naïve",
            "con",
            "a/NUL.txt",
            "com1",
            "LPT9.x",
            "%2e%2e/a",
            "C:/a",
            "~",
            long.as_str(),
        ] {
            let error = Slug::parse(slug).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{slug}");
            assert_eq!(error.data().param.as_deref(), Some("slug"));
        }
        assert!(Slug::parse(&["a"; 17].join("/")).is_err());
    }
}

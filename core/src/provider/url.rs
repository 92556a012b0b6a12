//! How a dialect's path joins a base URL, and how a name becomes one segment of a path.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::{Error, Result};

/// What stands as it is in a segment: RFC 3986 unreserved, and `@`, which Vertex puts before versions.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@');

/// `base` + `/` + `path`, with one slash at the join; a query of the base stays, before `query`.
///
/// `path` has no slash in front, `query` no question mark; either may be empty.
pub(crate) fn join(base: &str, path: &str, query: &str) -> String {
    let (root, kept) = base.split_once('?').unwrap_or((base, ""));
    let mut url = String::with_capacity(base.len() + path.len() + query.len() + 2);
    url.push_str(root.trim_end_matches('/'));
    if !path.is_empty() {
        url.push('/');
        url.push_str(path);
    }
    let mut mark = '?';
    for part in [kept, query] {
        if !part.is_empty() {
            url.push(mark);
            url.push_str(part);
            mark = '&';
        }
    }
    url
}

/// A name as one segment of a path: it can neither leave its place nor start a query.
/// `param` names what it came from, for the error.
pub(crate) fn segment<'a>(name: &'a str, param: &str) -> Result<Cow<'a, str>> {
    if matches!(name, "" | "." | "..") {
        return Err(Error::invalid(
            param,
            format!("`{param}` cannot be a part of a URL: it is empty or consists of dots"),
        ));
    }
    Ok(utf8_percent_encode(name, SEGMENT).into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn joins_with_one_slash_and_keeps_the_query_of_the_base() {
        assert_eq!(
            join("https://h/v1/", "messages", ""),
            "https://h/v1/messages"
        );
        assert_eq!(join("https://h", "a/b", "alt=sse"), "https://h/a/b?alt=sse");
        assert_eq!(
            join("https://h/x?v=1", "a", "alt=sse"),
            "https://h/x/a?v=1&alt=sse"
        );
    }

    #[test]
    fn a_name_stays_one_segment() {
        assert_eq!(
            segment("gemini-2.5-pro", "model").unwrap(),
            "gemini-2.5-pro"
        );
        assert_eq!(segment("claude@1", "model").unwrap(), "claude@1");
        assert_eq!(
            segment("a/../b?c#d%2f", "model").unwrap(),
            "a%2F..%2Fb%3Fc%23d%252f"
        );
        assert!(segment("..", "model").is_err());
        assert!(segment("", "model").is_err());
    }
}

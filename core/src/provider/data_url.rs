//! `data:` URLs of images, audio and files: cut into media type and payload, checked before sending.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

use crate::error::{Error, ErrorKind, Result};

/// The largest payload of one part, in bytes of base64; no host takes more in a request.
const MOST_BYTES: usize = 64 << 20;

/// A `data:` URL, cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataUrl<'a> {
    /// Media type without parameters, in lower case.
    pub(crate) media_type: Cow<'a, str>,
    /// The payload as standard base64.
    pub(crate) base64: Cow<'a, str>,
}

impl<'a> DataUrl<'a> {
    /// Cuts a URL. `Ok(None)`: it is no `data:` URL. `param` names the part, for the errors.
    pub(crate) fn parse(url: &'a str, param: &str) -> Result<Option<DataUrl<'a>>> {
        let is_data = url
            .get(..5)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
        if !is_data {
            return Ok(None);
        }
        let Some((head, payload)) = url[5..].split_once(',') else {
            let message = format!(
                "`{param}` is a `data:` URL without a comma; its form is `data:MEDIA/TYPE;base64,PAYLOAD`"
            );
            return Err(Error::invalid(param, message));
        };
        if payload.len() > MOST_BYTES {
            let message = format!(
                "`{param}` holds {} bytes; at most {MOST_BYTES} go into one request",
                payload.len()
            );
            return Err(Error::new(ErrorKind::RequestTooLarge, message).with_param(param));
        }
        let mut pieces = head.split(';').map(str::trim);
        let media_type = pieces.next().unwrap_or_default();
        let base64 = if pieces.any(|piece| piece.eq_ignore_ascii_case("base64")) {
            standard(payload).ok_or_else(|| {
                Error::invalid(param, format!("the payload of `{param}` is not base64"))
            })?
        } else {
            let plain: Vec<u8> = percent_decode_str(payload).collect();
            Cow::Owned(STANDARD.encode(plain))
        };
        Ok(Some(DataUrl {
            media_type: lower(if media_type.is_empty() {
                "text/plain"
            } else {
                media_type
            }),
            base64,
        }))
    }

    /// The payload as text, where it is UTF-8.
    pub(crate) fn text(&self) -> Option<String> {
        String::from_utf8(STANDARD.decode(self.base64.as_bytes()).ok()?).ok()
    }
}

fn lower(media_type: &str) -> Cow<'_, str> {
    if media_type.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(media_type.to_ascii_lowercase())
    } else {
        Cow::Borrowed(media_type)
    }
}

/// Base64 as every host reads it: standard letters, padded. What is already so is not copied.
fn standard(payload: &str) -> Option<Cow<'_, str>> {
    let body = payload.trim_end_matches('=');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    if payload.len().is_multiple_of(4) && payload.len() - body.len() <= 2 && body.bytes().all(plain)
    {
        return Some(Cow::Borrowed(payload));
    }
    let mut clean: String = payload
        .chars()
        .filter(|letter| !letter.is_ascii_whitespace() && *letter != '=')
        .map(|letter| match letter {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    if clean.len() % 4 == 1 || !clean.bytes().all(plain) {
        return None;
    }
    while !clean.len().is_multiple_of(4) {
        clean.push('=');
    }
    Some(Cow::Owned(clean))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn cut(url: &str) -> Result<Option<DataUrl<'_>>> {
        DataUrl::parse(url, "messages[0].content[1].image_url.url")
    }

    #[test]
    fn cuts_what_is_a_data_url() {
        let url = cut("data:image/PNG;base64,aGk=").unwrap().unwrap();
        assert_eq!(
            (url.media_type.as_ref(), url.base64.as_ref()),
            ("image/png", "aGk=")
        );
        assert!(matches!(url.base64, Cow::Borrowed(_)));
        assert_eq!(cut("https://h/x.png").unwrap(), None);
    }

    #[test]
    fn mends_other_ways_to_write_base64() {
        let url = cut("data:a/b;base64,-_8").unwrap().unwrap();
        assert_eq!(url.base64, "+/8=");
        let url = cut("data:a/b;base64,aG\nk=").unwrap().unwrap();
        assert_eq!(url.base64, "aGk=");
        let url = cut("data:text/plain;charset=utf-8,h%69").unwrap().unwrap();
        assert_eq!(url.text().unwrap(), "hi");
        assert_eq!(cut("data:,hi").unwrap().unwrap().media_type, "text/plain");
    }

    #[test]
    fn refuses_what_is_broken() {
        for url in [
            "data:image/png;base64",
            "data:image/png;base64,***",
            "data:a/b;base64,aaaaa",
        ] {
            let error = cut(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
            assert!(error.data().param.is_some());
        }
    }
}

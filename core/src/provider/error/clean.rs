//! A provider's words made safe to show and to log.

/// The text on one line, without control characters and without anything that looks like a key, at most `most`
/// characters.
pub(crate) fn clean(text: &str, most: usize) -> String {
    // One plain word, as the ids of requests are.
    if text.len() <= most && text.chars().all(in_key) && !looks_like_key(text) {
        return text.to_owned();
    }
    // Keys are looked for in a little more than is kept, so that none is cut in half and shown.
    let end = text
        .char_indices()
        .nth(most.saturating_add(256))
        .map_or(text.len(), |(at, _)| at);
    let mut line = String::with_capacity(end.min(most + 16));
    for char in without_keys(&text[..end]).chars() {
        match char {
            // Runs of white space are one blank.
            _ if char.is_whitespace() => {
                if !line.is_empty() && !line.ends_with(' ') {
                    line.push(' ');
                }
            }
            // Terminals and log readers act on control characters and on marks of direction.
            _ if char.is_control() || is_mark_of_direction(char) => {
                line.extend(char.escape_unicode())
            }
            _ => line.push(char),
        }
    }
    line.truncate(line.trim_end().len());
    if let Some((at, _)) = line.char_indices().nth(most) {
        line.truncate(at);
        line.push('…');
    }
    line
}

fn is_mark_of_direction(char: char) -> bool {
    matches!(char, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// What a reader sees of a web page: no tags, no scripts and styles; other text as it is, made safe.
pub(crate) fn without_markup(text: &str) -> String {
    // A long page is mostly markup; its first words are enough.
    let end = text
        .char_indices()
        .nth(16_384)
        .map_or(text.len(), |(at, _)| at);
    let mut rest = &text[..end];
    let mut seen = String::new();
    while let Some((before, after)) = rest.split_once('<') {
        seen.push_str(before);
        let name: String = after
            .chars()
            .take_while(|char| char.is_ascii_alphanumeric() || matches!(char, '!' | '/' | '-'))
            .map(|char| char.to_ascii_lowercase())
            .collect();
        if name.is_empty() {
            // A plain "less than".
            seen.push('<');
            rest = after;
            continue;
        }
        let close = match name.as_str() {
            "script" => "</script",
            "style" => "</style",
            name if name.starts_with("!--") => "-->",
            _ => "",
        };
        let after = match find_ignoring_case(after, close) {
            Some(at) => &after[at..],
            None => "",
        };
        seen.push(' ');
        rest = after.split_once('>').map_or("", |(_, rest)| rest);
    }
    seen.push_str(rest);
    for (entity, char) in [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ] {
        if seen.contains(entity) {
            seen = seen.replace(entity, char);
        }
    }
    clean(&seen, super::MESSAGE_CHARS)
}

fn find_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    if wanted.is_empty() {
        return Some(0);
    }
    text.as_bytes()
        .windows(wanted.len())
        .position(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))
}

/// Beginnings of keys, as hosts repeat them when they refuse one.
const KEY_BEGINNINGS: &[&str] = &[
    "sk-", "sk_", "pk-", "rk-", "xai-", "gsk_", "csk-", "pplx-", "AIza", "hf_", "nvapi-", "r8_",
    "fw_", "tgp_", "ABSK", "AKIA", "ASIA", "eyJ",
];

/// The text with `[redacted]` in place of whatever looks like a key, whole or masked by the host.
fn without_keys(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|char| !in_key(char)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        out.push_str(if looks_like_key(word) {
            "[redacted]"
        } else {
            word
        });
        let gap = after.find(in_key).unwrap_or(after.len());
        out.push_str(&after[..gap]);
        rest = &after[gap..];
    }
    out
}

fn in_key(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '*' | '.' | '+' | '/' | '=')
}

fn looks_like_key(word: &str) -> bool {
    let masked = word.contains("***") && word.bytes().any(|byte| byte.is_ascii_alphanumeric());
    // Words such as "sk-learn" are shorter than any key.
    let begins = word.len() >= 16 && KEY_BEGINNINGS.iter().any(|start| word.starts_with(start));
    masked || begins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_reach_a_terminal() {
        assert_eq!(
            clean("a\r\n\tb\u{1b}[31mc\u{202e}d ", 99),
            "a b\\u{1b}[31mc\\u{202e}d"
        );
        assert_eq!(clean("ééééé", 3), "ééé…");
        assert_eq!(clean("", 3), "");
    }

    #[test]
    fn keys_are_masked_whole() {
        for (text, shown) in [
            (
                "Incorrect API key provided: sk-proj-****abcd. You",
                "Incorrect API key provided: [redacted] You",
            ),
            (
                "Your api key: ****-key is invalid",
                "Your api key: [redacted] is invalid",
            ),
            ("provided: xa***ed.", "provided: [redacted]"),
            ("key AIzaSyA1234567890abcdef!", "key [redacted]!"),
            (
                "task-based sk-learn model.name",
                "task-based sk-learn model.name",
            ),
            ("**bold** and a*b", "**bold** and a*b"),
        ] {
            assert_eq!(clean(text, 512), shown);
        }
        let long = format!("{} sk-{}", "x".repeat(505), "k".repeat(60));
        assert!(!clean(&long, 512).contains("kkk"));
    }

    #[test]
    fn pages_are_read_as_text() {
        let page = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title><STYLE>a{b:c}</style>\
                    <script>if (a<b) x()</SCRIPT></head><body><!-- <b>no</b> --><h1>Bad&nbsp;gateway</h1></body>";
        assert_eq!(without_markup(page), "502 Bad Gateway Bad gateway");
        assert_eq!(
            without_markup("upstream: 1 < 2 & so"),
            "upstream: 1 < 2 & so"
        );
        assert_eq!(without_markup("<unclosed"), "");
    }
}

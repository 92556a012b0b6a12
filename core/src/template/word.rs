//! The words of a tag: paths, literals and the signs between them.
//!
//! The pre-pass reads them with Handlebars' own spelling rules, which the grammar crate does
//! not share: `.`, `..`, `"key"`, `[a b]`, `a?`, `\"` in strings. The crate only ever sees
//! their numbers.

use serde_json::{Number, Value};

use super::origin::small;

/// A word and where it is written.
#[derive(Debug, Clone)]
pub(super) struct Word {
    pub(super) kind: WordKind,
    pub(super) at: u32,
    pub(super) end: u32,
}

#[derive(Debug, Clone)]
pub(super) enum WordKind {
    Path(RawPath),
    /// A literal; `None` is `undefined`.
    Literal(Option<Value>),
    Open,
    Close,
    Equals,
    /// `as |a b|`, the names with their positions.
    BlockParams(Vec<(String, u32)>),
}

/// A path as written.
#[derive(Debug, Clone)]
pub(super) struct RawPath {
    /// Starts with `@`.
    pub(super) data: bool,
    /// How many `../`.
    pub(super) up: u16,
    /// Starts with `this`, `.` or `..`, so that it cannot name a helper or block parameter.
    pub(super) scoped: bool,
    pub(super) segments: Vec<String>,
    /// Without brackets: what names are compared by.
    pub(super) original: String,
}

impl Word {
    /// The name the word has as the first of a tag: closing tags repeat it.
    pub(super) fn name(&self) -> Option<String> {
        match &self.kind {
            WordKind::Path(path) => Some(path.original.clone()),
            WordKind::Literal(None) => Some("undefined".to_owned()),
            WordKind::Literal(Some(Value::String(text))) => Some(text.clone()),
            WordKind::Literal(Some(value)) => Some(value.to_string()),
            _ => None,
        }
    }
}

/// Why a word cannot be read, and where.
pub(super) struct BadWord {
    pub(super) at: usize,
    pub(super) message: String,
}

impl BadWord {
    fn new<T>(at: usize, message: impl Into<String>) -> Result<T, BadWord> {
        Err(BadWord {
            at,
            message: message.into(),
        })
    }
}

/// True for the white space that Handlebars (JavaScript's `\s`) knows.
pub(super) fn is_space(c: char) -> bool {
    (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}'
}

/// True for the characters a name may have.
fn is_name(c: char) -> bool {
    !is_space(c)
        && !matches!(c, '!'..='#' | '%'..=',' | '.' | '/' | ';'..='>' | '@' | '['..='^' | '`' | '{'..='~')
}

/// True where a name or a number may end.
fn ends_word(next: Option<char>) -> bool {
    next.is_none_or(|c| is_space(c) || matches!(c, '=' | '~' | '}' | '/' | '.' | ')' | ']' | '|'))
}

fn ends_literal(next: Option<char>) -> bool {
    next.is_none_or(|c| is_space(c) || matches!(c, '~' | '}' | ')' | ']'))
}

/// Reads the word that starts at `at`.
pub(super) fn read(source: &str, at: usize) -> Result<Word, BadWord> {
    let rest = source.get(at..).unwrap_or_default();
    let Some(first) = rest.chars().next() else {
        return BadWord::new(at, "the template ends inside a tag: close it with `}}`");
    };
    let word = |kind, length: usize| Word {
        kind,
        at: small(at),
        end: small(at + length),
    };
    match first {
        '(' => return Ok(word(WordKind::Open, 1)),
        ')' => return Ok(word(WordKind::Close, 1)),
        '=' => return Ok(word(WordKind::Equals, 1)),
        '"' | '\'' => {
            let (text, length) = string(rest, first, at)?;
            return Ok(word(WordKind::Literal(Some(Value::String(text))), length));
        }
        _ => {}
    }
    if let Some((names, length)) = block_params(rest, at)? {
        return Ok(word(WordKind::BlockParams(names), length));
    }
    if let Some((value, length)) = number(rest) {
        return Ok(word(WordKind::Literal(Some(value)), length));
    }
    for (written, value) in [
        ("true", Some(Value::Bool(true))),
        ("false", Some(Value::Bool(false))),
        ("null", Some(Value::Null)),
        ("undefined", None),
    ] {
        if let Some(after) = rest.strip_prefix(written)
            && ends_literal(after.chars().next())
        {
            return Ok(word(WordKind::Literal(value), written.len()));
        }
    }
    let (path, length) = path(rest, at)?;
    Ok(word(WordKind::Path(path), length))
}

/// A quoted string; `\` escapes the quote and nothing else.
fn string(rest: &str, quote: char, at: usize) -> Result<(String, usize), BadWord> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((index, c)) = chars.next() {
        if c == '\\' && chars.peek().is_some_and(|(_, next)| *next == quote) {
            text.push(quote);
            chars.next();
        } else if c == quote {
            return Ok((text, index + 1));
        } else {
            text.push(c);
        }
    }
    BadWord::new(at, format!("this string is never closed: add {quote}"))
}

fn number(rest: &str) -> Option<(Value, usize)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let sign = usize::from(rest.starts_with('-'));
    let whole = digits(rest.get(sign..)?);
    if whole == 0 {
        return None;
    }
    let mut length = sign + whole;
    let mut integral = true;
    if let Some(fraction) = rest.get(length..)?.strip_prefix('.') {
        let places = digits(fraction);
        if places > 0 {
            length += 1 + places;
            integral = false;
        }
    }
    if !ends_literal(rest.get(length..)?.chars().next()) {
        return None;
    }
    let written = rest.get(..length)?;
    let exact = if integral {
        written
            .parse::<i64>()
            .map(Number::from)
            .or_else(|_| written.parse::<u64>().map(Number::from))
            .ok()
    } else {
        None
    };
    let number = match exact {
        Some(number) => number,
        None => Number::from_f64(written.parse().ok()?)?,
    };
    Some((Value::Number(number), length))
}

/// `as |a b|`.
#[expect(clippy::type_complexity, reason = "names with positions, and a length")]
fn block_params(rest: &str, at: usize) -> Result<Option<(Vec<(String, u32)>, usize)>, BadWord> {
    let Some(after) = rest.strip_prefix("as") else {
        return Ok(None);
    };
    let inside = after.trim_start_matches(is_space);
    let Some(inside) = inside.strip_prefix('|').filter(|_| inside != after) else {
        return Ok(None);
    };
    let Some(close) = inside.find('|') else {
        return BadWord::new(
            at,
            "these block parameters are never closed: write `as |name|`",
        );
    };
    let start = rest.len() - inside.len();
    let mut names = Vec::new();
    let mut position = start;
    for name in inside
        .get(..close)
        .unwrap_or_default()
        .split_inclusive(is_space)
    {
        let trimmed = name.trim_end_matches(is_space);
        if !trimmed.is_empty() {
            if !trimmed.chars().all(is_name) {
                return BadWord::new(at + position, "a block parameter is a plain name");
            }
            names.push((trimmed.to_owned(), small(at + position)));
        }
        position += name.len();
    }
    if names.is_empty() || names.len() > 2 {
        return BadWord::new(
            at,
            "give one or two block parameters, as in `as |item index|`",
        );
    }
    Ok(Some((names, start + close + 1)))
}

/// `a.b/c`, `../x`, `./x`, `this.x`, `@index`, `@../index`, `[a b].c`, `a.0`.
fn path(rest: &str, at: usize) -> Result<(RawPath, usize), BadWord> {
    let mut path = RawPath {
        data: rest.starts_with('@'),
        up: 0,
        scoped: false,
        segments: Vec::new(),
        original: String::new(),
    };
    let mut position = usize::from(path.data);
    if path.data {
        path.original.push('@');
    }
    loop {
        let here = rest.get(position..).unwrap_or_default();
        let (segment, length, plain) = segment(here, at + position)?;
        match segment.as_str() {
            "." | ".." | "this" if plain => {
                if !path.segments.is_empty() {
                    return BadWord::new(
                        at + position,
                        format!(
                            "`{segment}` cannot stand inside a path: write `[{segment}]` for a field of that name"
                        ),
                    );
                }
                path.scoped = true;
                if segment == ".." {
                    path.up = path.up.saturating_add(1);
                }
                path.original.push_str(&segment);
            }
            _ => {
                path.original.push_str(&segment);
                path.segments.push(segment);
            }
        }
        position += length;
        let mut after = rest.get(position..).unwrap_or_default().chars();
        match after.next() {
            Some(separator @ ('.' | '/')) => {
                if after
                    .next()
                    .is_none_or(|next| next != '.' && ends_word(Some(next)))
                {
                    return BadWord::new(
                        at + position,
                        format!("this path ends with `{separator}`: a name must follow"),
                    );
                }
                path.original.push(separator);
                position += 1;
            }
            next if ends_word(next) => return Ok((path, position)),
            Some(next) => {
                return BadWord::new(
                    at + position,
                    format!(
                        "`{next}` cannot stand in a name: write the name in brackets, as in `[a{next}b]`"
                    ),
                );
            }
            None => return Ok((path, position)),
        }
    }
}

/// One segment: its name, its length as written, and whether it is written without brackets.
fn segment(here: &str, at: usize) -> Result<(String, usize, bool), BadWord> {
    if let Some(inside) = here.strip_prefix('[') {
        let mut from = 0;
        while let Some(found) = inside.get(from..).and_then(|text| text.find(']')) {
            let close = from + found;
            let name = inside.get(..close).unwrap_or_default();
            if !name.ends_with('\\') {
                return Ok((name.replace("\\]", "]"), close + 2, false));
            }
            from = close + 1;
        }
        return BadWord::new(at, "this `[` is never closed: add `]`");
    }
    if here.starts_with("..") {
        return Ok(("..".to_owned(), 2, true));
    }
    if here.starts_with('.') && ends_word(here.chars().nth(1)) {
        return Ok((".".to_owned(), 1, true));
    }
    let length = here.find(|c| !is_name(c)).unwrap_or(here.len());
    if length == 0 {
        let found = here.chars().next().map_or_else(String::new, String::from);
        return BadWord::new(
            at,
            format!("`{found}` cannot stand here: a name or a value is expected"),
        );
    }
    Ok((
        here.get(..length).unwrap_or_default().to_owned(),
        length,
        true,
    ))
}

/// True for a name that can be written without brackets, and not as a literal.
pub(super) fn is_plain_name(name: &str) -> bool {
    matches!(
        read(name, 0),
        Ok(Word { kind: WordKind::Path(RawPath { data: false, scoped: false, segments, .. }), end, .. })
            if segments.len() == 1 && end as usize == name.len() && !name.starts_with('[')
    )
}

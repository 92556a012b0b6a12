//! The one tokenizer: a source becomes texts and tags.
//!
//! It knows tags, quotes, comments, escapes and raw blocks, matches opening with closing tags
//! (an open block is reported where it opens), and holds the limits on size, tags and depth
//! before anything recursive sees the source. `space` then settles white space, `compile`
//! makes the tree.

use super::origin::{Origin, small};
use super::word::{self, Word, WordKind, is_space};
use super::{CompileOptions, Limits};
use crate::Result;

/// Words of one tag; the grammar crate's time grows with their square.
const MOST_WORDS: usize = 256;

/// A stretch of text or a tag.
#[derive(Debug)]
pub(super) enum Token {
    Text(String),
    Tag(Tag),
}

/// A tag: what it does, where it is, and its words.
#[derive(Debug)]
pub(super) struct Tag {
    pub(super) kind: TagKind,
    pub(super) at: u32,
    pub(super) end: u32,
    /// `{{~`.
    pub(super) trims_before: bool,
    /// `~}}`.
    pub(super) trims_after: bool,
    pub(super) words: Vec<Word>,
    /// White space that a partial alone on its line puts before each of its lines.
    pub(super) indent: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TagKind {
    /// `{{x}}`, `{{{x}}}`, `{{&x}}`.
    Print,
    /// `{{! }}`.
    Comment,
    /// `{{> x}}`.
    Partial,
    /// `{{#x}}`.
    Block,
    /// `{{^x}}`.
    InverseBlock,
    /// `{{#> x}}`.
    PartialBlock,
    /// `{{#*inline "x"}}`.
    Inline,
    /// `{{{{raw}}}}`.
    Raw,
    /// `{{else}}`, `{{^}}`.
    Else,
    /// `{{else if x}}`.
    ElseChain,
    /// `{{/x}}`, `{{{{/raw}}}}`.
    Close,
}

/// The tokens of a block's tags, by index; inner blocks come before outer ones.
#[derive(Debug, Default)]
pub(super) struct BlockTokens {
    pub(super) open: usize,
    pub(super) elses: Vec<usize>,
    pub(super) close: usize,
}

pub(super) struct Prepass {
    pub(super) tokens: Vec<Token>,
    pub(super) blocks: Vec<BlockTokens>,
}

/// Reads the source of `origin`.
pub(super) fn read(origin: &Origin, options: &CompileOptions<'_>) -> Result<Prepass> {
    let limits = options.limits;
    if origin.source.len() > limits.template_bytes {
        return Err(origin.error(
            0,
            format!(
                "the template has {} bytes, the limit is {}: move parts into partials",
                origin.source.len(),
                limits.template_bytes
            ),
        ));
    }
    let mut reader = Reader {
        origin,
        source: &origin.source,
        limits,
        at: 0,
        tags: 0,
        tokens: Vec::new(),
        open: Vec::new(),
        blocks: Vec::new(),
    };
    reader.run()?;
    Ok(Prepass {
        tokens: reader.tokens,
        blocks: reader.blocks,
    })
}

struct Reader<'s> {
    origin: &'s Origin,
    source: &'s str,
    limits: &'s Limits,
    at: usize,
    tags: usize,
    tokens: Vec<Token>,
    open: Vec<OpenBlock>,
    blocks: Vec<BlockTokens>,
}

struct OpenBlock {
    kind: TagKind,
    name: String,
    at: u32,
    tokens: BlockTokens,
    /// A plain `{{else}}` was seen.
    last: bool,
}

impl<'s> Reader<'s> {
    fn run(&mut self) -> Result<()> {
        while let Some(found) = self.rest().find("{{") {
            let tag = self.at + found;
            let before = self.slice(self.at, tag);
            if before.ends_with("\\\\") {
                self.text(self.at, tag - 1);
                self.tag(tag)?;
            } else if before.ends_with('\\') {
                self.text(self.at, tag - 1);
                self.escaped(tag);
            } else {
                self.text(self.at, tag);
                self.tag(tag)?;
            }
        }
        self.text(self.at, self.source.len());
        match self.open.pop() {
            None => Ok(()),
            Some(open) => Err(self.origin.error(
                open.at,
                format!(
                    "`{}` is never closed: add `{}`",
                    open.written(),
                    open.closing()
                ),
            )),
        }
    }

    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn slice(&self, from: usize, to: usize) -> &'s str {
        self.source.get(from..to).unwrap_or_default()
    }

    fn text(&mut self, from: usize, to: usize) {
        let text = self.slice(from, to);
        self.at = to;
        if text.is_empty() {
            return;
        }
        match self.tokens.last_mut() {
            Some(Token::Text(last)) => last.push_str(text),
            _ => self.tokens.push(Token::Text(text.to_owned())),
        }
    }

    /// `\{{`: text up to the next tag, or the backslashes before it.
    fn escaped(&mut self, tag: usize) {
        let inside = tag + 2;
        let end = match self.source.get(inside..).and_then(|text| text.find("{{")) {
            None => self.source.len(),
            Some(found) => {
                let next = inside + found;
                let text = self.slice(inside, next);
                let slashes = text.len() - text.trim_end_matches('\\').len();
                next - slashes.min(2)
            }
        };
        self.text(tag, end);
    }

    fn tag(&mut self, at: usize) -> Result<()> {
        self.at = at;
        self.tags += 1;
        if self.tags > self.limits.tags {
            return self.fail(
                at,
                format!(
                    "the template has more than {} tags: move parts into partials",
                    self.limits.tags
                ),
            );
        }
        if self.rest().starts_with("{{{{") {
            return self.raw_block(at);
        }
        let mut inside = at + 2;
        let trims_before = self
            .source
            .get(inside..)
            .is_some_and(|s| s.starts_with('~'));
        inside += usize::from(trims_before);
        let rest = self.source.get(inside..).unwrap_or_default();
        if rest.starts_with('!') {
            return self.comment(at, inside, trims_before);
        }
        let (kind, skip, triple) = match rest.as_bytes() {
            [b'{', ..] => (TagKind::Print, 1, true),
            [b'#', b'>', ..] => (TagKind::PartialBlock, 2, false),
            [b'#', b'*', ..] => (TagKind::Inline, 2, false),
            [b'#', ..] => (TagKind::Block, 1, false),
            [b'>', ..] => (TagKind::Partial, 1, false),
            [b'/', ..] => (TagKind::Close, 1, false),
            [b'^', ..] => (TagKind::InverseBlock, 1, false),
            [b'&', ..] => (TagKind::Print, 1, false),
            [b'=', ..] => {
                return self.fail(
                    at,
                    "set-delimiter tags (`{{=<% %>=}}`) are not part of this language: write `\\{{` for literal braces",
                );
            }
            [b'*', ..] => {
                return self.fail(
                    at,
                    "decorators other than `{{#*inline \"name\"}}` are not part of this language",
                );
            }
            _ => match else_length(rest) {
                Some(length) => (TagKind::Else, length, false),
                None => (TagKind::Print, 0, false),
            },
        };
        let mut tag = Tag {
            kind,
            at: small(at),
            end: 0,
            trims_before,
            trims_after: false,
            words: Vec::new(),
            indent: None,
        };
        self.words(&mut tag, inside + skip, triple)?;
        tag.kind = match tag.kind {
            TagKind::InverseBlock if tag.words.is_empty() => TagKind::Else,
            TagKind::Else if !tag.words.is_empty() => TagKind::ElseChain,
            kind => kind,
        };
        self.push(tag)
    }

    /// Reads words until the tag closes.
    fn words(&mut self, tag: &mut Tag, from: usize, triple: bool) -> Result<()> {
        let mut depth = 0;
        let mut at = from;
        loop {
            let rest = self.source.get(at..).unwrap_or_default();
            let spaces = rest.len() - rest.trim_start_matches(is_space).len();
            at += spaces;
            if let Some((length, trims, closes_triple)) =
                closing(rest.get(spaces..).unwrap_or_default())
            {
                if closes_triple != triple {
                    return self.fail(at, if triple {
                        "`{{{` is closed by `}}}`"
                    } else {
                        "`}}}` closes `{{{` only: put a space or `{{{..}}}` around it where a brace follows the tag"
                    });
                }
                tag.trims_after = trims;
                tag.end = small(at + length);
                self.at = at + length;
                break;
            }
            let word = match word::read(self.source, at) {
                Ok(word) => word,
                Err(bad) if at >= self.source.len() => {
                    return self.fail(tag.at as usize, bad.message);
                }
                Err(bad) => return self.fail(bad.at, bad.message),
            };
            match word.kind {
                WordKind::Open => {
                    depth += 1;
                    if depth > self.limits.parameter_depth {
                        return self.fail(
                            at,
                            format!(
                                "calls are nested deeper than {} here",
                                self.limits.parameter_depth
                            ),
                        );
                    }
                }
                WordKind::Close if depth == 0 => {
                    return self.fail(at, "this `)` closes nothing");
                }
                WordKind::Close => depth -= 1,
                _ => {}
            }
            if tag.words.len() >= MOST_WORDS {
                return self.fail(
                    tag.at as usize,
                    format!("this tag has more than {MOST_WORDS} words"),
                );
            }
            at = word.end as usize;
            tag.words.push(word);
        }
        if depth > 0 {
            return self.fail(
                tag.at as usize,
                "a `(` in this tag is never closed: add `)`",
            );
        }
        let names_nothing =
            tag.words.is_empty() && !matches!(tag.kind, TagKind::Else | TagKind::InverseBlock);
        if names_nothing {
            return self.fail(
                tag.at as usize,
                "this tag is empty: name a variable or a helper",
            );
        }
        Ok(())
    }

    fn comment(&mut self, at: usize, inside: usize, trims_before: bool) -> Result<()> {
        let text = self.slice(inside + 1, self.source.len());
        let length = if text.starts_with("--") {
            [("--}}", 4), ("--~}}", 5)]
                .into_iter()
                .filter_map(|(end, length)| Some(text.find(end)? + length))
                .min()
        } else {
            text.find("}}").map(|found| found + 2)
        };
        let Some(length) = length else {
            return self.fail(at, "this comment is never closed");
        };
        let end = inside + 1 + length;
        self.at = end;
        self.push(Tag {
            kind: TagKind::Comment,
            at: small(at),
            end: small(end),
            trims_before,
            trims_after: self.slice(at, end).ends_with("~}}"),
            words: Vec::new(),
            indent: None,
        })
    }

    /// `{{{{name}}}} .. {{{{/name}}}}`: the body is text, raw blocks inside it included.
    fn raw_block(&mut self, at: usize) -> Result<()> {
        let head = self.slice(at + 4, self.source.len());
        let Some(name) = head.split_once("}}}}").map(|(name, _)| name) else {
            return self.fail(
                at,
                "this raw block's tag is never closed: end it with `}}}}`",
            );
        };
        let trimmed = name.trim_matches(is_space);
        let plain = !trimmed.is_empty()
            && !trimmed
                .chars()
                .any(|c| is_space(c) || "{}()\"'=/~|".contains(c));
        if !plain {
            return self.fail(
                at,
                "a raw block has a name and no arguments: `{{{{raw}}}} .. {{{{/raw}}}}`",
            );
        }
        let body = at + 4 + name.len() + 4;
        let mut depth = 0;
        let mut from = body;
        loop {
            let Some(found) = self.source.get(from..).and_then(|text| text.find("{{{{")) else {
                return self.fail(
                    at,
                    format!("this raw block is never closed: add `{{{{{{{{/{trimmed}}}}}}}}}`"),
                );
            };
            let here = from + found;
            let inside = self.source.get(here + 4..).unwrap_or_default();
            from = here + 4;
            let Some(inside) = inside.strip_prefix('/') else {
                depth += 1;
                continue;
            };
            if depth > 0 {
                depth -= 1;
                continue;
            }
            let closed = inside.split_once("}}}}").map(|(name, _)| name);
            if closed != Some(trimmed) {
                return self.fail(
                    at,
                    format!("this raw block must be closed by `{{{{{{{{/{trimmed}}}}}}}}}`"),
                );
            }
            let raw = |kind, at, end| Tag {
                kind,
                at: small(at),
                end: small(end),
                trims_before: false,
                trims_after: false,
                words: Vec::new(),
                indent: None,
            };
            let end = here + 5 + trimmed.len() + 4;
            self.push(raw(TagKind::Raw, at, body))?;
            self.text(body, here);
            self.push(raw(TagKind::Close, here, end))?;
            self.at = end;
            return Ok(());
        }
    }

    /// Takes a tag in, keeping the stack of open blocks.
    fn push(&mut self, tag: Tag) -> Result<()> {
        let index = self.tokens.len();
        match tag.kind {
            TagKind::Print | TagKind::Comment | TagKind::Partial => {}
            TagKind::Block
            | TagKind::InverseBlock
            | TagKind::PartialBlock
            | TagKind::Inline
            | TagKind::Raw => {
                if self.open.len() >= self.limits.block_depth {
                    return self.fail(
                        tag.at as usize,
                        format!(
                            "blocks are nested deeper than {} here",
                            self.limits.block_depth
                        ),
                    );
                }
                self.open.push(OpenBlock {
                    kind: tag.kind,
                    name: tag.words.first().and_then(Word::name).unwrap_or_default(),
                    at: tag.at,
                    tokens: BlockTokens {
                        open: index,
                        ..BlockTokens::default()
                    },
                    last: false,
                });
            }
            TagKind::Else | TagKind::ElseChain => self.otherwise(&tag, index)?,
            TagKind::Close => self.close(&tag, index)?,
        }
        self.tokens.push(Token::Tag(tag));
        Ok(())
    }

    fn otherwise(&mut self, tag: &Tag, index: usize) -> Result<()> {
        let at = tag.at as usize;
        let chained = tag.kind == TagKind::ElseChain;
        let Some(open) = self.open.last_mut() else {
            return self.fail(at, "`{{else}}` stands outside of any block");
        };
        let problem = match open.kind {
            TagKind::PartialBlock | TagKind::Inline => "a partial's block has no `{{else}}`",
            TagKind::InverseBlock if chained => {
                "write `{{#..}}` instead of `{{^..}}` for a chain of `{{else if}}`"
            }
            _ if open.last => "this block has its `{{else}}` already",
            _ => {
                open.last = !chained;
                open.tokens.elses.push(index);
                return Ok(());
            }
        };
        self.fail(at, problem)
    }

    fn close(&mut self, tag: &Tag, index: usize) -> Result<()> {
        let Some(mut open) = self.open.pop() else {
            return self.fail(tag.at as usize, "this tag closes a block that is not open");
        };
        let matches = match open.kind {
            // Raw blocks come whole.
            TagKind::Raw => true,
            _ => matches!(tag.words.as_slice(), [word] if word.name().as_ref() == Some(&open.name)),
        };
        if !matches {
            let written = self.slice(tag.at as usize, tag.end as usize);
            let line = self.origin.location(tag.at).line.unwrap_or_default();
            return self.fail(
                open.at as usize,
                format!(
                    "`{}` is closed by `{written}` on line {line}: it needs `{}`",
                    open.written(),
                    open.closing()
                ),
            );
        }
        open.tokens.close = index;
        self.blocks.push(open.tokens);
        Ok(())
    }

    fn fail<T>(&self, at: usize, message: impl Into<String>) -> Result<T> {
        Err(self.origin.error(small(at), message))
    }
}

impl OpenBlock {
    fn written(&self) -> String {
        let sign = match self.kind {
            TagKind::InverseBlock => "^",
            TagKind::PartialBlock => "#> ",
            TagKind::Inline => "#*",
            _ => "#",
        };
        format!("{{{{{sign}{}}}}}", self.name)
    }

    fn closing(&self) -> String {
        format!("{{{{/{}}}}}", self.name)
    }
}

/// The length of `else` at the start of a tag, where it is that word.
fn else_length(rest: &str) -> Option<usize> {
    let trimmed = rest.trim_start_matches(is_space);
    let after = trimmed.strip_prefix("else")?;
    after
        .chars()
        .next()
        .is_none_or(|c| is_space(c) || matches!(c, '~' | '}'))
        .then(|| rest.len() - after.len())
}

/// The closing of a tag at the start of `rest`: its length, whether it trims, whether it is `}}}`.
fn closing(rest: &str) -> Option<(usize, bool, bool)> {
    [
        ("}}}", false, true),
        ("}~}}", true, true),
        ("}}", false, false),
        ("~}}", true, false),
    ]
    .into_iter()
    .find(|(written, ..)| rest.starts_with(written))
    .map(|(written, trims, triple)| (written.len(), trims, triple))
}

//! From tokens to the tree. The only file that names the `handlebars` crate.
//!
//! The crate gives the grammar of calls: which word is an argument, a `key=value`, a call
//! inside a call. It sees numbers in place of words, so that spelling and positions stay the
//! pre-pass's, and one tag at a time, so that its cost and its stack stay flat. What the words
//! mean (helpers, arguments, structure) is decided in `meaning`.

use std::collections::BTreeMap;

use handlebars::Path as CratePath;
use handlebars::template::{Parameter, TemplateElement};

use super::origin::Origin;
use super::word::{Word, WordKind};
use crate::{Error, ErrorKind, Result};

/// The words of a tag, in the shape the grammar gives them.
#[derive(Debug, Clone)]
pub(super) struct Phrase<'w> {
    pub(super) arguments: Vec<Argument<'w>>,
    /// In the order written.
    pub(super) hash: Vec<(String, Argument<'w>)>,
    pub(super) block_params: &'w [(String, u32)],
}

#[derive(Debug, Clone)]
pub(super) enum Argument<'w> {
    Word(&'w Word),
    /// `(name ..)`; the name is the first argument.
    Call(Phrase<'w>),
}

impl Argument<'_> {
    /// Where it starts.
    pub(super) fn at(&self) -> u32 {
        match self {
            Argument::Word(word) => word.at,
            Argument::Call(phrase) => phrase.at(),
        }
    }
}

impl Phrase<'_> {
    /// Where its first argument starts.
    pub(super) fn at(&self) -> u32 {
        self.arguments.first().map_or(0, Argument::at)
    }
}

/// Gives the words of a tag their shape.
pub(super) fn phrase<'w>(words: &'w [Word], origin: &Origin) -> Result<Phrase<'w>> {
    let (words, block_params) = match words.split_last() {
        Some((last, rest)) => match &last.kind {
            WordKind::BlockParams(names) => (rest, names.as_slice()),
            _ => (words, &[] as &[_]),
        },
        None => (words, &[] as &[_]),
    };
    let stray = |word: &&Word| matches!(word.kind, WordKind::BlockParams(_));
    if let Some(stray) = words.iter().find(stray) {
        let message = "block parameters stand at the end of a tag, and once";
        return Err(origin.error(stray.at, message));
    }
    // Nothing to parse in the commonest tags: a name, and values in a row.
    let value = |word: &Word| matches!(word.kind, WordKind::Path(_) | WordKind::Literal(_));
    if words.iter().all(value) {
        return Ok(Phrase {
            arguments: words.iter().map(Argument::Word).collect(),
            hash: Vec::new(),
            block_params,
        });
    }
    let parameter = Parameter::parse(&numbered(words)).map_err(|cause| {
        let at = words.first().map_or(0, |word| word.at);
        origin
            .error(
                at,
                "this tag cannot be read: write a name, then values, then key=value pairs",
            )
            .with_source(cause)
    })?;
    let mut phrase = Reader { words, origin }.call(&parameter)?;
    // The stand-in for the name.
    phrase.arguments.remove(0);
    phrase.block_params = block_params;
    Ok(phrase)
}

/// The words by number, as arguments of a call: `(w w0 (w1 w2) w3=w4)`.
fn numbered(words: &[Word]) -> String {
    let mut out = String::from("(w");
    for (index, word) in words.iter().enumerate() {
        match word.kind {
            WordKind::Open => out.push_str(" ("),
            WordKind::Close => out.push(')'),
            WordKind::Equals => out.push('='),
            _ => {
                if !out.ends_with('=') && !out.ends_with('(') {
                    out.push(' ');
                }
                out.push('w');
                out.push_str(&index.to_string());
            }
        }
    }
    out.push(')');
    out
}

struct Reader<'w, 'o> {
    words: &'w [Word],
    origin: &'o Origin,
}

impl<'w> Reader<'w, '_> {
    fn call(&self, parameter: &Parameter) -> Result<Phrase<'w>> {
        let Parameter::Subexpression(call) = parameter else {
            return Err(self.confused());
        };
        let TemplateElement::Expression(call) = call.as_element() else {
            return Err(self.confused());
        };
        let mut arguments = vec![self.argument(&call.name)?];
        for parameter in &call.params {
            arguments.push(self.argument(parameter)?);
        }
        // The crate's map has lost the order; the numbers have it.
        let mut hash = BTreeMap::new();
        for (key, value) in &call.hash {
            hash.insert(number(key).unwrap_or_default(), self.argument(value)?);
        }
        let mut pairs: Vec<(String, Argument<'w>)> = Vec::with_capacity(hash.len());
        let mut first_key = u32::MAX;
        for (key, value) in hash {
            let word = self.words.get(key).ok_or_else(|| self.confused())?;
            let name = match &word.kind {
                WordKind::Path(path) if !path.data && !path.scoped => path.segments.as_slice(),
                _ => &[],
            };
            let [name] = name else {
                return Err(self
                    .origin
                    .error(word.at, "the key of a `key=value` is a plain name"));
            };
            if pairs.iter().any(|(other, _)| other == name) {
                return Err(self
                    .origin
                    .error(word.at, format!("`{name}=` is given twice")));
            }
            first_key = first_key.min(word.at);
            pairs.push((name.clone(), value));
        }
        if let Some(late) = arguments.iter().find(|argument| argument.at() > first_key) {
            return Err(self.origin.error(
                late.at(),
                "a value cannot follow a `key=value`: put it before",
            ));
        }
        Ok(Phrase {
            arguments,
            hash: pairs,
            block_params: &[],
        })
    }

    fn argument(&self, parameter: &Parameter) -> Result<Argument<'w>> {
        let name = match parameter {
            Parameter::Name(name) => name,
            // The segments have an unnameable type; the name as written is public.
            Parameter::Path(CratePath::Relative((_, written))) => written,
            Parameter::Subexpression(_) => return Ok(Argument::Call(self.call(parameter)?)),
            _ => return Err(self.confused()),
        };
        // The stand-in has no number; any word will do, for it is dropped.
        let index = number(name).unwrap_or_default();
        let word = self.words.get(index).ok_or_else(|| self.confused())?;
        Ok(Argument::Word(word))
    }

    fn confused(&self) -> Error {
        let at = self.words.first().map_or(0, |word| word.at);
        Error::new(
            ErrorKind::Internal,
            "the grammar gave back a tag it was not given",
        )
        .with_location(self.origin.location(at))
    }
}

fn number(name: &str) -> Option<usize> {
    name.strip_prefix('w')?.parse().ok()
}

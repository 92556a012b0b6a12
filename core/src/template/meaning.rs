//! What a tag means: helpers and variables told apart, arguments checked.
//!
//! Stands between `compile` (the shape of a tag's words) and `blocks` (the tree). Everything
//! that can be known without data is refused here, at its place.

use serde_json::Value;

use super::compile::{Argument, Phrase, phrase};
use super::helpers::{Builtin, Control, Kind, Maker, Signature, builtin};
use super::origin::Origin;
use super::prepass::Tag;
use super::tree::{
    Base, Call, Expr, Hash, Helper, Node, PartialCall, PartialName, Path, Segment, Structure, Test,
};
use super::word::{RawPath, Word, WordKind};
use super::{CompileOptions, TemplateRole};
use crate::nearest::nearest;
use crate::{Error, ErrorKind, Result};

/// The reader of tags.
pub(super) struct Meaning<'o> {
    pub(super) origin: &'o Origin,
    pub(super) options: &'o CompileOptions<'o>,
    /// Block parameters in sight, outermost first.
    pub(super) params: Vec<Vec<String>>,
    /// Names of the partials met so far.
    pub(super) partials: Vec<String>,
}

/// What a block's opening tag decides by, and what it names.
pub(super) struct Head {
    pub(super) test: Test,
    pub(super) params: Vec<String>,
    pub(super) at: u32,
}

impl Meaning<'_> {
    /// `{{x}}`: structure or a value.
    pub(super) fn print(&self, tag: &Tag) -> Result<Node> {
        let phrase = phrase(&tag.words, self.origin)?;
        if !phrase.block_params.is_empty() {
            return self.fail(tag.at, "only blocks have block parameters");
        }
        if let Some(kind) = self.maker(&phrase)? {
            if self.options.text_only {
                return self.fail(
                    tag.at,
                    "tags that make structure (role, history, section, media) cannot stand in a messages file: each message has its role and its parts as keys",
                );
            }
            return Ok(Node::Structure { kind, at: tag.at });
        }
        Ok(Node::Print {
            value: self.printed(phrase)?,
            at: tag.at,
            end: tag.end,
        })
    }

    /// The value of `{{..}}`: a variable without arguments, a helper with them.
    fn printed(&self, phrase: Phrase<'_>) -> Result<Expr> {
        let alone = phrase.arguments.len() == 1 && phrase.hash.is_empty();
        let Some(Argument::Word(word)) = phrase.arguments.first() else {
            return self.fail(phrase.at(), "a tag starts with a name, not with `(`");
        };
        if alone {
            return match self.helper_name(word).and_then(builtin) {
                Some(signature) if needs_arguments(signature) => self.fail(
                    word.at,
                    format!(
                        "`{}` needs arguments: write `{}`",
                        signature.name, signature.usage
                    ),
                ),
                Some(Signature {
                    kind: Kind::Value(Builtin::Date),
                    name: "$date",
                    ..
                }) => self.call(phrase),
                _ => Ok(Expr::Path(self.path(word)?)),
            };
        }
        self.call(phrase)
    }

    /// A call of a helper that gives a value.
    fn call(&self, phrase: Phrase<'_>) -> Result<Expr> {
        let at = phrase.at();
        let mut arguments = phrase.arguments.into_iter();
        let Some(Argument::Word(word)) = arguments.next() else {
            return self.fail(at, "a call starts with a helper's name");
        };
        let Some(name) = self.helper_name(word) else {
            return self.fail(
                word.at,
                "only helpers take arguments, and this is a variable",
            );
        };
        let arguments: Vec<Expr> = arguments
            .map(|argument| self.value(argument))
            .collect::<Result<_>>()?;
        let hash = self.hash(phrase.hash)?;
        let helper = match builtin(name) {
            Some(signature) => {
                self.check(signature, arguments.len(), &hash, at)?;
                match signature.kind {
                    Kind::Value(builtin) => Helper::Builtin(builtin),
                    Kind::Control(_) => {
                        return self.fail(
                            at,
                            format!("`{name}` is a block: write `{}`", signature.usage),
                        );
                    }
                    Kind::Maker(_) => {
                        return self.fail(
                            at,
                            format!(
                                "`{name}` gives no value: it stands alone, as `{}`",
                                signature.usage
                            ),
                        );
                    }
                }
            }
            None if self.options.helpers.has(name) => Helper::Host(name.to_owned()),
            None => return Err(self.unknown_helper(name, at)),
        };
        Ok(Expr::Call(Box::new(Call {
            helper,
            arguments,
            hash,
            at,
        })))
    }

    /// The structure a tag makes, where it makes any.
    fn maker(&self, phrase: &Phrase<'_>) -> Result<Option<Structure>> {
        let Some(Argument::Word(word)) = phrase.arguments.first() else {
            return Ok(None);
        };
        let Some(signature) = self.helper_name(word).and_then(builtin) else {
            return Ok(None);
        };
        let Kind::Maker(maker) = signature.kind else {
            return Ok(None);
        };
        let alone = phrase.arguments.len() == 1 && phrase.hash.is_empty();
        if alone && maker != Maker::History {
            return Ok(None);
        }
        let at = word.at;
        let arguments = phrase.arguments.len() - 1;
        let keys = phrase.hash.iter().map(|(key, _)| key.as_str());
        self.check_count(signature, arguments, keys, at)?;
        let argument = |index: usize| match phrase.arguments.get(index) {
            Some(argument) => self.value_of(argument),
            None => Err(self.confused()),
        };
        let key = |name: &str| {
            phrase
                .hash
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| self.value_of(value))
                .transpose()
        };
        Ok(Some(match maker {
            Maker::History => Structure::History,
            Maker::Section => Structure::Section(argument(1)?),
            Maker::Media => Structure::Media {
                url: match key("url")? {
                    Some(url) => url,
                    None => return self.fail(at, format!("`media` needs `url=`: write `{}`", signature.usage)),
                },
                content_type: key("contentType")?,
            },
            Maker::Role => match argument(1)? {
                Expr::Literal(Value::String(word)) => match TemplateRole::from_word(&word) {
                    Some(role) => Structure::Role(role),
                    None => return self.fail(at, format!("`{word}` is no role: use system, developer, user, assistant, model or tool")),
                },
                Expr::Literal(_) | Expr::Undefined => {
                    return self.fail(at, "a role is a word: system, developer, user, assistant, model or tool");
                }
                role => Structure::RoleOf(role),
            },
        }))
    }

    /// What a block's opening tag decides by.
    pub(super) fn head(&self, tag: &Tag) -> Result<Head> {
        let phrase = phrase(&tag.words, self.origin)?;
        let params: Vec<String> = phrase
            .block_params
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        let at = phrase.at();
        let Some(Argument::Word(word)) = phrase.arguments.first() else {
            return self.fail(tag.at, "a block starts with a name, not with `(`");
        };
        let alone = phrase.arguments.len() == 1 && phrase.hash.is_empty();
        let signature = self.helper_name(word).and_then(builtin);
        let control = match signature {
            Some(Signature {
                kind: Kind::Control(control),
                ..
            }) => Some(*control),
            _ => None,
        };
        let test = match (signature, control) {
            (Some(signature), Some(control)) if !alone || needs_arguments(signature) => {
                self.control(signature, control, phrase)?
            }
            _ if alone => Test::Section(Expr::Path(self.path(word)?)),
            (Some(signature), _) => {
                return self.fail(
                    at,
                    format!(
                        "`{}` is no block: use it as `{}`",
                        signature.name, signature.usage
                    ),
                );
            }
            (None, _) => {
                return Err(match self.helper_name(word) {
                    Some(name) if self.options.helpers.has(name) => {
                        self.origin.error(at, format!("`{name}` gives a value and is no block: use it as `{{{{#if ({name} ..)}}}}`"))
                    }
                    Some(name) => self.unknown_helper(name, at),
                    None => self.origin.error(at, "only helpers take arguments, and this is a variable"),
                });
            }
        };
        if let (false, Test::If { .. } | Test::Equals { .. }) = (params.is_empty(), &test) {
            return self.fail(
                tag.at,
                "this block gives no block parameters: `each`, `with` and sections do",
            );
        }
        Ok(Head {
            test,
            params,
            at: tag.at,
        })
    }

    fn control(&self, signature: &Signature, control: Control, phrase: Phrase<'_>) -> Result<Test> {
        let at = phrase.at();
        let arguments: Vec<Expr> = phrase
            .arguments
            .into_iter()
            .skip(1)
            .map(|argument| self.value(argument))
            .collect::<Result<_>>()?;
        let hash = self.hash(phrase.hash)?;
        self.check(signature, arguments.len(), &hash, at)?;
        let mut arguments = arguments.into_iter();
        let mut next = || arguments.next().ok_or_else(|| self.confused());
        Ok(match control {
            Control::If | Control::Unless => Test::If {
                value: next()?,
                include_zero: hash.into_iter().next().map(|(_, value)| value),
                negated: control == Control::Unless,
            },
            Control::IfEquals | Control::UnlessEquals => Test::Equals {
                left: next()?,
                right: next()?,
                negated: control == Control::UnlessEquals,
            },
            Control::Each => Test::Each(next()?),
            Control::With => Test::With(next()?),
        })
    }

    pub(super) fn partial(&mut self, tag: &Tag) -> Result<PartialCall> {
        let phrase = phrase(&tag.words, self.origin)?;
        if !phrase.block_params.is_empty() {
            return self.fail(tag.at, "a partial has no block parameters");
        }
        if phrase.arguments.len() > 2 {
            return self.fail(
                tag.at,
                "a partial takes one context, and then key=value pairs",
            );
        }
        let mut arguments = phrase.arguments.into_iter();
        let name = match arguments.next() {
            Some(Argument::Word(Word {
                kind: WordKind::Path(path),
                ..
            })) if path.original == "@partial-block" => PartialName::Block,
            Some(Argument::Word(Word {
                kind: WordKind::Path(RawPath { data: true, .. }),
                ..
            })) => {
                return self.fail(tag.at, "a partial's name is written out, or computed by a helper: `{{> (lookup . \"kind\")}}`");
            }
            Some(Argument::Word(word)) => {
                PartialName::Named(self.named(word.name().unwrap_or_default()))
            }
            Some(call) => {
                if self.options.dynamic_partials.is_empty() {
                    return self.fail(tag.at, "computed partial names are off: declare the names that are allowed, or use `{{#if}}`");
                }
                let declared = self.options.dynamic_partials.iter();
                let declared = declared.map(|name| self.named(name.clone())).collect();
                let name = self.value(call)?;
                PartialName::Computed { name, declared }
            }
            None => return self.fail(tag.at, "name the partial to include"),
        };
        Ok(PartialCall {
            name,
            context: arguments
                .next()
                .map(|context| self.value(context))
                .transpose()?,
            hash: self.hash(phrase.hash)?,
            indent: tag.indent.clone(),
            body: None,
            at: tag.at,
        })
    }

    fn named(&mut self, name: String) -> usize {
        match self.partials.iter().position(|known| *known == name) {
            Some(index) => index,
            None => {
                self.partials.push(name);
                self.partials.len() - 1
            }
        }
    }

    pub(super) fn inline_name(&self, tag: &Tag) -> Result<String> {
        let phrase = phrase(&tag.words, self.origin)?;
        let named =
            |word: &Word| matches!(&word.kind, WordKind::Path(path) if path.original == "inline");
        match phrase.arguments.as_slice() {
            [
                Argument::Word(word),
                Argument::Word(Word {
                    kind: WordKind::Literal(Some(Value::String(name))),
                    ..
                }),
            ] if named(word) && phrase.hash.is_empty() => Ok(name.clone()),
            [Argument::Word(word), ..] if named(word) => self.fail(
                tag.at,
                "an inline partial has a quoted name: `{{#*inline \"name\"}}`",
            ),
            _ => self.fail(
                tag.at,
                "decorators other than `{{#*inline \"name\"}}` are not part of this language",
            ),
        }
    }

    fn value(&self, argument: Argument<'_>) -> Result<Expr> {
        self.value_of(&argument)
    }

    fn value_of(&self, argument: &Argument<'_>) -> Result<Expr> {
        match argument {
            Argument::Word(word) => match &word.kind {
                WordKind::Literal(Some(value)) => Ok(Expr::Literal(value.clone())),
                WordKind::Literal(None) => Ok(Expr::Undefined),
                _ => Ok(Expr::Path(self.path(word)?)),
            },
            Argument::Call(phrase) => self.call(phrase.clone()),
        }
    }

    fn hash(&self, hash: Vec<(String, Argument<'_>)>) -> Result<Hash> {
        hash.into_iter()
            .map(|(key, value)| Ok((key, self.value(value)?)))
            .collect()
    }

    /// The word as a name that could be a helper's.
    fn helper_name<'w>(&self, word: &'w Word) -> Option<&'w str> {
        match &word.kind {
            WordKind::Path(path) if !path.data && !path.scoped => match path.segments.as_slice() {
                [name] if self.param(name).is_none() => Some(name),
                _ => None,
            },
            _ => None,
        }
    }

    fn param(&self, name: &str) -> Option<Base> {
        self.params
            .iter()
            .rev()
            .enumerate()
            .find_map(|(out, names)| {
                let index = names.iter().position(|param| param == name)?;
                Some(Base::Param {
                    out: u16::try_from(out).unwrap_or(u16::MAX),
                    index: u8::try_from(index).unwrap_or(u8::MAX),
                })
            })
    }

    fn path(&self, word: &Word) -> Result<Path> {
        let path = |base, segments: &[String]| Path {
            base,
            segments: segments.iter().cloned().map(Segment::new).collect(),
            at: word.at,
            end: word.end,
        };
        let WordKind::Path(raw) = &word.kind else {
            // `{{"a b"}}`, `{{12}}` and `{{true}}` print the fields of these names.
            let name = word.name().ok_or_else(|| self.confused())?;
            return Ok(path(Base::Context { up: 0 }, &[name]));
        };
        if raw.data {
            return match raw.segments.as_slice() {
                [] => self.fail(word.at, "a name must follow `@`"),
                [first, rest @ ..] if first == "root" => Ok(path(Base::Root, rest)),
                segments => Ok(path(Base::Data { up: raw.up }, segments)),
            };
        }
        if let (false, [first, rest @ ..]) = (raw.scoped, raw.segments.as_slice())
            && let Some(param) = self.param(first)
        {
            return Ok(path(param, rest));
        }
        Ok(path(Base::Context { up: raw.up }, &raw.segments))
    }

    fn check(&self, signature: &Signature, arguments: usize, hash: &Hash, at: u32) -> Result<()> {
        self.check_count(
            signature,
            arguments,
            hash.iter().map(|(key, _)| key.as_str()),
            at,
        )
    }

    fn check_count<'k>(
        &self,
        signature: &Signature,
        arguments: usize,
        keys: impl Iterator<Item = &'k str>,
        at: u32,
    ) -> Result<()> {
        let (fewest, most) = signature.arguments;
        if arguments < fewest || arguments > most {
            let expected = match (fewest, most) {
                (1, 1) => "one argument".to_owned(),
                (0, 0) => "no argument".to_owned(),
                (fewest, most) if fewest == most => format!("{fewest} arguments"),
                (fewest, usize::MAX) => format!("{fewest} arguments or more"),
                (fewest, most) => format!("{fewest} to {most} arguments"),
            };
            return self.fail(
                at,
                format!(
                    "`{}` takes {expected}, not {arguments}: write `{}`",
                    signature.name, signature.usage
                ),
            );
        }
        for key in keys {
            if !signature.keys.contains(&key) {
                return self.fail(
                    at,
                    format!(
                        "`{}` has no `{key}=`: write `{}`",
                        signature.name, signature.usage
                    ),
                );
            }
        }
        Ok(())
    }

    fn unknown_helper(&self, name: &str, at: u32) -> Error {
        let hint = match nearest(name, self.options.helpers.names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "register it, or drop the arguments to print a variable".to_owned(),
        };
        self.origin
            .error(at, format!("there is no helper `{name}`: {hint}"))
    }

    fn fail<T>(&self, at: u32, message: impl Into<String>) -> Result<T> {
        Err(self.origin.error(at, message))
    }

    /// Arguments are counted first, so that this is never reached.
    fn confused(&self) -> Error {
        Error::new(ErrorKind::Internal, "a tag has lost an argument")
            .with_location(self.origin.location(0))
    }
}

/// Helpers whose bare name is a mistake, and not a variable.
fn needs_arguments(signature: &Signature) -> bool {
    matches!(
        signature.name,
        "if" | "unless" | "each" | "with" | "lookup" | "log"
    )
}

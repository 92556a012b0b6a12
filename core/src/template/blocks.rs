//! From tokens to the tree: bodies, blocks and their chains, partials.
//!
//! The pre-pass has matched every tag with its block, so that this only puts bodies where they
//! belong. What a single tag means is `meaning`'s.

use super::CompileOptions;
use super::meaning::{Head, Meaning};
use super::origin::Origin;
use super::prepass::{Tag, TagKind, Token};
use super::tree::{Arm, Block, Inline, Node, PartialCall, PartialName, Program};
use crate::{Error, ErrorKind, Result};

/// The tree of a template, and the names of the partials it includes.
pub(super) fn program(
    tokens: Vec<Token>,
    origin: &Origin,
    options: &CompileOptions<'_>,
) -> Result<(Program, Vec<String>)> {
    let mut builder = Builder {
        meaning: Meaning {
            origin,
            options,
            params: Vec::new(),
            partials: Vec::new(),
        },
        stack: Vec::new(),
        program: Program::default(),
    };
    for token in tokens {
        match token {
            Token::Text(text) if text.is_empty() => {}
            Token::Text(text) => builder.program.nodes.push(Node::Text(text)),
            Token::Tag(tag) => builder.tag(tag)?,
        }
    }
    Ok((builder.program, builder.meaning.partials))
}

struct Builder<'o> {
    meaning: Meaning<'o>,
    stack: Vec<Open>,
    /// The body being filled.
    program: Program,
}

/// A block that is open, and the body around it.
struct Open {
    kind: OpenKind,
    around: Program,
}

enum OpenKind {
    Block {
        arms: Vec<Arm>,
        /// The arm whose body is being filled; `None` in the `{{else}}` body.
        head: Option<Head>,
        otherwise: Option<Program>,
    },
    /// `{{^x}}`: the first body is what happens otherwise.
    Inverse {
        head: Head,
        otherwise: Option<Program>,
    },
    Partial(PartialCall),
    Inline(String),
    Raw,
}

impl Head {
    fn arm(self, body: Program) -> Arm {
        Arm {
            test: self.test,
            body,
            params: u8::try_from(self.params.len()).unwrap_or(u8::MAX),
            at: self.at,
        }
    }
}

impl Builder<'_> {
    fn tag(&mut self, tag: Tag) -> Result<()> {
        match tag.kind {
            TagKind::Comment => {}
            TagKind::Print => {
                let node = self.meaning.print(&tag)?;
                self.program.nodes.push(node);
            }
            TagKind::Partial => {
                let call = self.meaning.partial(&tag)?;
                self.program.nodes.push(Node::Partial(Box::new(call)));
            }
            TagKind::Block => {
                let head = self.enter(&tag)?;
                self.open(OpenKind::Block {
                    arms: Vec::new(),
                    head: Some(head),
                    otherwise: None,
                });
            }
            TagKind::InverseBlock => {
                let head = self.meaning.head(&tag)?;
                if !head.params.is_empty() {
                    return Err(self.fail(&tag, "`{{^..}}` gives no block parameters"));
                }
                self.open(OpenKind::Inverse {
                    head,
                    otherwise: None,
                });
            }
            TagKind::PartialBlock => {
                let call = self.meaning.partial(&tag)?;
                if matches!(call.name, PartialName::Computed { .. }) {
                    return Err(self.fail(&tag, "a computed partial takes no block"));
                }
                self.open(OpenKind::Partial(call));
            }
            TagKind::Inline => {
                let name = self.meaning.inline_name(&tag)?;
                self.open(OpenKind::Inline(name));
            }
            TagKind::Raw => self.open(OpenKind::Raw),
            TagKind::Else | TagKind::ElseChain => self.otherwise(&tag)?,
            TagKind::Close => self.close()?,
        }
        Ok(())
    }

    fn open(&mut self, kind: OpenKind) {
        let around = std::mem::take(&mut self.program);
        self.stack.push(Open { kind, around });
    }

    /// Reads the head of a body and puts its parameters in sight.
    fn enter(&mut self, tag: &Tag) -> Result<Head> {
        let head = self.meaning.head(tag)?;
        if !head.params.is_empty() {
            self.meaning.params.push(head.params.clone());
        }
        Ok(head)
    }

    /// Ends the body of an arm.
    fn leave(&mut self, head: Head, body: Program) -> Arm {
        if !head.params.is_empty() {
            self.meaning.params.pop();
        }
        head.arm(body)
    }

    /// `{{else}}`, or `{{else x}}` with the arm it opens.
    fn otherwise(&mut self, tag: &Tag) -> Result<()> {
        let body = std::mem::take(&mut self.program);
        let Some(Open { kind, around }) = self.stack.pop() else {
            return Err(self.confused());
        };
        let kind = match kind {
            OpenKind::Block {
                mut arms,
                head: Some(head),
                otherwise,
            } => {
                arms.push(self.leave(head, body));
                let head = match tag.kind {
                    TagKind::ElseChain => Some(self.enter(tag)?),
                    _ => None,
                };
                OpenKind::Block {
                    arms,
                    head,
                    otherwise,
                }
            }
            OpenKind::Inverse {
                head,
                otherwise: None,
            } => OpenKind::Inverse {
                head,
                otherwise: Some(body),
            },
            _ => return Err(self.confused()),
        };
        self.stack.push(Open { kind, around });
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        let Some(Open { kind, around }) = self.stack.pop() else {
            return Err(self.confused());
        };
        let body = std::mem::replace(&mut self.program, around);
        let node = match kind {
            OpenKind::Block {
                mut arms,
                head: Some(head),
                otherwise,
            } => {
                arms.push(self.leave(head, body));
                Node::Block(Box::new(Block { arms, otherwise }))
            }
            OpenKind::Block {
                arms, head: None, ..
            } => Node::Block(Box::new(Block {
                arms,
                otherwise: Some(body),
            })),
            OpenKind::Inverse { head, otherwise } => {
                let (body, otherwise) = match otherwise {
                    Some(first) => (body, first),
                    None => (Program::default(), body),
                };
                Node::Block(Box::new(Block {
                    arms: vec![head.arm(body)],
                    otherwise: Some(otherwise),
                }))
            }
            OpenKind::Partial(mut call) => {
                call.body = Some(body);
                Node::Partial(Box::new(call))
            }
            OpenKind::Inline(name) => {
                self.program.inlines.push(Inline { name, body });
                return Ok(());
            }
            OpenKind::Raw => {
                self.program.nodes.extend(body.nodes);
                return Ok(());
            }
        };
        self.program.nodes.push(node);
        Ok(())
    }

    fn fail(&self, tag: &Tag, message: &str) -> Error {
        self.meaning.origin.error(tag.at, message)
    }

    /// The pre-pass has matched all blocks, so that this is never reached.
    fn confused(&self) -> Error {
        Error::new(
            ErrorKind::Internal,
            "a template's blocks do not match its tags",
        )
        .with_location(self.meaning.origin.location(0))
    }
}

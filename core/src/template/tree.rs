//! The tree that is walked at each render: small, immutable, and free of any other crate's types.

use serde_json::Value;

use super::TemplateRole;
use super::helpers::Builtin;

/// A body: what it prints, and the inline partials defined in it.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) nodes: Vec<Node>,
    pub(super) inlines: Vec<Inline>,
}

/// `{{#*inline "name"}}`: seen everywhere in the body that holds it.
#[derive(Debug)]
pub(super) struct Inline {
    pub(super) name: String,
    pub(super) body: Program,
}

#[derive(Debug)]
pub(super) enum Node {
    Text(String),
    /// A printed value; `at..end` is the tag as written.
    Print {
        value: Expr,
        at: u32,
        end: u32,
    },
    Structure {
        kind: Structure,
        at: u32,
    },
    Block(Box<Block>),
    Partial(Box<PartialCall>),
}

/// A tag that makes structure.
#[derive(Debug)]
pub(super) enum Structure {
    Role(TemplateRole),
    /// A role chosen by data: never one that gives instructions.
    RoleOf(Expr),
    Section(Expr),
    Media {
        url: Expr,
        content_type: Option<Expr>,
    },
    History,
}

/// A block with its `{{else if}}` chain: the first arm that is entered wins.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) arms: Vec<Arm>,
    pub(super) otherwise: Option<Program>,
}

#[derive(Debug)]
pub(super) struct Arm {
    pub(super) test: Test,
    pub(super) body: Program,
    /// How many block parameters the body names.
    pub(super) params: u8,
    pub(super) at: u32,
}

#[derive(Debug)]
pub(super) enum Test {
    If {
        value: Expr,
        include_zero: Option<Expr>,
        negated: bool,
    },
    Equals {
        left: Expr,
        right: Expr,
        negated: bool,
    },
    Each(Expr),
    With(Expr),
    /// `{{#name}}`.
    Section(Expr),
}

/// `{{> name context key=value}}`, with a body where it is a block.
#[derive(Debug)]
pub(super) struct PartialCall {
    pub(super) name: PartialName,
    pub(super) context: Option<Expr>,
    pub(super) hash: Hash,
    pub(super) indent: Option<String>,
    pub(super) body: Option<Program>,
    pub(super) at: u32,
}

#[derive(Debug)]
pub(super) enum PartialName {
    /// Index into the template's list of names.
    Named(usize),
    /// `@partial-block`.
    Block,
    /// A name that data chooses, among those declared: indexes like that of `Named`.
    Computed { name: Expr, declared: Vec<usize> },
}

/// `key=value` arguments in the order written.
pub(super) type Hash = Vec<(String, Expr)>;

#[derive(Debug)]
pub(super) enum Expr {
    Literal(Value),
    /// `undefined`.
    Undefined,
    Path(Path),
    Call(Box<Call>),
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) helper: Helper,
    pub(super) arguments: Vec<Expr>,
    pub(super) hash: Hash,
    pub(super) at: u32,
}

#[derive(Debug)]
pub(super) enum Helper {
    Builtin(Builtin),
    /// A function of the host language, by name.
    Host(String),
}

impl Helper {
    /// The name it is called by.
    pub(super) fn name(&self) -> &str {
        match self {
            Helper::Builtin(builtin) => builtin.name(),
            Helper::Host(name) => name,
        }
    }

    /// Whether a text among its arguments may come out again.
    pub(super) fn gives_text(&self) -> bool {
        match self {
            Helper::Builtin(builtin) => builtin.gives_text(),
            Helper::Host(_) => true,
        }
    }
}

#[derive(Debug)]
pub(super) struct Path {
    pub(super) base: Base,
    pub(super) segments: Vec<Segment>,
    pub(super) at: u32,
    pub(super) end: u32,
}

/// Where the first segment is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Base {
    /// The current context, or so many above it.
    Context { up: u16 },
    /// A block parameter: so many parameter lists outwards, and which of the list.
    Param { out: u16, index: u8 },
    /// `@root`.
    Root,
    /// `@index` and the caller's `@name`; the name is the first segment.
    Data { up: u16 },
}

#[derive(Debug)]
pub(super) struct Segment {
    pub(super) key: String,
    /// The key as a position in a list, where it is one.
    pub(super) index: Option<usize>,
}

impl Segment {
    pub(super) fn new(key: String) -> Self {
        // As in JavaScript, `01` is a name and not a position.
        let canonical = key == "0" || !key.starts_with('0');
        let digits = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
        let index = if canonical && digits {
            key.parse().ok()
        } else {
            None
        };
        Segment { key, index }
    }
}

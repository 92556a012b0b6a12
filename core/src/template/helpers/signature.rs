//! The names of the built-in helpers and what each takes.

/// A helper that gives a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::template) enum Builtin {
    Json,
    Eq,
    Ne,
    Lt,
    Lte,
    Gt,
    Gte,
    And,
    Or,
    Not,
    Default,
    Join,
    Len,
    Upper,
    Lower,
    Trim,
    Truncate,
    Date,
    Lookup,
    Log,
}

impl Builtin {
    /// The name it is called by.
    pub(in crate::template) fn name(self) -> &'static str {
        let named = |signature: &&Signature| signature.kind == Kind::Value(self);
        let signature = SIGNATURES.iter().find(named);
        signature.map_or("", |signature| signature.name)
    }

    /// Whether a text among its arguments may come out again.
    pub(in crate::template) fn gives_text(self) -> bool {
        match self {
            Builtin::Json
            | Builtin::Default
            | Builtin::Join
            | Builtin::Upper
            | Builtin::Lower
            | Builtin::Trim
            | Builtin::Truncate
            | Builtin::Date
            | Builtin::Lookup => true,
            Builtin::Eq
            | Builtin::Ne
            | Builtin::Lt
            | Builtin::Lte
            | Builtin::Gt
            | Builtin::Gte
            | Builtin::And
            | Builtin::Or
            | Builtin::Not
            | Builtin::Len
            | Builtin::Log => false,
        }
    }
}

/// A helper that decides about a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::template) enum Control {
    If,
    Unless,
    Each,
    With,
    IfEquals,
    UnlessEquals,
}

/// A helper that makes structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::template) enum Maker {
    Role,
    Section,
    Media,
    History,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::template) enum Kind {
    Value(Builtin),
    Control(Control),
    Maker(Maker),
}

/// A built-in helper: how it is called.
#[derive(Debug)]
pub(in crate::template) struct Signature {
    pub(in crate::template) name: &'static str,
    pub(in crate::template) kind: Kind,
    /// Fewest and most positional arguments.
    pub(in crate::template) arguments: (usize, usize),
    /// Names of `key=value` arguments.
    pub(in crate::template) keys: &'static [&'static str],
    /// How it is written, for messages.
    pub(in crate::template) usage: &'static str,
}

const ANY: usize = usize::MAX;

macro_rules! signatures {
    ($($name:literal $kind:ident::$variant:ident ($fewest:expr, $most:expr) [$($key:literal),*] $usage:literal;)+) => {
        const SIGNATURES: &[Signature] = &[$(Signature {
            name: $name,
            kind: signatures!(@kind $kind::$variant),
            arguments: ($fewest, $most),
            keys: &[$($key),*],
            usage: $usage,
        },)+];
    };
    (@kind Value::$variant:ident) => { Kind::Value(Builtin::$variant) };
    (@kind Control::$variant:ident) => { Kind::Control(Control::$variant) };
    (@kind Maker::$variant:ident) => { Kind::Maker(Maker::$variant) };
}

signatures! {
    "if" Control::If (1, 1) ["includeZero"] "{{#if value}}..{{else}}..{{/if}}";
    "unless" Control::Unless (1, 1) ["includeZero"] "{{#unless value}}..{{else}}..{{/unless}}";
    "each" Control::Each (1, 1) [] "{{#each list}}..{{else}}..{{/each}}";
    "with" Control::With (1, 1) [] "{{#with object}}..{{else}}..{{/with}}";
    "ifEquals" Control::IfEquals (2, 2) [] "{{#ifEquals a b}}..{{else}}..{{/ifEquals}}";
    "unlessEquals" Control::UnlessEquals (2, 2) [] "{{#unlessEquals a b}}..{{else}}..{{/unlessEquals}}";
    "role" Maker::Role (1, 1) [] "{{role \"user\"}}";
    "section" Maker::Section (1, 1) [] "{{section \"name\"}}";
    "media" Maker::Media (0, 0) ["url", "contentType"] "{{media url=image contentType=type}}";
    "history" Maker::History (0, 0) [] "{{history}}";
    "lookup" Value::Lookup (2, 2) [] "{{lookup object key}}";
    "log" Value::Log (1, ANY) ["level"] "{{log value}}";
    "json" Value::Json (1, 1) ["indent"] "{{json value indent=2}}";
    "eq" Value::Eq (2, 2) [] "(eq a b)";
    "ne" Value::Ne (2, 2) [] "(ne a b)";
    "lt" Value::Lt (2, 2) [] "(lt a b)";
    "lte" Value::Lte (2, 2) [] "(lte a b)";
    "gt" Value::Gt (2, 2) [] "(gt a b)";
    "gte" Value::Gte (2, 2) [] "(gte a b)";
    "and" Value::And (2, ANY) [] "(and a b)";
    "or" Value::Or (2, ANY) [] "(or a b)";
    "not" Value::Not (1, 1) [] "(not a)";
    "default" Value::Default (2, ANY) [] "{{default value \"otherwise\"}}";
    "join" Value::Join (1, 2) ["separator"] "{{join list \", \"}}";
    "len" Value::Len (1, 1) [] "{{len list}}";
    "upper" Value::Upper (1, 1) [] "{{upper text}}";
    "lower" Value::Lower (1, 1) [] "{{lower text}}";
    "trim" Value::Trim (1, 1) [] "{{trim text}}";
    "truncate" Value::Truncate (2, 3) ["suffix"] "{{truncate text 100 suffix=\"...\"}}";
    "date" Value::Date (0, 2) ["format", "offset"] "{{date \"yyyy-MM-dd\"}}";
    "$date" Value::Date (0, 2) ["format", "offset"] "{{$date \"yyyy-MM-dd\"}}";
}

/// The built-in helper with this name.
pub(in crate::template) fn builtin(name: &str) -> Option<&'static Signature> {
    SIGNATURES.iter().find(|signature| signature.name == name)
}

/// The names of all built-in helpers.
pub(in crate::template) fn names() -> impl Iterator<Item = &'static str> {
    SIGNATURES.iter().map(|signature| signature.name)
}

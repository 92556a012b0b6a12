//! How a target takes each field: declared as data, read by the generic step before encoding
//! and by the generator of the documentation's table. No other code asks which provider it is.

/// How a target takes one field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Support {
    /// As it is.
    Carried,
    /// As it is, within this range; outside it is clamped with a warning, or `unsupported` under `error`.
    Within(f64, f64),
    /// In another form; the note says which.
    Adapted(&'static str),
    /// Not at all: left out with a warning, or `unsupported` under `error`.
    Dropped,
    /// Not at all, and leaving it out would change the meaning: always `unsupported`.
    Refused,
}

/// The fields of a target that are not simply [`Support::Carried`].
///
/// A field is the name of an option, one of the finer names in [`Capability::FINER`], or `unknown`: the keys
/// that no option has.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Capability {
    rules: Vec<(&'static str, Support)>,
    not_while_reasoning: Vec<&'static str>,
}

impl Capability {
    /// Names of what is finer than an option.
    pub const FINER: &'static [&'static str] = &[
        "content.image_url",
        "content.image_url.remote",
        "content.input_audio",
        "content.file",
        "content.file.remote",
        "content.other",
        "tools.other",
        "tool_choice.none",
        "tool_choice.required",
        "tool_choice.function",
        "tool_choice.other",
        "response_format.json_object",
        "response_format.json_schema",
    ];

    /// A capability with these rules; a later rule for the same field wins.
    pub fn new(rules: impl IntoIterator<Item = (&'static str, Support)>) -> Self {
        Capability {
            rules: rules.into_iter().collect(),
            not_while_reasoning: Vec::new(),
        }
    }

    /// Adds or replaces a rule.
    #[must_use]
    pub fn with(mut self, field: &'static str, support: Support) -> Self {
        self.rules.push((field, support));
        self
    }

    /// Fields that are [`Support::Dropped`] in a call that asks for reasoning.
    #[must_use]
    pub fn not_while_reasoning(mut self, fields: impl IntoIterator<Item = &'static str>) -> Self {
        self.not_while_reasoning.extend(fields);
        self
    }

    /// How this field is taken in a call that asks for reasoning, or in one that does not.
    pub fn in_call(&self, field: &str, reasoning: bool) -> Support {
        match reasoning && self.not_while_reasoning.contains(&field) {
            true => Support::Dropped,
            false => self.of(field),
        }
    }

    /// How this field is taken.
    pub fn of(&self, field: &str) -> Support {
        self.rules
            .iter()
            .rev()
            .find(|(name, _)| *name == field)
            .map_or(Support::Carried, |(_, support)| *support)
    }
}

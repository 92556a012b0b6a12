//! What a Gemini model takes, read from its name: how it is told to think, and which fields of a
//! later generation it knows.
//!
//! Source: Google's guides to thinking (budgets for 2.5, levels from 3) with the levels each model
//! takes, and its table from OpenAI's `reasoning_effort` to budgets.

/// How a model is told how long to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thinking {
    /// It does not think.
    None,
    /// `thinkingBudget` in tokens.
    Budget,
    /// `thinkingLevel`.
    Level,
}

/// What a model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) thinking: Thinking,
    /// Thinking can be turned off (with a budget of 0).
    pub(super) off: bool,
    /// The lowest level.
    pub(super) least: &'static str,
    /// The level `medium`.
    pub(super) medium: bool,
    /// Generation 3 and later: calls are replayed with a signature, JSON answers go with tools, and
    /// results of tools may hold media.
    pub(super) third: bool,
}

impl Model {
    /// Reads a model's name, with or without `models/` and a publisher.
    pub(super) fn of(name: &str) -> Model {
        let is_pro = name.contains("-pro");
        let Some(version) = version(name) else {
            // Aliases such as `gemini-flash-latest` move on; what is not Gemini has nothing but budgets.
            let newest = name.contains("gemini-") && name.ends_with("-latest");
            return Model {
                thinking: if newest {
                    Thinking::Level
                } else {
                    Thinking::Budget
                },
                off: !newest,
                least: "low",
                medium: true,
                third: newest,
            };
        };
        let third = version >= (3, 0);
        let has_minimal = !is_pro && (name.contains("-lite") || version < (3, 7));
        Model {
            thinking: match version {
                v if v < (2, 5) => Thinking::None,
                v if v < (3, 0) => Thinking::Budget,
                _ => Thinking::Level,
            },
            off: !third && !is_pro,
            least: if has_minimal { "minimal" } else { "low" },
            medium: !(is_pro && version == (3, 0)),
            third,
        }
    }
}

/// `gemini-2.5-flash`, `gemini-3-pro-preview`: the number after `gemini-`.
fn version(name: &str) -> Option<(u32, u32)> {
    let (_, rest) = name.split_once("gemini-")?;
    let number = rest.split('-').next()?;
    let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_generation() {
        assert_eq!(version("gemini-2.5-flash-lite"), Some((2, 5)));
        assert_eq!(version("models/gemini-3-pro-preview"), Some((3, 0)));
        assert_eq!(version("gemini-flash-latest"), None);
        assert_eq!(version("gemma-3-27b-it"), None);
    }

    #[test]
    fn generations_differ_where_the_guides_say() {
        assert_eq!(Model::of("gemini-2.0-flash").thinking, Thinking::None);
        let pro = Model::of("gemini-2.5-pro");
        assert_eq!((pro.thinking, pro.off), (Thinking::Budget, false));
        assert!(Model::of("gemini-2.5-flash").off);
        let pro = Model::of("gemini-3-pro-preview");
        assert_eq!((pro.least, pro.medium, pro.third), ("low", false, true));
        assert!(Model::of("gemini-3.1-pro-preview").medium);
        assert_eq!(Model::of("gemini-3-flash-preview").least, "minimal");
        assert_eq!(Model::of("gemini-3.8-flash").least, "low");
        assert!(Model::of("gemini-pro-latest").third);
    }
}

//! What a Claude model takes, read from its name: how it thinks, whether it can be sampled, whether
//! a tool can be forced. A name that is not Claude's gets the common ground of the dialect.
//!
//! Source: Anthropic's migration guides for Claude 4.6, 4.7, 5 and 5.5, and the answers the API gave
//! in September and October 2026. Families gain and lose features by version, so the rules compare versions.

/// How a model is asked to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thinking {
    /// It cannot.
    None,
    /// With a budget in tokens.
    Budget,
    /// By effort; a budget is taken too.
    Either,
    /// By effort only.
    Adaptive,
}

/// How a model that thinks by itself is told not to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Off {
    /// By leaving `thinking` out.
    Omit,
    /// `{"type": "disabled"}`.
    Disabled,
    /// `{"type": "between_tools"}` is the least it takes.
    BetweenTools,
    /// Not at all; low effort is the least it takes.
    Never,
}

/// Which of `temperature`, `top_p` and `top_k` a model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sampling {
    /// All together.
    All,
    /// `temperature` or `top_p`, not both.
    One,
    /// None: even defaults are refused.
    None,
}

/// What a model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) thinking: Thinking,
    pub(super) off: Off,
    pub(super) sampling: Sampling,
    /// `tool_choice` of `any` or a named tool.
    pub(super) forced_tool: bool,
    /// `output_config.format`, and `strict` tools.
    pub(super) schema: bool,
    /// `xhigh` effort; without it `high` is the next.
    pub(super) xhigh: bool,
}

/// What the dialect's hosts have in common.
const COMMON: Model = Model {
    thinking: Thinking::Budget,
    off: Off::Omit,
    sampling: Sampling::All,
    forced_tool: true,
    schema: true,
    xhigh: false,
};

impl Model {
    /// Reads a model's name, in any host's spelling.
    pub(super) fn of(name: &str) -> Model {
        let Some((family, version)) = family_and_version(name) else {
            return COMMON;
        };
        let thinking = match version {
            v if v < (3, 7) => Thinking::None,
            v if v < (4, 6) => Thinking::Budget,
            (4, 6) => Thinking::Either,
            _ => Thinking::Adaptive,
        };
        let off = match (family, version) {
            (_, v) if v < (5, 0) => Off::Omit,
            (Family::Sonnet, v) if v >= (5, 5) => Off::BetweenTools,
            (Family::Opus, v) if v >= (5, 5) => Off::Never,
            (Family::Other, _) => Off::Never,
            _ => Off::Disabled,
        };
        let sampling = match version {
            v if v < (4, 5) => Sampling::All,
            v if v < (4, 7) => Sampling::One,
            _ => Sampling::None,
        };
        let forced_tool = match family {
            Family::Opus | Family::Sonnet => version < (5, 5),
            Family::Haiku => true,
            Family::Other => version < (5, 1),
        };
        Model {
            thinking,
            off,
            sampling,
            forced_tool,
            schema: version >= (4, 5) || (family == Family::Opus && version >= (4, 1)),
            xhigh: version >= (4, 7),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Opus,
    Sonnet,
    Haiku,
    /// Fable, and what comes after it.
    Other,
}

/// `claude-sonnet-4-5-20250929`, `claude-3-7-sonnet@20250219`, `us.anthropic.claude-opus-4-8-v1:0`:
/// the first one or two short numbers after `claude` are the version, wherever the family stands.
fn family_and_version(name: &str) -> Option<(Family, (u32, u32))> {
    let (_, rest) = name.split_once("claude-")?;
    let mut family = Family::Other;
    let mut numbers = [None, None];
    for token in rest.split(['-', '.', '@', ':', '/', '[']) {
        if token
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_digit())
        {
            let Some(number) = (token.len() <= 2).then(|| token.parse().ok()).flatten() else {
                // A date: the version is over.
                break;
            };
            if let Some(free) = numbers.iter_mut().find(|number| number.is_none()) {
                *free = Some(number);
            }
            continue;
        }
        match token {
            "opus" => family = Family::Opus,
            "sonnet" => family = Family::Sonnet,
            "haiku" | "instant" => family = Family::Haiku,
            _ => {}
        }
    }
    let [major, minor] = numbers;
    Some((family, (major?, minor.unwrap_or(0))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_spelling() {
        for (name, expected) in [
            ("claude-sonnet-4-5-20250929", (Family::Sonnet, (4, 5))),
            ("claude-opus-4-20250514", (Family::Opus, (4, 0))),
            ("claude-3-7-sonnet-latest", (Family::Sonnet, (3, 7))),
            ("claude-3-opus@20240229", (Family::Opus, (3, 0))),
            ("us.anthropic.claude-opus-4-8-v1:0", (Family::Opus, (4, 8))),
            ("anthropic/claude-fable-5.1", (Family::Other, (5, 1))),
            ("claude-haiku-5-5[1m]", (Family::Haiku, (5, 5))),
        ] {
            assert_eq!(family_and_version(name), Some(expected), "{name}");
        }
        assert_eq!(family_and_version("kimi-k2"), None);
        assert_eq!(family_and_version("claude-latest"), None);
    }

    #[test]
    fn generations_differ_where_the_guides_say() {
        assert_eq!(
            Model::of("claude-3-5-haiku-latest").thinking,
            Thinking::None
        );
        assert_eq!(Model::of("claude-haiku-4-5").thinking, Thinking::Budget);
        assert_eq!(Model::of("claude-sonnet-4-6").thinking, Thinking::Either);
        assert_eq!(Model::of("claude-opus-4-7").thinking, Thinking::Adaptive);
        assert_eq!(Model::of("claude-opus-4-6").sampling, Sampling::One);
        assert_eq!(Model::of("claude-opus-4-7").sampling, Sampling::None);
        assert!(!Model::of("claude-fable-5-1").forced_tool);
        assert!(Model::of("claude-haiku-5-5").forced_tool);
        assert_eq!(Model::of("claude-sonnet-5").off, Off::Disabled);
        assert_eq!(Model::of("claude-sonnet-5-5").off, Off::BetweenTools);
        assert!(!Model::of("claude-sonnet-4-20250514").schema);
        assert_eq!(Model::of("MiniMax-M2"), COMMON);
    }
}

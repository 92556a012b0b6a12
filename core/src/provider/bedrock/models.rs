//! What differs between the models behind Converse, as a table: a row for each maker, found by the maker's word
//! in the model id. A model that is in no row gets what all have in common.
//!
//! Source: AWS's pages on Converse, tool use, prompt caching and structured outputs, and what pydantic-ai's and
//! Vercel's clients found by trying (in 2026).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::provider::Target;

/// Where `top_k` goes in `additionalModelRequestFields`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TopK {
    /// Nowhere.
    None,
    /// `top_k`.
    Plain,
    /// `inferenceConfig.topK`.
    Inference,
}

/// How a model is asked to reason, in `additionalModelRequestFields`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thinking {
    /// It is not.
    None,
    /// As Anthropic's own API: `thinking` and `output_config.effort`.
    Claude,
    /// `reasoning_effort`: `low`, `medium` or `high`; always on.
    Effort,
    /// `reasoning_config`: `low` or `high`; always on.
    Config,
    /// `reasoningConfig`: `{type, maxReasoningEffort}`.
    Nova,
}

/// Where caching marks may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caching {
    /// Nowhere.
    None,
    /// In `system` and in messages.
    Content,
    /// Among the tools as well, and with a time to live.
    Tools,
}

/// What may stand in one turn with the results of tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BesideResults {
    /// Anything.
    All,
    /// Text, images and sounds.
    NoFiles,
    /// Nothing.
    Nothing,
}

/// What a family of models takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Family {
    /// The maker's word in model ids.
    maker: &'static str,
    pub(super) top_k: TopK,
    thinking: Thinking,
    /// Beginnings of the names that can reason; `""` for all.
    thinkers: &'static [&'static str],
    pub(super) caching: Caching,
    /// `toolChoice` is taken at all.
    pub(super) tool_choice: bool,
    /// Beginnings of the names with structured outputs and strict tools; `""` for all.
    schemas: &'static [&'static str],
    /// A conversation may begin with the assistant.
    pub(super) assistant_first: bool,
    pub(super) beside_results: BesideResults,
    /// Results of tools must be JSON, not text.
    pub(super) json_results: bool,
    /// Results of tools say whether they are errors.
    pub(super) result_status: bool,
    /// Ids of calls are nine letters and digits.
    short_ids: bool,
}

const COMMON: Family = Family {
    maker: "",
    top_k: TopK::None,
    thinking: Thinking::None,
    thinkers: &[""],
    caching: Caching::None,
    tool_choice: true,
    schemas: &[],
    assistant_first: false,
    beside_results: BesideResults::All,
    json_results: false,
    result_status: true,
    short_ids: false,
};

const FAMILIES: &[Family] = &[
    Family {
        maker: "anthropic",
        top_k: TopK::Plain,
        thinking: Thinking::Claude,
        caching: Caching::Tools,
        // Bedrock checks the newest against an older schema of the Messages API, which lacks them.
        schemas: &[
            "claude-haiku-4-5",
            "claude-opus-4-5",
            "claude-opus-4-6",
            "claude-sonnet-4-5",
            "claude-sonnet-4-6",
        ],
        assistant_first: true,
        beside_results: BesideResults::NoFiles,
        ..COMMON
    },
    Family {
        maker: "amazon",
        top_k: TopK::Inference,
        thinking: Thinking::Nova,
        thinkers: &["nova-2"],
        caching: Caching::Content,
        ..COMMON
    },
    Family {
        maker: "mistral",
        schemas: &[
            "magistral-small",
            "ministral-3",
            "mistral-large-3",
            "voxtral",
        ],
        beside_results: BesideResults::Nothing,
        json_results: true,
        short_ids: true,
        ..COMMON
    },
    Family {
        maker: "openai",
        thinking: Thinking::Effort,
        ..COMMON
    },
    Family {
        maker: "qwen",
        thinking: Thinking::Config,
        thinkers: &["qwen3", "qwq"],
        schemas: &["qwen3"],
        assistant_first: true,
        ..COMMON
    },
    Family {
        maker: "meta",
        tool_choice: false,
        beside_results: BesideResults::Nothing,
        ..COMMON
    },
    Family {
        maker: "deepseek",
        tool_choice: false,
        ..COMMON
    },
    Family {
        maker: "writer",
        tool_choice: false,
        beside_results: BesideResults::Nothing,
        result_status: false,
        ..COMMON
    },
    Family {
        maker: "google",
        schemas: &["gemma-3-12b-it", "gemma-3-27b-it"],
        ..COMMON
    },
    Family {
        maker: "minimax",
        schemas: &["minimax-m2"],
        ..COMMON
    },
    Family {
        maker: "nvidia",
        schemas: &["nemotron-nano"],
        ..COMMON
    },
    Family {
        maker: "zai",
        schemas: &[""],
        assistant_first: true,
        ..COMMON
    },
    Family {
        maker: "moonshot",
        schemas: &[""],
        assistant_first: true,
        ..COMMON
    },
    Family {
        maker: "moonshotai",
        schemas: &[""],
        assistant_first: true,
        ..COMMON
    },
];

/// The family of a target's model, and the model's name in it.
pub(super) fn family(target: &Target) -> (&'static Family, &str) {
    let id = match target.provider.quirks.model_maker.as_deref() {
        // For an id that names no maker, as those of one's own inference profiles.
        Some(maker) => return (of_maker(maker).unwrap_or(&COMMON), &target.model),
        None => target.model.as_str(),
    };
    // An ARN ends with the id; `us.` and the like stand before the maker.
    let mut rest = id.rsplit('/').next().unwrap_or(id);
    while let Some((word, name)) = rest.split_once('.') {
        if let Some(family) = of_maker(word) {
            return (family, name);
        }
        rest = name;
    }
    (&COMMON, id)
}

fn of_maker(maker: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.maker == maker)
}

impl Family {
    /// How the model of this name is asked to reason.
    pub(super) fn thinking(&self, name: &str) -> Thinking {
        match self.thinkers.iter().any(|start| name.starts_with(start)) {
            true => self.thinking,
            false => Thinking::None,
        }
    }

    /// Whether the model of this name has structured outputs and strict tools.
    pub(super) fn has_schemas(&self, name: &str) -> bool {
        self.schemas.iter().any(|start| name.starts_with(start))
    }
}

/// Whether the target's ids of calls are nine letters and digits.
pub(super) fn short_ids(target: &Target) -> bool {
    target.provider.quirks.short_tool_ids || family(target).0.short_ids
}

/// The id of a call in an answer; one is made up where none came, as its result needs something to refer to.
pub(super) fn answer_id(id: &str, short: bool) -> String {
    match id {
        "" => wire_id(&format!("call_{}", uuid::Uuid::new_v4().simple()), short).into_owned(),
        id => wire_id(id, short).into_owned(),
    }
}

/// An id of a call as the target takes it, in both directions: one that does not fit, such as another
/// provider's, is replaced by one computed from it, so that call and result still meet.
pub(super) fn wire_id(id: &str, short: bool) -> Cow<'_, str> {
    let fits = if short {
        id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
    } else {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
        (1..=64).contains(&id.len()) && id.bytes().all(allowed)
    };
    if fits {
        return Cow::Borrowed(id);
    }
    let letters: String = URL_SAFE_NO_PAD
        .encode(Sha256::digest(id))
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(9)
        .collect();
    Cow::Owned(letters)
}

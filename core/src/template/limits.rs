//! How large and how deep templates and their data may be.
//!
//! Counted where it is spent: the pre-pass counts the source, the evaluator counts
//! depth, steps and output. Passing a limit is a `template_error`, never an abort.

use serde::{Deserialize, Serialize};

/// Limits of compiling and rendering; the key `template_limits` of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Blocks inside blocks in one template. Default 32.
    pub block_depth: usize,
    /// Partials inside partials. Default 16.
    pub partial_depth: usize,
    /// Blocks and partials on any one path of a render. Default 100.
    pub render_depth: usize,
    /// Rounds of all loops of a render. Default 1,000,000.
    pub loop_iterations: usize,
    /// Partials expanded in a render. Default 100,000.
    pub partial_expansions: usize,
    /// Bytes a render may print. Default 8 MiB.
    pub output_bytes: usize,
    /// Bytes of one template's source. Default 1 MiB.
    pub template_bytes: usize,
    /// Tags in one template. Default 5,000.
    pub tags: usize,
    /// Calls inside calls, as in `(not (eq a b))`. Default 16.
    pub parameter_depth: usize,
    /// Lists and objects inside each other in the data. Default 64.
    pub data_depth: usize,
}

impl Limits {
    /// The defaults, as a constant.
    pub const DEFAULT: Limits = Limits {
        block_depth: 32,
        partial_depth: 16,
        render_depth: 100,
        loop_iterations: 1_000_000,
        partial_expansions: 100_000,
        output_bytes: 8 << 20,
        template_bytes: 1 << 20,
        tags: 5_000,
        parameter_depth: 16,
        data_depth: 64,
    };
}

/// Depths no setting can pass, so that a render fits a thread with 512 KB of stack.
const MOST_BLOCKS: usize = 100;
const MOST_RENDER: usize = 150;
const MOST_PARAMETERS: usize = 32;
const MOST_DATA: usize = 128;

impl Limits {
    /// The limits, with depths at most at what the stack is sure to bear.
    pub(super) fn bounded(&self) -> Limits {
        Limits {
            block_depth: self.block_depth.min(MOST_BLOCKS),
            render_depth: self.render_depth.min(MOST_RENDER),
            parameter_depth: self.parameter_depth.min(MOST_PARAMETERS),
            data_depth: self.data_depth.min(MOST_DATA),
            ..*self
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits::DEFAULT
    }
}

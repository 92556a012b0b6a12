//! `slugline prompts promote SLUG ENVIRONMENT VERSION`: moves an environment.

use clap::Args;
use serde_json::json;
use slugline::prompt::PromptWriter;

use crate::open::OpenArgs;
use crate::output::{Failure, print, print_json};

/// Arguments of `prompts promote`.
#[derive(Debug, Args)]
pub(crate) struct PromoteArgs {
    /// Slug of the prompt
    slug: String,
    /// The environment that moves
    environment: String,
    /// The version it moves to
    version: u64,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn promote(open: &OpenArgs, args: &PromoteArgs) -> Result<(), Failure> {
    let PromoteArgs {
        slug,
        environment,
        version,
        json,
    } = args;
    open.store()?.promote(slug, environment, *version)?;
    if *json {
        return print_json(&json!({"slug": slug, "environment": environment, "version": version}));
    }
    print(&format!(
        "{environment} of {slug} is now version {version}\n"
    ))
    .map_err(Failure::from)
}

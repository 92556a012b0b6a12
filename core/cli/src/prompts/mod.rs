//! `slugline prompts ..`: the stored prompts, and their versions.

mod diff;
mod list;
mod promote;
mod publish;
mod show;

use clap::Subcommand;

use crate::open::OpenArgs;
use crate::output::Failure;

/// What to do with prompts.
#[derive(Debug, Subcommand)]
pub(crate) enum PromptsCommand {
    /// List the stored prompts
    List(list::ListArgs),
    /// Show a prompt: source, variables, versions, environments, variants
    Show(show::ShowArgs),
    /// Compare two environments or versions of a prompt
    Diff(diff::DiffArgs),
    /// Freeze a working file as the next version
    Publish(publish::PublishArgs),
    /// Point an environment at a version
    Promote(promote::PromoteArgs),
}

pub(crate) async fn run(open: &OpenArgs, command: &PromptsCommand) -> Result<(), Failure> {
    match command {
        PromptsCommand::List(args) => list::list(open, args),
        PromptsCommand::Show(args) => show::show(open, args),
        PromptsCommand::Diff(args) => diff::diff(open, args).await,
        PromptsCommand::Publish(args) => publish::publish(open, args),
        PromptsCommand::Promote(args) => promote::promote(open, args),
    }
}

//! `slugline recordings ..`: what was kept of calls.

mod delete;
mod export;
mod filter;
mod list;
mod rerun;
mod show;

use clap::Subcommand;

pub(crate) use filter::FilterArgs;

use crate::open::OpenArgs;
use crate::output::Failure;

/// What to do with recordings.
#[derive(Debug, Subcommand)]
pub(crate) enum RecordingsCommand {
    /// List recordings, newest first
    List(list::ListArgs),
    /// Show a recording: facts, attempts, messages, answer, feedback
    Show(show::ShowArgs),
    /// Write recordings to a file, one JSON object a line
    Export(export::ExportArgs),
    /// Make a recorded call again, with another model
    Rerun(rerun::RerunArgs),
    /// Delete recordings and their feedback
    Delete(delete::DeleteArgs),
}

pub(crate) async fn run(open: &OpenArgs, command: RecordingsCommand) -> Result<(), Failure> {
    match command {
        RecordingsCommand::List(args) => list::list(open, args).await,
        RecordingsCommand::Show(args) => show::show(open, &args).await,
        RecordingsCommand::Export(args) => export::export(open, args).await,
        RecordingsCommand::Rerun(args) => rerun::rerun(open, args).await,
        RecordingsCommand::Delete(args) => delete::delete(open, args).await,
    }
}

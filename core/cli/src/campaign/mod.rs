//! `slugline campaign ..`: what campaigns found.

mod report;

use clap::Subcommand;

use crate::open::OpenArgs;
use crate::output::Failure;

/// What to ask of campaigns.
#[derive(Debug, Subcommand)]
pub(crate) enum CampaignCommand {
    /// Show the figures of each arm, and how the metric differs between them
    Report(report::ReportArgs),
}

pub(crate) async fn run(open: &OpenArgs, command: CampaignCommand) -> Result<(), Failure> {
    match command {
        CampaignCommand::Report(args) => report::report(open, args).await,
    }
}

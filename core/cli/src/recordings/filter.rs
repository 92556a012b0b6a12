//! The options that say which recordings are meant.

use clap::Args;
use slugline::store::Filter;

use crate::when::When;

/// Which recordings.
#[derive(Debug, Args)]
pub(crate) struct FilterArgs {
    /// Runs of this prompt
    #[arg(long, value_name = "SLUG")]
    prompt: Option<String>,
    /// Calls of this session
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Calls that took part in this campaign
    #[arg(long, value_name = "KEY")]
    campaign: Option<String>,
    /// Calls of this project
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// Calls with this label; several may be given
    #[arg(long, value_name = "KEY=VALUE", value_parser = label)]
    label: Vec<(String, String)>,
    /// Calls that began at this time or later: 7d, 12h, 2026-11-20, 2026-11-20T09:30:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<When>,
    /// Calls that began before this time
    #[arg(long, value_name = "TIME")]
    until: Option<When>,
}

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

impl FilterArgs {
    /// The filter.
    pub(crate) fn filter(self) -> Filter {
        Filter {
            ids: Vec::new(),
            prompt: self.prompt,
            session_id: self.session,
            campaign: self.campaign,
            project: self.project,
            labels: self
                .label
                .into_iter()
                .map(|(key, value)| (key, value.into()))
                .collect(),
            since_ms: self.since.map(|when| when.0),
            until_ms: self.until.map(|when| when.0),
        }
    }
}

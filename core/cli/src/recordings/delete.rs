//! `slugline recordings delete`: by ids at once, by filter once `--yes` says that so many are meant.

use clap::Args;
use serde_json::json;
use slugline::store::{Filter, UsageQuery};

use super::FilterArgs;
use crate::open::OpenArgs;
use crate::output::{Failure, note, print_json};

/// Arguments of `recordings delete`.
#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    /// Ids of recordings
    ids: Vec<String>,
    #[command(flatten)]
    filter: FilterArgs,
    /// Delete what the options mean, however many that is
    #[arg(long)]
    yes: bool,
    /// Print how many were deleted as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn delete(open: &OpenArgs, args: DeleteArgs) -> Result<(), Failure> {
    let filter = Filter {
        ids: args.ids,
        ..args.filter.filter()
    };
    if filter.is_empty() {
        return Err(Failure::usage(
            "say which recordings: ids, or options such as --prompt or --until",
        ));
    }
    let engine = open.engine_with_state()?;
    if filter.ids.is_empty() && !args.yes {
        let counted = UsageQuery {
            filter,
            ..UsageQuery::default()
        };
        let rows = engine.usage(counted).await?;
        let calls: u64 = rows.iter().map(|row| row.calls).sum();
        return Err(Failure::usage(format!(
            "this would delete {calls} recordings: say --yes"
        )));
    }
    let deleted = engine.recordings().delete(filter).await?;
    if args.json {
        return print_json(&json!({ "deleted": deleted }));
    }
    note(&format!("{deleted} recordings deleted"));
    Ok(())
}

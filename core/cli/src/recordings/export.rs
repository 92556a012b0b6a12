//! `slugline recordings export PATH`: recordings with all that was kept, one JSON object a line.

use clap::Args;
use serde_json::json;
use slugline::store::{Filter, RecordingQuery};
use slugline::{Engine, ErrorKind};

use super::FilterArgs;
use crate::open::OpenArgs;
use crate::output::{Failure, note, print, print_json};

/// Arguments of `recordings export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The file that is written; - for standard output
    path: String,
    #[command(flatten)]
    filter: FilterArgs,
    /// Print the path and the number of recordings as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn export(open: &OpenArgs, args: ExportArgs) -> Result<(), Failure> {
    if args.path == "-" && args.json {
        return Err(Failure::usage(
            "--json tells of a file: leave it out with `-`",
        ));
    }
    let engine = open.engine_with_state()?;
    let filter = args.filter.filter();
    if args.path == "-" {
        return print_all(&engine, filter).await;
    }
    let count = engine.recordings().export(&args.path, filter).await?;
    if args.json {
        return print_json(&json!({"path": args.path, "recordings": count}));
    }
    note(&format!("{count} recordings in {}", args.path));
    Ok(())
}

async fn print_all(engine: &Engine, filter: Filter) -> Result<(), Failure> {
    let mut query = RecordingQuery {
        filter,
        limit: Some(500),
        payload: true,
        ..RecordingQuery::default()
    };
    loop {
        let page = engine.recordings().list(query.clone()).await?;
        let mut lines = String::new();
        for recording in &page.recordings {
            let line = serde_json::to_string(recording);
            let line = line.map_err(|error| Failure::of(ErrorKind::Internal, error.to_string()))?;
            lines.push_str(&line);
            lines.push('\n');
        }
        print(&lines)?;
        match page.next_cursor {
            Some(cursor) => query.cursor = Some(cursor),
            None => return Ok(()),
        }
    }
}

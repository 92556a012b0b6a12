//! `slugline recordings list`: a line a recording, newest first.

use clap::Args;
use slugline::store::{Page, Recording, RecordingQuery};

use super::FilterArgs;
use crate::open::OpenArgs;
use crate::output::{Failure, note, print, print_json};
use crate::table::{Side, Table, amount};
use crate::when;

/// Arguments of `recordings list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Most recordings, 1 to 1,000
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: u32,
    /// Where the page before ended
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
    /// Print the page as JSON: `recordings` and `next_cursor`
    #[arg(long)]
    json: bool,
    /// With --json, messages and answers too, where they were kept
    #[arg(long, requires = "json")]
    payload: bool,
}

pub(crate) async fn list(open: &OpenArgs, args: ListArgs) -> Result<(), Failure> {
    let engine = open.engine_with_state()?;
    let query = RecordingQuery {
        filter: args.filter.filter(),
        limit: Some(args.limit),
        cursor: args.cursor,
        payload: args.payload,
    };
    let page = engine.recordings().list(query).await?;
    if args.json {
        return print_json(&page);
    }
    print(&table(&page).text())?;
    if let Some(cursor) = &page.next_cursor {
        note(&format!("more: --cursor {cursor}"));
    }
    Ok(())
}

fn table(page: &Page) -> Table {
    let mut table = Table::new(&[
        ("id", Side::Left),
        ("began (UTC)", Side::Left),
        ("prompt", Side::Left),
        ("model", Side::Left),
        ("outcome", Side::Left),
        ("ms", Side::Right),
        ("tokens", Side::Right),
        ("cost", Side::Right),
    ]);
    for recording in &page.recordings {
        table.row(line(recording));
    }
    table
}

fn line(recording: &Recording) -> Vec<String> {
    let prompt = recording.prompt.as_ref();
    let usage = recording.usage.as_ref();
    let cost = recording.cost.as_ref();
    vec![
        recording.id.clone(),
        when::shown(recording.created_ms),
        prompt
            .map(|prompt| match &prompt.variant {
                Some(variant) => format!("{} ({variant})", prompt.slug),
                None => prompt.slug.clone(),
            })
            .unwrap_or_default(),
        recording.model.clone().unwrap_or_default(),
        recording.error_code.clone().unwrap_or("ok".to_owned()),
        recording.timing.total_ms.to_string(),
        usage
            .map(|usage| format!("{} + {}", usage.prompt_tokens, usage.completion_tokens))
            .unwrap_or_default(),
        cost.map(|cost| amount(cost.amount, &cost.currency))
            .unwrap_or_default(),
    ]
}

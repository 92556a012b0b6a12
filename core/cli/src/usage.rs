//! `slugline usage`: calls, tokens and cost in groups.

use clap::Args;
use slugline::store::{UsageGroup, UsageQuery, UsageRow};

use crate::open::OpenArgs;
use crate::output::{Failure, print, print_json};
use crate::recordings::FilterArgs;
use crate::table::{Side, Table, cost};

/// Arguments of `usage`.
#[derive(Debug, Args)]
pub(crate) struct UsageArgs {
    /// Groups: model, provider, prompt, campaign, arm, project, day or label:KEY; several with commas
    #[arg(
        long,
        value_name = "GROUPS",
        value_delimiter = ',',
        default_value = "model"
    )]
    by: Vec<String>,
    #[command(flatten)]
    filter: FilterArgs,
    /// Print the rows as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn usage(open: &OpenArgs, args: UsageArgs) -> Result<(), Failure> {
    let words = args.by.iter().filter(|word| !word.is_empty());
    let mut group_by = words
        .map(|word| UsageGroup::parse(word))
        .collect::<slugline::Result<Vec<_>>>()
        .map_err(|error| Failure::usage(error.to_string()))?;
    // Each once: a row has one value for each.
    let mut seen = Vec::new();
    group_by.retain(|group| {
        let new = !seen.contains(group);
        seen.push(group.clone());
        new
    });
    let engine = open.engine_with_state()?;
    let query = UsageQuery {
        group_by,
        filter: args.filter.filter(),
    };
    let rows = engine.usage(query.clone()).await?;
    if args.json {
        return print_json(&rows);
    }
    print(&table(&query.group_by, &rows).text()).map_err(Failure::from)
}

fn table(groups: &[UsageGroup], rows: &[UsageRow]) -> Table {
    let words: Vec<String> = groups.iter().map(UsageGroup::word).collect();
    let mut columns: Vec<(&str, Side)> = words
        .iter()
        .map(|word| (word.as_str(), Side::Left))
        .collect();
    columns.extend(
        ["calls", "errors", "tokens in", "tokens out", "cost"].map(|name| (name, Side::Right)),
    );
    let mut table = Table::new(&columns);
    for row in rows {
        let mut values: Vec<String> = row
            .group
            .values()
            .map(|value| value.as_str().unwrap_or("-").to_owned())
            .collect();
        let tokens = |count: u64| match row.metered_calls {
            0 => String::new(),
            _ => count.to_string(),
        };
        values.extend([
            row.calls.to_string(),
            row.errors.to_string(),
            tokens(row.prompt_tokens),
            tokens(row.completion_tokens),
            cost(&row.cost, row.calls),
        ]);
        table.row(values);
    }
    table
}

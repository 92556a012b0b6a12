//! `slugline campaign report KEY`: the figures of each arm, and what the metric says of them.

use std::fmt::Write as _;

use clap::Args;
use slugline::store::{CampaignQuery, CampaignReport, Comparison};

use crate::open::OpenArgs;
use crate::output::{Failure, print, print_json};
use crate::table::{Side, Table, cost};
use crate::when::When;

/// Arguments of `campaign report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Key of the campaign, or slug of a prompt with variants
    key: String,
    /// Metric of the feedback that is compared [default: the campaign's own]
    #[arg(long, value_name = "NAME")]
    metric: Option<String>,
    /// Calls that began at this time or later: 7d, 12h, 2026-11-20, 2026-11-20T09:30:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<When>,
    /// Calls that began before this time
    #[arg(long, value_name = "TIME")]
    until: Option<When>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn report(open: &OpenArgs, args: ReportArgs) -> Result<(), Failure> {
    let engine = open.engine_with_state()?;
    let query = CampaignQuery {
        campaign: args.key,
        metric: args.metric,
        since_ms: args.since.map(|when| when.0),
        until_ms: args.until.map(|when| when.0),
    };
    let report = engine.campaign_report(query).await?;
    if args.json {
        return print_json(&report);
    }
    print(&text(&report)).map_err(Failure::from)
}

fn text(report: &CampaignReport) -> String {
    let metric = report.metric.as_deref().unwrap_or("metric");
    let mut table = Table::new(&[
        ("arm", Side::Left),
        ("calls", Side::Right),
        ("errors", Side::Right),
        ("mean ms", Side::Right),
        ("tokens", Side::Right),
        ("cost", Side::Right),
        ("judged", Side::Right),
        (metric, Side::Right),
        ("95 % interval", Side::Right),
    ]);
    for arm in &report.arms {
        let mean = arm.mean_latency_ms.map(|mean| format!("{mean:.0}"));
        let metric = arm.metric_mean.map(|mean| format!("{mean:.3}"));
        table.row(vec![
            arm.arm.clone(),
            arm.calls.to_string(),
            arm.errors.to_string(),
            mean.unwrap_or_default(),
            arm.total_tokens.to_string(),
            cost(&arm.cost, arm.calls),
            arm.metric_count.to_string(),
            metric.unwrap_or_default(),
            interval(arm.metric_low, arm.metric_high),
        ]);
    }
    let mut out = table.text();
    for pair in &report.comparisons {
        let _ = writeln!(out, "\n{}", compared(pair, report));
    }
    out
}

fn interval(low: Option<f64>, high: Option<f64>) -> String {
    match (low, high) {
        (Some(low), Some(high)) => format!("{low:.3} to {high:.3}"),
        _ => String::new(),
    }
}

/// What is known of a pair, in a sentence.
fn compared(pair: &Comparison, report: &CampaignReport) -> String {
    let Comparison { arm, other, .. } = pair;
    let (Some(difference), Some(p_value)) = (pair.difference, pair.p_value_adjusted) else {
        return format!("{arm} and {other}: too few judgements to say");
    };
    let test = pair.test.as_deref().unwrap_or_default().replace('_', " ");
    let corrected = match report.comparisons.len() {
        1 => String::new(),
        pairs => format!(", corrected for {pairs} pairs"),
    };
    let mut said = format!(
        "{other} less {arm}: {difference:+.3} ({}), p = {p_value:.4} ({test}{corrected})",
        interval(pair.low, pair.high)
    );
    let better = match report.goal.as_deref() {
        Some("up") => Some(difference > 0.0),
        Some("down") => Some(difference < 0.0),
        _ => None,
    };
    if p_value >= 0.05 {
        said.push_str(": no difference can be told");
    } else if let Some(better) = better {
        let better = if better { other } else { arm };
        let _ = write!(said, ": {better} is better");
    }
    said
}

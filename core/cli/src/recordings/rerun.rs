//! `slugline recordings rerun ID`: the recorded call once more, with another model, beside its answer.

use clap::Args;
use serde_json::json;
use similar::TextDiff;
use slugline::engine::Rerun;
use slugline::store::Recording;

use crate::open::OpenArgs;
use crate::output::{Failure, note, print, print_json};

/// Arguments of `recordings rerun`.
#[derive(Debug, Args)]
pub(crate) struct RerunArgs {
    /// Id of the recording; its payload must have been kept
    id: String,
    /// Model to ask; several are a fallback, in order [default: the one that served]
    #[arg(long, short, value_name = "MODEL")]
    model: Vec<String>,
    /// Print what differs from the recorded answer instead of the answer
    #[arg(long)]
    diff: bool,
    /// Print the recording, the completion and what differs as JSON
    #[arg(long, conflicts_with = "diff")]
    json: bool,
}

pub(crate) async fn rerun(open: &OpenArgs, args: RerunArgs) -> Result<(), Failure> {
    let engine = open.engine_with_state()?;
    let recordings = engine.recordings();
    let before = recordings.get(&args.id).await?;
    let asked = Rerun { model: args.model };
    let outcome = recordings.rerun(&args.id, asked).await;
    // Recorded before the command ends, whatever the outcome.
    let written = engine.shutdown().await;
    let completion = outcome?;
    written?;
    let (old, new) = (answer(&before), format!("{}\n", completion.text()));
    let name = before.model.as_deref().unwrap_or("recorded");
    let diff = TextDiff::from_lines(&old, &new);
    let diff = diff
        .unified_diff()
        .header(name, &completion.model)
        .to_string();
    if args.json {
        let same = old == new;
        return print_json(
            &json!({"same": same, "recording": before, "completion": completion, "diff": diff}),
        );
    }
    print(if args.diff { &diff } else { &new })?;
    note(&format!(
        "[{}, {} ms; recorded: {name}, {} ms]",
        completion.model, completion.meta.timing.total_ms, before.timing.total_ms
    ));
    Ok(())
}

/// The text of the recorded answer.
fn answer(recording: &Recording) -> String {
    let first = recording.answer.iter().flatten().next();
    let text = first.map(|choice| choice.message.text());
    format!("{}\n", text.unwrap_or_default())
}

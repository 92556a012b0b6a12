//! `slugline render SLUG key=value ..`: the messages as the model would see them. Nothing is sent.

use clap::Args;

use crate::open::OpenArgs;
use crate::output::{Failure, note, print, print_json};
use crate::run;

/// Arguments of `render`.
#[derive(Debug, Args)]
pub(crate) struct RenderArgs {
    /// Slug of the prompt; `SLUG@ENVIRONMENT` and `SLUG@VERSION` name one
    slug: String,
    /// Variables: key=text, key:=JSON, key=@file, key=- (standard input), @file.json
    variables: Vec<String>,
    /// Print messages, parameters and version as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn render(open: &OpenArgs, args: RenderArgs) -> Result<(), Failure> {
    let request = run::request(&args.slug, &args.variables, None).await?;
    let rendered = open.engine()?.render_prompt(request)?;
    if args.json {
        return print_json(&rendered);
    }
    for message in &rendered.messages {
        print(&format!("[{}]\n", message.role))?;
        for part in message.parts() {
            match part.as_text() {
                Some(text) => print(&format!("{}\n", text.trim_end_matches('\n')))?,
                None => print(&format!("({})\n", part.kind()))?,
            }
        }
        print("\n")?;
    }
    for warning in &rendered.warnings {
        note(&format!("warning: {}", warning.message));
    }
    Ok(())
}

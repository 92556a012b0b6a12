//! `slugline prompts diff SLUG [FROM] TO`: what changed between two environments or versions,
//! in the source, and with variables in the rendered messages.

use clap::Args;
use serde_json::json;
use similar::TextDiff;
use slugline::chat::JsonMap;
use slugline::prompt::{
    Address, DEFAULT_ENVIRONMENT, FileStore, Prompt, PromptStore, RenderPrompt,
};

use crate::args;
use crate::open::OpenArgs;
use crate::output::{Failure, print, print_json};

/// Arguments of `prompts diff`.
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// Slug of the prompt
    slug: String,
    /// Environment or version to compare with
    to: String,
    /// Environment or version to compare from
    #[arg(long, value_name = "NAME", default_value = DEFAULT_ENVIRONMENT)]
    from: String,
    /// A variant of both
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// Compare rendered messages, with these variables: key=text, key:=JSON, key=@file, @file.json
    #[arg(long, value_name = "VARIABLE", num_args = 1..)]
    render: Option<Vec<String>>,
    /// Print both sides and the difference as JSON
    #[arg(long)]
    json: bool,
}

/// One side of the comparison.
struct Side {
    name: String,
    hash: String,
    text: String,
}

pub(crate) async fn diff(open: &OpenArgs, args: &DiffArgs) -> Result<(), Failure> {
    let variables = match &args.render {
        Some(words) => Some(args::variables(words).await?),
        None => None,
    };
    let store = open.store()?;
    let side = |at: &str| side(&store, args, at, variables.as_ref());
    let (from, to) = (side(&args.from)?, side(&args.to)?);
    let diff = TextDiff::from_lines(&from.text, &to.text);
    let text = diff.unified_diff().header(&from.name, &to.name).to_string();
    if args.json {
        let json = |side: &Side| json!({"name": side.name, "hash": side.hash, "text": side.text});
        let same = from.text == to.text;
        return print_json(
            &json!({"same": same, "from": json(&from), "to": json(&to), "diff": text}),
        );
    }
    print(&text).map_err(Failure::from)
}

fn side(
    store: &FileStore,
    args: &DiffArgs,
    at: &str,
    variables: Option<&JsonMap>,
) -> slugline::Result<Side> {
    let mut address = Address::parse(&format!("{}@{at}", args.slug))?;
    address.variant.clone_from(&args.variant);
    let prompt = store.load(&address)?;
    let text = match variables {
        None => prompt.source.to_string(),
        Some(variables) => rendered(&prompt, variables)?,
    };
    Ok(Side {
        name: format!("{}@{at}", prompt.reference.slug),
        hash: prompt.reference.hash.clone(),
        text,
    })
}

/// The messages as text, a heading a message.
fn rendered(prompt: &Prompt, variables: &JsonMap) -> slugline::Result<String> {
    let rendered = prompt.render(&RenderPrompt {
        now: std::time::SystemTime::now(),
        ..RenderPrompt::new(variables)
    })?;
    let mut out = String::new();
    for message in &rendered.messages {
        out.push_str(&format!("[{}]\n", message.role));
        for part in message.parts() {
            match part.as_text() {
                Some(text) => out.push_str(text.trim_end_matches('\n')),
                None => out.push_str(&serde_json::to_string(&part).unwrap_or_default()),
            }
            out.push('\n');
        }
    }
    Ok(out)
}

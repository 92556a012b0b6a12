//! `slugline run SLUG key=value ..`: runs a stored prompt, streamed to the terminal.

use std::io::IsTerminal as _;

use clap::Args;
use slugline::chat::{ChatCompletion, PromptRequest};
use slugline::engine::RequestFor;
use slugline::prompt::Address;
use slugline::stream::{BATCH, ChatStream};

use crate::args;
use crate::open::OpenArgs;
use crate::output::{Failure, note, print, print_json};

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Slug of the prompt; `SLUG@ENVIRONMENT` and `SLUG@VERSION` name one
    slug: String,
    /// Variables: key=text, key:=JSON, key=@file, key=- (standard input), @file.json
    variables: Vec<String>,
    /// Model, instead of the prompt's
    #[arg(long, short)]
    model: Option<String>,
    /// Print the answer as it comes [default on a terminal]
    #[arg(long)]
    stream: bool,
    /// Print the whole completion as JSON
    #[arg(long, conflicts_with = "stream")]
    json: bool,
    /// Print the exact request instead of sending it
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(open: &OpenArgs, args: RunArgs) -> Result<(), Failure> {
    let request = request(&args.slug, &args.variables, args.model.as_deref()).await?;
    let engine = open.engine()?;
    if args.dry_run {
        let request = RequestFor::Prompt(Box::new(request), args.stream);
        return print_json(&engine.build_request(request)?);
    }
    if args.stream || !args.json && std::io::stdout().is_terminal() {
        return print_stream(engine.run_prompt_stream(request)).await;
    }
    show(&engine.run_prompt(request).await?, args.json)
}

/// Prints an answer.
pub(crate) fn show(completion: &ChatCompletion, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(completion);
    }
    print(&format!("{}\n", completion.text()))?;
    tell(completion);
    Ok(())
}

/// The request for a slug with variables as they stand on the command line.
pub(crate) async fn request(
    slug: &str,
    variables: &[String],
    model: Option<&str>,
) -> Result<PromptRequest, Failure> {
    let address = Address::parse(slug)?;
    let mut request = PromptRequest::new(address.slug.as_str());
    request.environment = address.environment;
    request.version = address.version;
    request.variables = args::variables(variables).await?;
    request.options.model = model.map(str::to_owned).into_iter().collect();
    Ok(request)
}

/// Prints the first choice's text as it comes, then who answered.
pub(crate) async fn print_stream(mut stream: ChatStream) -> Result<(), Failure> {
    loop {
        let batch = stream.next_batch(BATCH).await?;
        if batch.is_empty() {
            break;
        }
        for delta in batch.iter().filter(|delta| delta.index == 0) {
            print(delta.text.as_deref().unwrap_or_default())?;
        }
    }
    print("\n")?;
    tell(&stream.completion().await?);
    Ok(())
}

/// Who answered, and what there is to know, for a person at a terminal.
fn tell(completion: &ChatCompletion) {
    let meta = &completion.meta;
    let tokens = match &completion.usage {
        Some(usage) => format!(
            ", {} + {} tokens",
            usage.prompt_tokens, usage.completion_tokens
        ),
        None => String::new(),
    };
    note(&format!(
        "[{}, {} ms{tokens}]",
        completion.model, meta.timing.total_ms
    ));
    for warning in &meta.warnings {
        note(&format!("warning: {}", warning.message));
    }
}

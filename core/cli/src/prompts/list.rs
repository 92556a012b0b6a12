//! `slugline prompts list`: a line a prompt.

use clap::Args;
use slugline::prompt::{PromptInfo, PromptStore};

use crate::open::OpenArgs;
use crate::output::{Failure, print, print_json};

/// Arguments of `prompts list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Print everything known about each prompt as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn list(open: &OpenArgs, args: &ListArgs) -> Result<(), Failure> {
    let prompts = open.store()?.list()?;
    if args.json {
        return print_json(&prompts);
    }
    let width = prompts
        .iter()
        .map(|prompt| prompt.slug.len())
        .max()
        .unwrap_or(0);
    for prompt in &prompts {
        print(format!("{:width$}  {}", prompt.slug, about(prompt)).trim_end())?;
        print("\n")?;
    }
    Ok(())
}

/// Where it is live, its variants, and what it is for.
fn about(prompt: &PromptInfo) -> String {
    let mut words = Vec::new();
    let pointers: Vec<String> = prompt
        .environments
        .iter()
        .filter_map(|environment| Some(format!("{} {}", environment.name, environment.version?)))
        .collect();
    if !pointers.is_empty() {
        words.push(format!("[{}]", pointers.join(", ")));
    }
    if !prompt.variants.is_empty() {
        let names: Vec<&str> = prompt
            .variants
            .iter()
            .map(|variant| variant.name.as_str())
            .collect();
        words.push(format!("({})", names.join(" | ")));
    }
    if let Some(problem) = &prompt.problem {
        words.push(format!("BROKEN: {problem}"));
    } else if let Some(description) = &prompt.description {
        words.push(description.lines().next().unwrap_or_default().to_owned());
    }
    words.join(" ")
}

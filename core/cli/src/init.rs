//! `slugline init`: a configuration and a first prompt, so that `slugline run greet name=Ada` works.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use slugline::ErrorKind;

use crate::output::{Failure, print, print_json};

const CONFIG: &str = r#"# Everything here is optional: https keys come from their usual environment variables.
[engine]
default_model = "auto"
prompts = "prompts"

[models]
# The first whose key is set answers; without any the built-in test provider echoes.
auto = ["openai/gpt-5-mini", "anthropic/claude-haiku-4-5", "gemini/gemini-2.5-flash", "test/echo"]
"#;

const PROMPT: &str = "---
description: Greets somebody by name
input:
  schema:
    name: string, whom to greet
---
{{role \"system\"}}You greet people warmly, in one sentence.
{{role \"user\"}}Say hello to {{name}}.
";

/// Arguments of `init`.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Folder to write into
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Print the written files as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn init(args: &InitArgs) -> Result<(), Failure> {
    let prompts = args.folder.join("prompts");
    let mut written = Vec::new();
    let files = [
        (args.folder.join("slugline.toml"), CONFIG),
        (prompts.join("greet.prompt"), PROMPT),
    ];
    // Both or none.
    if let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
        return Err(cannot_write(
            path,
            &std::io::ErrorKind::AlreadyExists.into(),
        ));
    }
    fs::create_dir_all(&prompts).map_err(|error| cannot_write(&prompts, &error))?;
    for (path, text) in files {
        // Never over a file that is there: it may be somebody's work.
        let file = fs::File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        file.map_err(|error| cannot_write(&path, &error))?;
        if !args.json {
            print(&format!("wrote {}\n", path.display()))?;
        }
        written.push(path);
    }
    if args.json {
        return print_json(&json!({ "written": written }));
    }
    print("next: slugline run greet name=Ada\n")?;
    Ok(())
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("cannot write {}: {error}", path.display());
    Failure::of(ErrorKind::StoreError, message)
}

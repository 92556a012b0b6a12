//! The command line of Slugline: one file a command, each a thin caller of the library.
//!
//! Exit code 0 is ok, 1 failed, 2 wrong usage. Results go to standard output and nothing else does;
//! what a person should know beside them goes to standard error, and only to a terminal.

mod args;
mod campaign;
mod chat;
mod doctor;
mod init;
mod json;
mod lint;
mod open;
mod output;
mod prompts;
mod recordings;
mod render;
mod run;
mod serve;
mod table;
mod usage;
mod when;

use std::process::ExitCode;

use clap::error::ErrorKind::{DisplayHelp, DisplayVersion};
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

/// Prompts as files, run against any language model.
#[derive(Debug, Parser)]
#[command(name = "slugline", version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    open: open::OpenArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a stored prompt
    Run(run::RunArgs),
    /// Ask a model, or talk with it
    Chat(chat::ChatArgs),
    /// Show a stored prompt with its variables filled in, without sending it
    Render(render::RenderArgs),
    /// Look for mistakes in prompts
    Lint(lint::LintArgs),
    /// List, show, compare, publish and promote prompts
    #[command(subcommand)]
    Prompts(prompts::PromptsCommand),
    /// List, show, export, repeat and delete recordings of calls
    #[command(subcommand)]
    Recordings(recordings::RecordingsCommand),
    /// Show what campaigns found
    #[command(subcommand)]
    Campaign(campaign::CampaignCommand),
    /// Count calls, tokens and cost
    Usage(usage::UsageArgs),
    /// Write a configuration and a first prompt
    Init(init::InitArgs),
    /// Say what works here and what does not
    Doctor(doctor::DoctorArgs),
    /// Serve the engine over HTTP
    Serve(serve::ServeArgs),
}

fn main() -> ExitCode {
    let read = Cli::command().try_get_matches();
    let read =
        read.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, wants_json(&matches))));
    let (cli, json) = match read {
        Ok(read) => read,
        Err(error) => return wrong_usage(&error),
    };
    let serves = matches!(cli.command, Command::Serve(_));
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if !serves {
        builder.worker_threads(2);
    }
    let runtime = match builder.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let message = format!("cannot start: {error}");
            return output::Failure::of(slugline::ErrorKind::Internal, message).report(json);
        }
    };
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = dispatch(cli) => outcome,
            // A server ends its calls first: it listens to signals itself.
            _ = tokio::signal::ctrl_c(), if !serves => Err(output::Failure::interrupted()),
        }
    });
    // A read of standard input may be under way, and would never end.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(json),
    }
}

/// Whether the command was asked for JSON: then its errors are JSON too.
fn wants_json(matches: &ArgMatches) -> bool {
    match matches.subcommand() {
        Some((_, inner)) => wants_json(inner),
        None => matches!(matches.try_get_one("json"), Ok(Some(true))),
    }
}

/// Shows help where it was asked for, else what is wrong with the words.
fn wrong_usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if matches!(error.kind(), DisplayHelp | DisplayVersion) {
        return ExitCode::SUCCESS;
    }
    // What follows `--` is no option.
    let mut words = std::env::args_os().take_while(|word| word != "--");
    let json = words.any(|word| word == "--json");
    let text = error.render().to_string();
    let message = text.lines().next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(message);
    output::Failure::usage(message).unsaid().report(json)
}

async fn dispatch(cli: Cli) -> Result<(), output::Failure> {
    match cli.command {
        Command::Run(args) => run::run(&cli.open, args).await,
        Command::Chat(args) => chat::chat(&cli.open, args).await,
        Command::Render(args) => render::render(&cli.open, args).await,
        Command::Lint(args) => lint::lint(&cli.open, &args),
        Command::Prompts(command) => prompts::run(&cli.open, &command).await,
        Command::Recordings(command) => recordings::run(&cli.open, command).await,
        Command::Campaign(command) => campaign::run(&cli.open, command).await,
        Command::Usage(args) => usage::usage(&cli.open, args).await,
        Command::Init(args) => init::init(&args),
        Command::Doctor(args) => doctor::doctor(&cli.open, &args).await,
        Command::Serve(args) => serve::serve(&cli.open, args).await,
    }
}

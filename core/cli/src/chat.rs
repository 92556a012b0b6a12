//! `slugline chat`: one question, or a conversation on a terminal.

use std::io::{IsTerminal as _, Write as _};

use clap::Args;
use slugline::Engine;
use slugline::chat::{ChatRequest, Message};
use slugline::engine::RequestFor;

use crate::args::{aside, standard_input};
use crate::open::OpenArgs;
use crate::output::{Failure, print_json};
use crate::run::{print_stream, show};

/// Arguments of `chat`.
#[derive(Debug, Args)]
pub(crate) struct ChatArgs {
    /// What to say; `-` or nothing reads standard input, on a terminal a conversation begins
    message: Vec<String>,
    /// Model: `provider/model`, an alias, a project or a bare id [default: the configured one]
    #[arg(long, short)]
    model: Vec<String>,
    /// Instructions before the conversation
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    /// Go on with the session of this id
    #[arg(long, value_name = "ID")]
    session: Option<String>,
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

pub(crate) async fn chat(open: &OpenArgs, args: ChatArgs) -> Result<(), Failure> {
    let text = args.message.join(" ");
    let asked = match text.as_str() {
        "" if args.message.is_empty() && std::io::stdin().is_terminal() => None,
        "-" => Some(standard_input().await?),
        "" if args.message.is_empty() => Some(standard_input().await?),
        _ => Some(text),
    };
    if asked.as_ref().is_some_and(|text| text.trim().is_empty()) {
        return Err(Failure::usage(
            "the message is empty: there is nothing to ask",
        ));
    }
    if asked.is_none() && (args.json || args.dry_run) {
        return Err(Failure::usage(
            "say what to ask: a conversation has no --json and no --dry-run",
        ));
    }
    let engine = open.engine()?;
    let Some(text) = asked else {
        return converse(&engine, &args).await;
    };
    let mut request = request(&args, &text);
    if args.dry_run {
        if let Some(id) = &args.session {
            // As a call in the session is composed: after the instructions, before what is new.
            let history = engine.session(id.as_str()).history().await?;
            let at = usize::from(args.system.is_some());
            request.messages.splice(at..at, history);
        }
        let request = RequestFor::Chat(Box::new(request), args.stream);
        return print_json(&engine.build_request(request)?);
    }
    if args.stream || !args.json && std::io::stdout().is_terminal() {
        return print_stream(match &args.session {
            Some(id) => engine.session(id.as_str()).chat_stream(request),
            None => engine.chat_stream(request),
        })
        .await;
    }
    let outcome = match &args.session {
        Some(id) => engine.session(id.as_str()).chat(request).await,
        None => engine.chat(request).await,
    };
    show(&outcome?, args.json)
}

fn request(args: &ChatArgs, text: &str) -> ChatRequest {
    let system = args.system.as_deref().map(Message::system);
    let messages = system.into_iter().chain([Message::user(text)]).collect();
    let mut request = ChatRequest::from_messages(messages);
    request.options.model.clone_from(&args.model);
    request
}

/// A line a turn, until the end of input. A turn that fails leaves the conversation as it was.
async fn converse(engine: &Engine, args: &ChatArgs) -> Result<(), Failure> {
    let id = match &args.session {
        Some(id) => id.clone(),
        None => uuid::Uuid::new_v4().to_string(),
    };
    let session = engine.session(id.as_str());
    let mut first = true;
    loop {
        let _ = write!(std::io::stderr(), "> ");
        let Some(line) = line().await? else {
            let _ = writeln!(std::io::stderr());
            return Ok(());
        };
        if line.trim().is_empty() {
            continue;
        }
        let mut request = request(args, line.trim_end());
        if !first {
            // It is in the session already.
            request
                .messages
                .retain(|message| !message.role.is_instruction());
        }
        match print_stream(session.chat_stream(request)).await {
            Ok(()) => first = false,
            Err(failure) => {
                failure.report(false);
            }
        }
    }
}

async fn line() -> Result<Option<String>, Failure> {
    aside(|| {
        let mut line = String::new();
        let count = std::io::stdin().read_line(&mut line)?;
        Ok((count > 0).then_some(line))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_come_first() {
        let args = ChatArgs {
            message: Vec::new(),
            model: vec!["a/b".to_owned()],
            system: Some("Be brief.".to_owned()),
            session: None,
            stream: false,
            json: false,
            dry_run: false,
        };
        let request = request(&args, "Hi");
        let texts: Vec<String> = request.messages.iter().map(Message::text).collect();
        assert_eq!(texts, ["Be brief.", "Hi"]);
        assert_eq!(request.options.model, ["a/b"]);
    }
}

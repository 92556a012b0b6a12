//! An answer as it comes, chunk by chunk, and the whole of it at the end.

use futures_util::StreamExt as _;
use slugline::Engine;
use slugline::chat::ChatRequest;
use slugline::config::Config;

#[tokio::main]
async fn main() -> slugline::Result<()> {
    let engine = Engine::new(Config::default())?;
    let mut stream = engine.chat_stream(ChatRequest::new("One word at a time").model("test/echo"));
    while let Some(chunk) = stream.next().await {
        print!("{}", chunk?.text());
    }
    println!();
    let answer = stream.completion().await?;
    println!(
        "{} tokens",
        answer.usage.map_or(0, |usage| usage.total_tokens)
    );
    Ok(())
}

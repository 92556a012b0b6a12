//! A conversation that the engine keeps: each call sees the turns before it.

use slugline::Engine;
use slugline::chat::ChatRequest;
use slugline::config::Config;
use slugline::store::UsageQuery;

#[tokio::main]
async fn main() -> slugline::Result<()> {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../slugline.toml");
    let engine = Engine::new(Config::from_file(examples)?)?;
    let session = engine.session("ada");
    session.chat(ChatRequest::new("My name is Ada.")).await?;
    session.chat(ChatRequest::new("What is my name?")).await?;
    for message in session.history().await? {
        println!("{}: {}", message.role, message.text());
    }
    for row in engine.usage(UsageQuery::default()).await? {
        println!("{} calls recorded", row.calls);
    }
    Ok(())
}

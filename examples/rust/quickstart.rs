//! Three lines to an answer. Without a key the built-in test provider echoes:
//!
//!     cargo run -p slugline-examples --bin quickstart

use slugline::Engine;
use slugline::chat::ChatRequest;
use slugline::config::Config;

#[tokio::main]
async fn main() -> slugline::Result<()> {
    let engine = Engine::new(Config::default())?;
    let answer = engine
        .chat(ChatRequest::new("Hello from Rust").model("test/echo"))
        .await?;
    println!("{}", answer.text());
    Ok(())
}

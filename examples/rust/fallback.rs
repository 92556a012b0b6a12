//! A fallback list: the first target is down, the second answers, and every attempt is told.

use serde_json::json;
use slugline::Engine;
use slugline::chat::ChatRequest;
use slugline::config::Config;

#[tokio::main]
async fn main() -> slugline::Result<()> {
    let engine = Engine::new(Config::from_value(json!({
        "providers": {"down": {"dialect": "openai", "base_url": "http://127.0.0.1:9/v1"}},
        "engine": {"max_retries": 0},
    }))?)?;
    let request = ChatRequest::new("Is anybody there?").model(["down/some-model", "test/echo"]);
    let answer = engine.chat(request).await?;
    println!("{}: {}", answer.model, answer.text());
    for attempt in &answer.meta.attempts {
        println!(
            "  {}/{}: {}",
            attempt.provider,
            attempt.model,
            attempt.code.as_deref().unwrap_or("ok")
        );
    }
    Ok(())
}

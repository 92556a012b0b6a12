//! A stored prompt, run by its slug with variables.

use slugline::Engine;
use slugline::chat::PromptRequest;
use slugline::config::Config;

#[tokio::main]
async fn main() -> slugline::Result<()> {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../slugline.toml");
    let engine = Engine::new(Config::from_file(examples)?)?;
    let answer = engine
        .run_prompt(PromptRequest::new("greet").variable("name", "Ada"))
        .await?;
    println!("{}", answer.text());
    if let Some(prompt) = &answer.meta.prompt {
        println!(
            "prompt {} {}, answered by {}",
            prompt.slug,
            &prompt.hash[..8],
            answer.model
        );
    }
    Ok(())
}

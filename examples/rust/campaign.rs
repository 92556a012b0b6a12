//! Two ways to greet, tested against each other; people's judgement decides.

use serde_json::{Value, json};
use slugline::Engine;
use slugline::chat::PromptRequest;
use slugline::config::ConfigSource;
use slugline::store::Feedback;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../slugline.toml");
    let file = std::env::temp_dir().join(format!("slugline-example-{}.db", std::process::id()));
    let over = json!({
        "storage": format!("sqlite:{}", file.display()),
        "campaigns": {"tone": {
            "applies_to": {"prompts": ["greet"]},
            "metric": {"key": "thumbs", "goal": "up"},
            "arms": [{"name": "plain"}, {"name": "cool", "params": {"temperature": 0}}],
        }},
    });
    let Value::Object(over) = over else {
        return Ok(());
    };
    let engine = Engine::builder()
        .source(ConfigSource::File(examples.into()))
        .overrides(over)
        .open()?;
    for number in 0..40 {
        let request = PromptRequest::new("greet")
            .variable("name", "Ada")
            .user(format!("user-{number}"));
        let answer = engine.run_prompt(request).await?;
        let campaign = answer.meta.campaign.as_ref();
        let likes_it = campaign.is_some_and(|drawn| drawn.arm == "cool") || number % 3 == 0;
        let completion = &answer.choices[0].completion_id;
        let feedback = Feedback::new(completion, "thumbs", likes_it);
        engine.feedback(feedback).await?;
    }
    let report = engine.campaign_report("tone").await?;
    for arm in &report.arms {
        let mean = arm.metric_mean.unwrap_or_default();
        println!("{}: {} calls, {mean:.2} liked it", arm.arm, arm.calls);
    }
    let p_value = report.comparisons[0].p_value.unwrap_or(1.0);
    println!(
        "{}",
        if p_value < 0.05 {
            "a difference"
        } else {
            "no difference to speak of"
        }
    );
    drop(engine);
    std::fs::remove_file(file)?;
    Ok(())
}

"""Two ways to greet, tested against each other; people's judgement decides."""

from pathlib import Path
from tempfile import TemporaryDirectory

from slugline import Engine

EXAMPLES = Path(__file__).parents[1]
CAMPAIGN = {
    "applies_to": {"prompts": ["greet"]},
    "metric": {"key": "thumbs", "goal": "up"},
    "arms": [{"name": "plain"}, {"name": "cool", "params": {"temperature": 0}}],
}

with (
    TemporaryDirectory() as folder,
    Engine(
        EXAMPLES / "slugline.toml",
        campaigns={"tone": CAMPAIGN},
        storage=f"sqlite:{folder}/state.db",
    ) as engine,
):
    for number in range(40):
        answer = engine.run_prompt("greet", {"name": "Ada"}, user=f"user-{number}")
        campaign = answer.meta.campaign
        if campaign is not None:
            likes_it = campaign.arm == "cool" or number % 3 == 0
            engine.feedback(answer.choices[0].completion_id, "thumbs", likes_it)
    report = engine.campaign_report("tone")
    for arm in report.arms:
        print(f"{arm.arm}: {arm.calls} calls, {arm.metric_mean:.2f} liked it")
    difference = report.comparisons[0]
    if difference.p_value is not None:
        print("a difference" if difference.p_value < 0.05 else "no difference to speak of")

"""A stored prompt, run by its slug with variables."""

from pathlib import Path

from slugline import Engine

EXAMPLES = Path(__file__).parents[1]

with Engine(EXAMPLES / "slugline.toml") as engine:
    answer = engine.run_prompt("greet", {"name": "Ada"})
    print(answer.text)
    prompt = answer.meta.prompt
    if prompt is not None:
        print(f"prompt {prompt.slug} {prompt.hash[:8]}, answered by {answer.model}")

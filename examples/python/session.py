"""A conversation that the engine keeps: each call sees the turns before it."""

from pathlib import Path

from slugline import Engine

EXAMPLES = Path(__file__).parents[1]

with Engine(EXAMPLES / "slugline.toml") as engine:
    session = engine.session("ada")
    session.chat("My name is Ada.")
    session.chat("What is my name?")
    for message in session.history():
        print(f"{message.role}: {message.text}")
    print(f"{engine.usage()[0].calls} calls recorded")

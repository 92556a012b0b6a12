"""Three lines to an answer. Without a key the built-in test provider echoes."""

from slugline import Engine

with Engine() as engine:
    answer = engine.chat("Hello from Python", model="test/echo")
    print(answer.text)

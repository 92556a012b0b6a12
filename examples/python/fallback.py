"""A fallback list: the first target is down, the second answers, and every attempt is told."""

from slugline import Engine

DOWN = {"dialect": "openai", "base_url": "http://127.0.0.1:9/v1"}

with Engine(providers={"down": DOWN}, max_retries=0) as engine:
    answer = engine.chat("Is anybody there?", model=["down/some-model", "test/echo"])
    print(f"{answer.model}: {answer.text}")
    for attempt in answer.meta.attempts:
        print(f"  {attempt.provider}/{attempt.model}: {attempt.code or 'ok'}")

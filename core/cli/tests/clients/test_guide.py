"""The commands of the guide and of the README, run as they stand; what is shown of each answer is checked."""

import json
import os
import re
import subprocess

import pytest
from conftest import ROOT

BLOCK = re.compile(r"```sh\n(.*?)```\n\n```json\n(.*?)```", re.S)


def commands(path):
    found = BLOCK.findall((ROOT / path).read_text())
    return [(command, json.loads(answer)) for command, answer in found if "$URL" in command]


GUIDE = commands("core/docs/serve.md")
README = commands("README.md")


def fits(shown, real, at="answer"):
    """What is shown is there: objects may have more keys, lists more elements are not shown."""
    if shown == "...":
        return
    assert type(shown) is type(real) or {type(shown), type(real)} == {int, float}, f"{at}: {real!r}"
    if isinstance(shown, dict):
        for key, value in shown.items():
            assert key in real, f"{at}.{key} is missing"
            fits(value, real[key], f"{at}.{key}")
    elif isinstance(shown, list):
        assert len(shown) == len(real), f"{at}: {real!r}"
        for index, value in enumerate(shown):
            fits(value, real[index], f"{at}[{index}]")
    else:
        assert shown == real, at


def test_the_guide_shows_every_shape_of_route():
    text = "".join(command for command, _ in GUIDE)
    shapes = ["/prompt/", "/v1/chat/", "$URL/chat/", "/api/v1/chat/", "/acme/shop/", "/project-prompt/"]
    for shape in [*shapes, "/list-deployments", "/api/v1/feedback"]:
        assert shape in text, shape
    assert README


@pytest.mark.parametrize("command, shown", GUIDE + README)
def test_command(guide, command, shown):
    env = {**os.environ, "URL": guide.url, "KEY": guide.key}
    out = subprocess.run(["bash", "-euc", command], env=env, capture_output=True, text=True, check=True).stdout
    if out.startswith("data: "):
        events = [event.removeprefix("data: ") for event in out.strip().split("\n\n")]
        real = [event if event == "[DONE]" else json.loads(event) for event in events]
    else:
        real = json.loads(out)
    fits(shown, real)

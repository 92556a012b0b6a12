"""The examples and the lines of the README run, offline, and print what they are meant to."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "python"
OUTPUT = {
    "quickstart": "Hello from Python\n",
    "stream": "One word at a time\n10 tokens\nAnd once more\n",
    "run_prompt": r"Say hello to Ada in one short, friendly sentence\.\nprompt greet \w{8}, answered by test/echo\n",
    "fallback": r"test/echo: Is anybody there\?\n  down/some-model: connection\n  test/echo: ok\n",
}


def test_every_example_is_here() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == OUTPUT.keys()


def run(*arguments: str) -> str:
    # Without keys, the examples are answered by the test provider.
    environment = {key: value for key, value in os.environ.items() if "API_KEY" not in key}
    command = [sys.executable, "-W", "error", *arguments]
    ended = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=ROOT, timeout=30, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return ended.stdout


@pytest.mark.parametrize("name", OUTPUT)
def test_example(name: str) -> None:
    assert re.fullmatch(OUTPUT[name], run(str(EXAMPLES / f"{name}.py")))


README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_lines_of_the_readme(number: int) -> None:
    assert BLOCKS
    run("-c", BLOCKS[number])

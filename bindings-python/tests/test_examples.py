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
    "session": r"user: My name is Ada\.\nassistant: My name is Ada\.\nuser: What is my name\?\nassistant: What is my name\?\n2 calls recorded\n",
    "campaign": r"cool: 18 calls, 1\.00 liked it\nplain: 22 calls, 0.27 liked it\na difference\n",
    "fallback": r"test/echo: Is anybody there\?\n  down/some-model: connection\n  test/echo: ok\n",
}


def test_every_example_is_here() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == OUTPUT.keys()


def run(*arguments: str, folder: Path = ROOT) -> str:
    # Without keys, the examples are answered by the test provider.
    environment = {key: value for key, value in os.environ.items() if "API_KEY" not in key}
    command = [sys.executable, "-W", "error", *arguments]
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env=environment,
        cwd=folder,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return ended.stdout


@pytest.mark.parametrize("name", OUTPUT)
def test_example(name: str) -> None:
    assert re.fullmatch(OUTPUT[name], run(str(EXAMPLES / f"{name}.py")))


README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
PROMPT = re.compile(r"`prompts/greet\.prompt`:\n\n```\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_lines_of_the_readme(number: int, tmp_path: Path) -> None:
    """Where the reader would be: with the prompt that the page shows, and no checkout."""
    prompt = PROMPT.search(README)
    assert prompt is not None
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "greet.prompt").write_text(prompt[1], encoding="utf-8")
    printed = run("-c", BLOCKS[number], folder=tmp_path)
    if "run_prompt" in BLOCKS[number]:
        assert printed == "\n".join(["Say hello to Ada in one short, friendly sentence."] * 2)


def test_the_page_stands_alone() -> None:
    """A registry shows the page without the files beside it."""
    links = re.findall(r"\]\(([^)]*)\)", README)
    assert [link for link in links if not link.startswith("https://")] == []

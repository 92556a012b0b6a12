"""From nothing: `pip install` of this folder into a virtual environment of its own, then the first lines."""

from __future__ import annotations

import json
import os
import subprocess
import venv
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(__file__).parents[1]
EXAMPLES = PACKAGE.parent / "examples"
GREETING = "Say hello to Ada in one short, friendly sentence."

LINES = """
import asyncio, sys
from slugline import AsyncEngine, Engine

engine = Engine(sys.argv[1])
print(engine.run_prompt("greet", {"name": "Ada"}).text)
for text in engine.run_prompt_stream("greet", {"name": "Ada"}).text_stream:
    print(text, end="")
print()

async def main():
    async for chunk in engine.as_async().run_prompt_stream("greet", {"name": "Ada"}):
        print(chunk.text, end="")
    print()

asyncio.run(main())
engine.close()
"""

INSTALLED = """
import importlib.metadata, importlib.resources, json, slugline
metadata = importlib.metadata.metadata("slugline")
files = importlib.resources.files(slugline)
print(json.dumps({
    "version": metadata["Version"] == slugline.__version__,
    "needs": importlib.metadata.requires("slugline"),
    "python": metadata["Requires-Python"],
    "licence": metadata["License-Expression"],
    "page": metadata.get_payload() or metadata["Description"],
    "typed": [files.joinpath(name).is_file() for name in ("py.typed", "_native.pyi", "types.py")],
    "all": sorted(d.metadata["Name"] for d in importlib.metadata.distributions()),
}))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has this package, and nothing else but pip."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    # The profile of the other tests, so that what they have built serves here too.
    arguments = ["--disable-pip-version-check", "-q", "-C", "build-args=--profile dev"]
    subprocess.run([python, "-m", "pip", "install", *arguments, str(PACKAGE)], check=True)
    return python


def run(python: Path, folder: Path, script: str, *arguments: str) -> str:
    """Runs a script where nothing of the checkout is in reach, without keys."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if "API_KEY" not in name and not name.startswith(("PYTHON", "VIRTUAL_ENV"))
    }
    command = [str(python), "-I", "-W", "error", "-c", script, *arguments]
    ended = subprocess.run(
        command, capture_output=True, text=True, cwd=folder, env=environment, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_the_first_lines(python: Path, tmp_path: Path) -> None:
    printed = run(python, tmp_path, LINES, str(EXAMPLES / "slugline.toml"))
    assert printed == f"{GREETING}\n" * 3


def test_what_was_installed(python: Path, tmp_path: Path) -> None:
    found: dict[str, Any] = json.loads(run(python, tmp_path, INSTALLED))
    page = found.pop("page")
    assert page.startswith("# Slugline for Python")
    assert set(found.pop("all")) <= {"pip", "setuptools", "slugline"}
    assert found == {
        "version": True,
        "needs": None,
        "python": ">=3.10",
        "licence": "MIT OR Apache-2.0",
        "typed": [True, True, True],
    }

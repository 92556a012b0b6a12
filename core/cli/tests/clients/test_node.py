"""The clients for Node, under node:test: each file is given the server's URL and key."""

import os
import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent


@pytest.mark.parametrize("name", ["openai", "langtail"])
def test_package(server, name):
    # A package is looked up from where the file is.
    folder = pathlib.Path(os.environ["CLIENTS"]) / "node"
    file = shutil.copy(HERE / f"{name}.test.mjs", folder)
    env = {**os.environ, "SERVER": server.url, "KEY": server.key}
    done = subprocess.run(["node", "--test", file], env=env, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr

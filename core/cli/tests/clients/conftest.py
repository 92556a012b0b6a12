"""The server under test, and an upstream on loopback that answers as OpenAI does."""

import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[3]
KEY = "key-of-the-clients"


class Served:
    """A running process that tells its URL as its first line."""

    def __init__(self, words, **env):
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, text=True, env={**os.environ, **env}
        )
        self.url = self.process.stdout.readline().strip()
        self.key = KEY
        assert self.url.startswith("http://"), self.url

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        assert self.process.wait(20) is not None


def serve(config, *args, **env):
    words = [os.environ["SLUGLINE"], "--config", str(config), "serve", "--listen", "127.0.0.1:0"]
    return Served([*words, "--quiet", *args], SLUGLINE_KEY=KEY, **env)


@pytest.fixture(scope="session")
def upstream():
    with Served([sys.executable, str(HERE / "upstream.py")]) as served:
        yield served


@pytest.fixture(scope="session")
def server(upstream, tmp_path_factory):
    """The guide's configuration, with the upstream as one more provider."""
    config = (ROOT / "examples/serve/slugline.toml").read_text()
    prompts = str(ROOT / "examples/serve/prompts")
    config = config.replace('prompts = "prompts"', f'prompts = "{prompts}"')
    config += f'\n[providers.up]\ndialect = "openai"\nbase_url = "{upstream.url}/v1"\n'
    config += '\n[projects.desk]\ndefault_model = "fast"\nmodels = { small = "test/echo" }\n'
    path = tmp_path_factory.mktemp("serve") / "slugline.toml"
    path.write_text(config)
    with serve(path) as served:
        yield served


@pytest.fixture(scope="session")
def guide():
    """The server as the guide starts it."""
    with serve(ROOT / "examples/serve/slugline.toml") as served:
        yield served

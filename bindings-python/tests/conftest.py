"""What the tests share: an upstream in a process of its own, and engines that ask it."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from slugline import Engine

HERE = Path(__file__).parent


class Upstream:
    """The program `server.py`, and what it tells about itself."""

    def __init__(self) -> None:
        command = [sys.executable, str(HERE / "server.py")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def config(self, **engine: Any) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.port}/v1"
        provider = {"dialect": "openai", "base_url": url, "api_key": "sk-secret"}
        return {"engine": {"max_retries": 0, **engine}, "providers": {"up": provider}}

    def stats(self) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/stats") as answer:
            return json.load(answer)

    def closed_within(self, since: float, limit: float) -> None:
        """Asserts that the only connection there was is closed `limit` seconds after `since`."""
        while (stats := self.stats())["open"] and time.monotonic() < since + limit + 2:
            time.sleep(0.01)
        assert stats["open"] == 0, "the connection stays open"
        took = stats["closed_at"][0] - since
        assert took < limit, f"closed after {took * 1000:.0f} ms"

    def quiet(self) -> None:
        """Waits until no connection is left from an earlier test."""
        give_up = time.monotonic() + 5
        while self.stats()["open"]:
            assert time.monotonic() < give_up, "connections stay open"
            time.sleep(0.01)

    def end(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.fixture(scope="session")
def server() -> Iterator[Upstream]:
    upstream = Upstream()
    yield upstream
    upstream.end()


@pytest.fixture
def upstream(server: Upstream) -> Upstream:
    gc.collect()
    server.quiet()
    return server


@pytest.fixture
def engine(upstream: Upstream) -> Iterator[Engine]:
    with Engine(upstream.config()) as opened:
        yield opened


@pytest.fixture
def echo() -> Iterator[Engine]:
    with Engine(default_model="test/echo") as opened:
        yield opened


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def resident_kib() -> int:
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def eventually(holds: Callable[[], bool], within: float = 2.0) -> None:
    give_up = time.monotonic() + within
    while not holds():
        assert time.monotonic() < give_up, "it did not come true in time"
        time.sleep(0.005)


def run_script(
    script: str, *arguments: str, timeout: float = 20
) -> subprocess.CompletedProcess[str]:
    """Runs Python code in an interpreter of its own; it must not hang."""
    command = [sys.executable, "-X", "dev", "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)

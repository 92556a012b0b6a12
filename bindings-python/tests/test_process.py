"""Processes and threads: fork, signals, interpreter exit, many threads. Nothing may hang or crash."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import pathlib
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from conftest import Upstream, eventually, run_script
from slugline import AsyncEngine, CancelledError, Engine, InvalidRequestError

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


def in_child(work: Any) -> None:
    """Forks, works in the child, and asserts that it worked within five seconds."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.alarm(5)
            work()
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert status == 0, f"the child ended with status {status}"


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
class TestFork:
    def test_calls_in_parent_and_child(self, engine: Engine) -> None:
        assert engine.chat("x", model="up/ok").text == "Hello"

        def work() -> None:
            assert engine.chat("x", model="up/ok").text == "Hello"
            stream = engine.chat_stream("x", model="up/chunks-3-5")
            assert "".join(stream.text_stream) == "0 1 2 "
            asyncio.run(work_async())

        async def work_async() -> None:
            aside = engine.as_async()
            assert (await aside.chat("x", model="up/ok")).text == "Hello"
            stream = aside.chat_stream("x", model="up/chunks-3-5")
            assert "".join([text async for text in stream.text_stream]) == "0 1 2 "

        for _ in range(5):
            in_child(work)
        assert engine.chat("x", model="up/ok").text == "Hello"

    def test_a_grandchild(self, engine: Engine) -> None:
        assert engine.chat("x", model="up/ok").text == "Hello"

        def work() -> None:
            assert engine.chat("x", model="up/ok").text == "Hello"
            in_child(lambda: engine.chat("x", model="up/ok"))

        in_child(work)

    def test_while_other_threads_are_busy(self, engine: Engine) -> None:
        """Locks that another thread holds at the fork must not stop the child."""
        over = threading.Event()

        def busy() -> None:
            while not over.is_set():
                list(engine.chat_stream("x", model="up/chunks-5-0"))

        threads = [threading.Thread(target=busy) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(20):
                in_child(lambda: engine.chat("x", model="up/ok"))
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def test_inherited_streams_are_refused_and_dropped(
        self, engine: Engine, upstream: Upstream
    ) -> None:
        stream = engine.chat_stream("x", model="up/chunks-20-20")
        assert next(stream).text == "0 "

        def work() -> None:
            nonlocal stream
            with pytest.raises(InvalidRequestError, match="fork"):
                next(stream)
            with pytest.raises(InvalidRequestError, match="fork"):
                stream.completion()
            stream.close()
            stream = engine.chat_stream("x", model="up/chunks-1-0")
            assert "".join(stream.text_stream) == "0 "

        in_child(work)
        # The child's copy of the socket must not have eaten the parent's bytes, or closed its stream.
        assert "".join(stream.text_stream) == "".join(f"{index} " for index in range(1, 20))

    def test_closing_and_dropping_in_the_child(self, upstream: Upstream) -> None:
        engines = [Engine(upstream.config()) for _ in range(2)]
        for engine in engines:
            assert engine.chat("x", model="up/ok").text == "Hello"

        def work() -> None:
            engines[0].close()
            engines.clear()

        in_child(work)
        assert engines[0].chat("x", model="up/ok").text == "Hello"
        for engine in engines:
            engine.close()

    def test_inside_a_running_loop(self, upstream: Upstream) -> None:
        async def run() -> None:
            async with AsyncEngine(upstream.config()) as engine:
                assert (await engine.chat("x", model="up/ok")).text == "Hello"
                in_child(lambda: engine.as_sync().chat("x", model="up/ok"))
                assert (await engine.chat("x", model="up/ok")).text == "Hello"

        asyncio.run(run())

    def test_logging_in_the_child_while_the_parent_logs(self, tmp_path: pathlib.Path) -> None:
        """The parent's queue of records is handed over by a thread that the child does not have."""
        prompt = tmp_path / "p.prompt"
        prompt.write_text("Hello")
        parent, held, over = os.getpid(), threading.Event(), threading.Event()
        seen: list[str] = []

        class Held(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                seen.append(record.getMessage())
                if os.getpid() == parent:
                    held.set()
                    over.wait(10)

        handler = Held()
        logging.getLogger("slugline").addHandler(handler)
        try:
            with Engine(prompts=tmp_path, default_model="test/echo") as engine:
                assert engine.run_prompt("p").text == "Hello"
                prompt.write_text("Hello {{#if}}")
                assert engine.run_prompt("p").text == "Hello"
                assert held.wait(5)

                def work() -> None:
                    seen.clear()
                    prompt.write_text("Hello again {{#if}}")
                    assert engine.run_prompt("p").text == "Hello"
                    eventually(lambda: len(seen) == 1)

                in_child(work)
        finally:
            over.set()
            logging.getLogger("slugline").removeHandler(handler)

    def test_multiprocessing_pool(self, engine: Engine) -> None:
        global shared
        shared = engine
        assert engine.chat("x", model="up/ok").text == "Hello"
        with multiprocessing.get_context("fork").Pool(2) as pool:
            answers = pool.map_async(ask, range(8)).get(10)
        assert [answer.text for answer in answers] == ["Hello"] * 8


shared: Engine


def ask(_: int) -> Any:
    return shared.chat("x", model="up/ok")


SIGNALS = """
import asyncio, signal, sys, threading, time
from slugline import Engine

def interrupt():
    time.sleep(0.4)
    sent.append(time.monotonic())
    signal.raise_signal(signal.SIGINT) if sys.platform == "win32" else signal.pthread_kill(main, signal.SIGINT)

sent = []
main = threading.main_thread().ident
url, what = sys.argv[1:]
engine = Engine(providers={"up": {"dialect": "openai", "base_url": url, "api_key": "k"}})
calls = {
    "chat": lambda: engine.chat("x", model="up/hang"),
    "stream": lambda: list(engine.chat_stream("x", model="up/stall-2")),
    "completion": lambda: engine.chat_stream("x", model="up/stall-2").completion(),
    "awaited": lambda: asyncio.run(awaited()),
    "async for": lambda: asyncio.run(async_for()),
}

async def awaited():
    await engine.as_async().chat("x", model="up/hang")

async def async_for():
    async for _ in engine.as_async().chat_stream("x", model="up/stall-2"):
        pass

threading.Thread(target=interrupt).start()
try:
    calls[what]()
except KeyboardInterrupt:
    print(f"{(time.monotonic() - sent[0]) * 1000:.0f}")
engine.close()
"""


@pytest.mark.parametrize("what", ["chat", "stream", "completion", "awaited", "async for"])
def test_ctrl_c_ends_a_wait(upstream: Upstream, what: str) -> None:
    ended = run_script(SIGNALS, f"http://127.0.0.1:{upstream.port}/v1", what)
    assert ended.returncode == 0, ended.stderr
    assert float(ended.stdout) < 200
    assert ended.stderr == ""


def test_other_signal_handlers_run_during_a_wait(engine: Engine) -> None:
    """A handler that raises ends the wait with its own exception, one that does not lets it go on."""
    seen = []
    before = signal.signal(signal.SIGALRM, lambda *_: seen.append(time.monotonic()))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        texts = list(engine.chat_stream("x", model="up/chunks-10-50").text_stream)
        assert len(texts) == 10
        assert len(seen) == 1

        def fail(*_: Any) -> None:
            raise ZeroDivisionError

        signal.signal(signal.SIGALRM, fail)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(ZeroDivisionError):
            engine.chat("x", model="up/hang")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


EXITS = {
    "a daemon thread that waits": """
import threading, time
threading.Thread(target=lambda: engine.chat("x", model="up/hang"), daemon=True).start()
time.sleep(0.3)
""",
    "daemon threads that are busy": """
import threading, time
def busy():
    while True:
        list(engine.chat_stream("x", model="up/chunks-5-1"))
for _ in range(8):
    threading.Thread(target=busy, daemon=True).start()
time.sleep(0.3)
""",
    "an open stream": """
stream = engine.chat_stream("x", model="up/stall-2")
next(stream)
""",
    "a loop that never ended": """
import asyncio
aside = engine.as_async()
loop = asyncio.new_event_loop()
tasks = [loop.create_task(aside.chat("x", model="up/hang")) for _ in range(5)]
stream = aside.chat_stream("x", model="up/stall-1")
tasks.append(loop.create_task(stream.completion()))
loop.run_until_complete(asyncio.sleep(0.2))
import logging; logging.disable()
""",
    "a key callable under way": """
import threading, time
def key():
    time.sleep(60)
slow = Engine(providers={"up": {"dialect": "openai", "base_url": url, "api_key": key}})
threading.Thread(target=lambda: slow.chat("x", model="up/ok"), daemon=True).start()
time.sleep(0.3)
""",
}


@pytest.mark.parametrize("name", EXITS)
def test_exit_with_calls_in_flight(upstream: Upstream, name: str) -> None:
    opening = """
import sys
from slugline import Engine
url = sys.argv[1]
engine = Engine(providers={"up": {"dialect": "openai", "base_url": url, "api_key": "k"}})
"""
    url = f"http://127.0.0.1:{upstream.port}/v1"
    begun = time.monotonic()
    ended = run_script(opening + EXITS[name] + "print('bye')", url)
    assert (ended.returncode, ended.stdout) == (0, "bye\n"), ended.stderr
    assert time.monotonic() - begun < 5
    assert "Traceback" not in ended.stderr and "panicked" not in ended.stderr, ended.stderr


def test_many_threads_share_one_engine(engine: Engine) -> None:
    def work(number: int) -> str:
        if number % 2:
            return engine.chat("x", model="up/ok").text
        return "".join(engine.chat_stream("x", model="up/chunks-5-1").text_stream)

    with ThreadPoolExecutor(64) as pool:
        texts = list(pool.map(work, range(512)))
    assert texts == ["0 1 2 3 4 ", "Hello"] * 256


def test_other_threads_run_while_one_waits(engine: Engine) -> None:
    """The GIL is free during a wait: this thread counts on."""
    stream = engine.chat_stream("x", model="up/stall-0")

    def wait() -> None:
        with pytest.raises(CancelledError):
            next(stream)

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.05)
    counted, until = 0, time.monotonic() + 0.2
    while time.monotonic() < until:
        counted += 1
    assert counted > 1000
    stream.close()
    waiting.join(2)
    assert not waiting.is_alive()

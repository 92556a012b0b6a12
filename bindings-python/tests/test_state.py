"""Sessions, recordings, feedback and campaigns, where Python adds something to what the shared cases check."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import pickle
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from slugline import (
    AsyncEngine,
    ConfigError,
    ConflictError,
    Engine,
    NotFoundError,
    SluglineError,
    StoreError,
)

VECTORS = Path(__file__).parents[2] / "core" / "conformance" / "template" / "variants.json"
ECHO = "test/echo"


def stored(folder: Path, **engine: Any) -> dict[str, Any]:
    return {"engine": {"storage": f"sqlite:{folder / 'state.db'}", **engine}}


def delayed(ms: int) -> dict[str, Any]:
    return {"test": {"ttft_ms": ms}}


def test_both_engines_share_the_state() -> None:
    engine = Engine()
    engine.session("s").chat("one", model=ECHO)

    async def ask() -> list[str]:
        shared = engine.as_async()
        session = shared.session("s")
        await session.chat("two", model=ECHO)
        async with session.chat_stream("three", model=ECHO) as stream:
            async for _ in stream:
                pass
        page = await shared.recordings.list()
        assert len(page.recordings) == 3
        return [message.text for message in await session.history()]

    assert asyncio.run(ask()) == ["one", "one", "two", "two", "three", "three"]
    assert [message.text for message in engine.session("s").history()][::2] == [
        "one",
        "two",
        "three",
    ]
    engine.close()


def test_two_threads_in_one_session_get_one_conflict() -> None:
    with Engine() as engine:
        session = engine.session("s")
        outcomes: list[Any] = []

        def ask(text: str) -> None:
            try:
                outcomes.append(session.chat(text, model=ECHO, extra_body=delayed(100)).text)
            except ConflictError as error:
                outcomes.append(error)

        threads = [threading.Thread(target=ask, args=(text,)) for text in ("one", "two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        conflicts = [outcome for outcome in outcomes if isinstance(outcome, ConflictError)]
        assert len(conflicts) == 1
        assert conflicts[0].partial is not None
        assert conflicts[0].partial.text in ("one", "two")
        assert len(session.history()) == 2


def test_times_are_datetimes_or_milliseconds() -> None:
    with Engine() as engine:
        engine.chat("Hi", model=ECHO)
        hour = timedelta(hours=1)
        for now in (datetime.now(timezone.utc), datetime.now()):
            assert len(engine.recordings.list(since=now - hour).recordings) == 1
            assert len(engine.recordings.list(since=now + hour).recordings) == 0
            assert engine.usage("model", until=now + hour)[0].calls == 1
        assert len(engine.recordings.list(until=int(time.time() * 1000) + 10_000).recordings) == 1


def test_results_are_objects_that_pickle() -> None:
    with Engine(recording="full") as engine:
        answer = engine.chat("Hi", model=ECHO, labels={"n": 3})
        engine.feedback(answer.choices[0].completion_id, "thumbs", True, "good", user_id="u")
        assert answer.meta.recording_id is not None
        found = engine.recordings.get(answer.meta.recording_id)
        assert found.labels == {"n": "3"}
        assert found.answer is not None
        assert found.answer[0].message.text == "Hi"
        assert found.request == {"messages": [{"role": "user", "content": "Hi"}], "model": [ECHO]}
        assert found.feedback[0].value is True
        assert found.feedback[0].comment == "good"
        assert pickle.loads(pickle.dumps(found)) == found
        assert json.loads(found.to_json()) == found.to_dict()
        assert engine.recordings.lost == 0


def test_an_export_can_be_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    with Engine(recording="full") as engine:
        for text in ("one", "two"):
            engine.chat(text, model=ECHO)
        assert engine.recordings.export(path) == 2
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["answer"][0]["message"]["content"] for line in lines] == ["two", "one"]
    assert path.stat().st_mode & 0o077 == 0


def test_closing_writes_what_was_recorded(tmp_path: Path) -> None:
    async def ask() -> None:
        async with AsyncEngine(stored(tmp_path)) as engine:
            await asyncio.gather(*(engine.chat("Hi", model=ECHO) for _ in range(50)))

    with Engine(stored(tmp_path)) as engine:
        for _ in range(50):
            engine.chat("Hi", model=ECHO)
    asyncio.run(ask())
    with Engine(stored(tmp_path)) as engine:
        assert engine.usage()[0].calls == 100


def test_a_program_that_just_ends_loses_nothing(tmp_path: Path) -> None:
    program = f"""
from slugline import Engine
engine = Engine({stored(tmp_path)!r})
for _ in range(20):
    engine.chat("Hi", model="test/echo")
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=30)
    with Engine(stored(tmp_path)) as engine:
        assert engine.usage()[0].calls == 20


def in_a_child(work: Callable[[], bool]) -> bool:
    """Whether the work says so in a forked child, within some time."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if work() else 2
        finally:
            os._exit(code)
    deadline = time.monotonic() + 20
    while (ended := os.waitpid(child, os.WNOHANG))[0] == 0:
        assert time.monotonic() < deadline, "the child hangs"
        time.sleep(0.02)
    return os.waitstatus_to_exitcode(ended[1]) == 0


forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
warns = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@forks
@warns
def test_a_forked_child_starts_with_an_empty_memory() -> None:
    with Engine() as engine:
        engine.session("s").chat("before", model=ECHO)

        def child() -> bool:
            empty = engine.session("s").history() == []
            engine.session("s").chat("in the child", model=ECHO)
            calls = engine.usage()[0].calls
            engine.close()
            return empty and calls == 1

        assert in_a_child(child)
        assert engine.usage()[0].calls == 1


@forks
@warns
def test_a_forked_child_goes_on_with_a_file_at_rest(tmp_path: Path) -> None:
    with Engine(stored(tmp_path)) as engine:
        engine.session("s").chat("before", model=ECHO)
        engine.usage()
        time.sleep(1.5)

        def child() -> bool:
            known = len(engine.session("s").history()) == 2
            engine.session("s").chat("in the child", model=ECHO)
            engine.close()
            return known

        assert in_a_child(child)
        assert engine.usage()[0].calls == 2
        assert len(engine.session("s").history()) == 4


@forks
@warns
def test_a_child_forked_amid_writing_answers_and_does_not_hang(tmp_path: Path) -> None:
    with Engine(stored(tmp_path)) as engine:
        engine.chat("Hi", model=ECHO)
        engine.usage()

        def child() -> bool:
            answered = engine.chat("Hi", model=ECHO).text == "Hi"
            try:
                engine.usage()
            except StoreError:
                engine.close()
                return answered
            return False

        assert in_a_child(child)
        assert engine.usage()[0].calls == 1


@forks
@warns
def test_a_child_does_not_wait_for_the_turns_of_its_parent(tmp_path: Path) -> None:
    program = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""
    with Engine(stored(tmp_path)) as engine:
        engine.session("s").chat("before", model=ECHO)
        engine.usage()
        command = [sys.executable, "-c", program, str(tmp_path / "state.db")]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as other:
            assert other.stdin and other.stdout
            assert other.stdout.readline() == "held\n"
            chat = threading.Thread(
                target=engine.session("s").chat, args=("q",), kwargs={"model": ECHO}
            )
            chat.start()
            time.sleep(0.3)

            def child() -> bool:
                # With what the parent is writing it may have no state; waiting for that would never end.
                try:
                    return len(engine.session("s").history()) == 2
                except StoreError:
                    return True

            assert in_a_child(child)
            other.stdin.close()
        chat.join()
        assert len(engine.session("s").history()) == 4


def test_a_store_that_cannot_be_written_fails_no_call(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Engine(stored(tmp_path)) as engine:
        engine.chat("Hi", model=ECHO)
        engine.usage()
        # Another program breaks the table.
        program = f"""
import sqlite3
connection = sqlite3.connect({str(tmp_path / "state.db")!r}, timeout=10)
connection.execute("alter table recordings rename to gone")
connection.commit()
"""
        subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
        with caplog.at_level(logging.WARNING, logger="slugline"):
            assert engine.chat("Hi", model=ECHO).text == "Hi"
            with pytest.raises(SluglineError):
                engine.usage()
            assert engine.recordings.lost == 1
            deadline = time.monotonic() + 5
            while not caplog.records and time.monotonic() < deadline:
                time.sleep(0.02)
        assert "not recorded" in caplog.text


def test_campaigns_draw_as_the_vectors_say() -> None:
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    arms: dict[Any, list[Any]] = defaultdict(list)
    for vector in vectors["arms"]:
        arms[vector["id"], vector["salt"], json.dumps(vector["arms"])].append(vector)
    for vector in vectors["traffic"]:
        arms[vector["id"], vector["salt"], vector["share"]].append(vector)
    run = refused = 0
    for (key, salt, drawn), group in arms.items():
        split = drawn if not isinstance(drawn, str) else 1.0
        weights = json.loads(drawn) if isinstance(drawn, str) else {"only": 1}
        campaign = {
            "applies_to": {"project": "p"},
            "salt": salt,
            "traffic_split": split,
            "arms": [{"name": name, "weight": weight} for name, weight in weights.items()],
        }
        config = {"projects": {"p": {"default_model": ECHO}}, "campaigns": {key: campaign}}
        if not any(weights.values()):
            with pytest.raises(ConfigError):
                Engine(config)
            assert all(vector["arm"] is None for vector in group)
            refused += len(group)
            continue
        with Engine(config) as engine:
            for vector in group:
                answer = engine.chat("Hi", project="p", assignment_key=vector["key"])
                got = answer.meta.campaign
                if "arm" in vector:
                    assert got is not None
                    assert (got.key, got.arm) == (key, vector["arm"])
                else:
                    assert (got is not None) == vector["takes_part"]
                run += 1
    print(f"{run} vectors through calls, {refused} of campaigns without an arm")
    assert run + refused == len(vectors["arms"]) + len(vectors["traffic"])


def test_feedback_of_an_unknown_completion() -> None:
    with Engine() as engine, pytest.raises(NotFoundError):
        engine.feedback("nobody", "thumbs", True)

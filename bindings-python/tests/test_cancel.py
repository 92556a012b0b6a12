"""Giving up: the provider's connection closes at once, and nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from conftest import Upstream, descriptors, eventually, resident_kib
from slugline import AsyncChatStream, AsyncEngine, ChatStream, Engine

SOON = 0.1


async def under_way(upstream: Upstream) -> None:
    while not (await asyncio.to_thread(upstream.stats))["open"]:
        await asyncio.sleep(0.01)


def cancelled(upstream: Upstream, work: Callable[[AsyncEngine], Coroutine[Any, Any, Any]]) -> None:
    """Cancels a task that does this work, and asserts what the server and the task see."""

    async def run() -> float:
        async with AsyncEngine(upstream.config()) as engine:
            task = asyncio.create_task(work(engine))
            await under_way(upstream)
            since = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert time.monotonic() - since < SOON
            assert task.cancelled()
            return since

    upstream.closed_within(asyncio.run(run()), SOON)


def test_a_cancelled_call(upstream: Upstream) -> None:
    cancelled(upstream, lambda engine: engine.chat("x", model="up/hang"))


def test_a_cancelled_loop(upstream: Upstream) -> None:
    async def read(engine: AsyncEngine) -> None:
        async for _ in engine.chat_stream("x", model="up/stall-3"):
            pass

    cancelled(upstream, read)


def test_a_cancelled_loop_over_a_stream_that_has_a_name(upstream: Upstream) -> None:
    async def read(engine: AsyncEngine) -> None:
        stream = engine.chat_stream("x", model="up/stall-3")
        async for _ in stream.text_stream:
            pass

    cancelled(upstream, read)


def test_a_cancelled_completion(upstream: Upstream) -> None:
    async def read(engine: AsyncEngine) -> None:
        await engine.chat_stream("x", model="up/stall-3").completion()

    cancelled(upstream, read)


def test_timeouts_of_asyncio(engine: Engine, upstream: Upstream) -> None:
    async def run() -> float:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(engine.as_async().chat("x", model="up/hang"), 0.2)
        return time.monotonic()

    upstream.closed_within(asyncio.run(run()), SOON)


def give_up_by_break(engine: Engine) -> None:
    for _ in engine.chat_stream("x", model="up/stall-3"):
        break


def give_up_by_with(engine: Engine) -> None:
    with engine.chat_stream("x", model="up/stall-3") as stream:
        next(stream)


def give_up_by_error(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), engine.chat_stream("x", model="up/stall-3") as stream:
        next(stream)
        raise ZeroDivisionError


def give_up_by_dropping(engine: Engine) -> None:
    stream: ChatStream | None = engine.chat_stream("x", model="up/stall-3")
    assert stream is not None
    next(stream)
    del stream


GIVE_UP = [give_up_by_break, give_up_by_with, give_up_by_error, give_up_by_dropping]


@pytest.mark.parametrize("give_up", GIVE_UP)
def test_a_stream_given_up(
    engine: Engine, upstream: Upstream, give_up: Callable[[Engine], None]
) -> None:
    give_up(engine)
    upstream.closed_within(time.monotonic(), SOON)


async def leave_by_break(stream: AsyncChatStream) -> None:
    async for _ in stream:
        break


async def leave_by_async_with(stream: AsyncChatStream) -> None:
    async with stream:
        await anext(stream)


async def leave_by_closing(stream: AsyncChatStream) -> None:
    await anext(stream)
    await stream.aclose()


@pytest.mark.parametrize("leave", [leave_by_break, leave_by_async_with, leave_by_closing])
def test_an_async_stream_given_up(
    upstream: Upstream, leave: Callable[[AsyncChatStream], Coroutine[Any, Any, None]]
) -> None:
    async def run() -> None:
        async with AsyncEngine(upstream.config()) as engine:
            await leave(engine.chat_stream("x", model="up/stall-3"))
            await asyncio.to_thread(upstream.closed_within, time.monotonic(), SOON)

    asyncio.run(run())


def test_closing_from_another_thread_ends_a_pull(engine: Engine, upstream: Upstream) -> None:
    stream = engine.chat_stream("x", model="up/stall-1")
    next(stream)
    since = time.monotonic() + 0.2
    timer = threading.Timer(0.2, stream.close)
    timer.start()
    with pytest.raises(Exception) as raised:
        next(stream)
    assert getattr(raised.value, "code", None) == "cancelled"
    upstream.closed_within(since, SOON)
    timer.join()


def test_a_loop_that_ends_with_calls_under_way(engine: Engine, upstream: Upstream) -> None:
    """`asyncio.run` cancels what is left; a task that nobody awaits must not outlive its loop."""
    aside = engine.as_async()

    async def run() -> list[asyncio.Task[Any]]:
        tasks = [asyncio.create_task(aside.chat("x", model="up/hang")) for _ in range(3)]
        await under_way(upstream)
        return tasks

    tasks = asyncio.run(run())
    assert all(task.cancelled() for task in tasks)
    eventually(lambda: upstream.stats()["open"] == 0)


def test_a_loop_that_is_closed_under_a_stream(engine: Engine) -> None:
    loop = asyncio.new_event_loop()
    stream = engine.as_async().chat_stream("x", model="up/chunks-50-10")

    async def first() -> str:
        return (await anext(stream)).text

    assert loop.run_until_complete(first()) == "0 "
    pull = loop.create_task(anext(stream))
    loop.run_until_complete(asyncio.sleep(0))
    pull.cancel()
    loop.run_until_complete(asyncio.gather(pull, return_exceptions=True))
    loop.close()
    del loop
    gc.collect()
    # What wakes the reader now rings for a loop that is gone; the stream goes on in the next one.
    time.sleep(0.1)

    async def rest() -> list[str]:
        return [text async for text in stream.text_stream]

    assert asyncio.run(rest()) == [f"{index} " for index in range(1, 50)]


def test_ten_thousand_cancelled_streams_leave_nothing(upstream: Upstream) -> None:
    async def one(engine: AsyncEngine, number: int) -> None:
        stream = engine.chat_stream("x", model="up/stall-2")
        if number % 4 == 0:
            async with stream:
                await anext(stream)
        elif number % 4 == 1:
            task = asyncio.create_task(stream.completion())
            await asyncio.sleep(0.001 * (number % 5))
            task.cancel()
        elif number % 4 == 2:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(read_all(stream), 0.005)
        else:
            await anext(stream)

    async def read_all(stream: AsyncChatStream) -> None:
        async for _ in stream:
            pass

    async def some(engine: AsyncEngine, count: int) -> None:
        for start in range(0, count, 50):
            await asyncio.gather(*(one(engine, start + offset) for offset in range(50)))

    async def run() -> None:
        # Of every call a record is kept, up to this number.
        async with AsyncEngine(upstream.config(recording_limit=500)) as engine:
            await some(engine, 1000)
            gc.collect()
            before = resident_kib()
            await some(engine, 10_000)
            gc.collect()
            grown = resident_kib() - before
            assert len(asyncio.all_tasks()) == 1
            assert grown < 4096, f"{grown} KiB more after 10,000 streams"

    before = descriptors()
    asyncio.run(run())
    gc.collect()
    eventually(lambda: upstream.stats()["open"] == 0)
    eventually(lambda: descriptors() <= before + RUNTIME)


RUNTIME = 8
"""Descriptors that the shared runtime keeps once it has started."""


def test_a_thousand_cancelled_calls_leave_no_descriptor(upstream: Upstream) -> None:
    async def run() -> None:
        async with AsyncEngine(upstream.config()) as engine:
            for _ in range(10):
                calls = [asyncio.create_task(engine.chat("x", model="up/hang")) for _ in range(100)]
                await asyncio.sleep(0.05)
                for call in calls:
                    call.cancel()
                await asyncio.gather(*calls, return_exceptions=True)

    asyncio.run(run())
    gc.collect()
    before = descriptors()
    asyncio.run(run())
    gc.collect()
    eventually(lambda: upstream.stats()["open"] == 0)
    eventually(lambda: descriptors() <= before)

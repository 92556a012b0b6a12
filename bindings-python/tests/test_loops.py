"""Event loops of several kinds, and how rarely they are woken."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from conftest import Upstream
from slugline import AsyncEngine, Engine


class CountingLoop(asyncio.SelectorEventLoop):
    """Counts how often it is woken from outside."""

    readers = 0
    wakes = 0

    def add_reader(self, fd: Any, callback: Callable[..., Any], *args: Any) -> None:
        self.readers += 1

        def counted() -> None:
            self.wakes += 1
            callback(*args)

        super().add_reader(fd, counted)


class ProactorLike(asyncio.SelectorEventLoop):
    """A loop that watches no descriptors, like the default one of Windows."""

    calls = 0

    def add_reader(self, fd: Any, callback: Callable[..., Any], *args: Any) -> None:
        raise NotImplementedError

    def call_soon_threadsafe(self, *args: Any, **more: Any) -> Any:
        self.calls += 1
        return super().call_soon_threadsafe(*args, **more)


def use(loop: asyncio.AbstractEventLoop, upstream: Upstream, *, busy: bool = False) -> None:
    """Calls, streams and a cancelling on this loop, which may be busy with other things."""

    async def collect(engine: AsyncEngine) -> str:
        stream = engine.chat_stream("x", model="up/chunks-20-5")
        return "".join([text async for text in stream.text_stream])

    async def work() -> None:
        while True:
            time.sleep(0.02)
            await asyncio.sleep(0)

    async def run() -> None:
        other = asyncio.ensure_future(work()) if busy else None
        async with AsyncEngine(upstream.config()) as engine:
            assert (await engine.chat("x", model="up/ok")).text == "Hello"
            texts = await asyncio.gather(*(collect(engine) for _ in range(50)))
            assert texts == ["".join(f"{index} " for index in range(20))] * 50
            call = asyncio.ensure_future(engine.chat("x", model="up/hang"))
            await asyncio.sleep(0.05)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        if other is not None:
            other.cancel()

    try:
        loop.run_until_complete(run())
    finally:
        loop.close()


def test_one_wake_up_a_tick_for_all_streams(upstream: Upstream) -> None:
    loop = CountingLoop()
    # In each tick of a busy loop there is news of many streams.
    use(loop, upstream, busy=True)
    # One reader for the calls and streams of the loop; asyncio's own pipe comes before that.
    assert loop.readers <= 2
    chunks = 50 * 21
    assert loop.wakes < chunks / 4, f"{loop.wakes} wakes for {chunks} chunks"


def test_a_loop_without_readers(upstream: Upstream) -> None:
    loop = ProactorLike()
    use(loop, upstream)
    assert 0 < loop.calls < 50 * 21


@pytest.mark.skipif(sys.platform == "win32", reason="there is no uvloop here")
def test_uvloop(upstream: Upstream) -> None:
    import uvloop

    use(uvloop.new_event_loop(), upstream)


def test_debug_mode(upstream: Upstream) -> None:
    loop = asyncio.new_event_loop()
    loop.set_debug(True)
    use(loop, upstream)


def test_eager_tasks() -> None:
    factory = getattr(asyncio, "eager_task_factory", None)
    if factory is None:
        pytest.skip("Python 3.12 brought eager tasks")

    async def run() -> None:
        asyncio.get_running_loop().set_task_factory(factory)
        async with AsyncEngine(default_model="test/echo") as engine:
            tasks = [asyncio.create_task(engine.chat("x")) for _ in range(10)]
            assert [task.result().text for task in await settled(tasks)] == ["x"] * 10

    async def settled(tasks: list[asyncio.Task[Any]]) -> list[asyncio.Task[Any]]:
        await asyncio.wait(tasks)
        return tasks

    asyncio.run(run())


def test_without_a_loop(echo: Engine) -> None:
    call = echo.as_async().chat("x")
    with pytest.raises(RuntimeError, match="no running event loop"):
        call.send(None)
    call.close()


def test_coroutines_are_real_ones(echo: Engine) -> None:
    engine = echo.as_async()
    assert asyncio.iscoroutinefunction(engine.chat)
    stream = engine.chat_stream("x")
    completion = stream.completion()
    assert asyncio.iscoroutine(completion)
    assert asyncio.run(completion).text == "x"
    with pytest.raises(RuntimeError, match="already awaited"):
        asyncio.run(completion)

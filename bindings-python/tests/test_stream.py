"""Streams: what they yield, when they start, and that no chunk is ever lost."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from conftest import Upstream
from slugline import (
    AsyncEngine,
    CancelledError,
    ChatCompletionChunk,
    Engine,
    InvalidRequestError,
    StreamInterruptedError,
)

TEXT = "one two three four"


def test_chunks_texts_and_the_whole(echo: Engine) -> None:
    chunks = list(echo.chat_stream(TEXT))
    assert all(isinstance(chunk, ChatCompletionChunk) for chunk in chunks)
    assert "".join(chunk.text for chunk in chunks) == TEXT
    assert len({(chunk.id, chunk.created, chunk.session_id) for chunk in chunks}) == 1
    assert list(echo.chat_stream(TEXT).text_stream) == ["one ", "two ", "three ", "four"]

    stream = echo.chat_stream(TEXT)
    assert next(iter(stream)).choices[0].delta.role == "assistant"
    completion = stream.completion()
    assert completion.text == TEXT
    assert list(stream) == []
    assert stream.completion() == completion


def test_async_chunks_texts_and_the_whole() -> None:
    async def run() -> None:
        async with AsyncEngine(default_model="test/echo") as engine:
            chunks = [chunk async for chunk in engine.chat_stream(TEXT)]
            assert "".join(chunk.text for chunk in chunks) == TEXT
            texts = [text async for text in engine.chat_stream(TEXT).text_stream]
            assert texts == ["one ", "two ", "three ", "four"]
            stream = engine.chat_stream(TEXT)
            async for chunk in stream:
                assert chunk.choices[0].delta.role == "assistant"
                break
            completion = await stream.completion()
            assert completion.text == TEXT
            assert [chunk async for chunk in stream] == []
            assert await asyncio.create_task(stream.completion()) == completion

    asyncio.run(run())


def test_a_stream_is_there_at_once_and_fails_at_the_first_pull(echo: Engine) -> None:
    stream = echo.chat_stream("x", model="test/echo", temprature=1)
    with pytest.raises(InvalidRequestError, match="temperature"):
        next(iter(stream))
    with pytest.raises(InvalidRequestError, match="temperature"):
        stream.completion()
    assert list(stream) == []
    echo.close()
    with pytest.raises(InvalidRequestError, match="closed"):
        next(iter(echo.chat_stream("x")))


def test_nothing_is_sent_before_the_first_pull(engine: Engine, upstream: Upstream) -> None:
    stream = engine.chat_stream("x", model="up/chunks-2-0")
    assert upstream.stats()["open"] == 0
    assert [chunk.text for chunk in stream] == ["0 ", "1 ", ""]


def test_after_close_the_stream_says_so(engine: Engine) -> None:
    with engine.chat_stream("x", model="up/stall-3") as stream:
        assert next(stream).text == "0 "
        assert repr(stream) == "ChatStream(open)"
    assert repr(stream) == "ChatStream(closed)"
    for pull in (lambda: next(stream), stream.completion):
        with pytest.raises(CancelledError) as raised:
            pull()
        assert raised.value.code == "cancelled"
    stream.close()


def test_closing_an_ended_stream_changes_nothing(echo: Engine) -> None:
    stream = echo.chat_stream(TEXT)
    assert "".join(stream.text_stream) == TEXT
    stream.close()
    assert list(stream) == []
    assert stream.completion().text == TEXT
    assert repr(stream) == "ChatStream(ended)"


def test_a_cut_stream_gives_what_came_first(engine: Engine) -> None:
    stream = engine.chat_stream("x", model="up/cut-3")
    texts: list[str] = []
    with pytest.raises(StreamInterruptedError) as raised:
        texts.extend(text for text in stream.text_stream)
    assert raised.value.partial is not None
    assert raised.value.partial.text == "0 1 2 "
    assert raised.value.details["cause"]
    with pytest.raises(StreamInterruptedError):
        stream.completion()


def test_one_reader_at_a_time(engine: Engine) -> None:
    stream = engine.chat_stream("x", model="up/stall-0")
    failures: list[BaseException] = []

    def read() -> None:
        try:
            next(stream)
        except BaseException as failure:
            failures.append(failure)

    reader = threading.Thread(target=read)
    reader.start()
    deadline = threading.Event()
    deadline.wait(0.3)
    with pytest.raises(InvalidRequestError, match="one reader"):
        next(stream)
    stream.close()
    reader.join(2)
    assert [type(failure) for failure in failures] == [CancelledError]


def test_one_async_reader_at_a_time(engine: Engine) -> None:
    async def run() -> None:
        stream = engine.as_async().chat_stream("x", model="up/stall-0")
        first = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.2)
        with pytest.raises(InvalidRequestError, match="one reader"):
            await anext(stream)
        stream.close()
        with pytest.raises(CancelledError):
            await first

    asyncio.run(run())


def test_no_chunk_is_lost_when_waits_are_cancelled(upstream: Upstream) -> None:
    async def run() -> None:
        async with AsyncEngine(upstream.config()) as engine:
            stream = engine.chat_stream("x", model="up/chunks-150-3")
            texts: list[str] = []
            timeouts = 0
            while True:
                try:
                    chunk = await asyncio.wait_for(anext(stream), 0.002)
                except asyncio.TimeoutError:
                    timeouts += 1
                except StopAsyncIteration:
                    break
                else:
                    texts.append(chunk.text)
            assert texts == [f"{index} " for index in range(150)] + [""]
            assert timeouts > 20

    asyncio.run(run())


def test_queued_chunks_do_not_suspend() -> None:
    """While chunks are queued, awaiting the next one does not give the loop a turn."""

    async def run() -> None:
        async with AsyncEngine(default_model="test/echo") as engine:
            stream = engine.chat_stream("x", extra_body={"test": {"chunks": ["a"] * 40}})
            await anext(stream)
            for _ in range(40):
                step = anext(stream).__await__()
                with pytest.raises(StopIteration) as ready:
                    next(step)
                assert isinstance(ready.value.value, ChatCompletionChunk)

    asyncio.run(run())


def test_a_busy_stream_lets_other_tasks_have_their_turn() -> None:
    async def run() -> None:
        turns = 0

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        async with AsyncEngine(default_model="test/echo") as engine:
            task = asyncio.create_task(other())
            body: Any = {"test": {"chunks": ["a"] * 20_000}}
            count = 0
            async for _ in engine.chat_stream("x", extra_body=body):
                count += 1
            task.cancel()
            assert count >= 20_000
            assert turns >= 20

    asyncio.run(run())


def test_streams_of_one_engine_in_several_loops_at_once(engine: Engine) -> None:
    aside = engine.as_async()
    texts: list[str] = []

    async def read() -> None:
        parts = await asyncio.gather(*(collect() for _ in range(10)))
        texts.extend(parts)

    async def collect() -> str:
        stream = aside.chat_stream("x", model="up/chunks-20-2")
        return "".join([text async for text in stream.text_stream])

    threads = [threading.Thread(target=lambda: asyncio.run(read())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert texts == ["".join(f"{index} " for index in range(20))] * 40
    asyncio.run(read())
    assert len(texts) == 50


def test_a_stream_moves_to_another_loop(engine: Engine) -> None:
    stream = engine.as_async().chat_stream("x", model="up/chunks-5-20")

    async def one() -> str:
        return (await anext(stream)).text

    assert [asyncio.run(one()) for _ in range(5)] == [f"{index} " for index in range(5)]

"""What type checkers make of the public names. Checked by mypy and pyright, never run.

A line that must be refused carries an `ignore`; both checkers complain about one that is not needed.
"""

import sys
from typing import Any, Literal

from slugline import (
    AsyncChatStream,
    AsyncEngine,
    AsyncSession,
    ChatCompletion,
    ChatCompletionChunk,
    ChatStream,
    Engine,
    ProviderRequest,
    RateLimitedError,
    RenderedPrompt,
    Session,
    SluglineError,
    file,
    image,
)
from slugline.types import (
    CampaignReport,
    Message,
    MessageParam,
    Recording,
    RecordingPage,
    Tool,
    UsageRow,
)

if sys.version_info >= (3, 11):
    from typing import assert_type
else:
    from typing_extensions import assert_type


def sync_verbs(engine: Engine) -> None:
    assert_type(engine.chat("Hi", model="a/b", temperature=0.5), ChatCompletion)
    assert_type(engine.chat_stream("Hi"), ChatStream)
    assert_type(engine.run_prompt("greet", {"name": "Ada"}, environment="staging"), ChatCompletion)
    assert_type(engine.run_prompt_stream("greet"), ChatStream)
    assert_type(engine.render_prompt("greet"), RenderedPrompt)
    assert_type(engine.build_request(slug="greet"), ProviderRequest)
    with engine.chat_stream("Hi") as stream:
        for chunk in stream:
            assert_type(chunk, ChatCompletionChunk)
            assert_type(chunk.text, str)
        for text in stream.text_stream:
            assert_type(text, str)
        assert_type(stream.completion(), ChatCompletion)


def state(engine: Engine) -> None:
    session = engine.session("s")
    assert_type(session, Session)
    assert_type(session.chat("Hi", temperature=0.5), ChatCompletion)
    assert_type(session.run_prompt_stream("greet", {"name": "Ada"}), ChatStream)
    assert_type(session.history(), list[Message])
    # Refused by type checkers: an ignore that is not needed fails their run.
    session.chat("Hi", session_id="other")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    assert_type(engine.feedback("id", "thumbs", True, "good"), str)
    # Refused as well.
    engine.feedback("id", "thumbs", "yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(engine.recordings.list(labels={"n": 3}, limit=5), RecordingPage)
    assert_type(engine.recordings.get("id"), Recording)
    assert_type(engine.recordings.rerun("id", model=["a/b", "c/d"]), ChatCompletion)
    assert_type(engine.usage(["model", "day"]), list[UsageRow])
    assert_type(engine.campaign_report("tone").arms[0].metric_mean, float | None)


async def async_state(engine: AsyncEngine) -> None:
    session = engine.session("s")
    assert_type(session, AsyncSession)
    assert_type(await session.chat("Hi"), ChatCompletion)
    assert_type(session.chat_stream("Hi"), AsyncChatStream)
    assert_type(await session.history(), list[Message])
    assert_type((await engine.recordings.list()).next_cursor, str | None)
    assert_type(await engine.campaign_report("tone"), CampaignReport)


async def async_verbs() -> None:
    async with AsyncEngine("slugline.toml", prompts="prompts") as engine:
        assert_type(await engine.chat("Hi"), ChatCompletion)
        assert_type(engine.chat_stream("Hi"), AsyncChatStream)
        assert_type(await engine.render_prompt("greet"), RenderedPrompt)
        async with engine.run_prompt_stream("greet") as stream:
            async for chunk in stream:
                assert_type(chunk, ChatCompletionChunk)
            async for text in stream.text_stream:
                assert_type(text, str)
            assert_type(await stream.completion(), ChatCompletion)
            await stream.close()
            stream.close()
        assert_type(engine.as_sync(), Engine)


def answers(completion: ChatCompletion, error: SluglineError) -> None:
    choice = completion.choices[0]
    assert_type(
        choice.finish_reason, Literal["stop", "length", "tool_calls", "content_filter"] | None
    )
    assert_type(completion.usage.total_tokens if completion.usage else None, int | None)
    assert_type([call.function.arguments for call in completion.tool_calls], list[str])
    assert_type(completion.to_dict(), dict[str, Any])
    assert_type(RateLimitedError.code, str)
    assert_type(error.partial, ChatCompletion | None)
    for attempt in error.attempts:
        assert_type(attempt.status, int | None)


def arguments(engine: Engine, answer: ChatCompletion) -> None:
    messages: list[MessageParam] = [{"role": "user", "content": "Hi"}]
    engine.chat(messages)
    engine.chat([{"role": "system", "content": "Be brief."}, answer.choices[0].message])
    engine.chat([{"role": "user", "content": [image("a.png"), file("b.pdf")]}])
    tools: list[Tool] = [{"type": "function", "function": {"name": "f"}}, {"id": "lookup"}]
    engine.chat("Hi", tools=tools, tool_choice="auto", response_format={"type": "json_object"})
    engine.chat("Hi", model=["a/b", "c/d"], fallback_on=["content_filtered"], labels={"a": 1})


def refused(engine: Engine, answer: ChatCompletion) -> None:
    # All of these must be refused: an ignore that is not needed fails the run.
    engine.chat("Hi", temprature=0.5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    engine.chat("Hi", temperature="hot")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    engine.chat([{"role": "robot"}])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    answer.id = "x"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]

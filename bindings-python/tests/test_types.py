"""Result objects: their fields, their JSON, and how they behave as Python objects."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest

from slugline import ChatCompletion, Engine, _native, types

LOGPROBS = {
    "content": [{"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}],
    "refusal": None,
}


@pytest.fixture
def completion(echo: Engine) -> ChatCompletion:
    function = {"name": "f", "arguments": '{"a": 1}'}
    call = {"id": "1", "type": "function", "function": function}
    usage = {
        "prompt_tokens": 5,
        "completion_tokens": 7,
        "total_tokens": 12,
        "prompt_tokens_details": {"cached_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    script: Any = {"test": {"content": "text", "tool_calls": [call], "usage": usage}}
    return echo.chat("x", extra_body=script, session_id="s")


def test_fields(completion: ChatCompletion) -> None:
    assert (completion.object, completion.model) == ("chat.completion", "test/echo")
    assert completion.session_id == "s"
    assert completion.text == "text"
    choice = completion.choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.role == "assistant"
    assert choice.message.content == choice.message.text == "text"
    call = completion.tool_calls[0]
    assert (call.id, call.type) == ("1", "function")
    assert (call.function.name, json.loads(call.function.arguments)) == ("f", {"a": 1})
    usage = completion.usage
    assert usage is not None and usage.total_tokens == 12
    assert usage.prompt_tokens_details is not None
    assert usage.prompt_tokens_details.cached_tokens == 3
    meta = completion.meta
    assert (meta.provider, meta.attempts[0].outcome) == ("test", "ok")
    assert meta.prompt is None and meta.cost is None and meta.warnings == ()
    assert meta.timing.total_ms >= 0


def test_nested_objects_are_the_same_each_time(completion: ChatCompletion) -> None:
    assert completion.choices is completion.choices
    assert completion.choices[0].message is completion.choices[0].message
    assert completion.meta is completion.meta


def test_attributes_agree_with_the_json(completion: ChatCompletion, echo: Engine) -> None:
    """Every key of every object's JSON is an attribute with that value, all the way down."""
    chunks = list(echo.chat_stream("x", stream_options={"include_usage": True}))
    for whole in (completion, *chunks):
        agree(whole, whole.to_dict())


def agree(shown: Any, value: Any) -> None:
    if isinstance(value, dict) and not isinstance(shown, dict):
        for key, inner in value.items():
            agree(getattr(shown, key), inner)
    elif isinstance(value, list):
        assert len(shown) == len(value)
        for one, inner in zip(shown, value, strict=True):
            agree(one, inner)
    else:
        assert shown == value


def test_dict_json_and_dump(completion: ChatCompletion) -> None:
    shown = completion.to_dict()
    assert json.loads(completion.to_json()) == shown == completion.model_dump()
    assert shown["usage"]["prompt_tokens_details"] == {"cached_tokens": 3}
    message = completion.choices[0].message.to_dict()
    assert message == shown["choices"][0]["message"]
    assert "logprobs" in shown["choices"][0]
    assert "logprobs" not in completion.model_dump(exclude_none=True)["choices"][0]


def test_chunks(echo: Engine) -> None:
    chunks = list(echo.chat_stream("a b", stream_options={"include_usage": True}))
    for chunk in chunks:
        assert json.loads(chunk.to_json()) == chunk.to_dict() == chunk.model_dump()
        assert pickle.loads(pickle.dumps(chunk)) == chunk
    assert chunks[-1].choices == ()
    assert chunks[-1].usage is not None
    assert chunks[1].choices[0].delta.content == chunks[1].text == "a "
    assert chunks[0] == chunks[0] != chunks[1]
    assert chunks[0].choices[0].completion_id == chunks[1].choices[0].completion_id


def test_pieces_of_tool_calls(echo: Engine) -> None:
    function = {"name": "f", "arguments": '{"a": 1}'}
    call = {"id": "1", "type": "function", "function": function}
    script: Any = {"test": {"tool_calls": [call]}}
    chunks = list(echo.chat_stream("x", extra_body=script))
    pieces = [
        piece for chunk in chunks for choice in chunk.choices for piece in choice.delta.tool_calls
    ]
    assert (pieces[0].id, pieces[0].type, pieces[0].function.name) == ("1", "function", "f")
    assert "".join(piece.function.arguments for piece in pieces) == '{"a": 1}'
    assert pieces[-1].to_dict()["function"]["arguments"] == pieces[-1].function.arguments


def test_pickling_copying_and_equality(completion: ChatCompletion) -> None:
    usage = completion.usage
    parts = [completion, completion.choices[0], completion.meta, completion.tool_calls[0], usage]
    for part in parts:
        for again in (pickle.loads(pickle.dumps(part)), copy.deepcopy(part), copy.copy(part)):
            assert again == part and type(again) is type(part)
    assert completion != completion.to_dict()
    assert completion.choices[0] != completion


def test_log_probabilities() -> None:
    logprobs = _native._revive(types.Logprobs, json.dumps(LOGPROBS))
    assert logprobs.content[0].token == "a"
    assert logprobs.content[0].bytes == [97]
    assert logprobs.refusal is None
    assert logprobs.to_dict()["content"] == LOGPROBS["content"]


def test_frozen(completion: ChatCompletion) -> None:
    with pytest.raises(AttributeError):
        completion.id = "x"
    with pytest.raises(AttributeError):
        completion.unknown = 1


def test_repr_is_short_and_tells_the_text(echo: Engine) -> None:
    completion = echo.chat("word " * 1000)
    assert completion.model in repr(completion)
    assert "text='word word" in repr(completion)
    assert len(repr(completion)) < 500
    assert repr(completion.choices[0].message).startswith("Message(role='assistant', content='word")
    assert completion._repr_markdown_() == completion.text
    assert repr(completion.meta.attempts[0]).startswith("Attempt(provider='test'")


def test_user_data_keeps_its_keys(echo: Engine) -> None:
    rendered = echo.build_request("x", extra_body={"camelCase": {"snake_case": 1}})
    assert rendered.body["camelCase"] == {"snake_case": 1}
    assert rendered.method == "POST" and rendered.to_dict()["method"] == "POST"

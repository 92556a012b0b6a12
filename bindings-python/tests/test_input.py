"""What goes into a call: plain objects, and every way in which they can be wrong."""

from __future__ import annotations

import collections
import datetime
import enum
import types
from typing import Any

import pytest

from slugline import ConfigError, Engine, InvalidRequestError, InvalidVariablesError, SluglineError


@pytest.fixture
def render(tmp_path: Any) -> Any:
    (tmp_path / "show.prompt").write_text("{{#each items}}{{this}};{{/each}}{{value}}")
    engine = Engine(prompts=str(tmp_path), default_model="test/echo", missing="empty")

    def render(value: Any) -> str:
        return engine.render_prompt("show", {"value": value}).messages[0].text

    yield render
    engine.close()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2**64 - 1, "18446744073709551615"),
        (-(2**63), "-9223372036854775808"),
        (2**53 + 1, "9007199254740993"),
        (1.5, "1.5"),
        (True, "true"),
        ("Ada \U0001f642", "Ada \U0001f642"),
        (enum.IntEnum("Number", "ONE").ONE, "1"),
        (enum.Enum("Word", {"A": "a"}, type=str).A, "a"),
    ],
)
def test_values_are_exact(render: Any, value: Any, text: str) -> None:
    assert render(value) == text


def test_containers_of_many_kinds(echo: Engine) -> None:
    message = {"role": "user", "content": "Hi"}
    for one in (
        message,
        collections.OrderedDict(message),
        types.MappingProxyType(message),
        collections.ChainMap(message),
    ):
        assert echo.chat([one]).text == "Hi"
        assert echo.chat((one,)).text == "Hi"
    named = collections.namedtuple("named", "a b")({"role": "system", "content": "x"}, message)
    assert echo.chat(named).text == "Hi"


CYCLE: dict[str, Any] = {}
CYCLE["self"] = [CYCLE]
DEEP: Any = []
for _ in range(200):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (float("nan"), "NaN and infinities"),
        (float("inf"), "NaN and infinities"),
        (2**64, "64 bits"),
        (-(2**63) - 1, "64 bits"),
        (10**400, "64 bits"),
        ("half \ud83d", "surrogate"),
        ({"\udc00": 1}, "surrogate"),
        ({1: 2}, "keys must be strings"),
        ({None: 2}, "keys must be strings"),
        (CYCLE, "holds itself"),
        (DEEP, "128"),
        (b"bytes", "bytes"),
        (bytearray(b"bytes"), "bytes"),
        ({1, 2}, "`set`"),
        (datetime.date(2026, 1, 1), "`date`"),
        (1j, "`complex`"),
        (iter([]), "`list_iterator`"),
        (object(), "`object`"),
        (print, "builtin"),
    ],
)
def test_values_that_cannot_be_sent(render: Any, echo: Engine, value: Any, says: str) -> None:
    with pytest.raises(InvalidVariablesError) as raised:
        render(value)
    error = raised.value
    assert says in str(error)
    assert error.param is not None and error.param.startswith("variables.value")
    with pytest.raises(InvalidRequestError) as refused:
        echo.chat("x", extra_body={"a": [value]})
    assert refused.value.param is not None and refused.value.param.startswith("extra_body.a[0]")


@pytest.mark.parametrize(
    ("options", "param", "says"),
    [
        ({"temprature": 1}, "temprature", "`temperature`"),
        ({"stream": True}, "stream", "chat_stream"),
        ({"temperature": "hot"}, "temperature", "expected a number, got a string"),
        ({"temperature": float("nan")}, "temperature", "NaN"),
        ({"temperature": 3}, "temperature", "2"),
        ({"n": 0}, "n", "1"),
        ({"n": -1}, "n", "0 or more"),
        ({"n": 1.5}, "n", "whole number"),
        ({"seed": 2**70}, "seed", "64 bits"),
        ({"stop": [1]}, "stop[0]", "string"),
        ({"model": b"m"}, "model", "bytes"),
        ({"tools": [{}]}, "tools[0]", "type"),
        ({"cache": "maybe"}, "cache", '"auto"'),
        ({"cache": 1}, "cache", '"auto"'),
        ({"stream_options": {"include_usage": 1}}, "stream_options.include_usage", "true or false"),
        ({"labels": {1: "x"}}, "labels", "keys must be strings"),
        ({"logprobs": "yes"}, "logprobs", "true or false"),
    ],
)
def test_options_that_are_wrong(
    echo: Engine, options: dict[str, Any], param: str, says: str
) -> None:
    with pytest.raises(InvalidRequestError) as raised:
        echo.chat("x", **options)
    assert raised.value.param == param, raised.value
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        ([{"role": "robot", "content": "x"}], "messages[0].role"),
        ([{"content": "x"}], "messages[0]"),
        (["x"], "messages[0]"),
        ([{"role": "user", "content": 5}], "messages[0].content"),
        ([{"role": "user", "content": [{"type": "text"}]}], "messages[0].content[0]"),
        (5, "messages"),
        ({"role": "user"}, "messages"),
    ],
)
def test_messages_that_are_wrong(echo: Engine, messages: Any, param: str) -> None:
    with pytest.raises(InvalidRequestError) as raised:
        echo.chat(messages)
    assert raised.value.param == param, raised.value


def test_messages_hold_no_secrets_in_errors(echo: Engine) -> None:
    with pytest.raises(SluglineError) as raised:
        echo.chat(
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"u": "hunter2"}}]}]
        )
    assert "hunter2" not in str(raised.value) + repr(raised.value.to_dict())


@pytest.mark.parametrize(
    ("config", "overrides", "says"),
    [
        ({"engin": {}}, {}, "`engine`"),
        (None, {"promts": "x"}, "`prompts`"),
        (None, {"prompts": 5}, "prompts"),
        (5, {}, "a path or a mapping"),
        ({"engine": {"timeout_ms": float("nan")}}, {}, "NaN"),
        ({1: 2}, {}, "keys must be strings"),
        ("no/such/file.toml", {}, "no/such/file.toml"),
    ],
)
def test_configurations_that_are_wrong(config: Any, overrides: Any, says: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Engine(config, **overrides)
    assert says in str(raised.value)


def test_answers_go_back_into_calls(echo: Engine) -> None:
    function = {"name": "f", "arguments": '{"a": 1}'}
    script: Any = {"test": {"tool_calls": [{"id": "1", "type": "function", "function": function}]}}
    first = echo.chat("What?", extra_body=script)
    message = first.choices[0].message
    request = echo.build_request(
        [message, {"role": "tool", "tool_call_id": "1", "content": "1"}], model="test/echo"
    )
    assert request.body["messages"][0]["tool_calls"] == message.to_dict()["tool_calls"]
    again = {"role": "assistant", "content": None, "tool_calls": list(message.tool_calls)}
    result = {"role": "tool", "tool_call_id": "1", "content": "1"}
    request = echo.build_request([again, result], model="test/echo")
    assert request.body["messages"][0]["tool_calls"] == message.to_dict()["tool_calls"]


def test_a_mapping_that_fails_is_an_error_of_the_call(echo: Engine) -> None:
    class Broken(collections.UserDict[str, Any]):
        def items(self) -> Any:
            raise OSError("broken")

    with pytest.raises(InvalidRequestError, match="extra_body"):
        echo.chat("x", extra_body=Broken())

"""Exceptions: one class a code, every field, causes, pickling."""

from __future__ import annotations

import asyncio
import copy
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

import slugline
from conftest import Upstream
from slugline import (
    AuthenticationError,
    ConfigError,
    ConnectionFailedError,
    Engine,
    InternalError,
    Location,
    NotFoundError,
    OverloadedError,
    RateLimitedError,
    RequestTimeoutError,
    SluglineError,
    StreamInterruptedError,
    TtftTimeoutError,
    _native,
)
from slugline._errors import _CLASSES


def test_every_code_of_the_core_has_its_class() -> None:
    assert set(_CLASSES) == set(_native._codes())
    for code, kind in _CLASSES.items():
        assert kind.code == code
        assert getattr(slugline, kind.__name__) is kind
        assert kind.__name__ in slugline.__all__
        assert kind.__doc__


@pytest.mark.parametrize("code", sorted(_CLASSES))
def test_names_follow_the_rule(code: str) -> None:
    exceptions = {
        "timeout": "RequestTimeoutError",
        "ttft_timeout": "TtftTimeoutError",
        "connection": "ConnectionFailedError",
    }
    pascal = "".join(word.capitalize() for word in code.split("_"))
    rule = pascal if pascal.endswith("Error") else pascal + "Error"
    assert _CLASSES[code].__name__ == exceptions.get(code, rule)


def test_built_in_bases() -> None:
    assert issubclass(RequestTimeoutError, TimeoutError)
    assert issubclass(TtftTimeoutError, TimeoutError)
    assert issubclass(ConnectionFailedError, ConnectionError)


def test_fields_of_a_refused_call(upstream: Upstream) -> None:
    with (
        Engine(upstream.config(max_retries=1)) as engine,
        pytest.raises(OverloadedError) as raised,
    ):
        engine.chat("x", model="up/status-503")
    error = raised.value
    assert (error.code, error.provider, error.model) == ("overloaded", "up", "status-503")
    assert (error.status, error.retryable) == (503, True)
    assert [attempt.status for attempt in error.attempts] == [503, 503]
    assert error.attempts[1].wait_ms > 0
    assert str(error) == error.message
    assert "sk-secret" not in str(error) + repr(error.to_dict())


def test_a_place_in_a_file(tmp_path: Any) -> None:
    path = tmp_path / "slugline.toml"
    path.write_text('[engine]\ndefault_model = "a/b"\npromts = "x"\n')
    with pytest.raises(ConfigError) as raised:
        Engine(path)
    place = raised.value.location
    assert place is not None
    assert (place.line, place.message) == (3, None)
    assert place.file is not None and place.file.endswith("slugline.toml")
    assert str(raised.value).startswith(place.file)


def test_near_names(tmp_path: Any) -> None:
    (tmp_path / "greet.prompt").write_text("Hi")
    with Engine(prompts=tmp_path) as engine, pytest.raises(NotFoundError) as raised:
        engine.run_prompt("gret")
    assert raised.value.details == {"resource": "prompt", "near": ["greet"]}


def test_a_source_is_the_cause() -> None:
    provider = {"dialect": "openai", "base_url": "http://127.0.0.1:9/v1", "api_key": "k"}
    with (
        Engine(providers={"up": provider}, max_retries=0) as engine,
        pytest.raises(ConnectionFailedError) as raised,
    ):
        engine.chat("x", model="up/m")
    assert raised.value.details["stage"] == "tcp"
    assert isinstance(raised.value.__cause__, Exception)


def test_keys_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with Engine() as engine, pytest.raises(AuthenticationError) as raised:
        engine.chat("x", model="openai/gpt-5")
    assert raised.value.details["env"] == "OPENAI_API_KEY"


def interrupted(engine: Engine) -> StreamInterruptedError:
    with pytest.raises(StreamInterruptedError) as raised:
        engine.chat_stream("x", model="up/cut-3").completion()
    return raised.value


def test_pickling_and_copying(engine: Engine) -> None:
    error = interrupted(engine)
    error.location = Location(file="a.prompt", line=3)
    for again in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error), copy.copy(error)):
        assert type(again) is type(error)
        assert again.to_dict() == error.to_dict()
        assert again.partial == error.partial
        assert again.attempts == error.attempts
        assert (again.args, str(again)) == (error.args, str(error))
        assert again.location == error.location
    for kind in _CLASSES.values():
        made = kind("says", status=429, details={"a": [1]}, retryable=True)
        assert pickle.loads(pickle.dumps(made)).to_dict() == made.to_dict()


@pytest.mark.skipif(not hasattr(BaseException, "add_note"), reason="Python 3.11 brought notes")
def test_notes_are_pickled() -> None:
    error: Any = RateLimitedError("slow down")
    error.add_note("while translating")
    assert pickle.loads(pickle.dumps(error)).__notes__ == ["while translating"]


def refused() -> None:
    with Engine(max_retries=0) as engine:
        engine.chat("x", model="test/echo", extra_body={"test": {"status": 429}})


def test_errors_cross_processes() -> None:
    spawning = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(1, mp_context=spawning) as pool,
        pytest.raises(RateLimitedError) as raised,
    ):
        pool.submit(refused).result(30)
    assert raised.value.attempts[0].status == 429


def test_dict_has_what_is_set(engine: Engine) -> None:
    shown = interrupted(engine).to_dict()
    assert shown["code"] == "stream_interrupted"
    assert shown["partial"]["choices"][0]["message"]["content"] == "0 1 2 "
    assert "location" not in shown and shown["retryable"] is False
    bare = RateLimitedError("slow down")
    assert bare.to_dict() == {
        "code": "rate_limited",
        "message": "slow down",
        "retryable": False,
    }


def test_groups_catch_them_all(engine: Engine) -> None:
    with pytest.raises(TimeoutError):
        engine.chat("x", model="up/hang", timeout_ms=50)
    with pytest.raises(TtftTimeoutError):
        engine.chat("x", model="up/stall-0", max_ttft_ms=50)


def test_a_panic_is_an_internal_error(engine: Engine) -> None:
    """Wherever it happens, it becomes an error of that call, and the next call works."""
    if not hasattr(_native, "_panic"):
        pytest.skip("only builds for tests can be made to panic")

    async def awaited() -> None:
        await _native._panic("awaited")

    for where in ("waited", "stream"):
        with pytest.raises(InternalError, match="bug in slugline"):
            _native._panic(where)
    with pytest.raises(InternalError, match="bug in slugline"):
        asyncio.run(awaited())
    assert engine.chat("x", model="up/ok").text == "Hello"


def test_unraised_errors_can_be_made_by_hand() -> None:
    """Code that tests its own handling needs to raise ours."""
    error: SluglineError = RateLimitedError("slow down", retry_after_ms=500)
    assert error.retry_after_ms == 500
    assert error.attempts == ()
    assert error.details == {}

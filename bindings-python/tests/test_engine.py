"""Engines: opening, sharing, closing, prompts, keys from code, logging, parts."""

from __future__ import annotations

import asyncio
import base64
import gc
import inspect
import logging
import pathlib
import threading
import time
import warnings
from typing import Any

import pytest

import slugline
from conftest import Upstream, eventually
from slugline import (
    AsyncEngine,
    AuthenticationError,
    Engine,
    InvalidRequestError,
    NotFoundError,
    TemplateError,
    _async_engine,
    _engine,
    _native,
    file,
    image,
)
from slugline._errors import Location

PROMPTS = pathlib.Path(__file__).parents[2] / "examples" / "prompts"


def test_opening_in_every_way(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "p.prompt").write_text("Hello {{name}}")
    path = tmp_path / "slugline.toml"
    path.write_text('[engine]\nprompts = "prompts"\ndefault_model = "test/echo"\n')
    plain = {"engine": {"prompts": str(tmp_path / "prompts"), "default_model": "test/echo"}}
    engines = [
        Engine(path),
        Engine(str(path)),
        Engine(config=plain),
        Engine(**plain["engine"]),
        Engine({"engine": {"prompts": "elsewhere"}}, **plain["engine"]),
    ]
    monkeypatch.setenv("SLUGLINE_CONFIG", str(path))
    engines.append(Engine())
    for engine in engines:
        assert engine.run_prompt("p", {"name": "Ada"}).text == "Hello Ada"
        engine.close()


def test_engines_share_one_core(echo: Engine) -> None:
    aside = echo.as_async()
    assert asyncio.run(aside.chat("x")).text == "x"
    assert aside.as_sync().chat("x").text == "x"
    echo.close()
    with pytest.raises(InvalidRequestError, match="closed"):
        asyncio.run(aside.chat("x"))
    assert repr(aside) == "AsyncEngine(closed)"


def test_closing_twice_and_calls_after(echo: Engine) -> None:
    with echo as entered:
        assert entered is echo
    echo.close()
    for call in (echo.chat, echo.run_prompt, echo.build_request, echo.render_prompt):
        with pytest.raises(InvalidRequestError, match="closed"):
            call("x")
    with pytest.raises(InvalidRequestError, match="closed"):
        echo.prompts.list()


def test_an_engine_that_is_not_closed_warns() -> None:
    def drop(*, closed: bool) -> None:
        engine = Engine()
        if closed:
            engine.close()
        del engine
        gc.collect()

    with pytest.warns(ResourceWarning, match="Engine"):
        drop(closed=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drop(closed=True)


def test_a_slow_reader_of_a_closed_engine_reads_on(upstream: Upstream) -> None:
    engine = Engine(upstream.config())
    stream = engine.chat_stream("x", model="up/chunks-5-10")
    next(stream)
    engine.close()
    assert len(list(stream)) == 5


class TestPrompts:
    def test_listing_and_looking(self) -> None:
        with Engine(prompts=PROMPTS) as engine:
            slugs = [prompt.slug for prompt in engine.prompts.list()]
            assert "greet" in slugs
            greet = engine.prompts.get("greet")
            assert greet.variables and greet.source is not None
            assert [each.name for each in greet.environments] == ["production"]
            assert engine.prompts.check() == []
            with pytest.raises(NotFoundError):
                engine.prompts.get("gret")

    def test_the_same_awaited(self) -> None:
        async def run() -> None:
            async with AsyncEngine(prompts=PROMPTS) as engine:
                assert await engine.prompts.check() == []
                assert (await engine.prompts.get("greet")).slug == "greet"
                assert any(each.slug == "greet" for each in await engine.prompts.list())
                rendered = await engine.render_prompt("greet", {"name": "Ada"})
                assert "Ada" in rendered.messages[-1].text
                request = await engine.build_request(
                    slug="greet", variables={"name": "Ada"}, model="test/echo"
                )
                assert "Ada" in str(request.body)

        asyncio.run(run())

    def test_checking_gives_what_is_wrong(self, tmp_path: pathlib.Path) -> None:
        (tmp_path / "good.prompt").write_text("Hello")
        (tmp_path / "bad.prompt").write_text("Hello\n{{#if x}}")
        with Engine(prompts=tmp_path) as engine:
            (problem,) = engine.prompts.check()
        assert isinstance(problem, TemplateError)
        assert isinstance(problem.location, Location) and problem.location.file == "bad.prompt"


class TestKeys:
    def config(self, upstream: Upstream, key: Any) -> dict[str, Any]:
        config = upstream.config()
        config["providers"]["up"]["api_key"] = key
        return config

    def test_a_callable_is_asked_at_each_attempt(self, upstream: Upstream) -> None:
        asked: list[int] = []

        def key() -> str:
            asked.append(threading.get_ident())
            return f"key-{len(asked)}"

        config = self.config(upstream, key)
        with Engine(config) as engine:
            engine.chat("x", model="up/ok")
            asyncio.run(engine.as_async().chat("x", model="up/ok"))
            list(engine.chat_stream("x", model="up/chunks-1-0"))
        heads = [request["head"].lower() for request in upstream.stats()["requests"][-3:]]
        assert [f"bearer key-{number}" in head for number, head in enumerate(heads, 1)] == [
            True
        ] * 3
        assert threading.get_ident() not in asked
        assert config["providers"]["up"]["api_key"] is key

    def test_a_callable_in_an_override(self, upstream: Upstream) -> None:
        with Engine(upstream.config(), providers={"up": {"api_key": lambda: "fresh"}}) as engine:
            engine.chat("x", model="up/ok")
        assert "bearer fresh" in upstream.stats()["requests"][-1]["head"].lower()

    def test_an_exception_is_the_cause(self, upstream: Upstream) -> None:
        def fail() -> str:
            raise LookupError("hunter2 is locked")

        with (
            Engine(self.config(upstream, fail)) as engine,
            pytest.raises(AuthenticationError) as raised,
        ):
            engine.chat("x", model="up/ok")
        assert isinstance(raised.value.__cause__, LookupError)
        assert "hunter2" not in str(raised.value)
        assert raised.value.provider == "up"

    @pytest.mark.parametrize(
        ("key", "says"),
        [
            (lambda: 5, "`int`"),
            (lambda: None, "`NoneType`"),
            (lambda: "a\nb", "header"),
            (lambda: "", "empty"),
        ],
    )
    def test_what_is_no_key(self, upstream: Upstream, key: Any, says: str) -> None:
        with (
            Engine(self.config(upstream, key)) as engine,
            pytest.raises(AuthenticationError, match=says),
        ):
            engine.chat("x", model="up/ok")

    def test_a_coroutine_is_no_key(self, upstream: Upstream) -> None:
        async def key() -> str:
            return "k"

        with (
            Engine(self.config(upstream, key)) as engine,
            pytest.raises(AuthenticationError, match="plain function"),
        ):
            engine.chat("x", model="up/ok")


class TestLogging:
    def test_warnings_of_the_configuration(self, caplog: pytest.LogCaptureFixture) -> None:
        hidden = {"openai": {"dialect": "openai", "base_url": "http://127.0.0.1:9/v1"}}
        with caplog.at_level(logging.WARNING, "slugline"), Engine(providers=hidden) as engine:
            (warning,) = engine.warnings
            assert warning.message in caplog.text

    def test_events_of_the_core(
        self, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        prompt = tmp_path / "p.prompt"
        prompt.write_text("Hello")
        with (
            caplog.at_level(logging.DEBUG, "slugline"),
            Engine(prompts=tmp_path, default_model="test/echo") as engine,
        ):
            assert engine.run_prompt("p").text == "Hello"
            time.sleep(0.02)
            prompt.write_text("Hello {{#if}}")
            assert engine.run_prompt("p").text == "Hello"
            eventually(lambda: "does not load" in caplog.text)
        record = next(record for record in caplog.records if "does not load" in record.message)
        assert (record.name, record.levelno) == ("slugline", logging.WARNING)
        assert "p" in record.message

    def test_logging_is_not_imported_before_it_is_needed(self) -> None:
        script = """
import sys
from slugline import Engine
Engine().chat("x", model="test/echo")
print(sorted({"logging", "asyncio", "typing", "json", "inspect", "dataclasses", "re"} & sys.modules.keys()))
"""
        import subprocess
        import sys

        ended = subprocess.run(
            [sys.executable, "-S", "-c", f"import sys; sys.path.extend({sys.path!r})\n{script}"],
            capture_output=True,
            text=True,
        )
        assert ended.stdout == "[]\n", ended.stderr


PNG = b"\x89PNG\r\n\x1a\n rest"


class TestParts:
    def test_images(self, tmp_path: pathlib.Path) -> None:
        path = tmp_path / "picture.bin"
        path.write_bytes(PNG)
        url = "data:image/png;base64," + base64.b64encode(PNG).decode()
        expected = {"type": "image_url", "image_url": {"url": url}}
        assert image(PNG) == image(path) == image(str(path)) == expected
        assert image("https://x/y.png", detail="low") == {
            "type": "image_url",
            "image_url": {"url": "https://x/y.png", "detail": "low"},
        }
        assert image(b"RIFF1234WEBP")["image_url"]["url"].startswith("data:image/webp")
        assert image(b"?", media_type="image/avif", cache_control={"type": "ephemeral"}) == {
            "type": "image_url",
            "image_url": {"url": "data:image/avif;base64,Pw=="},
            "cache_control": {"type": "ephemeral"},
        }
        with pytest.raises(InvalidRequestError, match="media_type"):
            image(b"?")
        assert image(bytearray(PNG)) == image(memoryview(PNG)) == expected
        with pytest.raises(InvalidRequestError, match="cannot read no"):
            image("no/such/file.png")
        with pytest.raises(InvalidRequestError, match="not <class 'int'>"):
            # What a type checker refuses must be told at run time too.
            image(7)  # type: ignore[arg-type]

    def test_files(self, tmp_path: pathlib.Path) -> None:
        path = tmp_path / "report.pdf"
        path.write_bytes(b"%PDF")
        inner = {"file_data": "data:application/pdf;base64,JVBERg==", "filename": "report.pdf"}
        assert file(path)["file"] == file(b"%PDF", filename="report.pdf")["file"] == inner
        assert file("https://x/y.pdf")["file"] == {"file_url": "https://x/y.pdf"}
        assert file(file_id="f-1")["file"] == {"file_id": "f-1"}
        for bad in (lambda: file(), lambda: file(b"?"), lambda: file(b"%PDF", file_id="f-1")):
            with pytest.raises(InvalidRequestError, match="`file`"):
                bad()

    def test_they_go_into_a_call(self, echo: Engine) -> None:
        content = [{"type": "text", "text": "Look"}, image(PNG), file(file_id="f-1")]
        request = echo.build_request([{"role": "user", "content": content}], model="test/echo")
        kinds = [part["type"] for part in request.body["messages"][0]["content"]]
        assert kinds == ["text", "image_url", "file"]


class TestSignatures:
    """The signatures people see are those of the core, in both classes."""

    @pytest.mark.parametrize("kind", [Engine, AsyncEngine])
    @pytest.mark.parametrize(
        "verb",
        [
            "chat",
            "chat_stream",
            "run_prompt",
            "run_prompt_stream",
            "render_prompt",
            "build_request",
        ],
    )
    def test_options(self, kind: Any, verb: str) -> None:
        names = set(inspect.signature(getattr(kind, verb)).parameters) - {"self"}
        chat = {*_native._names("options"), *_native._names("chat")}
        prompt = {*_native._names("options"), *_native._names("prompt")}
        expected = {"chat": chat, "chat_stream": chat}.get(verb, prompt)
        assert names == expected

    def test_both_classes_have_the_same_verbs(self) -> None:
        assert public(Engine) - {"as_async"} == public(AsyncEngine) - {"as_sync", "aclose"}
        for kind in (_engine.Prompts, _async_engine.AsyncPrompts):
            assert public(kind) == {"list", "get", "check"}

    @pytest.mark.parametrize(
        ("waited", "awaited"),
        [(Engine, AsyncEngine), (_engine.Prompts, _async_engine.AsyncPrompts)],
    )
    def test_their_signatures_are_equal(self, waited: type, awaited: type) -> None:
        """Names, order, kinds, defaults and types of every parameter, and what is given back."""
        for verb in [*sorted(public(waited) & public(awaited)), "__init__"]:
            here, there = getattr(waited, verb), getattr(awaited, verb)
            if not callable(here):
                assert isinstance(here, property) and isinstance(there, property)
                here, there = here.fget, there.fget
            here, there = inspect.signature(here), inspect.signature(there)
            assert list(here.parameters.values()) == list(there.parameters.values()), verb
            assert here.return_annotation == there.return_annotation.replace("Async", ""), verb

    def test_version(self) -> None:
        assert slugline.__version__ == _native.__version__


def public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}

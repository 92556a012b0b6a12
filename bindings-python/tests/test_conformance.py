"""The Python runner of `core/conformance/engine`: the cases that drive every language, sync and async."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from pattern import mismatch
from slugline import AsyncEngine, Engine, SluglineError

ROOT = Path(__file__).parents[2] / "core" / "conformance" / "engine"
FOLDERS = sorted(folder for folder in ROOT.iterdir())


def load(folder: Path) -> Any:
    text = (folder / "case.json").read_text(encoding="utf-8")
    return json.loads(text.replace("${case}", str(folder)))


WHOLE = ("chat", "run_prompt", "recordings.rerun")
CASES = {folder.name: load(folder) for folder in FOLDERS}
SKIPPED = {name for name, case in CASES.items() if "python" in case.get("skip", {})}
RUN = sorted(CASES.keys() - SKIPPED)


def test_every_case_is_run_or_says_why_not() -> None:
    print(f"engine cases: {len(RUN)} run sync and async, {len(SKIPPED)} skipped")
    assert len(RUN) + len(SKIPPED) == len(FOLDERS) > 60


def check(call: Any, got: dict[str, Any], error: SluglineError | None) -> None:
    expect = call["expect"]
    if error is not None:
        assert "error" in expect, f"failed with {error.code}: {error}"
        got["error"] = error.to_dict()
    else:
        assert "error" not in expect, f"did not fail, but gave {got}"
    for key, pattern in expect.items():
        assert (difference := mismatch(key, pattern, got.get(key))) is None, difference


def filled(call: Any, kept: dict[str, Any]) -> Any:
    """A call with the values that earlier ones kept in the places that name them."""
    text = json.dumps(call)
    for name, value in kept.items():
        text = text.replace(f'"${{{name}}}"', json.dumps(value))
    return json.loads(text)


def keep(call: Any, got: Any, kept: dict[str, Any]) -> None:
    for name, path in call.get("keep", {}).items():
        value = got
        for step in path.split("."):
            value = value[int(step)] if isinstance(value, list) else value[step]
        kept[name] = value


def verb(engine: Any, call: Any) -> Any:
    """The method that a verb names, on the engine or on a session of it."""
    found = engine if "session" not in call else engine.session(call["session"])
    for name in call["verb"].split("."):
        found = getattr(found, name)
    return found


def plain(value: Any) -> Any:
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.to_dict() if hasattr(value, "to_dict") else value


def shape(verb: str, result: Any) -> dict[str, Any]:
    if verb not in WHOLE and verb not in ("render_prompt", "build_request"):
        return {"value": plain(result)}
    if verb == "render_prompt":
        return {"rendered": result.to_dict()}
    if verb == "build_request":
        return {"request": result.to_dict()}
    assert json.loads(result.to_json()) == result.to_dict()
    return {"completion": result.to_dict(), "text": result.text}


def test_opening_is_refused(case: Any) -> None:
    with pytest.raises(SluglineError) as raised:
        Engine(case["config"])
    place = mismatch("open.error", case["open"]["error"], raised.value.to_dict())
    assert place is None, place


def configured(case: Any, temp: Path) -> Any:
    return json.loads(json.dumps(case.get("config")).replace("${temp}", str(temp)))


def test_sync(case: Any, tmp_path: Path) -> None:
    kept: dict[str, Any] = {}
    with Engine(configured(case, tmp_path)) as engine:
        for call in case["calls"]:
            call = filled(call, kept)
            got: dict[str, Any] = {}
            error = None
            try:
                made = verb(engine, call)(**call["args"])
                if call["verb"].endswith("_stream"):
                    got.update(chunks=[], text="")
                    try:
                        for chunk in made:
                            got["chunks"].append(chunk.to_dict())
                            got["text"] += chunk.text
                    except SluglineError as failure:
                        with pytest.raises(type(failure)):
                            made.completion()
                        raise
                    got["completion"] = made.completion().to_dict()
                else:
                    got.update(shape(call["verb"], made))
            except SluglineError as failure:
                error = failure
            keep(call, got, kept)
            check(call, got, error)


def test_async(case: Any, tmp_path: Path) -> None:
    kept: dict[str, Any] = {}

    async def run() -> None:
        async with AsyncEngine(configured(case, tmp_path)) as engine:
            for call in case["calls"]:
                call = filled(call, kept)
                got: dict[str, Any] = {}
                error = None
                try:
                    made = verb(engine, call)(**call["args"])
                    if call["verb"].endswith("_stream"):
                        got.update(chunks=[], text="")
                        try:
                            async for chunk in made:
                                got["chunks"].append(chunk.to_dict())
                                got["text"] += chunk.text
                        except SluglineError as failure:
                            with pytest.raises(type(failure)):
                                await made.completion()
                            raise
                        got["completion"] = (await made.completion()).to_dict()
                    else:
                        got.update(shape(call["verb"], await made))
                except SluglineError as failure:
                    error = failure
                keep(call, got, kept)
                check(call, got, error)

    asyncio.run(run())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        opens = metafunc.function is not test_opening_is_refused
        names = [name for name in RUN if ("open" not in CASES[name]) is opens]
        metafunc.parametrize("case", [CASES[name] for name in names], ids=names)

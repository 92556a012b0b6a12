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


def shape(verb: str, result: Any) -> dict[str, Any]:
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


def test_sync(case: Any) -> None:
    with Engine(case.get("config")) as engine:
        for call in case["calls"]:
            got: dict[str, Any] = {}
            error = None
            try:
                made = getattr(engine, call["verb"])(**call["args"])
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
            check(call, got, error)


def test_async(case: Any) -> None:
    async def run() -> None:
        async with AsyncEngine(case.get("config")) as engine:
            for call in case["calls"]:
                got: dict[str, Any] = {}
                error = None
                try:
                    made = getattr(engine, call["verb"])(**call["args"])
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
                check(call, got, error)

    asyncio.run(run())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        opens = metafunc.function is not test_opening_is_refused
        names = [name for name in RUN if ("open" not in CASES[name]) is opens]
        metafunc.parametrize("case", [CASES[name] for name in names], ids=names)

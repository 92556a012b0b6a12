"""Prompts as every language sees them: the template cases as prompts in memory, helpers, and reload.

The recipe for the cases is in `core/conformance/README.md`.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from slugline import AsyncEngine, ConfigError, Engine, SluglineError, TemplateError

ROOT = Path(__file__).parents[2] / "core" / "conformance" / "template"
SETS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in ROOT.glob("*.json")}
VECTORS = SETS.pop("variants")
CASES = {
    f"{stem}: {case['name']}": case
    for stem, cases in sorted(SETS.items())
    for case in cases["cases"]
}


def is_skipped(case: Any) -> bool:
    return "no_prompt" in case or "python" in case.get("skip", {})


SKIPPED = {name for name, case in CASES.items() if is_skipped(case)}
RUN = sorted(CASES.keys() - SKIPPED)


def test_every_case_is_run_or_says_why_not() -> None:
    print(f"template cases: {len(RUN)} run, {len(SKIPPED)} skipped")
    assert len(RUN) + len(SKIPPED) == sum(len(cases["cases"]) for cases in SETS.values()) > 370
    assert len(SKIPPED) < 20


def partial(name: str) -> str:
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}_{last}"


@pytest.mark.parametrize("name", RUN)
def test_template(name: str) -> None:
    case = CASES[name]
    prompts = {"p": case["template"]}
    prompts |= {partial(name): text for name, text in case.get("partials", {}).items()}
    expect = case["expect"]
    with Engine(prompts=prompts, missing=case.get("missing")) as engine:
        if "error" not in expect:
            messages = engine.render_prompt("p", case.get("data", {})).to_dict()["messages"]
            text = expect.get("text", "")
            user = [{"role": "user", "content": text}] if text.strip() else []
            assert messages == expect.get("messages", user)
            return
        with pytest.raises(SluglineError) as raised:
            engine.render_prompt("p", case.get("data", {}))
    error, expected = raised.value, expect["error"]
    assert error.code == expected["code"]
    assert error.location is not None
    assert (error.location.line, error.location.column) == (expected["line"], expected["column"])
    assert expected.get("says", "") in str(error)
    assert error.details.get("variables") == expected.get("variables")


def seed(vector: Any, campaign: dict[str, Any]) -> Any:
    """The seed that a call of a prompt gets from the campaign it takes part in."""
    campaign |= {"applies_to": {"prompts": ["p"]}, "salt": vector["salt"]}
    with Engine(prompts={"p": "Hi"}, campaigns={vector["id"]: campaign}) as engine:
        return engine.render_prompt("p", assignment_key=vector["key"]).params.get("seed")


def arms(weights: dict[str, float]) -> list[Any]:
    return [
        {"name": name, "weight": weight, "params": {"seed": at}}
        for at, (name, weight) in enumerate(weights.items())
    ]


@pytest.mark.parametrize("vector", VECTORS["draws"], ids=str)
def test_draw(vector: Any) -> None:
    for edge, below in (vector["draw"] - 1e-9, False), (vector["draw"] + 1e-9, True):
        split: dict[str, Any] = {"traffic_split": edge, "arms": arms({"one": 1})}
        if vector["kind"] == "arm":
            split = {"arms": arms({"a": edge, "b": 1 - edge})}
        assert (seed(vector, split) == 0) is below


@pytest.mark.parametrize("vector", VECTORS["traffic"], ids=str)
def test_traffic(vector: Any) -> None:
    split = {"traffic_split": vector["share"], "arms": arms({"one": 1})}
    assert (seed(vector, split) == 0) is vector["takes_part"]


@pytest.mark.parametrize("vector", VECTORS["arms"], ids=str)
def test_arm(vector: Any) -> None:
    campaign: dict[str, Any] = {"arms": arms(vector["arms"])}
    if vector["arm"] is None:
        with pytest.raises(ConfigError):
            seed(vector, campaign)
    else:
        assert list(vector["arms"])[seed(vector, campaign)] == vector["arm"]


@pytest.mark.parametrize("vector", VECTORS["hashes"], ids=lambda vector: vector["name"])
def test_hash(vector: Any) -> None:
    with Engine(prompts=vector["files"]) as engine:
        assert engine.prompts.get(vector["slug"]).hash == vector["hash"]


def shout(text: str, mark: str = "!", **more: Any) -> str:
    return f"{text.upper()}{mark}{more or ''}"


def boom(*_: Any) -> str:
    raise ValueError("a value that no message may show")


def content(engine: Engine, **variables: Any) -> Any:
    return engine.render_prompt("p", variables).messages[0].content


def test_a_helper_is_called() -> None:
    prompts = {"p": '{{shout name}} {{shout name "?"}} {{shout (shout name) mark=x k=1}}'}
    with Engine(prompts=prompts, helpers={"shout": shout}) as engine:
        assert content(engine, name="Ada", x="#") == "ADA! ADA? ADA!#{'k': 1}"


def test_helpers_get_and_give_plain_data() -> None:
    seen: list[Any] = []

    def look(*given: Any, **named: Any) -> Any:
        seen.append((given, named))
        return {"list": [1, 2.5, None, True], "text": "é", "big": 2**64 - 1}

    prompts = {"p": "{{look a nope k=b}}"}
    with Engine({"engine": {"prompts": prompts}, "helpers": {"look": look}}) as engine:
        rendered = content(engine, a=[1, {"x": 2**63}], b=None)
    assert seen == [(([1, {"x": 2**63}], None), {"k": None})]
    assert rendered == '{"list":[1,2.5,null,true],"text":"é","big":18446744073709551615}'


def test_helpers_are_called_by_every_verb() -> None:
    prompts = {"p": "---\nmodel: test/echo\n---\n{{shout name}}"}
    variables = {"name": "Ada"}
    with Engine(prompts=prompts, helpers={"shout": shout}) as engine:
        assert engine.run_prompt("p", variables).text == "ADA!"
        assert "".join(engine.run_prompt_stream("p", variables).text_stream) == "ADA!"
        assert engine.build_request(slug="p", variables=variables).body["messages"] == [
            {"role": "user", "content": "ADA!"}
        ]

    async def run() -> None:
        async with AsyncEngine(prompts=prompts, helpers={"shout": shout}) as engine:
            answers = [engine.run_prompt("p", variables) for _ in range(20)]
            assert {answer.text for answer in await asyncio.gather(*answers)} == {"ADA!"}
            assert (await engine.render_prompt("p", variables)).messages[0].content == "ADA!"
            stream = engine.run_prompt_stream("p", variables)
            assert "".join([text async for text in stream.text_stream]) == "ADA!"

    asyncio.run(run())


async def _later() -> str:
    return "never"


@pytest.mark.parametrize(
    ("helper", "says"),
    [
        (boom, "it raised ValueError"),
        (lambda: "x", "it raised TypeError"),
        (lambda *_: object(), "what it gave is no JSON"),
        (lambda *_: float("nan"), "what it gave is no JSON"),
        (lambda *_: {1: 2}, "what it gave is no JSON"),
        (lambda *_: _later(), "to be awaited"),
    ],
)
def test_a_failing_helper_is_a_template_error(helper: Any, says: str) -> None:
    prompts = {"dir/p": "one\n {{boom 1}}"}
    engine = Engine(prompts=prompts, helpers={"boom": helper})
    with engine, pytest.raises(TemplateError) as raised:
        engine.render_prompt("dir/p")
    error = raised.value
    assert str(error).startswith("dir/p.prompt:2:4: the helper `boom` failed: ")
    assert says in str(error)
    assert "no message may show" not in str(error)
    assert error.details == {"helper": "boom"}
    if helper is boom:
        assert isinstance(error.__cause__, ValueError)


def test_a_helper_that_is_told_to_stop_stops_the_call() -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    engine = Engine(prompts={"p": "{{stop 1}}"}, helpers={"stop": stop})
    with engine, pytest.raises(KeyboardInterrupt):
        engine.render_prompt("p")


def test_a_helper_that_renders_without_end_is_stopped() -> None:
    def again(*_: Any) -> Any:
        return content(engine)

    engine = Engine(prompts={"p": "{{again 1}}"}, helpers={"again": again})
    with engine, pytest.raises(TemplateError) as raised:
        engine.render_prompt("p")
    assert isinstance(raised.value.__cause__, TemplateError)
    assert "from its arguments alone" in str(raised.value.__cause__)


@pytest.mark.parametrize(
    ("helpers", "param"),
    [
        ([shout], "helpers"),
        ({1: shout}, "helpers"),
        ({"shout": "shout"}, "helpers.shout"),
        ({"upper": shout}, "helpers.upper"),
        ({"a b": shout}, "helpers.a b"),
    ],
)
def test_helpers_are_checked_at_opening(helpers: Any, param: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Engine(helpers=helpers)
    assert raised.value.param == param


def test_a_changed_prompt_is_read_again_and_a_broken_one_is_not(tmp_path: Path) -> None:
    file = tmp_path / "p.prompt"
    file.write_text("One")
    with Engine(prompts=tmp_path) as engine:
        assert content(engine) == "One"
        file.write_text("Two!")
        assert content(engine) == "Two!"
        file.write_text("{{#if x}}")
        kept = engine.render_prompt("p")
        assert kept.messages[0].content == "Two!"
        assert [warning.code for warning in kept.warnings] == ["prompt_not_reloaded"]
        assert "p.prompt:1:1" in kept.warnings[0].message
        assert [problem.code for problem in engine.prompts.check()] == ["template_error"]
        file.write_text("Mended")
        assert content(engine) == "Mended"
        assert engine.render_prompt("p").warnings == ()
        file.unlink()
        with pytest.raises(SluglineError, match="p"):
            content(engine)


def test_without_watch_a_prompt_stays_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "p.prompt").write_text("One")
    with Engine(prompts=tmp_path, watch=False) as engine:
        assert content(engine) == "One"
        (tmp_path / "p.prompt").write_text("Two!")
        assert content(engine) == "One"

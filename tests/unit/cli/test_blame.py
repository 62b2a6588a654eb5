"""`agenttrace blame`: which failures vanish under a person's answer, and nothing more."""

from __future__ import annotations

import asyncio
import importlib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import agenttrace
from agenttrace.cli import main
from agenttrace.formats import native
from tests.fakes.sessions import Desk

SHOP = """
import agenttrace


@agenttrace.tool
def price(order):
    return {"error": "no such order"}


@agenttrace.tool
def weather():
    return {"error": "no wind"}


def handle():
    with agenttrace.agent("buyer"):
        known = price("A-1")
        weather()
    with agenttrace.agent("payer"):
        if "error" in known:
            agenttrace.event("error", **{"exception.message": "pay how much?"})
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The golden of a shop that knows no price, beside its code."""
    (tmp_path / "blamed_shop.py").write_text(SHOP, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    from importlib import import_module

    desk = Desk(tmp_path)
    desk.record(import_module("blamed_shop").handle)
    kept = tmp_path / "kept.trace"
    kept.write_bytes(native.write(desk.trace))
    return kept


def blamed(kept: Path, *words: str) -> Result:
    """Blame a call."""
    return CliRunner().invoke(main, ["blame", str(kept), "--entry", "blamed_shop:handle", *words])


def number(kept: Path, name: str) -> str:
    """What `agenttrace show` calls a call."""
    shown = CliRunner().invoke(main, ["show", str(kept), "--view", "cascade"]).output
    return next(
        word
        for line in shown.splitlines()
        if f": {name} (" in line
        for word in line.split()
        if word.startswith("#")
    )


def test_what_vanishes_under_an_answer_is_told_and_what_does_not(shop: Path) -> None:
    """The price's own error and the payer's; that of the weather stays."""
    result = blamed(shop, "--override", f'{number(shop, "price")}={{"eur": 9.5}}')

    lines = result.output.splitlines()
    vanished = [line for line in lines if line.startswith("vanished")]
    assert result.exit_code == 0, result.output
    assert any("price" in line for line in vanished)
    assert any("payer" in line for line in vanished)
    assert any(line.startswith("still") and "weather" in line for line in lines)
    assert lines[-1] == "under these answers alone; of others nothing is known"


def test_where_nothing_vanishes_it_says_so(shop: Path) -> None:
    """The same error, worded otherwise, is the same failure."""
    result = blamed(shop, "--override", f'{number(shop, "weather")}={{"error": "storm"}}')

    assert result.exit_code == 1, result.output
    assert "vanished" not in result.output


def test_a_person_gives_the_answer(shop: Path) -> None:
    """Nothing is guessed."""
    result = blamed(shop)

    assert result.exit_code == 2
    assert "what should have been answered?" in result.output


ERRAND = """
import agenttrace


@agenttrace.tool
def price(order):
    return {"error": "no such order"}


@agenttrace.tool
def pay(eur):
    return "paid" if eur else {"error": "pay how much?"}


def handle():
    with agenttrace.agent("payer"):
        pay(price("A-1").get("eur"))
"""


def test_a_failure_that_was_only_lent_is_not_said_to_be_there_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows what paying 9.50 would give: the trace knows of none. A stub says it."""
    (tmp_path / "blamed_errand.py").write_text(ERRAND, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    from importlib import import_module

    desk = Desk(tmp_path)
    desk.record(import_module("blamed_errand").handle)
    kept = tmp_path / "kept.trace"
    kept.write_bytes(native.write(desk.trace))
    words = ["blame", str(kept), "--entry", "blamed_errand:handle"]
    words += ["--override", f'{number(kept, "price")}={{"eur": 9.5}}']

    lent = CliRunner().invoke(main, words)
    said = CliRunner().invoke(main, [*words, "--stub", "pay=paid"])

    assert [line.partition("(")[0] for line in lent.output.splitlines()] == [
        "vanished  payer: price ",
        "not known payer: pay ",
        "under these answers alone; of others nothing is known",
    ]
    assert "asked otherwise, and lent the incident's answer" in lent.output
    assert (lent.exit_code, said.exit_code, "pay (" in said.output) == (0, 0, False)


KITCHEN = """
import agenttrace


@agenttrace.tool
def recipes(order: str) -> list[str]:
    return {"lunch": ["soup", "roast"]}[order]


@agenttrace.tool
def stock(dish: str) -> dict:
    return {"error": "the store is shut"} if dish == "roast" else {"portions": 2}


@agenttrace.tool
def serve(plates: list[str]) -> str:
    return f"{len(plates)} plates"


def lunch(order):
    with agenttrace.agent("chef"):
        dishes = recipes(order)
    plates = []
    for dish in dishes:
        with agenttrace.agent("cook"):
            found = stock(dish)
            plates.append(f"{found['portions']} of {dish}" if "portions" in found else None)
    with agenttrace.agent("waiter"):
        if None in plates:
            agenttrace.event("error", **{"exception.message": "an empty plate"})
            return "sorry"
        return serve(plates)
"""


@pytest.fixture
def kitchen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The golden of a lunch whose roast was not in stock, so that nobody served."""
    (tmp_path / "blamed_kitchen.py").write_text(KITCHEN, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    desk, code = Desk(tmp_path), importlib.import_module("blamed_kitchen")
    desk.record(lambda: code.lunch("lunch"))
    kept = tmp_path / "kept.trace"
    kept.write_bytes(native.write(desk.trace))
    return kept


def cooked(kept: Path, override: str, *words: str, order: str = "lunch") -> Result:
    """Blame a call of the kitchen."""
    said = ["--entry", "blamed_kitchen:lunch", "--input", order, "--override", override, *words]
    return CliRunner().invoke(main, ["blame", str(kept), *said])


def heads(result: Result) -> list[str]:
    """What is said of the failures, and of both runs, up to the line that ends it."""
    lines = result.stdout.splitlines()
    assert lines[-1] == "under these answers alone; of others nothing is known"
    return [line[:9].strip() for line in lines[:-1]]


@pytest.mark.parametrize("value", ["9", "{portions: 9}"])
def test_an_override_that_its_tool_could_not_have_given_is_refused(
    kitchen: Path, value: str
) -> None:
    """The typo stopped the run before the store was asked: that is no failure that vanished."""
    result = cooked(kitchen, f"#5={value}")

    assert (result.exit_code, result.stdout) == (2, ""), result.output
    assert "what #5 stock was answered is nothing that the tool gives: result is a" in result.output
    assert "--override '#5=…'" in result.output


def test_a_stub_that_its_tool_could_not_have_given_is_refused(kitchen: Path) -> None:
    """Its whole text stands there, on lines of its own."""
    result = cooked(kitchen, '#7={"portions": 2}', "--stub", "serve=3")

    assert (result.exit_code, result.stdout) == (2, ""), result.output
    assert "serve: result is a int, and the tool gives str." in result.output
    assert "\n    annotated def serve(…) -> str\n" in result.output
    assert "\\n" not in result.output


def test_of_a_run_that_was_stopped_nothing_is_said_to_have_vanished(kitchen: Path) -> None:
    """Nobody said what serving gives; whether the waiter fails there is not known."""
    result = cooked(kitchen, '#7={"portions": 2}')

    assert result.exit_code == 1, result.output
    assert heads(result) == ["not known", "not known", "stopped"]
    assert "with these answers: blamed_kitchen:lunch: the incident has no call" in result.stdout
    assert "ReplayDiverged: " in result.stderr
    assert "--stub serve='…'" in result.stderr
    assert "--match" not in result.stderr


def test_what_failed_before_both_runs_were_stopped_is_there_still(
    kitchen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stop itself is ours: it is none of the failures, neither an old one nor a new one."""
    code = importlib.import_module("blamed_kitchen")

    def hasty(order: str) -> str:
        with agenttrace.agent("chef"):
            dishes = code.recipes(order)
        for dish in dishes:
            with agenttrace.agent("cook"):
                code.stock(dish)
        with agenttrace.agent("waiter"):
            return str(code.serve(dishes))

    monkeypatch.setattr(code, "lunch", hasty)
    result = cooked(kitchen, '#5={"portions": 9}')

    assert result.exit_code == 1, result.output
    assert heads(result) == ["still", "departs", "stopped", "stopped"]
    assert "the run ended" not in result.output


def test_a_stub_that_nothing_asked_for_is_named(kitchen: Path) -> None:
    """A name with a slip in it; one that either run asked for is not named."""
    slip = cooked(kitchen, '#7={"portions": 2}', "--stub", "srve=done")
    right = cooked(kitchen, '#7={"portions": 2}', "--stub", "serve=done")

    assert "unused    --stub srve: nothing asked for it" in slip.stdout.splitlines()
    assert slip.exit_code == 1
    assert heads(right) == ["vanished", "vanished"]
    assert right.exit_code == 0


def test_what_follows_a_departure_of_the_run_as_it_was_has_not_vanished(kitchen: Path) -> None:
    """Another order than the incident's: its recipes were lent, and all that came of them."""
    words = ("--stub", "serve=done")
    result = cooked(kitchen, '#7={"portions": 2}', *words, order="dinner")

    assert result.exit_code == 1, result.output
    assert heads(result) == ["not known", "not known", "departs"]
    assert "it follows what was asked otherwise than in the incident" in result.stdout
    assert "as it was: it departs from the incident at #3" in result.stdout


def test_a_deadlock_is_an_end_of_the_code_that_can_vanish(
    kitchen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody stopped the run: a cook without a roast waits for ever."""
    code = importlib.import_module("blamed_kitchen")

    async def patient(order: str) -> None:
        with agenttrace.agent("chef"):
            dishes = code.recipes(order)
        for dish in dishes:
            with agenttrace.agent("cook"):
                if "error" in code.stock(dish):
                    await asyncio.Event().wait()

    monkeypatch.setattr(code, "lunch", patient)
    result = cooked(kitchen, '#7={"portions": 2}')

    assert result.exit_code == 0, result.output
    assert heads(result) == ["vanished", "vanished"]
    assert "vanished  the run ended in Deadlock: " in result.stdout
    assert result.stderr == ""

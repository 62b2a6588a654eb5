"""`agenttrace blame`: which failures vanish under a person's answer, and nothing more."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

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
    assert desk.verdict is not None
    assert desk.verdict.trace is not None
    kept = tmp_path / "kept.trace"
    kept.write_bytes(native.write(desk.verdict.trace))
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
    assert desk.verdict is not None
    assert desk.verdict.trace is not None
    kept = tmp_path / "kept.trace"
    kept.write_bytes(native.write(desk.verdict.trace))
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

"""Grown: each module is told once, and again when there is more to look at."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from agenttrace.causal.spawn.grown import Grown

NAME = "a_module_of_theirs"


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A module that is loaded."""
    made = ModuleType(NAME)
    monkeypatch.setitem(sys.modules, NAME, made)
    return made


def told(grown: Grown) -> list[object]:
    """The modules of our name that are told."""
    return [module for name, module, _ in grown() if name == NAME]


def test_a_module_is_told_once_and_again_when_it_has_more_names(module: ModuleType) -> None:
    """What has not grown is not looked through again."""
    grown = Grown()
    assert told(grown) == [module]
    assert told(grown) == []

    module.more = 1  # type: ignore[attr-defined]
    assert told(grown) == [module]
    assert told(grown) == []


def test_a_module_in_the_place_of_another_is_told(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have as many names, and be where the other was; it is another one all the same."""
    grown = Grown()
    grown()
    for _ in range(50):
        other = ModuleType(NAME)
        monkeypatch.setitem(sys.modules, NAME, other)
        assert told(grown) == [other]


def test_a_module_that_goes_is_missed_by_nobody(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are not told again for it; when it comes back, it is."""
    grown = Grown()
    grown()
    monkeypatch.delitem(sys.modules, NAME)
    assert not {NAME, "sys", "os"} & {name for name, _, _ in grown()}
    monkeypatch.setitem(sys.modules, NAME, module)
    assert told(grown) == [module]


def test_a_module_under_two_names_is_told_under_both(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks by name finds it by either."""
    grown = Grown()
    grown()
    monkeypatch.setitem(sys.modules, f"{NAME}.again", module)
    found = {name for name, _, _ in grown()}
    assert (f"{NAME}.again" in found, NAME in found) == (True, False)


@pytest.mark.parametrize("what", [None, object(), 5], ids=["nothing", "object", "number"])
def test_what_is_no_module_is_no_error(what: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs put anything there."""
    grown = Grown()
    grown()
    monkeypatch.setitem(sys.modules, NAME, what)  # type: ignore[arg-type]
    assert [one for one in grown() if one[2]] == []

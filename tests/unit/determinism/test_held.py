"""References to time and chance that nobody can exchange are named, with where they are."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from agenttrace.determinism.held import CHANCE, TIME, held_references

SOURCE = """
import functools
import random
import time
from datetime import datetime
from random import choice
from time import monotonic, time as now


class Agent:
    clock = time.time
    dice = staticmethod(random.choice)

    def stamp(self, now=datetime.now):
        return now()


def wait(*, until=monotonic):
    return until()


later = functools.partial(time.time)
clocks = [time.perf_counter]
fine = {"name": len, "make": datetime}
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """A user's module that holds much."""
    (tmp_path / "holds_much.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("holds_much")
    sys.modules.pop("holds_much")


def said(kind: str) -> list[str]:
    """What is said of the module, without the advice."""
    found = held_references(frozenset({kind}))
    return [text.partition(", where")[0] for text in found if "holds_much" in text]


def test_what_a_module_holds_by_class_default_or_list_is_named(module: object) -> None:
    """Its own names are exchanged, and are not."""
    assert said(TIME) == [
        "holds_much.py: Agent.clock holds time.time",
        "holds_much.py: Agent.stamp holds datetime.now",
        "holds_much.py: wait holds time.monotonic",
        "holds_much.py: later holds time.time",
        "holds_much.py: clocks holds time.perf_counter",
    ]
    assert said(CHANCE) == ["holds_much.py: Agent.dice holds random.choice"]

"""The cases of the interaction graph that `docs/reference/analysis.md` works out by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from agenttrace.analysis import Analysis
from agenttrace.model import names
from agenttrace.model.span import Event, WireKind
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage
from tests.fakes.by_hand import ByHand

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "analysis.md").read_text("utf-8")
TABLES = re.compile(
    r"^\| at \| who \| what \| inside \|\n\|[-|]+\n((?:\|.*\n)+)\n"
    r"\| measure \| \|\n\|[-|]+\n((?:\|.*\n)+)",
    re.MULTILINE,
)
CASES = [(one[1], one[2]) for one in TABLES.finditer(PAGE)]
LINKED = {"receive": ("send", "message"), "read": ("write", "blackboard")}
"""What links back to what, and how that is called."""


def trace_of(table: str) -> Trace:
    """The spans of a table, a row each."""
    hand = ByHand()
    for row in table.splitlines():
        at, who, what, inside = (cell.strip() for cell in row.strip("|").split(" |"))
        begun, _, ended = at.partition(" to ")
        done, said = re.fullmatch(r"([^`]*?)(?: `(.*)`)?", what).groups()  # type: ignore[union-attr]
        verb, name, *more = done.split()
        hand.span(
            name if verb not in LINKED else f"{verb} {name}",
            {"agent": "agent", "tool": "tool", "llm": "llm", "changes": "internal"}.get(
                verb, "message"
            ),
            at=(int(begun), int(ended or begun)),
            inside=inside or None,
            agent=who,
            links={name: LINKED[verb][1]} if verb in LINKED else None,
            **_about(verb, name, said, more, int(begun)),
        )
    return hand.trace()


def _about(verb: str, name: str, said: str | None, more: list[str], at: int) -> dict[str, Any]:
    """What else is known of a span: by what it does."""
    if verb == "llm":
        used = Usage(models={"own": Tokens(input=int(more[0]))}) if more else None
        return {"usage": used}
    if verb == "tool":
        return {"question": json.loads(said or "null")}
    if verb == "agent":
        return {"task": said}
    if verb == "changes":
        return {"events": (Event(name="state_change", at_ns=at),)}
    if verb in LINKED:
        return {"wire_kind": WireKind.CONSUMER}
    content: dict[str, Any] = {names.MESSAGE_CONTENT: said}
    if verb == "write":
        content = {names.MESSAGE_CONTENT: json.loads(said or "null"), names.MESSAGE_KEY: name}
    return {"wire_kind": WireKind.PRODUCER, "attributes": content}


@pytest.mark.parametrize("case", range(len(CASES)))
def test_what_is_worked_out_by_hand_is_what_the_code_says(case: int) -> None:
    """Channels and shapes: each number is asked of the code, and derived there in words."""
    happened, measures = CASES[case]
    known = {"graph": Analysis(trace_of(happened)).graph}

    for row in measures.splitlines():
        measure, told = (cell.strip() for cell in row.strip("|").split(" | "))
        expected = eval(told.rpartition("= ")[2], {})
        assert eval(measure.strip("`"), known) == expected, (measure, told)


MEASURES = (
    "channels", "size_bytes", "tokens", "latencies_ns", "chatter", "redundant", "unread",
    "single_points", "reaches",
)  # fmt: skip


@pytest.mark.parametrize("measure", MEASURES)
def test_each_measure_is_worked_out_three_times(measure: str) -> None:
    """One could be right by chance."""
    assert sum(measure in measures for _, measures in CASES) >= 3

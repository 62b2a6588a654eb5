"""What `docs/reference/analysis.md` works out of collaboration by hand is what the code says."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from agenttrace.analysis import Analysis
from agenttrace.causal.sequence import in_causal_order
from agenttrace.model import names
from agenttrace.model.agent import Agent
from agenttrace.model.lane import Lane, Step
from agenttrace.model.span import Link, Span, SpanKind, Status, WireKind
from agenttrace.model.trace import Trace
from agenttrace.model.values import Value

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "analysis.md").read_text("utf-8")
TABLES = re.compile(
    r"^\| at \| who \| what \|\n\|[-|]+\n((?:\|.*\n)+)\n"
    r"\| measure \| \|\n\|[-|]+\n((?:\|.*\n)+)",
    re.MULTILINE,
)
CASES = [(one[1], one[2]) for one in TABLES.finditer(PAGE)]


class Told:
    """The trace of a table in the making: a lane an agent, spawned as they come."""

    def __init__(self) -> None:
        self.spans: dict[str, Span] = {}
        self.people: list[str] = []
        self.steps: dict[str, int] = {}
        self.last: dict[str, tuple[str, int]] = {}  # by key, the last write and its version

    def row(self, begun: int, ended: int, who: str, what: list[str]) -> None:
        """Add what an agent does, and before its first deed its own span."""
        if who not in self.people:
            self.people.append(who)
            self.steps[who] = 0
            task = what[1] if what[0] == "works" else None
            self.add(who, who, SpanKind.AGENT, (begun, ended), task=task)
        if what[0] == "works":
            code = Status(code=what[2])
            self.spans[who] = self.changed(who, end_ns=ended, status=code)
            return
        name = f"{who} {' '.join(what[:2])}"
        if what[0] in ("announces", "reports"):
            self.add(who, name, SpanKind.ORCHESTRATION, (begun, ended), attributes=_phase(*what))
        else:
            self.board(who, name, (begun, ended), what)
        self.spans[who] = self.changed(who, end_ns=max(ended, self.spans[who].end_ns))

    def board(self, who: str, name: str, at: tuple[int, int], what: list[str]) -> None:
        """Add a write, or a read that is linked to the last write of its key."""
        key, attributes = what[1], {names.MESSAGE_KEY: what[1], names.MESSAGE_CHANNEL: "board"}
        written, version = self.last.get(key, ("", 0))
        if what[0] == "writes":
            self.last[key] = name, version + 1
            said = {names.MESSAGE_VERSION: version + 1, names.MESSAGE_CONTENT: what[2]}
            wire = WireKind.PRODUCER
            self.add(who, name, SpanKind.MESSAGE, at, wire, attributes={**attributes, **said})
            return
        if "after" in what:
            ended = Link(span=self.spans[what[-1]].id, relationship="handoff")
            self.spans[who] = self.changed(who, links=(ended,))
        link = Link(span=self.spans[written].id, relationship="blackboard")
        wire = WireKind.CONSUMER
        self.add(who, name, SpanKind.MESSAGE, at, wire, attributes=attributes, links=(link,))

    def add(
        self,
        who: str,
        name: str,
        kind: SpanKind,
        at: tuple[int, int],
        wire_kind: WireKind = WireKind.INTERNAL,
        **more: object,
    ) -> None:
        """Add a span to the lane of an agent, as its next step."""
        self.steps[who] += 1
        outer = self.spans.get(who)
        self.spans[name if name not in self.spans else f"{name} again"] = Span(
            id=f"{len(self.spans) + 2:016x}",
            name=name,
            kind=kind,
            wire_kind=wire_kind,
            parent="f" * 16 if outer is None else outer.id,
            agent=who,
            lane=(Step("task", who, 0),),
            seq=self.steps[who],
            end_seq=self.steps[who],
            start_ns=at[0],
            end_ns=at[1],
            **more,  # type: ignore[arg-type]
        )

    def changed(self, who: str, **fields: object) -> Span:
        """The span of an agent, with other fields."""
        return replace(self.spans[who], end_seq=self.steps[who], **fields)  # type: ignore[arg-type]

    def trace(self) -> Trace:
        """The trace."""
        last = len(self.people) + 1
        run = Span(
            id="f" * 16,
            name="run",
            kind=SpanKind.RUN,
            seq=1,
            end_seq=last,
            end_ns=max(span.end_ns for span in self.spans.values()),
        )
        lanes = [
            Lane(path=(Step("task", who, 0),), parent=(), spawn_seq=nth)
            for nth, who in enumerate(self.people, 2)
        ]
        return in_causal_order(
            Trace(
                id="5" * 32,
                name="page",
                spans=(run, *self.spans.values()),
                lanes=(Lane(path=()), *lanes),
                agents=tuple(Agent(id=who, name=who) for who in sorted(self.people)),
            )
        )


def _phase(verb: str, task: str, outcome: str | None = None) -> dict[str, Value]:
    phase = {"announces": "announcement", "reports": "report"}[verb]
    said: dict[str, Value] = {names.DELEGATION_TASK: task, names.DELEGATION_PHASE: phase}
    return said if outcome is None else {**said, names.DELEGATION_OUTCOME: outcome}


def trace_of(table: str) -> Trace:
    """The trace of a table."""
    told = Told()
    for row in table.splitlines():
        at, who, what = (cell.strip() for cell in row.strip("|").split("|"))
        begun, _, ended = at.partition(" to ")
        told.row(int(begun), int(ended or begun), who, what.split())
    return told.trace()


@pytest.mark.parametrize("case", range(len(CASES)))
def test_what_is_worked_out_by_hand_is_what_the_code_says(case: int) -> None:
    """Tasks, shared knowledge, conflicts and the steps to their resolution."""
    happened, measures = CASES[case]
    known = {"team": Analysis(trace_of(happened)).collaboration}

    for row in measures.splitlines():
        measure, told = (cell.strip() for cell in row.strip("|").split(" | "))
        expected = eval(told.rpartition(" = ")[2].removeprefix("= "), {})
        assert eval(measure.strip("`"), dict(known)) == expected, (measure, told)


def test_each_measure_has_three_cases() -> None:
    """One could be right by chance."""
    for measure in ("`team.completion`", "`team.utilisation`", "team.conflicts]`"):
        assert sum(measure in measures for _, measures in CASES) >= 3

"""Fidelity: how much of a run a trace knows, from F0 (a skeleton) to F4 (recorded by us).

The level of a trace is that of its least known call, because a replay needs them all; nothing is
guessed. What is not known of which payloads is told apart: hidden by a placeholder (`redacted`),
cut (`truncated`), left out by sampling, or written down by nobody (`absent`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agenttrace.model.span import ERROR, Fidelity, Span, SpanKind

if TYPE_CHECKING:
    from agenttrace.model.trace import Trace

LEVELS = {
    "F0": "a skeleton: spans, times and parents",
    "F1": "decisions: which tools were called with what",
    "F2": "edges: what every tool and model answered",
    "F3": "full: what every model was asked, too",
    "F4": "recorded by us: clock, chance and schedule as well",
}
"""What each level holds."""

_CALLS = (SpanKind.LLM, SpanKind.TOOL, SpanKind.RETRIEVAL)
_OURS = "agenttrace"
"""Our recorder writes its version under this name into the environment of a run."""
_PRODUCTION = "production"
"""And this one, where it recorded in production: there chance is left as it is."""
_OF_PRODUCTION = "recorded by us: clock and schedule as well; chance was the machine's own"
_WORDS = {
    (SpanKind.LLM, "question"): "prompts",
    (SpanKind.LLM, "answer"): "answers of models",
    (SpanKind.LLM, "tools"): "definitions of tools",
    (SpanKind.LLM, "usage"): "usage of models",
    (SpanKind.TOOL, "question"): "arguments of tools",
    (SpanKind.TOOL, "answer"): "results of tools",
    (SpanKind.RETRIEVAL, "question"): "queries",
    (SpanKind.RETRIEVAL, "answer"): "documents found",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """How well one sort of payload is known, over all calls.

    Attributes:
        name: `prompts`, `results of tools`, …
        kind: The calls that it belongs to.
        payload: Its name on a span: `question`, `answer`, `tools`, `usage`.
        counts: How many are present, redacted, truncated, sampled-out, absent.
    """

    name: str
    kind: SpanKind
    payload: str
    counts: Mapping[Fidelity, int]

    @property
    def is_whole(self) -> bool:
        """Whether every one is present."""
        return set(self.counts) <= {Fidelity.PRESENT}

    @property
    def lacking(self) -> str:
        """`prompts, 2 of 5: 1 redacted, 1 absent`; empty where none lacks."""
        total = sum(self.counts.values())
        found = [(it.value, count) for it, count in self.counts.items() if it != Fidelity.PRESENT]
        if not found:
            return ""
        told = ", ".join(f"{count} {name}" for name, count in sorted(found))
        return f"{self.name}, {sum(count for _, count in found)} of {total}: {told}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How much of a run a trace knows.

    Attributes:
        level: `F0` to `F4`.
        why: What keeps it from the next level; empty at the highest that a foreign trace can have.
        payloads: Every sort of payload that the run's calls have.
        holds: What this trace holds, where that is not what `LEVELS` says of all of its level.
    """

    level: str
    why: str
    payloads: tuple[Payload, ...]
    holds: str = ""

    def __str__(self) -> str:
        """Tell the level: `F3, full: what every model was asked, too`."""
        return f"{self.level}, {self.holds or LEVELS[self.level]}"


def level_of(trace: Trace) -> Level:
    """Say how much of a run a trace knows."""
    payloads = tuple(_payloads(trace))
    if is_ours(trace):
        holds = _OF_PRODUCTION if _PRODUCTION in trace.environment else ""
        return Level(level="F4", why="", payloads=payloads, holds=holds)
    if not any(span.kind in _CALLS for span in trace.spans):
        return Level(level="F0", why="it holds no call to a model or a tool", payloads=payloads)
    by_name = {(one.kind, one.payload): one for one in payloads}
    reached, why = "F0", ""
    for level, needed in _needed(by_name):
        missing = next((by_name[key] for key in needed if not by_name[key].is_whole), None)
        if missing is not None:
            why = missing.lacking
            break
        reached = level
    return Level(level=reached, why=why, payloads=payloads)


def is_ours(trace: Trace) -> bool:
    """Whether our recorder recorded it: then it is F4, whatever its payloads are."""
    return _OURS in trace.environment and bool(trace.lanes)


def _needed(
    known: Mapping[tuple[SpanKind, str], Payload],
) -> Iterator[tuple[str, list[tuple[SpanKind, str]]]]:
    """What each level needs more than the one before; without tools, models decide by answering."""
    tools = [key for key in known if key[0] is not SpanKind.LLM]
    decisions = [key for key in tools if key[1] == "question"]
    answers = [key for key in known if key[1] == "answer"]
    yield "F1", decisions or [key for key in answers if key[0] is SpanKind.LLM]
    yield "F2", answers
    llm = SpanKind.LLM
    yield "F3", [key for key in ((llm, "question"), (llm, "tools")) if key in known]


def _payloads(trace: Trace) -> Iterator[Payload]:
    counts: dict[tuple[SpanKind, str], Counter[Fidelity]] = {}
    for span in trace.spans:
        for kind, payload in _WORDS:
            known = _known(span, payload) if span.kind is kind else None
            if known is not None:
                counts.setdefault((kind, payload), Counter())[known] += 1
    for (kind, payload), name in _WORDS.items():
        if (kind, payload) in counts:
            yield Payload(name=name, kind=kind, payload=payload, counts=counts[kind, payload])


def _known(span: Span, payload: str) -> Fidelity | None:
    """How well a payload of a call is known; None: it has none."""
    if payload == "tools":
        return _tools_known(span)
    said = span.fidelity.get(payload)
    if payload == "answer" and said is Fidelity.ABSENT and span.status.code == ERROR:
        return Fidelity.PRESENT  # it failed, and the failure is its answer
    if said is not None:
        return said
    there = {
        "question": span.is_call or span.question is not None,
        "answer": bool(span.answers),
        "usage": span.usage is not None,
    }[payload]
    return Fidelity.PRESENT if there else Fidelity.ABSENT


def _tools_known(span: Span) -> Fidelity | None:
    """How well it is known which tools a model was offered, by a rule of its own.

    They are part of what it was asked: where nothing of that is known, nothing is of them. Another
    system's call that failed, and names none, is not counted: it is answered by its failure.
    """
    said = span.fidelity.get("tools")
    if said is not None or span.is_call:
        return said or Fidelity.PRESENT
    if _known(span, "question") is Fidelity.ABSENT:
        return Fidelity.ABSENT
    asked = span.question
    if span.status.code == ERROR and not (isinstance(asked, dict) and asked.get("tools")):
        return None
    return Fidelity.PRESENT

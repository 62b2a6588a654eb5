"""Objectives again, from the words of `docs/reference/analysis.md`, counted one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from fractions import Fraction
from math import floor
from typing import NamedTuple

from agenttrace.model.span import Span
from agenttrace.model.trace import Trace
from tests.oracles.interactions import doer


class Held(NamedTuple):
    """What comes of an objective; `holds` is None where nobody knows."""

    things: int
    bad: list[str]
    unknown: int
    allowed: int
    holds: bool | None
    burn: Fraction | None


def judged(
    traces: Iterable[Trace], percent: str, what: str, name: str | None, within_ns: int | None
) -> Held:
    """Count the things meant, the bad ones, and those of which nobody knows."""
    count = unknown = 0
    bad = []
    for trace in traces:
        for span in meant(trace, what, name):
            count += 1
            verdict = is_good(trace, span, within_ns)
            if verdict is None:
                unknown += 1
            elif not verdict:
                bad.append("" if span is None else span.id)
    may = (1 - Fraction(percent) / 100) * count
    best, worst = len(bad) <= floor(may), len(bad) + unknown <= floor(may)
    return Held(
        things=count,
        bad=bad,
        unknown=unknown,
        allowed=floor(may),
        holds=best if best == worst else None,
        burn=Fraction(len(bad)) / may if may else None,
    )


def meant(trace: Trace, what: str, name: str | None) -> Iterator[Span | None]:
    """The things that an objective speaks of; None: a run whose own span is not there."""
    if what == "workflows":
        yield next((span for span in trace.spans if span.parent is None), None)
    people = {agent.id: agent.name for agent in trace.agents}
    for span in trace.spans:
        if span.kind == what:
            called = [span.name]
            if what == "agent":
                who = doer(trace, span)
                called = [] if who is None else [who, people.get(who, who)]
            if name is None or any(fnmatchcase(one, name) for one in called):
                yield span


def is_good(trace: Trace, span: Span | None, within_ns: int | None) -> bool | None:
    """Whether one succeeded, or took no longer; None: nobody knows."""
    if span is None:
        return None
    if not trace.complete and (span.parent is None or span.status.code == "UNSET"):
        return None
    if within_ns is None:
        return span.status.code in ("OK", "UNSET")
    if all(one.start_ns == one.end_ns == 0 for one in trace.spans):
        return None
    return span.end_ns - span.start_ns <= within_ns

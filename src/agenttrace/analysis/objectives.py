"""Objectives: how many of many are to be good, over a folder of traces, by exact counts.

An objective is a sentence: `99.9% of workflows succeed`, `95% of retrieval within 2s`. Nothing is
estimated: there are so many, so many of them were bad, and so many may be. What is not known of
some counts against an objective only where it matters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal

from agenttrace.analysis.limits import nanoseconds_of
from agenttrace.analysis.telling import MOST, no_traces, not_recorded
from agenttrace.check.fitting import place_of
from agenttrace.check.nearest import nearest
from agenttrace.check.sides import cut, safe
from agenttrace.errors import NothingSelected, ObjectiveMissed, UsageError
from agenttrace.model import amounts
from agenttrace.model.span import OK, UNSET, Span, SpanKind
from agenttrace.model.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = "agenttrace.slo/1"

WORKFLOWS = "workflows"
"""What a whole run is called in an objective."""

_SENTENCE = re.compile(
    r"\s*(?P<share>\d+(?:\.\d+)?)\s*%\s+of\s+(?P<what>\S+)(?:\s+(?P<name>\S.*?))?"
    r"\s+(?:(?P<succeed>succeeds?)|within\s+(?P<within>\S.*?))\s*"
)
_PERCENT = Decimal(100)
_KNOWN = 1_000
"""From how many names on no more are kept, to be told where none is the one that is said."""
_MORE_OF_NOTHING = "  More: agenttrace explain nothing-selected"
_FIRST = 5
"""How many bad ones are told of each objective; it is said how many more there are."""
_LIKE = "  Such are  99.9% of workflows succeed\n            95% of tool look_up* within 2s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """How many of many are to be good.

    Attributes:
        text: The sentence.
        share: The part that is to be good, 0 to 1.
        what: `workflows`, or a kind of span: `llm`, `tool`, `agent`, `retrieval`, …
        name: Only those of this name: of a tool or a span its name, of an agent its id too;
            wildcards. Empty: all.
        within_ns: A good one takes at most so long, in nanoseconds; None: a good one succeeds.
    """

    text: str
    share: Decimal
    what: str
    name: str = ""
    within_ns: int | None = None

    @classmethod
    def of(cls, text: str) -> Objective:
        """Read a sentence.

        Raises:
            UsageError: It is none, or speaks of what there is not.
        """
        found = _SENTENCE.fullmatch(text)
        if found is None:
            raise UsageError(f"{text!r} is no objective", detail=_LIKE)
        kinds = [one.value for one in SpanKind if one is not SpanKind.RUN]
        if found["what"] not in (WORKFLOWS, *kinds):
            raise UsageError(
                f"{text!r} speaks of {found['what']!r}",
                detail=f"  there are {', '.join((WORKFLOWS, *kinds))}\n{_LIKE}",
            )
        share = Decimal(found["share"]) / _PERCENT
        if share > 1:
            raise UsageError(f"{text!r}: there is no more than 100%")
        within = None if found["within"] is None else nanoseconds_of(found["within"])
        return cls(
            text=text.strip(),
            share=share,
            what=found["what"],
            name=found["name"] or "",
            within_ns=None if within is None else int(within),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """One that was not good, or of which nobody knows whether it was.

    Attributes:
        trace: The name of its run.
        span: The span; None: the run has none.
        why: What is wrong with it, in words.
    """

    trace: str
    span: Span | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An objective, held against what happened.

    Attributes:
        objective: The objective.
        count: How many there were.
        bad: Those that were not good.
        unknown: Those of which nobody knows, with the reason.
        there: Where a name is said and there were none: what such things are called, sorted.
    """

    objective: Objective
    count: int
    bad: tuple[Bad, ...] = ()
    unknown: tuple[Bad, ...] = field(default=())
    there: tuple[str, ...] = ()

    @property
    def allowed(self) -> int:
        """How many may be bad: the error budget, rounded down."""
        return int(self._may.to_integral_value(ROUND_FLOOR))

    @property
    def left(self) -> int:
        """How many more may be bad; below 0: how many too many were."""
        return self.allowed - len(self.bad)

    @property
    def burn(self) -> Decimal | None:
        """The bad, as a part of those that may be, before rounding; 1: all of it is spent.

        None: none may be, so there is no part of it.
        """
        return len(self.bad) / self._may if self._may else None

    @property
    def holds(self) -> bool | None:
        """Whether the objective is kept; None: it depends on those of which nobody knows."""
        if self.left < 0:
            return False
        return True if self.left >= len(self.unknown) else None

    @property
    def _may(self) -> Decimal:
        return (1 - self.objective.share) * self.count

    def as_dict(self) -> dict[str, Any]:
        """The judgement as plain JSON data."""
        return {
            "objective": self.objective.text,
            "holds": self.holds,
            "count": self.count,
            "bad": len(self.bad),
            "unknown": len(self.unknown),
            "allowed": self.allowed,
            "left": self.left,
            "burn": None if self.burn is None else f"{self.burn:f}",
            "worst": [
                {"trace": one.trace, "span": None if one.span is None else one.span.id,
                 "why": one.why}
                for one in (*self.bad, *self.unknown)[:MOST]
            ],
        }  # fmt: skip


class Objectives:
    """Objectives that are held against one run after the other."""

    def __init__(self, *sentences: str) -> None:
        """Read the sentences.

        Raises:
            UsageError: One is no objective, or there is none.
        """
        if not sentences:
            raise UsageError("no objective is named", detail=_LIKE)
        self._all = tuple(map(Objective.of, sentences))
        self._counts = [0] * len(self._all)
        self._bad: list[list[Bad]] = [[] for _ in self._all]
        self._unknown: list[list[Bad]] = [[] for _ in self._all]
        self._there: list[set[str]] = [set() for _ in self._all]

    def add(self, trace: Trace) -> None:
        """Hold them against one more run.

        Raises:
            UsageError: One speaks of time, and the run's is virtual: computing takes none there.
        """
        for number, one in enumerate(self._all):
            if one.within_ns is not None and trace.is_virtual:
                raise UsageError(
                    f"{one.text!r} speaks of time, and that of {safe(trace.name)} is virtual",
                    detail="  In a replay computing takes no time. Judge recordings, or production:"
                    "\n      agenttrace slo golden",
                )
            there = self._there[number]
            for span, known in _such(one, trace):
                if one.name and not any(fnmatchcase(it, one.name) for it in known):
                    if not self._counts[number] and len(there) < _KNOWN:
                        there.update(known)
                    continue
                self._counts[number] += 1
                unknown, why = _amiss(one, trace, span)
                if why:
                    told = Bad(trace=trace.name, span=span, why=why)
                    (self._unknown if unknown else self._bad)[number].append(told)

    @property
    def judged(self) -> tuple[Judged, ...]:
        """How each stands."""
        return tuple(
            Judged(
                objective=one,
                count=count,
                bad=tuple(bad),
                unknown=tuple(unknown),
                there=() if count else tuple(sorted(there)),
            )
            for one, count, bad, unknown, there in zip(
                self._all, self._counts, self._bad, self._unknown, self._there, strict=True
            )
        )

    def hold(self) -> Literal[True]:
        """Assert that each is kept.

        Raises:
            ObjectiveMissed: One is not; the message has the counts, and names the bad.
            NotRecorded: One depends on what the traces do not hold.
            NothingSelected: One speaks of what never happened.
        """
        for one in self.judged:
            if not one.count:
                raise NothingSelected(
                    f"{one.objective.text!r} speaks of what never happened",
                    detail="\n".join(
                        [*(f"  {line}" for line in _instead(one)), "", _MORE_OF_NOTHING]
                    ),
                )
            if one.holds is None:
                first = one.unknown[0]
                raise not_recorded(
                    f"{one.objective.text!r}, {counts(one)}", f"{safe(first.trace)}: {first.why}"
                )
            if not one.holds:
                raise _missed(one)
        return True


def hold(traces: Iterable[Trace], *sentences: str) -> Literal[True]:
    """Assert that objectives are kept over some traces: `hold(traces, "99% of tool succeed")`.

    Args:
        traces: The traces; each is read, judged and let go.
        sentences: The objectives.

    Raises:
        ObjectiveMissed: One is not kept.
        NotRecorded: One depends on what the traces do not hold.
        NothingSelected: One speaks of what never happened.
        UsageError: One is no objective; or it speaks of time, and a trace's is virtual; or there
            are no traces.
    """
    objectives = Objectives(*sentences)
    has_any = False
    for trace in _traces(traces):
        objectives.add(trace)
        has_any = True
    if not has_any:
        raise no_traces(traces)
    return objectives.hold()


def _traces(given: object) -> Iterator[Trace]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise _no_trace(given)
    for one in given:
        if not isinstance(one, Trace):
            raise _no_trace(one)
        yield one


def _no_trace(given: object) -> UsageError:
    said = cut(safe(repr(given)))
    return UsageError(
        f"hold: {said} is no trace, of type {type(given).__name__}",
        detail='  Those of a folder or a file are  hold(traces_below("golden"), …)\n'
        "      from agenttrace.formats.files import traces_below",
    )


def counts(one: Judged) -> str:
    """The counts of a judgement: `3 of 1,000 bad, 1 allowed`."""
    unknown = f", {len(one.unknown):,} not known" if one.unknown else ""
    return f"{len(one.bad):,} of {one.count:,} bad{unknown}, {one.allowed:,} allowed"


def told(one: Judged) -> Iterator[str]:
    """How an objective stands, in lines for people: the counts, the budget, the first bad ones."""
    stands = {True: "kept", False: "MISSED", None: "not known"}[one.holds]
    if not one.count:
        yield f"{'NOTHING':9}  {one.objective.text}: it speaks of what never happened"
        for line in _instead(one):
            yield f"{'':9}  {line}"
        return
    spent = "" if one.burn is None else f", {one.burn:.1%} of the error budget spent"
    yield f"{stands:9}  {one.objective.text}: {counts(one)}{spent}"
    for bad in (*one.bad, *one.unknown)[:_FIRST]:
        yield f"{'':9}  {_place(bad)}: {bad.why}"
    more = len(one.bad) + len(one.unknown) - _FIRST
    if more > 0:
        yield f"{'':9}  and {more:,} more"


def _instead(one: Judged) -> Iterator[str]:
    """Of what an objective could speak, where it names what never happened."""
    if not one.objective.name:
        return
    near = nearest(one.objective.name, one.there)
    if near:
        yield cut(safe(f"nearest   {', '.join(near)}"), _WIDTH)
    more = f" and {len(one.there) - MOST:,} more" if len(one.there) > MOST else ""
    there = cut(safe(", ".join(one.there[:MOST])), _WIDTH)
    yield f"there are {there}{more}" if there else f"there is  no {one.objective.what}"


def _such(one: Objective, trace: Trace) -> Iterator[tuple[Span | None, tuple[str, ...]]]:
    """Each thing of the kind that an objective speaks of, and what it is called."""
    if one.what == WORKFLOWS:
        yield trace.root, (trace.name,)
        return
    for span in trace.spans:
        if span.kind == one.what:
            agent = span.agent if span.kind is SpanKind.AGENT else None
            yield span, tuple(filter(None, (span.name, span.operation, agent)))


def _amiss(one: Objective, trace: Trace, span: Span | None) -> tuple[bool, str]:
    """What is wrong with one, and whether that only means that nobody knows."""
    if span is None:
        return True, "not recorded: the run itself is not in its trace"
    if one.what == WORKFLOWS and not trace.complete:
        return True, "not recorded: its run was cut off"
    if not trace.complete and span.status.code == UNSET:
        return True, "not recorded: its run was cut off, and nobody says how it ended"
    if one.within_ns is None:
        good = span.status.code in (OK, UNSET)
        return False, "" if good else f"it ended as {safe(span.status.code)}"
    took = span.end_ns - span.start_ns
    if not took and not any(it.end_ns > it.start_ns for it in trace.spans):
        return True, "not recorded: the trace has no times"
    return False, "" if took <= one.within_ns else f"it took {amounts.beyond(took, one.within_ns)}"


def _place(bad: Bad) -> str:
    """The run, and what in it was bad; of a whole run its name says all."""
    if bad.span is None or bad.span.kind is SpanKind.RUN:
        return cut(safe(bad.trace), _WIDTH)
    return cut(safe(f"{bad.trace}, {bad.span.name} at ") + place_of(bad.span), _WIDTH)


_WIDTH = 300
"""How many letters of a place a line has."""


def _missed(one: Judged) -> ObjectiveMissed:
    lines = [
        f"  {'bad' if number == 0 else '':9} {_place(bad)}: {bad.why}"
        for number, bad in enumerate(one.bad[:MOST])
    ]
    if len(one.bad) > MOST:
        lines.append(f"  {'':9} and {len(one.bad) - MOST:,} more")
    return ObjectiveMissed(
        f"{one.objective.text!r}: {counts(one)}",
        detail="\n".join([*lines, "", "  More: agenttrace explain objective-missed"]),
    )

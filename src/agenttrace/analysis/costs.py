"""Costs: what a run used, and who or what it was used for; each call counts in one place.

Only calls to models and tools use anything, so that an agent's span that repeats what its models
used counts nothing twice. What is not known of one call is not known of a sum that it is in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from agenttrace.analysis.interactions import NOT_RECORDED
from agenttrace.analysis.team import Team
from agenttrace.analysis.telling import no_attribute, word
from agenttrace.check import given
from agenttrace.check.pricing import Prices
from agenttrace.errors import PriceUnknown
from agenttrace.model.amounts import verb
from agenttrace.model.span import ERROR, Span, SpanKind
from agenttrace.model.usage import Tokens, Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenttrace.check.select import Selection
    from agenttrace.model.trace import Trace

COORDINATING = (SpanKind.MESSAGE, SpanKind.ORCHESTRATION)
"""The kinds of span that, with all inside them, coordinate rather than work."""

_TOOLS = (SpanKind.TOOL, SpanKind.RETRIEVAL)
_COSTING = (SpanKind.LLM, *_TOOLS)

Paid: TypeAlias = "Callable[[Span], Decimal | None]"
"""What the models of a call cost, in US dollars; it may raise `PriceUnknown`."""

DIMENSIONS = {
    "agent": "the agent that did it, by id",
    "agent.name": "its name",
    "agent.type": "its type",
    "agent.role": "its role",
    "task": "the task of the span, or of the nearest one around it that has one",
    "model": "the model that answered; a call of several is parted",
    "tool": "the innermost tool that it is, or stands in",
    "kind": "what sort of call it is",
    "status": "how it ended",
    "coordination": "`coordination` inside of messages and orchestration, else `work`",
}
"""What costs can be told apart by; any other word is the name of an attribute of the call."""

_OF_AGENTS = frozenset(name for name in DIMENSIONS if name.partition(".")[0] == "agent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What some calls used.

    Attributes:
        llm_calls: How many calls to models; one that several models answered is one.
        tool_calls: How many calls to tools, retrievals included.
        tokens: Of the model calls together; None: one of them does not say.
        known_tokens: Of those that say.
        usd: What the models cost, in US dollars; None: of one of them it is not known.
        tool_usd: What the tools cost that say so, in US dollars; None: none says so.
        took_ns: How long the calls took, added up, also where they ran at once or one inside the
            other; nanoseconds. None: no call has any duration.
        spans: The calls.
        unknown: By attribute, why it is None.
    """

    llm_calls: int
    tool_calls: int
    tokens: Tokens | None
    known_tokens: Tokens
    usd: Decimal | None
    tool_usd: Decimal | None
    took_ns: int | None
    spans: tuple[Span, ...]
    unknown: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The cost as plain JSON data; money as text, so that none of it is lost."""
        return {
            "llm_calls": self.llm_calls,
            "tool_calls": self.tool_calls,
            "tokens": None if self.tokens is None else asdict(self.tokens),
            "known_tokens": asdict(self.known_tokens),
            "usd": None if self.usd is None else f"{self.usd:f}",
            "tool_usd": None if self.tool_usd is None else f"{self.tool_usd:f}",
            "took_ns": self.took_ns,
            "unknown": dict(self.unknown),
        }


def added(costs: Iterable[Cost]) -> Cost:
    """Costs of several runs as one; what is not known of one is not known of all."""
    parts = tuple(costs)
    unknown: dict[str, str] = {}
    for one in parts:
        unknown = {**one.unknown, **unknown}
    said = [one.tool_usd for one in parts if one.tool_usd is not None]
    took = [one.took_ns for one in parts if one.took_ns is not None]
    if said:
        unknown.pop("tool_usd", None)
    if took:
        unknown.pop("took_ns", None)
    return Cost(
        llm_calls=sum(one.llm_calls for one in parts),
        tool_calls=sum(one.tool_calls for one in parts),
        tokens=None
        if "tokens" in unknown
        else _tokens(one.tokens for one in parts if one.tokens is not None),
        known_tokens=_tokens(one.known_tokens for one in parts),
        usd=None
        if "usd" in unknown
        else sum((one.usd for one in parts if one.usd is not None), Decimal()),
        tool_usd=sum(said, Decimal()) if said else None,
        took_ns=sum(took) if took else None,
        spans=tuple(span for one in parts for span in one.spans),
        unknown=unknown,
    )


class Costs:
    """What a run used, by whatever one asks for.

    Attributes:
        team: The agents.
        calls: The calls to models, tools and agents elsewhere.
    """

    def __init__(
        self,
        trace: Trace,
        *,
        team: Team | None = None,
        own: Mapping[str, tuple[Decimal, Decimal]] | None = None,
    ) -> None:
        """Take a trace; nothing is worked out yet.

        Args:
            trace: The trace.
            team: Its team, where it is known already.
            own: Prices before those of the list, as of `Prices`; the list is that of the day on
                which the run began.
        """
        self.team = Team(trace) if team is None else team
        self.calls: tuple[Span, ...] = tuple(span for span in trace.spans if is_cost(span))
        self._prices = Prices(at=trace.started, own=own)
        self._paid: dict[str, Decimal | None] = {}

    @cached_property
    def total(self) -> Cost:
        """What the whole run used."""
        return self.of(self.calls)

    def of(self, calls: Iterable[Span]) -> Cost:
        """What some calls used; spans that are no calls use nothing."""
        return _summed(tuple(filter(is_cost, given.spans("of", calls))), self._paid_for)

    def of_call(self, span: Span) -> Decimal | None:
        """What one call of a model or a tool cost, in US dollars; None: it is not known."""
        return self.of_usage(span) if span.kind in _COSTING else None

    def of_usage(self, span: Span) -> Decimal | None:
        """What the usage that a span of any kind tells of cost; None: none, or it is not known."""
        usage = span.usage
        if usage is None or not usage.models:
            return None if usage is None else usage.tool_cost_usd
        try:
            models = self._paid_for(span)
        except PriceUnknown:
            return None
        return None if models is None else models + (usage.tool_cost_usd or Decimal())

    def subtree(self, span: Selection | Span) -> Cost:
        """What a span used, and all inside it; of a selection, its last one.

        Raises:
            NothingSelected: The selection means none.
            UsageError: It is neither.
        """
        from agenttrace.check.pointing import span_meant

        inside, ahead = [], [span_meant(span, "subtree")]
        while ahead:
            at = ahead.pop()
            inside.append(at)
            ahead.extend(self.team.children.get(at.id, ()))
        return self.of(inside)

    def by(self, what: str) -> Mapping[str | None, Cost]:
        """What was used, parted by one of `DIMENSIONS` or by an attribute; sorted.

        Each call counts in one part; None is the part of those of whom it is not said.

        Raises:
            UsageError: It is neither: no call has such an attribute.
        """
        if given.text("by", what) not in DIMENSIONS and what not in self.attributes:
            by = f"by({word(repr(what))})"
            raise no_attribute(by, what, "the trace", DIMENSIONS, self.attributes)
        return self.parts(what)

    @cached_property
    def attributes(self) -> frozenset[str]:
        """The names of what the calls say of themselves."""
        return frozenset(name for span in self.calls for name in span.attributes)

    def parts(self, what: str) -> Mapping[str | None, Cost]:
        """The same as `by`; an attribute that only calls of other runs have is no error."""
        if what == "model":
            return _by_model(self.calls, self._paid_for)
        part = self._part_of(what)
        groups: dict[str | None, list[Span]] = defaultdict(list)
        for span in self.calls:
            groups[part(span) or None].append(span)
        told = sorted(groups, key=_last_if_none)
        return {name: _summed(tuple(groups[name]), self._paid_for) for name in told}

    def tells(self, what: str) -> bool:
        """Whether `by` would name any part; it stops at the first call that says one."""
        if what == "model":
            return any(span.usage is not None and span.usage.models for span in self.calls)
        return any(map(self._part_of(what), self.calls))

    def _paid_for(self, span: Span) -> Decimal | None:
        """What the models of a call cost; each whole call of the trace is looked up once."""
        if self.team.by_id.get(span.id) is not span:
            return self._prices.cost(span)
        if span.id not in self._paid:
            self._paid[span.id] = self._prices.cost(span)
        return self._paid[span.id]

    def _part_of(self, what: str) -> Callable[[Span], str | None]:
        if what == "agent":
            return lambda span: self.team.doers[span.id]
        if what in _OF_AGENTS:
            _, _, detail = what.partition(".")
            return lambda span: self._agents(span, detail)
        inherited = {"task": self._tasks, "tool": self._tools, "coordination": self._sides}
        if what in inherited:
            return lambda span: inherited[what].get(span.id)
        if what in ("kind", "status"):
            return lambda span: str(span.kind if what == "kind" else span.status.code)
        return lambda span: _text(span.attributes.get(what))

    def _agents(self, span: Span, detail: str) -> str | None:
        doer = self.team.doers[span.id]
        said = None if doer is None else getattr(self.team.agents[doer], detail, None)
        return said if isinstance(said, str) else None

    @cached_property
    def _tasks(self) -> Mapping[str, str | None]:
        return self._inherited(lambda span: span.task)

    @cached_property
    def _tools(self) -> Mapping[str, str | None]:
        if not any(span.kind in _TOOLS for span in self.calls):
            return {}
        return self._inherited(
            lambda span: (span.operation or span.name) if span.kind in _TOOLS else None
        )

    @cached_property
    def _sides(self) -> Mapping[str, str | None]:
        ids = coordinating(self.team)
        return {span.id: "coordination" if span.id in ids else "work" for span in self.calls}

    def _inherited(self, own: Callable[[Span], str | None]) -> Mapping[str, str | None]:
        """What each span says, or the nearest one around it that says anything."""
        found: dict[str, str | None] = {}
        for span in self.team.downwards:
            around = None if span.parent is None else found.get(span.parent)
            found[span.id] = own(span) or around
        return found


def is_cost(span: Span) -> bool:
    """Whether a span is a call that uses something: of a model, a tool, or an agent elsewhere."""
    return span.kind in _COSTING or _is_elsewhere(span)


def coordinating(team: Team) -> frozenset[str]:
    """The ids of the spans that are messages or orchestration, or stand inside of such."""
    found: set[str] = set()
    for span in team.downwards:
        if span.kind in COORDINATING or span.parent in found:
            found.add(span.id)
    return frozenset(found)


def _is_elsewhere(span: Span) -> bool:
    return span.kind is SpanKind.AGENT and span.is_call


def _summed(calls: tuple[Span, ...], paid: Paid) -> Cost:
    models = [span for span in calls if span.kind is SpanKind.LLM]
    elsewhere = sum(map(_is_elsewhere, calls))
    silent = [span for span in models if _is_silent(span)]
    mute = sum(span.usage is None or span.usage.cost_usd is None for span in silent)
    used = [span for span in models if span.usage is not None]
    known = _tokens(span.usage.tokens for span in used if span.usage is not None)
    usd, why = _usd(used, paid)
    unknown: dict[str, str] = {}
    if elsewhere or silent:
        unknown["tokens"] = f"{NOT_RECORDED}: {_who(len(silent), elsewhere)}"
    if elsewhere or mute:
        unknown["usd"] = f"{NOT_RECORDED}: {_who(mute, elsewhere)}"
    elif usd is None:
        unknown["usd"] = why
    tools = [span for span in calls if span.kind in _TOOLS]
    said = [span.usage.tool_cost_usd for span in tools if span.usage is not None]
    tool_usd = [one for one in said if one is not None]
    if not tool_usd:
        unknown["tool_usd"] = f"{NOT_RECORDED}: no tool says what it costs"
    took = sum(span.end_ns - span.start_ns for span in calls)
    if not took:
        unknown["took_ns"] = f"{NOT_RECORDED}: the calls have no durations"
    return Cost(
        llm_calls=len(models),
        tool_calls=len(tools),
        tokens=None if "tokens" in unknown else known,
        known_tokens=known,
        usd=None if "usd" in unknown else usd,
        tool_usd=sum(tool_usd, Decimal()) if tool_usd else None,
        took_ns=took or None,
        spans=calls,
        unknown=unknown,
    )


def _is_silent(span: Span) -> bool:
    """Whether a model call does not say what it read and wrote; one that failed used nothing."""
    return span.status.code != ERROR and (span.usage is None or not span.usage.models)


def _who(silent: int, elsewhere: int) -> str:
    told = [f"{silent} of its model calls {verb(silent, 'does', 'do')} not say"] if silent else []
    told += (
        [f"{elsewhere} of its agents {verb(elsewhere, 'acts', 'act')} elsewhere"]
        if elsewhere
        else []
    )
    return ", ".join(told)


def _usd(used: Iterable[Span], paid: Paid) -> tuple[Decimal | None, str]:
    total = Decimal()
    for span in used:
        try:
            cost = paid(span)
        except PriceUnknown as problem:
            return None, problem.headline
        if cost is None:
            models = ", ".join(span.usage.models) if span.usage is not None else ""
            return None, f"nobody knows what {models or 'a model'} costs"
        total += cost
    return total, ""


def _by_model(calls: Iterable[Span], paid: Paid) -> Mapping[str | None, Cost]:
    groups: dict[str | None, list[tuple[Span, Span]]] = defaultdict(list)
    for span in calls:
        if span.kind is not SpanKind.LLM:
            continue
        models = {} if span.usage is None else span.usage.models
        if len(models) <= 1:
            groups[next(iter(models), None)].append((span, span))
            continue
        for model, tokens in models.items():  # a price for all of them is no model's own
            groups[model].append((span, replace(span, usage=Usage(models={model: tokens}))))
    found = {}
    for name in sorted(groups, key=_last_if_none):
        spans, parts = zip(*groups[name], strict=True)
        found[name] = replace(_summed(parts, paid), spans=spans)
    return found


def _tokens(parts: Iterable[Tokens]) -> Tokens:
    known = list(parts)
    return Tokens(
        input=sum(one.input for one in known),
        output=sum(one.output for one in known),
        cache_read=sum(one.cache_read for one in known),
        cache_write=sum(one.cache_write for one in known),
        reasoning=sum(one.reasoning for one in known),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _last_if_none(name: str | None) -> tuple[bool, str]:
    return (name is None, name or "")

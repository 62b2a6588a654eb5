"""Spending: what spans used, each sum with the spans that it is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from agenttrace.check.fitting import line_of
from agenttrace.errors import PriceUnknown, UsageUnknown
from agenttrace.model import names
from agenttrace.model.amounts import counted, verb
from agenttrace.model.span import Span, SpanKind

if TYPE_CHECKING:
    from agenttrace.check.pricing import Prices
    from agenttrace.check.view import View

_BAD = 400
_NS_A_S = 1_000_000_000
_MOST = 5
_COORDINATING = (SpanKind.MESSAGE, SpanKind.ORCHESTRATION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """How much was used of one thing.

    Attributes:
        amount: How much.
        by: The spans that it is made of, each with its part; the greatest first.
    """

    amount: Decimal
    by: tuple[tuple[Span, Decimal], ...] = ()


class Spending:
    """What some spans of a trace used. Only model spans have tokens, so none counts twice."""

    def __init__(self, view: View, spans: Iterable[Span], prices: Prices) -> None:
        """Take the spans that count."""
        self._view = view
        self._spans = tuple(spans)
        self._prices = prices

    def of(self, what: str, name: str = "") -> Spent:
        """How much was used of one thing.

        Args:
            what: A limit of `Budget`.
            name: Only by the models or tools of this name; wildcards.

        Raises:
            UsageUnknown: A model call does not say what it used.
            PriceUnknown: Nobody knows what a model costs.
        """
        measures = {
            "usd": self._usd,
            "tokens": self._tokens,
            "llm_calls": self._llm_calls,
            "tool_calls": self._tool_calls,
            "tool_usd": self._tool_usd,
            "steps": self._steps,
            "depth": self._depth,
            "latency": self._latency,
            "coordination": self._coordination,
        }
        return measures[what](name)

    def knows(self, what: str, name: str) -> bool:
        """Whether any span bears the name of a model or tool."""
        return any(_is_named(span, name) for span in self._of_kind(what))

    def _of_kind(self, what: str) -> tuple[Span, ...]:
        kind = SpanKind.TOOL if what.startswith("tool") else SpanKind.LLM
        return tuple(span for span in self._spans if span.kind is kind)

    def _tokens(self, name: str) -> Spent:
        return _summed((span, Decimal(self._used(span, name))) for span in self._models())

    def _usd(self, name: str) -> Spent:
        models = [(span, self._cost(span)) for span in self._models()]
        return _summed([*models, *self._tool_usd(name).by])

    def _tool_usd(self, name: str) -> Spent:
        return _summed(
            (span, span.usage.tool_cost_usd)
            for span in self._spans
            if span.usage is not None and span.usage.tool_cost_usd is not None
            if not name or _is_named(span, name)
        )

    def _llm_calls(self, name: str) -> Spent:
        calls = self._of_kind("llm_calls")
        return _counted(span for span in calls if not name or _is_named(span, name))

    def _tool_calls(self, name: str) -> Spent:
        calls = self._of_kind("tool_calls")
        return _counted(span for span in calls if not name or _is_named(span, name))

    def _steps(self, _name: str) -> Spent:
        return _counted(span for span in self._spans if span.is_call)

    def _depth(self, _name: str) -> Spent:
        depths = [
            (span, Decimal(sum(one.kind is not SpanKind.RUN for one in self._view.above(span)) + 1))
            for span in self._spans
            if span.kind is not SpanKind.RUN
        ]
        deepest = max((depth for _, depth in depths), default=Decimal())
        return Spent(amount=deepest, by=tuple(one for one in depths if one[1] == deepest))

    def _latency(self, _name: str) -> Spent:
        if not self._spans:
            return Spent(amount=Decimal())
        first = min(span.start_ns for span in self._spans)
        last = max(span.end_ns for span in self._spans)
        took = [(one, Decimal(one.end_ns - one.start_ns) / _NS_A_S) for one in self._leaves()]
        longest = sorted(took, key=lambda one: -one[1])
        return Spent(amount=Decimal(last - first) / _NS_A_S, by=tuple(longest))

    def _coordination(self, _name: str) -> Spent:
        parts = [(span, Decimal(self._used(span, ""))) for span in self._models()]
        total = sum((part for _, part in parts), Decimal())
        spent = _summed((span, part) for span, part in parts if self._coordinates(span))
        if not total:
            return Spent(amount=Decimal())
        return Spent(
            amount=spent.amount / total, by=tuple((one, part / total) for one, part in spent.by)
        )

    def _coordinates(self, span: Span) -> bool:
        return any(one.kind in _COORDINATING for one in (span, *self._view.above(span)))

    def _leaves(self) -> list[Span]:
        around = {span.parent for span in self._spans}
        return [span for span in self._spans if span.id not in around]

    def _models(self) -> list[Span]:
        """The model calls that used something, and say what.

        Raises:
            UsageUnknown: One was answered and does not say.
        """
        found = [span for span in self._of_kind("llm") if span.usage is not None]
        silent = [span for span in self._of_kind("llm") if span.usage is None and not _failed(span)]
        if silent:
            raise UsageUnknown(
                f"{len(silent)} of {counted(len(found) + len(silent), 'model call')} "
                f"{verb(len(silent), 'does not say what it', 'do not say what they')} used",
                detail="\n".join(
                    [
                        *(
                            f"  {'silent' if n == 0 else '':9} {line_of(span)}"
                            for n, span in enumerate(silent[:_MOST])
                        ),
                        "",
                        "  A stream says it when it is asked to:",
                        '      stream_options={"include_usage": True}',
                        "  More: agenttrace explain usage-unknown",
                    ]
                ),
            )
        return found

    def _used(self, span: Span, name: str) -> int:
        models = {} if span.usage is None else span.usage.models
        asked = str(span.attributes.get(names.REQUEST_MODEL, ""))
        return sum(
            tokens.total
            for model, tokens in models.items()
            if not name or any(fnmatchcase(one, name) for one in (model, asked))
        )

    def _cost(self, span: Span) -> Decimal:
        cost = self._prices.cost(span)
        if cost is not None:
            return cost
        models = ", ".join(sorted(span.usage.models)) if span.usage is not None else ""
        raise PriceUnknown(
            f"nobody knows what {models or 'a model'} costs",
            detail=f"  {'asked':9} {line_of(span)}\n"
            f"  {'prices':9} genai-prices, of {self._prices.at or 'today'}\n\n"
            "  Name its price, in USD for a million tokens read and written:\n"
            f'      budget=dict(usd=…, prices={{"{models}": (0.5, 1.5)}})\n'
            "  More: agenttrace explain price-unknown",
        )


def _failed(span: Span) -> bool:
    """Whether a model call was refused or broke off with an error, and so used nothing."""
    answer = span.answer
    if answer is None:
        return span.status.code == "ERROR"
    status = answer.head.get("status") if isinstance(answer.head, dict) else None
    return answer.failure is not None or (isinstance(status, int) and status >= _BAD)


def _is_named(span: Span, name: str) -> bool:
    said = [span.attributes.get(key) for key in (names.REQUEST_MODEL, names.RESPONSE_MODEL)]
    known = [one for one in said if isinstance(one, str)] if span.kind is SpanKind.LLM else []
    used = span.usage.models if span.usage is not None else ()
    return any(fnmatchcase(one, name) for one in (*known, *used, span.operation, span.name))


def _summed(parts: Iterable[tuple[Span, Decimal]]) -> Spent:
    by = sorted((one for one in parts if one[1]), key=lambda one: -one[1])
    return Spent(amount=sum((part for _, part in by), Decimal()), by=tuple(by))


def _counted(spans: Iterable[Span]) -> Spent:
    by = tuple((span, Decimal(1)) for span in spans)
    return Spent(amount=Decimal(len(by)), by=by)

"""Fitting: which spans a selector means, and what is amiss with the ones that come near."""

from __future__ import annotations

import difflib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from agenttrace.check.expect import fits
from agenttrace.check.selector import NOT_SAID, Selector
from agenttrace.check.sides import PACKED_KINDS, arguments, cut, safe, shown
from agenttrace.check.vary import body_of
from agenttrace.model import names
from agenttrace.model.lane import label_of
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from agenttrace.check.selector import Where
    from agenttrace.check.view import View
    from agenttrace.model.span import Span
    from agenttrace.model.values import Value

NEAREST = 4
"""How many candidates a failure shows."""

_RETURNED = ("complete", "closed")
"""How an answer ends that gave something back."""

_ABSENT = object()


class Fitting:
    """One selector held against the spans of one view."""

    def __init__(self, view: View, selector: Selector) -> None:
        """Find what the selector's relations select, once."""
        self._view = view
        self._selector = selector
        self._related = {
            name: related(
                view, frozenset(it.id for it in Fitting(view, getattr(selector, name)).spans())
            )
            for name, related in _RELATED.items()
            if getattr(selector, name) is not None
        }

    def spans(self) -> tuple[Span, ...]:
        """The spans that it means, in the order in which a person reads them."""
        return tuple(span for span in self._view.spans if next(self.amiss(span), None) is None)

    def amiss(self, span: Span) -> Iterator[str]:
        """Say, one by one, what the selector wants and the span has not; nothing: it fits."""
        wanted = self._selector
        for name, has in _TEXTS.items():
            pattern = getattr(wanted, name)
            if pattern is not None and not _matches(pattern, known := has(self._view, span)):
                said = " or ".join(repr(cut(safe(one))) for one in dict.fromkeys(known))
                yield f"{name} is {said or 'not said'}, not {safe(repr(pattern))}"
        for name, expected in (wanted.args or {}).items():
            yield from _differs(safe(name), expected, _argument(span, name))
        if wanted.returned is not NOT_SAID:
            yield from self._returned(span, wanted.returned)
        if wanted.where is not None:
            yield from _elsewhere(wanted.where, span)
        for name, ids in self._related.items():
            if span.id not in ids:
                other = cut(safe(str(getattr(wanted, name))), 120)
                yield f"it is not {name.replace('_', ' ')} {other}"

    def _returned(self, span: Span, expected: object) -> Iterator[str]:
        answer = span.answer
        if answer is not None and answer.failure is not None:
            yield f"it raised {safe(answer.failure.type)}, and {_written(expected)} is wanted"
        elif answer is not None and answer.end not in _RETURNED:
            yield f"its answer was {answer.end}, and {_written(expected)} is wanted"
        else:
            value = _ABSENT if answer is None else self._view.value(span)
            yield from _differs("what it returned", expected, value)

    def nearest(self) -> list[str]:
        """Lines for the spans that come nearest, each with what is amiss; the nearest first."""
        pattern = (self._selector.name or "").replace("*", "")
        rated = []
        for place, span in enumerate(self._view.spans):
            wrong = list(self.amiss(span))
            alike = max(_alike(pattern, name) for name in (span.name, span.operation))
            rated.append((len(wrong), -alike, place, span, wrong))
        return [
            line
            for _, _, _, span, wrong in sorted(rated, key=lambda one: one[:3])[:NEAREST]
            for line in (line_of(span), f"       {'; '.join(wrong)}")
        ]


def called(span: Span) -> str:
    """Name a span as what was called: `pay(order='A-17', amount=5)`, `chat gpt-4o`."""
    name = safe(cut(span.operation if span.kind == "tool" and span.operation else span.name, 72))
    has_arguments = span.kind in PACKED_KINDS and isinstance(span.question, dict)
    return f"{name}({cut(arguments(span.question), 72)})" if has_arguments else name


def line_of(span: Span) -> str:
    """Write a span on a line: its kind, its call, where it stands, and the line of the code."""
    return f"{span.kind.value:6} {called(span)}   at {place_of(span)}"


def place_of(span: Span) -> str:
    """Say where a span stands, and the line of the code; of a foreign one, its id."""
    is_foreign = not span.position and span.kind is not SpanKind.RUN
    where = [span.id if is_foreign else safe(label_of(span.position))]
    where += [safe(span.site)] if span.site else []
    return ", ".join(where)


def _matches(pattern: str, known: tuple[str, ...]) -> bool:
    return any(name == pattern or fnmatchcase(name, pattern) for name in known)


def _models(_view: View, span: Span) -> tuple[str, ...]:
    said = [span.attributes.get(name) for name in (names.REQUEST_MODEL, names.RESPONSE_MODEL)]
    used = span.usage.models if span.usage is not None else ()
    return tuple(dict.fromkeys([*(one for one in said if isinstance(one, str)), *used]))


def _raised(span: Span) -> tuple[str, ...]:
    failure = None if span.answer is None else span.answer.failure
    return () if failure is None else (failure.type, failure.type.rpartition(".")[2])


_TEXTS: Mapping[str, Callable[[View, Span], tuple[str, ...]]] = {
    "kind": lambda _view, span: (span.kind.value,),
    "name": lambda _view, span: (span.name, *([span.operation] if span.operation else [])),
    "agent": lambda view, span: view.agent_names(span),
    "model": _models,
    "status": lambda _view, span: (span.status.code,),
    "id": lambda _view, span: (span.id,),
    "raised": lambda _view, span: _raised(span),
}


def _inside(view: View, ids: frozenset[str]) -> frozenset[str]:
    return frozenset(
        span.id for span in view.spans if any(one.id in ids for one in view.above(span))
    )


def _around(view: View, ids: frozenset[str]) -> frozenset[str]:
    return frozenset(one.id for span in ids for one in view.above(view.by_id[span]))


_RELATED: Mapping[str, Callable[[View, frozenset[str]], frozenset[str]]] = {
    "child_of": lambda view, ids: frozenset(it.id for it in view.spans if it.parent in ids),
    "descendant_of": _inside,
    "parent_of": lambda view, ids: frozenset(view.by_id[one].parent or "" for one in ids),
    "ancestor_of": _around,
    "cause_of": lambda view, ids: view.order.before_any(ids) | _around(view, ids),
    "consequence_of": lambda view, ids: view.order.after_any(ids) | _inside(view, ids),
}
"""For each relation, the spans that stand so to one of some spans."""


def _elsewhere(where: Where, span: Span) -> Iterator[str]:
    if callable(where):
        if not where(span):
            yield f"{getattr(where, '__name__', 'where')} says no"
        return
    for name, expected in where.items():
        yield from _differs(safe(name), expected, span.attributes.get(name, _ABSENT))


def _argument(span: Span, name: str) -> object:
    body = body_of(span.question)
    return body.get(name, _ABSENT) if isinstance(body, dict) and span.is_call else _ABSENT


def _differs(name: str, expected: object, actual: object) -> Iterator[str]:
    if actual is _ABSENT:
        yield f"{name} is not there, and {_written(expected)} is wanted"
        return
    value: Value = actual  # type: ignore[assignment] # what is there is a value of the trace
    if not fits(expected, value):
        yield f"{name} is {cut(shown(value))}, not {_written(expected)}"


def _written(expected: object) -> str:
    return cut(safe(repr(expected)))


def _alike(pattern: str, name: str) -> float:
    return difflib.SequenceMatcher(None, pattern, name[:200]).ratio() if pattern else 0.0

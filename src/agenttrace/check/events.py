"""Events: what occurred inside spans, and what a test says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from agenttrace.check import given
from agenttrace.check.expect import fits
from agenttrace.check.fitting import Fitting
from agenttrace.check.sides import cut, safe, shown
from agenttrace.check.telling_selections import MOST
from agenttrace.errors import NothingSelected, SelectionFailed, UsageError
from agenttrace.model.amounts import times

if TYPE_CHECKING:
    from agenttrace.check.selector import Selector
    from agenttrace.check.view import View
    from agenttrace.model.span import Event, Span


class Events:
    """The events of some spans: all, or those of a name and with certain attributes."""

    def __init__(
        self,
        source: Callable[[], View],
        inside: Selector,
        name: str | None,
        having: tuple[tuple[str, object], ...] = (),
        *,
        counted: bool = False,
    ) -> None:
        """Made by `agent_trace.events(…)`, or by a selection's."""
        self._source = source
        self._inside = inside
        self._name = None if name is None else given.text("events", name)
        self._having = having
        self._counted = counted

    @property
    def events(self) -> tuple[Event, ...]:
        """The events, in causal order; possibly none."""
        return tuple(event for _, event in self._found())

    def __len__(self) -> int:
        return len(self._found())

    def __iter__(self) -> Iterator[Event]:
        """Each event, in causal order.

        Raises:
            NothingSelected: There is none.
        """
        return iter(event for _, event in self._some())

    def __repr__(self) -> str:
        said: dict[str, object] = {} if self._name is None else {"event": self._name}
        said |= {"with": dict(self._having)} if self._having else {}
        said |= {"inside": self._inside.as_dict()} if self._inside.as_dict() else {}
        return str(said)

    def once(self) -> Events:
        """Assert that it occurred, and once."""
        return self.times(1)

    def never(self) -> Literal[True]:
        """Assert that it did not occur.

        Raises:
            SelectionFailed: It did.
        """
        found = self._found()
        if found:
            raise self._failed(f"{times(len(found))}, not never", found)
        return True

    def times(self, count: int) -> Events:
        """Assert how often it occurred; what is said of it from here on holds for each time.

        Raises:
            NothingSelected: It did not.
            SelectionFailed: It occurred more or less often.
        """
        if type(count) is not int or count < 1:
            raise UsageError(f"times({count!r}): it is a number from 1; for none, say never()")
        found = self._some()
        if len(found) != count:
            raise self._failed(f"{times(len(found))}, not {times(count)}", found)
        return Events(self._source, self._inside, self._name, self._having, counted=True)

    def having(self, **attributes: object) -> Events:
        """Assert attributes; `__` stands for a dot: `having(planning__chosen="act")`.

        After a count and before it: as `Selection.with_args`.

        Raises:
            NothingSelected: None has them.
            SelectionFailed: After a count, one has not.
        """
        more = tuple((name.replace("__", "."), value) for name, value in attributes.items())
        narrower = Events(
            self._source, self._inside, self._name, (*self._having, *more), counted=self._counted
        )
        before, after = self._some(), narrower._found()
        if self._counted and len(after) < len(before):
            raise narrower._failed(
                f"{len(before) - len(after)} of {len(before)} are not so", before
            )
        narrower._some()
        return narrower

    def _found(self) -> list[tuple[Span, Event]]:
        return [
            (span, event)
            for span in Fitting(self._source(), self._inside).spans()
            for event in span.events
            if self._name is None or fnmatchcase(event.name, self._name)
            if all(
                name in event.attributes and fits(value, event.attributes[name])
                for name, value in self._having
            )
        ]

    def _some(self) -> list[tuple[Span, Event]]:
        found = self._found()
        if found:
            return found
        others = [(span, event) for span in self._source().spans for event in span.events]
        raise NothingSelected(
            f"no event is {safe(repr(self))}",
            detail="\n".join(
                [
                    *_listed("there are", others),
                    "",
                    "  It is meant not to be: .never()",
                    "  More: agenttrace explain nothing-selected",
                ]
            ),
        )

    def _failed(self, what: str, found: list[tuple[Span, Event]]) -> SelectionFailed:
        return SelectionFailed(
            f"{safe(repr(self))}: {what}",
            detail="\n".join(
                [*_listed("found", found), "", "  More: agenttrace explain selection-failed"]
            ),
        )


def _listed(label: str, found: list[tuple[Span, Event]]) -> list[str]:
    if not found:
        return [f"  {label:9} no events"]
    lines = [_line(span, event) for span, event in found[:MOST]]
    lines += [f"and {len(found) - MOST} more"] if len(found) > MOST else []
    return [f"  {label if n == 0 else '':9} {line}" for n, line in enumerate(lines)]


def _line(span: Span, event: Event) -> str:
    known = cut(shown(dict(sorted(event.attributes.items()))), 60)
    return f"{safe(event.name)}  {known}   in {safe(cut(span.name))}"

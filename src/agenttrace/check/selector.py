"""Selector: which spans are meant, as a plain dict.

`{"kind": "tool", "name": "pay", "descendant_of": {"kind": "agent", "name": "planner"}}` is all that
a selector is; it is built from such a dict, and prints as one. A name, an agent and a model may
hold the wildcards of the shell: `look_up_*`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeAlias

from agenttrace.check.given import refused, table
from agenttrace.check.nearest import nearest_line
from agenttrace.check.sides import safe
from agenttrace.errors import UsageError
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from agenttrace.model.span import Span

Where: TypeAlias = "Mapping[str, object] | Callable[[Span], bool]"
"""Attributes with the values that they are to have, or a question asked of the span."""

RELATIONS = (
    "child_of",
    "descendant_of",
    "parent_of",
    "ancestor_of",
    "cause_of",
    "consequence_of",
)
"""How a selected span may stand to another: the criteria that hold a selector themselves."""


class _NotSaid:
    def __repr__(self) -> str:
        return "not said"


NOT_SAID = _NotSaid()
"""Nobody said which value; `None` is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Which spans are meant; a criterion that is not said fits every span.

    Attributes:
        kind: A span kind: `tool`, `llm`, `agent`, …
        name: The span's name or operation; wildcards.
        agent: The id or the name of the agent that did it; wildcards.
        model: The model that was asked or that answered; wildcards.
        status: How it ended: `OK`, `ERROR`, …; wildcards.
        id: The span with this id.
        args: Arguments of the call, by name; others may have any value.
        returned: What the call gave back; a call that failed gave nothing back, not even `None`.
        raised: The class of the exception that the call ended in, with or without its module;
            wildcards.
        where: Attributes by name, or a function of the span.
        child_of: It stands right inside a span that this selects.
        descendant_of: It stands inside one, at any depth.
        parent_of: One stands right inside it.
        ancestor_of: One stands inside it, at any depth.
        cause_of: It can have had a part in one.
        consequence_of: One can have had a part in it.
    """

    kind: str | None = None
    name: str | None = None
    agent: str | None = None
    model: str | None = None
    status: str | None = None
    id: str | None = None
    args: Mapping[str, object] | None = None
    returned: object = NOT_SAID
    raised: str | None = None
    where: Where | None = None
    child_of: Selector | None = None
    descendant_of: Selector | None = None
    parent_of: Selector | None = None
    ancestor_of: Selector | None = None
    cause_of: Selector | None = None
    consequence_of: Selector | None = None

    @classmethod
    def of(cls, criteria: Mapping[str, Any]) -> Selector:
        """Build a selector from a plain dict, the inverse of `as_dict`.

        Raises:
            UsageError: A criterion, or a kind, is called otherwise; the nearest names are given. Or
                a value is not of the sort that its criterion has.
        """
        table("select", criteria, example='{"kind": "tool"}')
        known = [field.name for field in fields(cls)]
        for name in criteria:
            if name not in known:
                raise misspelt("a selector has no criterion", name, known)
        kind = criteria.get("kind")
        if kind is not None and kind not in (kinds := [one.value for one in SpanKind]):
            raise misspelt("no span is of the kind", str(kind), kinds)
        for name in ("name", "agent", "model", "status", "id", "raised"):
            if not isinstance(criteria.get(name, ""), str | None):
                raise UsageError(f"{name}={criteria[name]!r}: it is a text, with `*` for anything")
        for name, (sorts, wanted) in _SORTS.items():
            if not isinstance(criteria.get(name), sorts):
                raise refused(f"select({name}=)", criteria[name], wanted)
        said: dict[str, Any] = {
            name: cls.of(value) if name in RELATIONS and isinstance(value, Mapping) else value
            for name, value in criteria.items()
        }
        return cls(**said)

    def and_also(self, **criteria: Any) -> Selector:  # noqa: ANN401 - criteria are of many types
        """The same selector with more criteria; one that is said again is said anew.

        Raises:
            UsageError: As `of`.
        """
        more = Selector.of(criteria)
        return replace(self, **{name: getattr(more, name) for name in criteria})

    def as_dict(self) -> dict[str, Any]:
        """The selector as the plain dict that `of` builds it from."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: value.as_dict()
            if isinstance(value, Selector)
            else dict(value)
            if isinstance(value, Mapping)
            else value
            for name, value in found.items()
            if value is not (NOT_SAID if name == "returned" else None)
        }

    def __str__(self) -> str:
        return str(self.as_dict())


_SORTS: Mapping[str, tuple[tuple[Any, ...], str]] = {
    "args": ((Mapping, NoneType), 'a dict of arguments, such as {"order": "A-17"}'),
    "where": ((Mapping, Callable, NoneType), "a dict of attributes, or a function of the span"),
    **dict.fromkeys(
        RELATIONS, ((Selector, Mapping, NoneType), "spans, or a dict that selects them")
    ),
}
"""By criterion, what its value is, and how that is said."""


def misspelt(what: str, name: str, known: Iterable[str]) -> UsageError:
    """There is nothing that is called so: the nearest names, and those that there are."""
    known = list(map(safe, known))
    lines = [*nearest_line(name, known, likeness=0.5), f"  there are {', '.join(known)}"]
    return UsageError(f"{what} {safe(repr(name))}", detail="\n".join(lines))

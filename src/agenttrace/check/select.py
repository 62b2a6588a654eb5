"""Select: spans of a trace, and what a test says of them.

A `Selection` is a question, not a list: it is asked of the trace each time, so one that was made
while a run goes on sees what has happened since. What it asserts, it raises; and whatever is asked
of a selection that means no span fails, but for `never`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from agenttrace.check import budgeting, given, ordering, telling_selections
from agenttrace.check.budget import Budget
from agenttrace.check.events import Events
from agenttrace.check.fitting import Fitting
from agenttrace.check.selector import RELATIONS, Selector
from agenttrace.errors import UsageError
from agenttrace.model import amounts
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.values import qualified

if TYPE_CHECKING:
    from agenttrace.check.view import View

Steps: TypeAlias = "str | frozenset[str] | set[str] | Mapping[str, Any]"
"""One step of an order: a name, a set of names in any order, or a selector's dict."""


class Selection:
    """The spans of a run that a selector means.

    It prints as its selector's plain dict, and is called to narrow it:
    `agent_trace.spans(kind="tool", status="ERROR")`. Every method that asserts raises
    `NothingSelected` where no span is meant.
    """

    def __init__(
        self, source: Callable[[], View], selector: Selector, *, counted: bool = False
    ) -> None:
        """Made by `agent_trace`, or by `agenttrace.analysis.selecting.spans_of`."""
        self._source = source
        self._selector = selector
        self._counted = counted

    # -- what it is -------------------------------------------------------------------------------
    @property
    def spans(self) -> tuple[Span, ...]:
        """The spans, in causal order as a person reads it; possibly none."""
        return Fitting(self._source(), self._selector).spans()

    @property
    def selector(self) -> Selector:
        """What is meant."""
        return self._selector

    def as_dict(self) -> dict[str, Any]:
        """What is meant, as a plain dict."""
        return self._selector.as_dict()

    def __len__(self) -> int:
        return len(self.spans)

    def __iter__(self) -> Iterator[Span]:
        """Each span, in causal order; a loop over nothing would pass whatever it asserts.

        Raises:
            NothingSelected: There is none.
        """
        return iter(self._some())

    def __getitem__(self, index: int) -> Span:
        """The span of a place; negative ones count from the end.

        Raises:
            NothingSelected: There is none at all.
            IndexError: There are some, and fewer.
            UsageError: The place is a name.
        """
        place: object = index
        if isinstance(place, str):
            raise UsageError(
                f"spans[{place!r}]: a place is a number",
                detail=f"  Those of a name are  spans(name={place!r})",
            )
        return self._some()[index]

    def __repr__(self) -> str:
        return str(self._selector)

    # -- which are meant --------------------------------------------------------------------------
    def __call__(self, **criteria: Any) -> Selection:  # noqa: ANN401 - criteria are of many types
        """Narrow it to the spans that fit these criteria as well.

        Args:
            criteria: As of `Selector`: `kind`, `name`, `agent`, `model`, `status`, `args`,
                `returned`, `where`, `child_of`, …

        Raises:
            UsageError: There is no such criterion, or no such kind.
        """
        return Selection(self._source, self._selector.and_also(**_plain(criteria)))

    def named(self, name: str) -> Selection:
        """Those of a name; it may have wildcards: `look_up_*`."""
        return self(name=name)

    @property
    def tools(self) -> Selection:
        """Those that are tool calls."""
        return self(kind="tool")

    def tool(self, name: str, **criteria: Any) -> Selection:  # noqa: ANN401 - as `__call__`
        """Those that are calls of one tool; `args={…}` and `returned=…` narrow them further."""
        return self(kind="tool", name=name, **criteria)

    @property
    def llm_calls(self) -> Selection:
        """Those that are model calls."""
        return self(kind="llm")

    def agent(self, name: str) -> Selection:
        """All that one agent did, by its id or name; its own span is one of them."""
        return self(agent=name)

    def events(self, name: str | None = None) -> Events:
        """The events inside them, all or those of a name (`planning`, `reflection`, …)."""
        return Events(self._source, self._selector, name)

    def children(self, **criteria: Any) -> Selection:  # noqa: ANN401 - as `__call__`
        """The spans right inside them."""
        return self._related("child_of", criteria)

    def descendants(self, **criteria: Any) -> Selection:  # noqa: ANN401 - as `__call__`
        """The spans inside them, at any depth."""
        return self._related("descendant_of", criteria)

    def parents(self, **criteria: Any) -> Selection:  # noqa: ANN401 - as `__call__`
        """The spans that they stand right inside."""
        return self._related("parent_of", criteria)

    def ancestors(self, **criteria: Any) -> Selection:  # noqa: ANN401 - as `__call__`
        """The spans that they stand inside, at any depth."""
        return self._related("ancestor_of", criteria)

    def causes_of(self, **criteria: Any) -> Selection:  # noqa: ANN401 - as `__call__`
        """The spans that can have had a part in them: what came before, and what is around."""
        return self._related("cause_of", criteria)

    def consequences_of(self, **criteria: Any) -> Selection:  # noqa: ANN401 - as `__call__`
        """The spans that they can have had a part in: what came after, and what is inside."""
        return self._related("consequence_of", criteria)

    # -- how often --------------------------------------------------------------------------------
    def once(self) -> Selection:
        """Assert that it happened, and once.

        Raises:
            SelectionFailed: It happened more often.
        """
        return self.times(1)

    def never(self) -> Literal[True]:
        """Assert that it did not happen.

        Raises:
            SelectionFailed: It did.
        """
        found = self.spans
        if found:
            raise telling_selections.count(self._selector, "never", found)
        return True

    def times(self, count: int) -> Selection:
        """Assert how often it happened; what is said of it from here on holds for each time.

        Raises:
            SelectionFailed: It happened more or less often.
        """
        if type(count) is not int or count < 1:
            raise UsageError(f"times({count!r}): it is a number from 1; for none, say never()")
        return self._count(lambda found: found == count, amounts.times(count))

    def at_least(self, count: int) -> Selection:
        """Assert that it happened so often, or more often.

        Raises:
            UsageError: The count is no whole number from 0.
        """
        count = given.whole("at_least", count)
        return self._count(lambda found: found >= count, f"at least {amounts.times(count)}")

    def at_most(self, count: int) -> Selection:
        """Assert that it happened, and no more often than this.

        Raises:
            UsageError: The count is no whole number from 0.
        """
        count = given.whole("at_most", count)
        return self._count(lambda found: found <= count, f"at most {amounts.times(count)}")

    # -- with what --------------------------------------------------------------------------------
    def with_args(self, **args: object) -> Selection:
        """Assert arguments; others may have any value, and matchers work inside.

        Said after a count it holds for every counted span: `once().with_args(amount=5)`. Said
        before, it narrows to those that have them: `with_args(amount=5).once()`.

        Raises:
            NothingSelected: None has them.
            SelectionFailed: After a count, one has not.
        """
        return self._having({"args": {**(self._selector.args or {}), **args}})

    def returned(self, value: object) -> Selection:
        """Assert what came back: a tool's value, a model's words; `None` is a value.

        After a count and before it: as `with_args`.

        Raises:
            NothingSelected: None returned it.
            SelectionFailed: After a count, one did not.
        """
        return self._having({"returned": value})

    def raised(self, error: str | type[BaseException]) -> Selection:
        """Assert the exception that the call ended in: its class, or its name, with wildcards.

        After a count and before it: as `with_args`.

        Raises:
            NothingSelected: None raised it.
            SelectionFailed: After a count, one did not.
            UsageError: It is neither.
        """
        if not isinstance(error, str | type):
            raise given.refused("raised", error, "a class of exceptions, or its name")
        return self._having({"raised": error if isinstance(error, str) else qualified(error)})

    # -- in which order ---------------------------------------------------------------------------
    def in_order(self, *steps: Steps) -> Selection:
        """Assert that some of them stand in this causal order, each before the next.

        Others may stand between. A set is met by all of its names, in any order.

        Raises:
            NothingSelected: A step names what did not happen.
            OrderBroken: They happened, and no chain of them stands in this order.
        """
        ordering.in_order(self._source(), self._selector, steps)
        return self

    def exactly(self, *steps: Steps) -> Selection:
        """Assert that they are these and no others, each before the next.

        Raises:
            SelectionFailed: There are others, or fewer.
            OrderBroken: They are these, and do not stand in this order.
        """
        ordering.exactly(self._source(), self._selector, steps)
        return self

    def happens_before(self, other: Selection | Span) -> Literal[True]:
        """Assert that each had ended, and each of the others can have known of it, when it began.

        A clock has no say; on a lane that took part in a race it fails, and names the race.

        Raises:
            OrderBroken: One pair does not stand so; the message says why.
        """
        return ordering.before(self._source(), self._selector, _selector_of(other))

    def concurrent_with(self, other: Selection | Span) -> Literal[True]:
        """Assert that nothing orders any of them and any of the others.

        Raises:
            OrderBroken: Something does.
        """
        return ordering.concurrent(self._source(), self._selector, _selector_of(other))

    def triggered_by(self, other: Selection | Span | None = None, **criteria: Any) -> Literal[True]:  # noqa: ANN401 - as `__call__`
        """Assert that each was led to by one of the others, along recorded edges.

        An edge is: it stands inside; a link; a message received before; a model's answer that asked
        for this tool. That something came before is no edge: for that there is `happens_before`.

        Raises:
            OrderBroken: One was not.
        """
        wanted = Selector() if other is None else _selector_of(other)
        if not criteria and other is None:
            raise UsageError(
                "triggered_by() needs to be told by what: triggered_by(agent='planner')"
            )
        return ordering.triggered(
            self._source(), self._selector, wanted.and_also(**_plain(criteria))
        )

    # -- how much ---------------------------------------------------------------------------------
    def within_budget(self, budget: Budget | None = None, **limits: Any) -> Selection:  # noqa: ANN401 - limits are of many types
        """Assert that they, and all inside them, stay within a budget.

        Args:
            budget: The budget; or say its limits: `within_budget(usd=0.05, llm_calls=3)`.
            limits: As of `Budget`.

        Raises:
            BudgetBroken: More was used; the message lists the spans that spent it.
            UsageUnknown: A model call does not say what it used.
            PriceUnknown: Nobody knows what a model costs.
            NothingToCompare: A limit is relative to the golden, and there is none.
            UsageError: A limit is none, or nothing is limited.
        """
        whole = Budget.of(limits).over(budget)
        if not whole.limits() and not whole.per_agent:
            raise UsageError("a budget of nothing: within_budget(usd=0.05)")
        budgeting.hold(self._source(), self._selector, whole)
        return self

    def _some(self) -> tuple[Span, ...]:
        fitting = Fitting(self._source(), self._selector)
        return fitting.spans() or telling_selections.refuse_none(fitting, self._selector)

    def _count(self, is_right: Callable[[int], bool], wanted: str) -> Selection:
        found = self._some()
        if not is_right(len(found)):
            raise telling_selections.count(self._selector, wanted, found)
        return Selection(self._source, self._selector, counted=True)

    def _having(self, more: dict[str, Any]) -> Selection:
        narrower = Selection(self._source, self._selector.and_also(**more), counted=self._counted)
        counted = self._some() if self._counted else ()
        fitting = Fitting(self._source(), narrower.selector)
        having = fitting.spans()
        if self._counted and len(having) < len(counted):
            raise telling_selections.not_all(narrower.selector, fitting, counted)
        if not having:
            never = f"agent_trace.select({narrower}).never()"
            telling_selections.refuse_none(fitting, narrower.selector, never)
        return narrower

    def _related(self, relation: str, criteria: dict[str, Any]) -> Selection:
        return Selection(
            self._source, Selector().and_also(**{relation: self._selector, **_plain(criteria)})
        )


def _selector_of(other: Selection | Span) -> Selector:
    if isinstance(other, Span):
        return Selector(id=other.id)
    if isinstance(other, Selection):
        return other.selector
    raise UsageError(f"{other!r} is neither spans of a run nor a span")


def _plain(criteria: dict[str, Any]) -> dict[str, Any]:
    """Criteria with selections as their selectors, and kinds as texts."""
    return {
        name: _selector_of(value)
        if name in RELATIONS and isinstance(value, Selection | Span)
        else value.value
        if isinstance(value, SpanKind)
        else value
        for name, value in criteria.items()
    }

"""Selecting: what a test asks of the spans and events of its run, and of what it used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_agenttrace.last_run import OfTheLastRun

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from agenttrace.analysis.lineage import Lineage
    from agenttrace.check.budget import Budget
    from agenttrace.check.events import Events
    from agenttrace.check.select import Selection
    from agenttrace.model.span import Span


class Selects(OfTheLastRun):
    """What has the trace of a run, and gives parts of it to assert on."""

    _spans: Selection | None = None

    @property
    def spans(self) -> Selection:
        """The spans of the last run, in causal order; called, those that fit: `spans(kind="llm")`.

        What it has, the selections below have as well.
        """
        if self._spans is None:
            from agenttrace.analysis.selecting import spans_as_they_come

            self._spans = spans_as_they_come(
                lambda: self.trace, lambda: self._held_against, lambda: self._time
            )
        return self._spans

    def select(self, selector: Mapping[str, Any]) -> Selection:
        """The spans that a plain dict means: `{"kind": "tool", "name": "pay"}`.

        Raises:
            UsageError: The dict has a criterion that there is not; or it is no dict.
        """
        from agenttrace.check.given import table

        return self.spans(**table("select", selector, example='{"kind": "tool"}'))

    def tool(self, name: str, **criteria: Any) -> Selection:  # noqa: ANN401 - criteria are of many types
        """The calls of one tool, by its name or wildcards: `tool("pay").once().with_args(...)`."""
        return self.spans.tool(name, **criteria)

    @property
    def tools(self) -> Selection:
        """All tool calls: `tools.in_order("look_up_order", "pay")`."""
        return self.spans.tools

    @property
    def llm_calls(self) -> Selection:
        """All model calls."""
        return self.spans.llm_calls

    def agent(self, name: str) -> Selection:
        """All that one agent did, by its id or name."""
        return self.spans.agent(name)

    def events(self, name: str | None = None) -> Events:
        """The events of the run, all or those of a name: `events("reflection").once()`."""
        return self.spans.events(name)

    def lineage(self, output: Selection | Span) -> Lineage:
        """How an output came about, as data, and printed as text: prompts, decisions, results.

        Args:
            output: A span, or a selection, of which the last one is meant.

        Raises:
            NothingSelected: The selection means none.
            UsageError: It is neither.
        """
        from agenttrace.analysis.lineage import lineage
        from agenttrace.check.pointing import span_meant

        return lineage(self.trace, span_meant(output, "lineage"))

    def assert_within_budget(self, budget: Budget | None = None, **limits: Any) -> None:  # noqa: ANN401 - as above
        """Fail if the last run used more than this: `assert_within_budget(usd=0.05, steps="+5%")`.

        Args:
            budget: The budget; or its limits.
            limits: As of `agenttrace.check.budget.Budget`.

        Raises:
            BudgetBroken: It did; the message lists the spans that spent it.
            UsageUnknown: A model call does not say what it used.
            PriceUnknown: Nobody knows what a model costs.
            NothingToCompare: A limit is relative to the golden, and there is none.
        """
        self.spans.within_budget(budget, **limits)

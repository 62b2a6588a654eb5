"""Right uses of selections and budgets pass mypy as they stand; wrong ones are marked as such."""

from agenttrace.analysis.lineage import Lineage, lineage
from agenttrace.analysis.selecting import spans_of
from agenttrace.check.budget import Budget
from agenttrace.check.select import Selection
from agenttrace.model.span import Span
from agenttrace.model.trace import Trace
from agenttrace.model.values import Value
from agenttrace.testing import recorded


def asked(trace: Trace) -> None:
    """What is asserted can be chained, and stands after `assert`."""
    spans: Selection = spans_of(trace, {"kind": "tool"})
    pays = spans.tool("pay").once().with_args(amount=5).returned(None)
    assert pays.happens_before(spans.llm_calls)
    assert spans.never()
    first: Span = pays[0]
    value: Value = first.question
    pays.within_budget(Budget(usd=0.05, tokens={"gpt-*": 8000}), steps="+5%")
    told: Lineage = lineage(trace, first)
    assert told.steps or value


def wrong(trace: Trace) -> None:
    """What cannot be meant is refused before it runs."""
    spans_of(trace).never().once()  # type: ignore[attr-defined]
    spans_of(trace).times("twice")  # type: ignore[arg-type]
    Budget(dollars=5)  # type: ignore[call-arg]
    spans_of(trace).happens_before("pay")  # type: ignore[arg-type]


def right() -> None:
    """A block's own trace."""
    with recorded() as run:
        pass
    trace: Trace = run.trace
    asked(trace)

"""Data: what a page shows, packed: goldens as they are on disk, and what is worked out beside them.

A browser reads goldens by the same tables as we do; they travel with the page. What it cannot know
comes along: the order of reading, what models were asked and said in whatever language, what calls
cost, what the analyses say of a team, and how two traces correspond.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from agenttrace.analysis.answers import Analysis
from agenttrace.causal.nesting import nested
from agenttrace.causal.ragged import raggedness
from agenttrace.causal.sequence import in_causal_order
from agenttrace.formats import native
from agenttrace.formats.schema import CONTENT, NEEDED, RAGGED
from agenttrace.model.collector import resting
from agenttrace.model.difference import Difference
from agenttrace.model.span import SpanKind
from agenttrace.model.trace import Trace
from agenttrace.report.html.compared import compared
from agenttrace.report.html.said import said
from agenttrace.report.html.team import steps, team

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agenttrace.analysis.costs import Costs

PAGE = 1
"""The version of what is packed; the scripts of the same release read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One run on a page, alone or beside its golden.

    Attributes:
        title: What it is called: a file, a test.
        trace: The run.
        golden: What it is held against; None: nothing.
        label: What the run is called beside the golden.
        golden_label: What the golden is called.
        differences: What differs, as `check.diff` lists it.
        outcome: What became of it, in a word; empty: nobody said.
        notes: What a person should read first, a paragraph each: the errors of a test that failed.
    """

    title: str
    trace: Trace
    golden: Trace | None = None
    label: str = "this run"
    golden_label: str = "golden"
    differences: tuple[Difference, ...] = ()
    outcome: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A run that is ready for a page, in bytes that go from process to process.

    Attributes:
        title: What it is called.
        outcome: What became of it, in a word.
        data: All that the page shows of it.
    """

    title: str
    outcome: str
    data: bytes


def packed(shown: Shown) -> Packed:
    """Pack a run.

    Raises:
        NotCanonical: A trace holds what no golden can keep.
    """
    with resting():
        data = _packed(_run(shown))
    return Packed(title=_text(shown.title), outcome=shown.outcome, data=data)


def document(runs: Iterable[Packed], said: str = "") -> bytes:
    """Pack everything that a page shows; a browser unpacks only the run that is looked at.

    Args:
        runs: The runs.
        said: What is said of all of them; alone where there are none.
    """
    told = [[one.title, one.outcome, one.data] for one in runs]
    return _packed({"page": PAGE, "tables": tables(), "said": _text(said), "runs": told})


def _packed(value: object) -> bytes:
    import msgpack

    packed: bytes = msgpack.packb(value, use_bin_type=True)
    return packed


def _text(text: str) -> str:
    """The text without halves of surrogate pairs, which no wire carries."""
    return text.encode("utf-8", "backslashreplace").decode()


@cache
def tables() -> dict[str, dict[str, list[Any]]]:
    """The tables of a golden, by name: each column's kind and default."""
    return {
        table.name: {
            column.name: [column.kind, None if column.default is NEEDED else column.default]
            for column in table.columns
        }
        for table in (*CONTENT, *RAGGED[len(CONTENT) - 1 :])
    }


def _run(one: Shown) -> dict[str, Any]:
    traces = [_trace(one.trace, one.label)]
    run: dict[str, Any] = {"notes": list(map(_text, one.notes))}
    if one.golden is not None:
        traces.insert(0, _trace(one.golden, one.golden_label))
        rows = rows_of(one.golden), rows_of(one.trace)
        run |= compared(one.golden, one.trace, one.differences, rows)
    return {**run, "traces": traces}


def _trace(trace: Trace, label: str) -> dict[str, Any]:
    trace = in_causal_order(trace)
    rows, analysis = _rows(trace), Analysis(trace)
    return {
        "label": _text(label),
        "golden": native.write(trace),
        "order": steps([rows[span.id] for span, _ in nested(trace)]),
        "late": _late(trace, rows),
        "said": said((rows[span.id], span) for span in trace.spans if span.kind is SpanKind.LLM),
        "costs": _costs(analysis.costs, rows),
        "team": team(analysis, rows),
    }


def rows_of(trace: Trace) -> dict[str, int]:
    """Each span's row in the golden's tables: content's first, then what chance may cut short."""
    return _rows(in_causal_order(trace))


def _rows(ordered: Trace) -> dict[str, int]:
    ragged = raggedness(ordered.lanes)
    kept: list[str] = []
    late: list[str] = []
    for span in ordered.spans:
        (late if ragged(span.lane) else kept).append(span.id)
    return {span: row for row, span in enumerate((*kept, *late))}


def _late(trace: Trace, rows: Mapping[str, int]) -> list[list[Any]]:
    """Ids and rows of what chance may cut short: what is sure to be there names it by its id."""
    ragged = raggedness(trace.lanes)
    late = [span.id for span in trace.spans if ragged(span.lane)]
    return [[bytes.fromhex(span) for span in late], [rows[span] for span in late]]


def _costs(costs: Costs, rows: Mapping[str, int]) -> list[list[Any]]:
    """What calls cost in USD, where it is known: rows, then amounts as decimals."""
    found = [
        (rows[span.id], f"{cost:f}")
        for span in costs.calls
        if (cost := costs.of_call(span)) is not None
    ]
    return [[row for row, _ in found], [cost for _, cost in found]]

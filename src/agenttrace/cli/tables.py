"""Tables: a trace at a glance, as a tree, a waterfall or a bill, in 80 columns.

Nothing is said by colour alone: every colour stands beside a word or a pattern, and is one of those
that people with any colour vision tell apart ("Color Universal Design", Okabe and Ito, 2008).
Piped, the same text comes without colour.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agenttrace.analysis.costs import Costs
from agenttrace.check.fitting import called
from agenttrace.check.sides import cut, safe
from agenttrace.cli import words
from agenttrace.model import amounts
from agenttrace.model.span import OK, UNSET, SpanKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agenttrace.analysis.costs import Cost
    from agenttrace.analysis.lifetimes import Split
    from agenttrace.cli.span_text import SpanText
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace

_STYLES = {
    SpanKind.LLM: "#56b4e9",
    SpanKind.TOOL: "#e69f00",
    SpanKind.AGENT: "bold #009e73",
    SpanKind.MESSAGE: "#cc79a7",
    SpanKind.RETRIEVAL: "#f0e442",
}
_WRONG = "bold #d55e00"
_BARS = {SpanKind.LLM: "█", SpanKind.TOOL: "▓", SpanKind.RETRIEVAL: "▓", SpanKind.MESSAGE: "▒"}
_PLAIN_BARS = {"█": "#", "▓": "=", "▒": "~", "░": "-"}
_BAR = 30
_DEEPEST = 12
"""How many levels a tree is indented; deeper ones say how deep they are."""


def tree(trace: Trace, page: SpanText) -> None:
    """Print every span under the one it happened inside: what it was, how long, how much."""
    costs = Costs(trace)
    table = _table("#", "span", "took", "tokens", "cost")
    for span, depth in page.tree:
        used = span.usage.tokens.total if span.usage is not None and span.usage.models else None
        paid = costs.of_usage(span)
        table.add_row(
            str(page.numbers[span.id]),
            _named(span, depth),
            amounts.duration(span.end_ns - span.start_ns) if page.is_timed else "",
            "" if used is None else f"{used:,}",
            "" if paid is None else _rounded(paid),
        )
    _print(table)


def waterfall(trace: Trace, page: SpanText) -> None:
    """Print when each span ran, as bars on one scale; a trace without times is told by steps."""
    timed = any(span.end_ns > span.start_ns for span in trace.spans)
    begins = {it.id: it.start_ns if timed else it.seq for it in trace.spans}
    ends = {it.id: it.end_ns if timed else max(it.seq, it.end_seq) + 1 for it in trace.spans}
    first, last = min(begins.values(), default=0), max(ends.values(), default=1)
    console = _console()
    table = _table("#", "span", "when", "took" if timed else "steps")
    for span, depth in page.tree:
        bar = _bar(span, begins[span.id] - first, ends[span.id] - first, max(1, last - first))
        took = span.end_ns - span.start_ns
        steps = ends[span.id] - begins[span.id]
        table.add_row(
            str(page.numbers[span.id]),
            _named(span, depth, short=True),
            Text(_writable(bar, console), style=_STYLES.get(span.kind, "")),
            amounts.duration(took) if timed else str(steps),
        )
    console.print(table)
    whole = (
        amounts.duration(last - first)
        if timed
        else f"{amounts.counted(last - first, 'step')}; it has no times"
    )
    marks = ("█ model", "▓ tool", "▒ message", "░ other")
    console.print(Text(_writable("  ".join([*marks, f"in all {whole}"]), console)))


def usage(trace: Trace) -> None:
    """Print what was used, by model, agent and tool; a price that nobody knows is no 0."""
    found = Costs(trace)
    agents, tools = defaultdict(list), defaultdict(list)
    for span in trace.spans:
        if span.kind in (SpanKind.TOOL, SpanKind.RETRIEVAL):
            tools[span.operation or span.name].append(span)
        if span.kind in (SpanKind.LLM, SpanKind.TOOL, SpanKind.RETRIEVAL):
            agents[span.agent or "(nobody)"].append(span)
    console = _console()
    for title, groups in (
        ("model", {name or "(not said)": cost for name, cost in found.by("model").items()}),
        ("agent", {name: found.of(spans) for name, spans in agents.items()}),
        ("tool", {name: found.of(spans) for name, spans in tools.items()}),
    ):
        if groups:
            console.print(_bill(title, groups))
            console.print()
    whole = found.total
    calls = amounts.counted(whole.llm_calls + whole.tool_calls, "call")
    said = [calls, words.total(whole), _paid(whole)]
    console.print(Text(f"in all {', '.join(one for one in said if one)}"), soft_wrap=True)


def costs(title: str, rows: Iterable[tuple[str, int, Cost]]) -> None:
    """Print what was used, a row a part: its name, of how many traces, and its cost."""
    table = _table(title, "traces", "models", "tools", "in", "out", "cost", "took", first_wide=True)
    for name, traces, cost in rows:
        known, at_least = cost.known_tokens, _at_least(cost)
        table.add_row(
            Text(cut(safe(name), 34)),
            f"{traces:,}",
            f"{cost.llm_calls:,}",
            f"{cost.tool_calls:,}",
            f"{known.input:,}{at_least}",
            f"{known.output:,}{at_least}",
            words.money(_money(cost)) if _is_priced(cost) else "",
            "" if cost.took_ns is None else amounts.duration(cost.took_ns),
        )
    table.columns[-1].justify = "left"
    _print(table)


def _at_least(cost: Cost) -> str:
    """The sign of a number that not all calls say."""
    return "" if cost.tokens is not None else "+"


def _is_priced(cost: Cost) -> bool:
    """Whether anything is said to cost anything, or would be, were it known."""
    return bool(cost.llm_calls) or cost.usd is None or cost.tool_usd is not None


def _money(cost: Cost) -> Decimal | None:
    """What models and tools cost together; None: of a model it is not known."""
    return None if cost.usd is None else cost.usd + (cost.tool_usd or Decimal())


def times(rows: Iterable[tuple[str, Split, int]], path_ns: int) -> None:
    """Print what agents' time was spent on, a row an agent: its name, the split, on the path."""
    table = _table(
        "agent", "lives", "reasoning", "tool", "waiting", "idle", "on path", first_wide=True
    )
    for name, split, on_path_ns in rows:
        parts = (split.reasoning_ns, split.tool_ns, split.waiting_ns, split.idle_ns)
        table.add_row(
            Text(cut(safe(name), 34)),
            amounts.duration(split.total_ns),
            *map(amounts.duration, parts),
            f"{on_path_ns / path_ns:.1%}" if path_ns else "",
        )
    _print(table)


def _bill(title: str, groups: Mapping[str, Cost]) -> Table:
    table = _table(title, "calls", "in", "cached", "out", "cost", first_wide=True)
    for name, cost in sorted(groups.items()):
        tokens, at_least = cost.known_tokens, _at_least(cost)
        is_tool = title == "tool"
        table.add_row(
            Text(cut(safe(name), 34)),
            str(cost.llm_calls + cost.tool_calls),
            *(
                "" if is_tool else f"{count:,}{at_least}"
                for count in (tokens.input, tokens.cache_read, tokens.output)
            ),
            _paid(cost),
        )
    return table


def _paid(cost: Cost) -> str:
    """What calls cost; nothing where nothing has a price."""
    if not _is_priced(cost):
        return ""
    money = _money(cost)
    return "cost not known" if money is None else _rounded(money)


def _rounded(money: Decimal) -> str:
    return f"${money:.6f}".rstrip("0").rstrip(".") if money else "$0"


def _named(span: Span, depth: int, *, short: bool = False) -> Text:
    indent = "  " * min(depth, _DEEPEST) + (f"({depth}) " if depth > _DEEPEST else "")
    text = Text(indent, no_wrap=True, overflow="ellipsis")
    text.append(f"{span.kind.value} ", style=_STYLES.get(span.kind, ""))
    text.append(safe(cut(span.name, 60)) if short else called(span))
    if span.status.code not in (OK, UNSET):
        text.append(f" {cut(safe(span.status.code), 30)}", style=_WRONG)
    if not short and span.agent is not None and span.kind is not SpanKind.AGENT:
        text.append(f" by {cut(safe(span.agent), 30)}", style="dim")
    return text


def _bar(span: Span, begin: int, end: int, whole: int) -> str:
    left = begin * _BAR // whole
    right = max(left + 1, -(-end * _BAR // whole))
    return " " * min(left, _BAR - 1) + _BARS.get(span.kind, "░") * max(1, min(right, _BAR) - left)


def _writable(text: str, console: Console) -> str:
    """The text in signs that the terminal's encoding has."""
    if console.encoding.lower().startswith("utf"):
        return text
    return "".join(_PLAIN_BARS.get(sign, sign) for sign in text)


def _table(*columns: str, first_wide: bool = False) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", pad_edge=False)
    for number, name in enumerate(columns):
        wide = name == "span" or (first_wide and number == 0)
        table.add_column(
            name,
            no_wrap=True,
            overflow="ellipsis",
            justify="left" if wide or name == "when" else "right",
            ratio=1 if name == "span" else None,
            min_width=_BAR if name == "when" else None,
        )
    table.expand = "span" in columns
    return table


def _console() -> Console:
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)


def _print(table: Table) -> None:
    _console().print(table)

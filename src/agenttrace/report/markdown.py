"""Markdown: a session's runs for a comment or a step's summary; what fails first, and bounded.

Written for GitHub Flavored Markdown, and read likewise by GitLab. Whatever comes from a trace
stands in code, where nothing of it is a link, an image, a mention or HTML.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from agenttrace.model import amounts
from agenttrace.report.entry import counted, worst_first
from agenttrace.report.harmless import block, code, line, lines
from agenttrace.report.text import calls, outcomes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agenttrace.report.entry import Change, Entry, Problem

LONGEST = 60_000
"""How many characters a report has, at most; a comment on GitHub has 65,536."""

_ROOM = 400
"""What is kept free for the last lines."""

MOST = 10
"""How many differences of one run are shown; it says how many more there are."""

_WIDE = 160
_LONGEST_BLOCK = 60


def render(entries: Sequence[Entry]) -> str:
    """Give a report as Markdown, at most `LONGEST` characters of it."""
    ordered = worst_first(entries)
    head = "\n".join(_head(ordered))
    news = [one for one in ordered if _has_news(one)]
    return bounded(head, ("\n".join(_run(one)) for one in news), len(news), "run")


def bounded(head: str, sections: Iterable[str], count: int, word: str, tail: str = "") -> str:
    """Join a head and its sections, as many of them as there is room for; say how many are not.

    Args:
        head: What stands first, whatever comes.
        sections: The rest, the worst first; no more of them are made than are looked at.
        count: How many there are.
        word: What a section is of.
        tail: What stands last, whatever comes.
    """
    told, room = [head], LONGEST - _ROOM - len(head) - len(tail)
    for nth, section in enumerate(sections):
        if len(section) + 2 > room:
            left = count - nth
            told.append(f"… and {amounts.counted(left, f'more {word}')}, in the JSON report.")
            break
        told.append(section)
        room -= len(section) + 2
    return "\n\n".join([*told, tail] if tail else told) + "\n"


def _has_news(entry: Entry) -> bool:
    return bool(not entry.passed or entry.warnings or entry.unused or entry.differences)


def _head(ordered: Sequence[Entry]) -> Iterator[str]:
    yield f"## agenttrace: {counted(ordered)}"
    if not ordered:
        return
    sums: Counter[str] = Counter()
    for one in ordered:
        sums.update(one.calls)
    yield ""
    yield f"{outcomes(Counter(one.outcome for one in ordered))}; calls: {calls(sums)}"


def _run(entry: Entry) -> Iterator[str]:
    yield f"### {entry.outcome}: {code(entry.run, _WIDE)}"
    yield ""
    yield f"calls: {calls(Counter(entry.calls))}{_golden(entry)}"
    for nth, problem in enumerate(entry.problems):
        yield from _problem(entry, problem)
        if nth == 0 or not entry.causes:
            yield from _detail(problem, whole=not entry.causes)
    for one in entry.causes[:MOST]:
        yield from _difference(one)
    if (more := len(entry.causes) - MOST + entry.more) > 0:
        yield ""
        yield f"… and {amounts.counted(more, 'more difference')}, in the JSON report."
    if entry.unused:
        yield ""
        yield "Recorded answers that nobody asked for:"
        yield ""
        for left in entry.unused[:MOST]:
            yield f"- call {left.call}, {code(left.title, _WIDE)}"
        if len(entry.unused) > MOST:
            yield f"- … and {len(entry.unused) - MOST} more"
    for warning in entry.warnings[:MOST]:
        yield ""
        yield f"Warning: {code(warning)}"


def _golden(entry: Entry) -> str:
    found = f"; golden {code(entry.golden, _WIDE)}" if entry.golden else ""
    return found + (f"; this run {code(entry.pending, _WIDE)}" if entry.pending else "")


def _problem(entry: Entry, problem: Problem) -> Iterator[str]:
    yield ""
    yield f"{code(problem.headline.removeprefix(f'{entry.run}: '))} ({code(problem.slug)})"


def _detail(problem: Problem, *, whole: bool) -> Iterator[str]:
    """Say the rest of an error: all of it, or where its differences follow, only the way on."""
    detail = lines(problem.detail) if problem.detail else []
    if not whole:
        detail = _way_on(detail)
    if len(detail) > _LONGEST_BLOCK:
        detail = [
            *detail[:_LONGEST_BLOCK],
            f"… and {amounts.counted(len(detail) - _LONGEST_BLOCK, 'more line')}",
        ]
    if detail:
        yield ""
        yield block(detail, "text")


def _way_on(detail: list[str]) -> list[str]:
    """The last part of what an error says: the commands that go on from here."""
    last = max((nth for nth, one in enumerate(detail) if not one.strip()), default=-1)
    return detail[last + 1 :]


def _difference(one: Change) -> Iterator[str]:
    follow = one.consequences
    also = f", and {follow} that follow{'s' if follow == 1 else ''}" if follow else ""
    yield ""
    yield f"**{one.kind}** {code(one.title, _WIDE)}: {one.what} at {code(one.place, _WIDE)}{also}"
    told = []
    at = f"{one.path} = " if one.path else ""
    if one.golden is not None:
        told.append(line(f"- golden    {at}{one.golden}"))
    if one.run is not None:
        told.append(line(f"+ this run  {at}{one.run}"))
    if told:
        yield ""
        yield block(told, "diff")

"""Session: the page of a session of tests, with the runs that failed beside their goldens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.report.entry import counted, worst_first
from agenttrace.report.html.data import Packed
from agenttrace.report.html.page import page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenttrace.report.entry import Entry


def render(entries: Sequence[Entry]) -> str:
    """Give a report as a page: the runs of tests that failed, the gravest first."""
    runs = [
        Packed(title=one.run, outcome=one.outcome, data=one.page)
        for one in worst_first(entries)
        if one.page
    ]
    said = counted(entries)
    return page(runs, title=f"{said} · agenttrace", said=f"{said[:1].upper()}{said[1:]}.")

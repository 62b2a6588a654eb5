"""Notebook: a trace as the output of a cell, in a frame that can reach nothing around it."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from agenttrace.errors import NotCanonical
from agenttrace.report.html.data import Shown, packed
from agenttrace.report.html.page import page

if TYPE_CHECKING:
    from agenttrace.model.trace import Trace

MOST_SPANS = 20_000
"""A longer trace is named in the cell, and not shown."""

MOST_BYTES = 4_000_000
"""A notebook keeps its outputs: a larger page is named in the cell, and not shown."""

_HEIGHT = 520


def frame(trace: Trace) -> str:
    """Give a trace as HTML for a notebook: its page in a frame, or, if it is large, a sentence."""
    try:
        text = _page(trace) if len(trace.spans) <= MOST_SPANS else None
    except NotCanonical as problem:
        return f"<p>{html.escape(str(problem))}</p>"
    if text is None or len(text) > MOST_BYTES:
        return (
            f"<p><b>{html.escape(trace.name)}</b>: {len(trace.spans)} spans, too many to keep in a "
            "notebook. Write it to a file, and look at it with <code>agenttrace view</code>.</p>"
        )
    return (
        f'<iframe sandbox="allow-scripts" title="trace {html.escape(trace.name)}" '
        f'width="100%" height="{_HEIGHT}" style="border: 1px solid #888" '
        f'srcdoc="{html.escape(text)}"></iframe>'
    )


def _page(trace: Trace) -> str:
    return page([packed(Shown(title=trace.name, trace=trace, label="trace"))], title=trace.name)

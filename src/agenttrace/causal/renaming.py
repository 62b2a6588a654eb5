"""Renaming: a trace under another run's name, so that a run can be held against it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agenttrace.causal.position import span_id, trace_id

if TYPE_CHECKING:
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace


def renamed(trace: Trace, name: str) -> Trace:
    """Give a recording as if the run of another name had made it.

    A run's ids are made from its name, so a golden that one test recorded and another one replays
    would differ from the replay in every one of them.
    """
    if trace.name == name:
        return trace
    ids = {span.id: span_id(name, span.position) for span in trace.spans}
    if len(set(ids.values())) < len(ids):  # foreign spans, which stand nowhere
        return trace

    def moved(span: Span) -> Span:
        return replace(
            span,
            id=ids[span.id],
            name=name if span.position == () else span.name,
            parent=None if span.parent is None else ids.get(span.parent, span.parent),
            links=tuple(
                link
                if link.trace is not None
                else replace(link, span=ids.get(link.span, link.span))
                for link in span.links
            ),
        )

    return replace(
        trace,
        id=trace_id(name),
        name=name,
        spans=tuple(map(moved, trace.spans)),
        snapshots=tuple(
            shot if shot.span is None else replace(shot, span=ids.get(shot.span, shot.span))
            for shot in trace.snapshots
        ),
    )

"""`agenttrace show`: a trace as text, for a person who wants to know what happened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from agenttrace.cli.gating import BASE, is_id
from agenttrace.cli.one_of import one_of

if TYPE_CHECKING:
    from agenttrace.cli.span_text import SpanText
    from agenttrace.model.trace import Trace


@click.command("show")
@click.argument(
    "trace",
    metavar="TRACE|ID",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
)
@click.option(
    "--view",
    type=click.Choice(["page", "tree", "waterfall", "usage", "work", "cascade"]),
    default="page",
    show_default=True,
    help="All there is; a line a span; when each ran; what was used; how work was placed; "
    "where failures began.",
)
@click.option("--agent", metavar="NAME", help="The whole story of one agent; wildcards.")
@click.option("--why", metavar="SPAN", help="How the output of one span came about: #4, or a name.")
@click.option(
    "--at", metavar="SPAN", help="What every agent knew and wanted when a span had ended."
)
@click.option("--trace", "trace_id", metavar="ID", help="Which one, of a file with several traces.")
@BASE
def command(
    trace: Path,
    view: str,
    agent: str | None,
    why: str | None,
    at: str | None,
    trace_id: str | None,
    base: str,
) -> None:
    """Show what a run did: its agents, lanes, spans, states and costs.

    TRACE is a golden (.trace), the journal of a run that did not end, or a trace of another
    system: OTLP JSON, Jaeger JSON, dumps of OpenTelemetry spans, chat logs; - is stdin.

    ID is a finding of `agenttrace gate`, or the beginning of one: both sides and all that follows.

    Exit codes: 0 shown, 2 usage, 4 it could not be read.
    """
    from agenttrace.cli.span_text import SpanText

    one_of("view", "agent", "why", "at")
    if str(trace) != "-" and not trace.exists():
        if not is_id(str(trace)):
            raise click.BadParameter(f"there is no file {str(trace)!r}", param_hint="TRACE")
        _finding(str(trace), base)
        return
    from agenttrace.formats.files import trace_at

    found, written_in = trace_at(trace, trace_id)
    page = SpanText(found)
    if why is not None:
        from agenttrace.analysis.lineage import lineage

        click.echo("\n".join(lineage(found, page.meant(why)).lines(page.numbers)))
    elif at is not None:
        from agenttrace.cli.trace_text import told_at

        click.echo("\n".join(told_at(found, page.meant(at))))
    elif agent is not None:
        from agenttrace.cli import story

        click.echo("\n".join(story.told(found, page, agent)))
    else:
        _view(view, found, page, written_in)


def _view(view: str, found: Trace, page: SpanText, written_in: str) -> None:
    if view == "page":
        from agenttrace.cli.trace_text import told

        click.echo("\n".join(told(found, written_in)))
    elif view == "work":
        from agenttrace.cli import work_text

        click.echo("\n".join(work_text.told(found)))
    elif view == "cascade":
        from agenttrace.cli import cascade_text

        click.echo("\n".join(cascade_text.told(found, page.numbers)))
    else:
        from agenttrace.cli import tables

        if view == "tree":
            tables.tree(found, page)
        elif view == "waterfall":
            tables.waterfall(found, page)
        else:
            tables.usage(found)


def _finding(name: str, base: str) -> None:
    from agenttrace.cli.diff_text import Page
    from agenttrace.cli.gate_text import GatePage
    from agenttrace.cli.gating import compared, finding

    one = finding(compared(base, here=True), name)
    GatePage(base=base).finding(one)
    if one.difference is not None and one.consequences:
        Page().differences((one.difference, *one.consequences), everything=True)

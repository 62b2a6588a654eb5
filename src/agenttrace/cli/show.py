"""`agenttrace show`: a trace as text, for a person who wants to know what happened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from agenttrace.model.trace import Trace

_HEAD_BYTES = 4096


@click.command("show")
@click.argument(
    "trace",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
)
@click.option("--why", metavar="SPAN", help="How the output of one span came about: #4, or a name.")
def command(trace: Path, why: str | None) -> None:
    """Show what a run did: its agents, lanes, spans, states and costs.

    TRACE is a golden (.trace) or the journal of a run that did not end; - is stdin.

    Exit codes: 0 shown, 2 usage, 4 it could not be read.
    """
    found, written_in = read(trace)
    if why is not None:
        from agenttrace.analysis.lineage import lineage
        from agenttrace.cli.span_text import SpanText

        page = SpanText(found)
        lines = lineage(found, page.meant(why)).lines(page.numbers)
    else:
        from agenttrace.cli.trace_text import told

        lines = told(found, written_in)
    click.echo("\n".join(lines))


def read(path: Path) -> tuple[Trace, str]:
    """Read a trace in whatever format it is in; give the format's name and schema, too.

    Raises:
        AgentTraceError: It is in no format that we know, or is damaged.
    """
    from agenttrace.formats.catalog import codec_for

    name = "stdin" if str(path) == "-" else str(path)
    with click.open_file(str(path), "rb") as file:
        data: bytes = file.read()
    codec = codec_for(path=name, head=data[:_HEAD_BYTES])
    if codec.name != "native":
        return codec.read(data), codec.name
    from agenttrace.formats.native import read_lazy

    golden = read_lazy(data, name=name)
    return golden.trace(), f"golden, schema {golden.schema}"

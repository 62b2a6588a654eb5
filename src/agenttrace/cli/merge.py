"""`agenttrace merge`: the journals of a run's processes, put together into one trace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from agenttrace.model import amounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.formats.merge import Part
    from agenttrace.model.trace import Trace


@click.command("merge")
@click.argument(
    "journals",
    metavar="JOURNAL...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the trace here, and its outline beside it; without this, show it.",
)
def command(journals: tuple[Path, ...], output: Path | None) -> None:
    """Put the journals of one run's processes and hosts together into one trace.

    JOURNAL is a journal, or a folder of journals; their order and their clocks do not matter. A
    process that was begun and left no journal is named, and is a hole in the trace.

    Exit codes: 0 merged, 2 usage (journals of several runs, two of one process), 4 one could not be
    read.
    """
    from agenttrace.cli.trace_text import told
    from agenttrace.formats import merge
    from agenttrace.redact import numbered

    parts = [merge.part(path.read_bytes(), name=str(path)) for path in _files(journals)]
    trace = numbered(merge.merge(parts))
    if output is None:
        click.echo("\n".join(told(trace, f"merged from {amounts.counted(len(parts), 'journal')}")))
    else:
        from agenttrace.golden import store

        store.save(output, trace)
        calls = amounts.counted(len(trace.calls), "call")
        click.echo(f"merged  {amounts.counted(len(parts), 'journal')}, {calls}: {output}")
    for line in _unwhole(trace, parts):
        click.echo(line, err=True)


def _files(paths: tuple[Path, ...]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            found = sorted(path.rglob("*.journal"))
            if not found:
                raise click.UsageError(f"{path} holds no journal")
            yield from found
        else:
            yield path


def _unwhole(trace: Trace, parts: list[Part]) -> Iterator[str]:
    from agenttrace.check.sides import safe
    from agenttrace.formats import merge
    from agenttrace.model.lane import text_of

    told = {part.began.lane: part for part in parts}
    for lane in merge.holes(trace):
        if lane.path[-1:] != () and lane.path[-1].kind != "process":
            continue  # it is the hole of the process that it ran in
        if lane.path not in told:
            yield safe(f"hole    {text_of(lane.path)}: it has no journal here")
    for part in parts:
        if not part.ended:
            yield safe(f"cut     {text_of(part.began.lane)}: {part.name} has no end")
        if part.stopped is not None:
            yield safe(f"stopped {text_of(part.began.lane)}: {part.stopped.headline}")

"""`agenttrace stats`: what traces used, and who talked to whom, over one file or a whole folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agenttrace.cli.folders import Files
from agenttrace.cli.one_of import one_of
from agenttrace.errors import UsageError

if TYPE_CHECKING:
    from agenttrace.analysis.stats import Stats


@click.command("stats")
@click.argument(
    "paths",
    metavar="PATH...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)
@click.option(
    "--by",
    metavar="WHAT",
    multiple=True,
    default=("agent",),
    show_default=True,
    help="agent, agent.type, agent.role, agent.name, task, model, tool, kind, status, "
    "coordination, or the name of an attribute.",
)
@click.option("--times", is_flag=True, help="What each agent's time was spent on, instead.")
@click.option(
    "--graph",
    type=click.Choice(["dot", "mermaid", "json"]),
    help="Who talked to whom, instead, for another program to draw.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="The same as JSON, schema agenttrace.stats/1."
)
def command(
    paths: tuple[Path, ...], by: tuple[str, ...], graph: str | None, *, times: bool, as_json: bool
) -> None:
    """Say what traces used, parted by agent, model, tool, or anything else.

    PATH is a trace in any format that `agenttrace formats` lists, or a folder of them. A number
    with a + is of those calls that say: others do not. Times are recorded ones, and what runs at
    once is added up.

    Exit codes: 0 shown, 2 usage, no trace was found, or no call has the attribute, 4 a trace could
    not be read; those of a folder that can be are shown.
    """
    from agenttrace.analysis import Analysis
    from agenttrace.analysis.stats import Stats

    one_of("by", "times", "graph")
    one_of("times", "graph", "as_json")
    if len(by) > 1:
        raise UsageError(f"each --by parts by something else: give one of {', '.join(by)}")
    stats = Stats(by[0])
    files = Files(paths)
    for trace in files.traces():
        analysis = Analysis(trace)
        if graph is not None:
            stats.add_graph(analysis)
        elif times:
            stats.add_times(analysis)
        stats.add(analysis)
    if not stats.traces and not files.unreadable:
        raise UsageError(f"no trace was found in {', '.join(map(str, paths))}")
    if (as_json or not times) and graph is None and not files.unreadable:
        stats.require_told()
    if graph is not None:
        told = stats.graph(graph)
        click.echo(told if isinstance(told, str) else json.dumps(told, indent=1))
    elif as_json:
        click.echo(json.dumps({**stats.as_dict(), **files.as_dict()}, indent=1))
    else:
        _print(stats, times=times)
    files.close()


def _print(stats: Stats, *, times: bool) -> None:
    from agenttrace.cli import tables, words

    if times and stats.lives:
        tables.times(stats.lives, stats.path_ns)
        told = ("not known" if one is None else f"{one:.1%}" for one in stats.coordination)
        click.echo("coordination: {} of tokens, {} of the critical path".format(*told))
    if times:
        for why in stats.unlived:
            click.echo(f"times: {why}")
    else:
        rows = [(name or "(not said)", count, cost) for name, count, cost in stats.rows]
        tables.costs(stats.by, [*rows, ("in all", stats.traces, stats.total)])
        if stats.again:
            named = words.line(", ".join(stats.again))
            click.echo(f"{named}: a name that began in several tasks; --by agent.name adds it up")
        for name, why in sorted(stats.total.unknown.items()):
            if name in ("tokens", "usd"):
                click.echo(f"{'cost' if name == 'usd' else name}: {words.line(why)}")

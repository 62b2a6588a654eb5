"""`agenttrace replay`: today's code, answered with what the world said in an incident."""

from __future__ import annotations

from pathlib import Path

import click

from agenttrace.cli.options import ENTRY, FROM, INPUT, OVERRIDE, SET, STATES_AS, STUB, TRACE


@click.command("replay")
@TRACE
@ENTRY
@INPUT
@SET
@OVERRIDE
@STUB
@click.option(
    "--match",
    type=click.Choice(["strict", "lenient"]),
    default="strict",
    show_default=True,
    help="Stop where the run departs; or lend it the likeliest answer, to see what follows.",
)
@FROM
@STATES_AS
@click.option("--until", metavar="#N", help="Stop at this call, before it is answered.")
@click.option("--fork-at", metavar="#N", help="From this call on the incident answers no more.")
@click.option("--live", is_flag=True, help="After the fork, ask the world: real calls, real costs.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Keep the run's trace."
)
def command(  # noqa: PLR0917 - click gives each option by its name
    trace: Path,
    entry: str,
    inputs: tuple[str, ...],
    named: tuple[str, ...],
    override: tuple[str, ...],
    stub: tuple[str, ...],
    match: str,
    start: str | None,
    states_as: str | None,
    until: str | None,
    fork_at: str | None,
    live: bool,
    output: Path | None,
) -> None:
    """Run today's code against what the world said in an incident, and show where it departs.

    TRACE is what production kept, in any format that `agenttrace show` reads. A call of today's
    code is answered with what the incident's like call was answered: the same agent, asking the
    same. Nothing is asked of any model or tool, unless --live says so. Calls are named by the
    numbers that `agenttrace show TRACE` prints.

    With --from the run goes on from a moment: what lies before it is answered by the incident
    alone, and must be asked as it was; what the agents know at the moment, by the states that they
    keep, must be what they knew. From there on --override, --stub and --match lenient hold. With
    --states-as your code begins at that moment itself, and is given the states.

    Exit codes: 0 it departs nowhere, 1 it departs or something is missing, 2 usage, 4 the trace
    could not be read.
    """
    from agenttrace.cli import incident
    from agenttrace.cli.entry import Input, called
    from agenttrace.errors import StoppedThere
    from agenttrace.formats import native
    from agenttrace.formats.files import trace_at
    from agenttrace.golden import store
    from agenttrace.session.rerun import rerun
    from agenttrace.session.starting import calls_of

    if live and fork_at is None:
        raise click.UsageError("--live needs --fork-at: the call from which the world answers")
    if states_as is not None and start is None:
        raise click.UsageError("--states-as needs --from: the moment at which your code begins")
    found, written_in = trace_at(trace)
    calls = calls_of(found)
    wishes = incident.wishes_of(
        calls,
        override,
        until=until,
        fork_at=fork_at,
        live=live,
        lend=match == "lenient",
        start=start,
        begins=states_as is not None,
    )
    given, stubs = Input.of(inputs, named), incident.stubs_of(stub)
    code = called(entry, incident.with_states(given, calls, wishes, states_as))
    click.echo("\n".join([*incident.head(str(trace), written_in, calls), *incident.at(wishes)]))
    became = rerun(calls, code, name=entry, wishes=wishes, stubs=stubs)
    click.echo("\n".join(incident.told(became, entry)))
    if output is not None:
        store.replace_all({output: native.write(became.trace)})
        click.echo(f"  trace     {output}")
    incident.require_questions(became, entry)
    if became.stopped is not None and not became.incident.departures:
        if isinstance(became.stopped, StoppedThere):
            click.echo(f"  stopped   {became.stopped.headline}")
            return
        raise became.stopped
    if became.departed:
        click.get_current_context().exit(1)

"""`agenttrace blame`: which failures of an incident vanish if one call is answered otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from agenttrace.cli.options import ENTRY, FROM, INPUT, OVERRIDE, SET, STUB, TRACE

if TYPE_CHECKING:
    from agenttrace.session.rerun import Rerun


@click.command("blame")
@TRACE
@ENTRY
@INPUT
@SET
@OVERRIDE
@STUB
@FROM
def command(
    trace: Path,
    entry: str,
    inputs: tuple[str, ...],
    named: tuple[str, ...],
    override: tuple[str, ...],
    stub: tuple[str, ...],
    start: str | None,
) -> None:
    """Run today's code against an incident twice, once with other answers; say what vanishes.

    Both runs are answered by the incident, and lent the likeliest answer where they depart from it,
    as `agenttrace replay --match lenient` does; nothing is asked of any model or tool. The second
    one is given your answers for the calls that --override names, by the numbers that
    `agenttrace show TRACE` prints. What vanishes does so under these answers: nothing is said of
    others, nor of who is to blame. A failure whose answer was lent is not known: another question
    was asked, and what --stub says answers that, in both runs. With --from both go on from a
    moment, as a replay does.

    Exit codes: 0 a failure vanished, 1 none did, or the run asked nothing, 2 usage, 4 the trace
    could not be read.
    """
    from agenttrace.cli import incident
    from agenttrace.cli.entry import Input, called
    from agenttrace.formats.files import trace_at
    from agenttrace.session.rerun import rerun
    from agenttrace.session.starting import calls_of

    if not override:
        raise click.UsageError("what should have been answered? --override '#N=VALUE'")
    calls = calls_of(trace_at(trace)[0])
    runs = []
    for wanted in ((), override):
        code = called(entry, Input.of(inputs, named))
        wishes = incident.wishes_of(calls, wanted, lend=True, start=start)
        became = rerun(calls, code, name=entry, wishes=wishes, stubs=incident.stubs_of(stub))
        incident.require_questions(became, entry)
        if became.stopped is not None and became.incident.is_ahead:
            raise became.stopped
        runs.append(_failures(became))
    (before, _), (after, lent) = runs
    for head, keys, told in (
        ("vanished", before.keys() - after.keys(), before),
        ("still", (before.keys() & after.keys()) - lent.keys(), after),
        ("new", after.keys() - before.keys() - lent.keys(), after),
        ("not known", lent.keys(), lent),
    ):
        for key in (one for one in told if one in keys):
            click.echo(f"{head:9} {told[key]}")
    click.echo("under these answers alone; of others nothing is known")
    if not before.keys() - after.keys():
        click.get_current_context().exit(1)


def _failures(became: Rerun) -> tuple[dict[str, str], dict[str, str]]:
    """By place, what went wrong in a run, what ended it among them; and what was lent its answer.

    An answer that was lent is the incident's to another question: that it tells of a failure says
    nothing of what this question would have been answered.
    """
    from agenttrace.analysis.cascade import cascade
    from agenttrace.cli import words
    from agenttrace.model.lane import label_of

    found, lent = {}, {}
    for one in cascade(became.trace, timed=False).failures:
        if one.is_error:
            place = label_of(one.span.position)
            found[place] = words.line(str(one))
            if one.span.mark == "lent":
                lent[place] = f"{found[place]}: asked otherwise, and lent the incident's answer"
    ended = became.stopped if became.stopped is not None else became.raised
    if ended is not None:
        found["the end"] = words.line(f"the run ended in {type(ended).__name__}: {ended}")
    return found, lent

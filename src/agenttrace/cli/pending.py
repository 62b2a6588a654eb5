"""`agenttrace pending`: what waits to be accepted or rejected: replays, and a gate's findings."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agenttrace.check.sides import safe

if TYPE_CHECKING:
    from agenttrace.golden.pending import Pending
    from agenttrace.verdict import GateFinding


@click.command("pending")
@click.argument(
    "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default="golden"
)
@click.option("--base", metavar="REV", help="Also what the gate finds between REV and HEAD.")
@click.option("--json", "as_json", is_flag=True, help="Everything, for scripts.")
def command(folder: Path, base: str | None, *, as_json: bool) -> None:
    """List the replays that were not their golden's, and wait to be accepted or rejected.

    FOLDER holds the goldens; golden, if it is not named. `agenttrace diff GOLDEN GOLDEN.new` shows
    what each one changed. With --base, the findings of the gate that wait are listed as well, under
    the approvals in this folder.

    Exit codes: 0 nothing waits, 1 something does, 2 usage, 4 one could not be read.
    """
    from agenttrace.golden import pending

    waiting = pending.waiting(folder)
    found = _findings(base)
    if as_json:
        from agenttrace.cli.pending_json import document

        click.echo(document([(one, said(one)) for one in waiting], found))
        click.get_current_context().exit(1 if waiting or found else 0)
    for finding in found:
        line = f"{finding.id}  {finding.severity}  {finding.kind}  {finding.title}: {finding.what}"
        click.echo(safe(f"{line}  {finding.test}"))
    if found:
        click.echo("\nsee       agenttrace show ID")
        click.echo("take it   agenttrace accept ID --reason WHY")
        click.echo("leave it  agenttrace reject ID --reason WHY\n")
    for one in waiting:
        click.echo(f"{one.golden}  {said(one)}")
    if not waiting and not found:
        click.echo("nothing waits")
        return
    if waiting:
        click.echo("\nsee       agenttrace diff GOLDEN GOLDEN.new")
        click.echo("take it   agenttrace accept GOLDEN")
        click.echo("leave it  agenttrace reject GOLDEN")
    click.get_current_context().exit(1)


def _findings(base: str | None) -> tuple[GateFinding, ...]:
    if base is None:
        return ()
    from agenttrace.cli.gating import compared

    return tuple(one for one in compared(base, here=True).findings if one.waits)


def said(one: Pending) -> str:
    """How a waiting trace differs from its golden, in a few words."""
    from agenttrace.check.diff import diff
    from agenttrace.check.telling import counted
    from agenttrace.formats import native
    from agenttrace.golden import store

    data = store.load(one.golden)
    if data is None:
        return "new"
    found = diff(native.read(data, name=str(one.golden)), one.trace())
    kinds = Counter(it.kind for it in found if not it.cause)
    classes = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
    return f"{counted(found)}{f' ({classes})' if classes else ''}"

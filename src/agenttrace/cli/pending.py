"""`agenttrace pending`: what waits to be accepted or rejected."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from agenttrace.golden.pending import Pending


@click.command("pending")
@click.argument(
    "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default="golden"
)
def command(folder: Path) -> None:
    """List the replays that were not their golden's, and wait to be accepted or rejected.

    FOLDER holds the goldens; golden, if it is not named. `agenttrace diff GOLDEN GOLDEN.new` shows
    what each one changed.

    Exit codes: 0 nothing waits, 1 something does, 2 usage, 4 one could not be read.
    """
    from agenttrace.golden import pending

    waiting = pending.waiting(folder)
    for one in waiting:
        click.echo(f"{one.golden}  {said(one)}")
    if not waiting:
        click.echo("nothing waits")
        return
    click.echo("\nsee       agenttrace diff GOLDEN GOLDEN.new")
    click.echo("take it   agenttrace accept GOLDEN")
    click.echo("leave it  agenttrace reject GOLDEN")
    click.get_current_context().exit(1)


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

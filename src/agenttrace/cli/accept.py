"""`agenttrace accept`: a replay that changed becomes the golden."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("accept")
@click.argument("goldens", metavar="[GOLDEN]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Accept whatever waits below golden/.")
def command(goldens: tuple[Path, ...], everything: bool) -> None:
    """Make the replays that wait beside goldens the goldens; nothing is asked of the world.

    GOLDEN is a golden, the .new file beside it, or a folder of them. An answer that was lent to
    another question is never accepted: such a test is to be recorded again.

    Exit codes: 0 accepted, 1 nothing waits there or an answer is lent, 2 usage, 4 it could not be
    read.
    """
    from agenttrace.cli.pending import said
    from agenttrace.cli.waiting import named
    from agenttrace.golden import pending

    found = named(goldens, everything=everything)
    for one in found:
        changed = said(one)
        pending.accept(one)
        click.echo(f"accepted  {one.golden}  {changed}")
    if not found:
        click.echo("nothing waits")

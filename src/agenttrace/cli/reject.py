"""`agenttrace reject`: a replay that changed is thrown away; the golden stays as it is."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("reject")
@click.argument("goldens", metavar="[GOLDEN]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Reject whatever waits below golden/.")
def command(goldens: tuple[Path, ...], everything: bool) -> None:
    """Throw away the replays that wait beside goldens; the goldens stay as they are.

    GOLDEN is a golden, the .new file beside it, or a folder of them.

    Exit codes: 0 rejected, 1 nothing waits there, 2 usage.
    """
    from agenttrace.cli.waiting import named
    from agenttrace.golden import pending

    found = named(goldens, everything=everything)
    for one in found:
        pending.reject(one)
        click.echo(f"rejected  {one.golden}")
    if not found:
        click.echo("nothing waits")

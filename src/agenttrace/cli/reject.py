"""`agenttrace reject`: a replay that changed is thrown away; a gate's finding is refused."""

from __future__ import annotations

from pathlib import Path

import click

from agenttrace.cli.gating import BASE, parted


@click.command("reject")
@click.argument("names", metavar="[GOLDEN|ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Reject whatever waits below golden/.")
@click.option("--reason", help="Why; of a finding, it must be said.")
@click.option("--by", metavar="NAME", default="", help="Who says so.  [default: git's user.name]")
@BASE
def command(
    names: tuple[str, ...], reason: str | None, by: str, base: str, *, everything: bool
) -> None:
    """Throw away the replays that wait beside goldens; or say no to findings of the gate.

    GOLDEN is a golden, the .new file beside it, or a folder of them; the goldens stay as they are.

    ID is a finding of `agenttrace gate`, or the beginning of one. The no is written into
    golden/approvals.toml: the finding blocks from then on, until its difference is another one or
    somebody accepts it.

    Exit codes: 0 rejected, 1 nothing waits there, 2 usage, 4 it could not be read.
    """
    ids, goldens = parted(names)
    if ids:
        _refuse(ids, reason, by, base)
    if goldens or everything or not ids:
        _throw_away(goldens, everything=everything)


def _refuse(ids: tuple[str, ...], reason: str | None, by: str, base: str) -> None:
    from agenttrace.check.sides import safe
    from agenttrace.cli.deciding import Answer, Desk

    if not (reason or "").strip():
        raise click.UsageError("say why, for who made the change: --reason WHY")
    desk = Desk(base)
    found = desk.meant(ids, ())
    answers = [Answer(finding=one, accepted=False, reason=reason or "") for one in found]
    for entry in desk.answer(answers, by=by):
        said = entry.decision
        click.echo(safe(f"rejected  {said.id}  {said.kind}  {entry.title}"))
    click.echo(f"\ncommit    {desk.path}")


def _throw_away(goldens: tuple[Path, ...], *, everything: bool) -> None:
    from agenttrace.cli.waiting import named
    from agenttrace.golden import pending

    found = named(goldens, everything=everything)
    for one in found:
        pending.reject(one)
        click.echo(f"rejected  {one.golden}")
    if not found:
        click.echo("nothing waits")

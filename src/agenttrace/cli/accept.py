"""`agenttrace accept`: a replay that changed becomes the golden; a gate's finding is approved."""

from __future__ import annotations

from pathlib import Path

import click

from agenttrace.cli.gating import BASE, parted
from agenttrace.verdict import GATE_CLASSES


@click.command("accept")
@click.argument("names", metavar="[GOLDEN|ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Accept whatever waits below golden/.")
@click.option(
    "--class",
    "kinds",
    metavar="CLASS",
    multiple=True,
    type=click.Choice(GATE_CLASSES),
    help="Approve all of the gate's findings of a class that wait. May be given again.",
)
@click.option("--reason", help="Why; of a finding, it must be said.")
@click.option("--by", metavar="NAME", default="", help="Who says so.  [default: git's user.name]")
@BASE
def command(
    names: tuple[str, ...],
    kinds: tuple[str, ...],
    reason: str | None,
    by: str,
    base: str,
    *,
    everything: bool,
) -> None:
    """Make the replays that wait beside goldens the goldens; or approve findings of the gate.

    GOLDEN is a golden, the .new file beside it, or a folder of them; nothing is asked of the world.
    An answer that was lent to another question is never accepted: such a test is to be recorded
    again.

    ID is a finding of `agenttrace gate`, or the beginning of one. The approval is written into
    golden/approvals.toml, and holds once that is committed. It names the content of the difference:
    it survives a rebase and a squash, and stops when the difference changes.

    Exit codes: 0 accepted, 1 nothing waits there or an answer is lent, 2 usage, 4 it could not be
    read.
    """
    ids, goldens = parted(names)
    if ids or kinds:
        _approve(ids, kinds, reason, by, base)
    if goldens or everything or not (ids or kinds):
        _accept(goldens, everything=everything)


def _approve(
    ids: tuple[str, ...], kinds: tuple[str, ...], reason: str | None, by: str, base: str
) -> None:
    from agenttrace.check.sides import safe
    from agenttrace.cli.deciding import Answer, Desk

    if not (reason or "").strip():
        raise click.UsageError("say why, for who reviews the approval: --reason WHY")
    desk = Desk(base)
    found = desk.meant(ids, kinds)
    answers = [Answer(finding=one, accepted=True, reason=reason or "") for one in found]
    for entry in desk.answer(answers, by=by):
        said = entry.decision
        click.echo(safe(f"approved  {said.id}  {said.kind}  {entry.title}, until {said.expires}"))
    click.echo(f"\ncommit    {desk.path}")


def _accept(goldens: tuple[Path, ...], *, everything: bool) -> None:
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

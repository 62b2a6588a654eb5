"""`agenttrace diff`: what changed between two traces, each cause with what follows from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from agenttrace.model.difference import CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.model.trace import Trace

_FILE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)


@click.command("diff")
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE)
@click.option(
    "--vary",
    metavar="PLACE",
    multiple=True,
    help="What may differ: pay.order, chat.messages[0].content, pay->receipt.id.",
)
@click.option(
    "--overlook",
    metavar="CLASS",
    multiple=True,
    type=click.Choice(CLASSES),
    help="A class of differences to leave out, such as cost or metadata.",
)
@click.option(
    "--across",
    is_flag=True,
    help="They are two programs, such as of two frameworks: overlook tasks and threads.",
)
@click.option("--all", "everything", is_flag=True, help="Also tell what follows from each cause.")
def command(
    old: Path,
    new: Path,
    vary: tuple[str, ...],
    overlook: tuple[str, ...],
    across: bool,
    everything: bool,
) -> None:
    """Show what changed between two traces: calls that came, went, moved or differ.

    OLD and NEW are traces in any format that can be read, such as two versions of a golden; - is
    stdin. A difference that follows from an earlier one is counted with it. Ids, times and lines of
    code never count, and concurrent work may come in any order.

    --vary and --overlook may be given again. --vary "<uuid>" lets uuids differ wherever they stand,
    as long as each stays itself; likewise <id>, <time>, <path> and <port>.

    --across is for two programs that do one task: what happened inside what is compared, and when,
    in whichever tasks and threads it ran.

    Exit codes: 0 no difference, 1 some difference, 2 usage, 4 a trace could not be read.
    """
    from agenttrace.check.across import without_lanes
    from agenttrace.check.diff import diff
    from agenttrace.check.vary import Vary
    from agenttrace.cli.diff_text import Page
    from agenttrace.formats.files import trace_at

    varies = Vary.of(vary)
    if str(old) == str(new) == "-":
        raise click.UsageError("only one of the two traces can come from stdin")
    (golden, written), (run, rewritten) = trace_at(old), trace_at(new)
    page = Page()
    for note in _notes(golden, run, written, rewritten):
        page.note(note)
    if across:
        golden, run = without_lanes(golden), without_lanes(run)
    found = diff(golden, run, varies, overlook=frozenset(overlook))
    page.differences(found, everything=everything)
    if found:
        click.get_current_context().exit(1)


def _notes(golden: Trace, run: Trace, written: str, rewritten: str) -> Iterator[str]:
    """What a person must know before reading on: that the two are not two runs of one thing."""
    if golden.name != run.name:
        yield f"two programs: {golden.name} and {run.name}"
    if written != rewritten:
        yield f"two formats: {written} and {rewritten}"
    for what in ("agenttrace", "python"):
        versions = [str(it.environment.get(what, "")) for it in (golden, run)]
        if all(versions) and versions[0] != versions[1]:
            yield f"two versions of {what}: {versions[0]} and {versions[1]}"
    if not (golden.complete and run.complete):
        which = "old" if not golden.complete else "new"
        yield f"the {which} trace did not end: what is missing at its end may be missing for that"

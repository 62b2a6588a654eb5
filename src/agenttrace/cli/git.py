"""`agenttrace git`: what git calls: a golden as text in diffs, and a merge that merges no lines."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from agenttrace.model.trace import Trace

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

AGAIN = "# RECORD AGAIN: two branches changed this golden; below is one side."
"""The first line of an outline that stands for both sides of a conflict."""


@click.group("git")
def command() -> None:
    """Commands that git calls, once `agenttrace init --merge-driver` has told it of them."""


@command.command("outline")
@click.argument("golden", type=_FILE)
def outline(golden: Path) -> None:
    """Print a golden as text, for `git diff`; what is none is told in a line.

    Exit codes: 0 always: a diff must not fail for a file that cannot be read.
    """
    from agenttrace.golden.outline import outline as outlined

    trace = _trace(golden)
    if trace is None:
        click.echo(f"not a golden that can be read, {golden.stat().st_size} bytes")
    else:
        click.echo(outlined(trace), nl=False)


@command.command("merge")
@click.argument("base", type=_FILE)
@click.argument("ours", type=_FILE)
@click.argument("theirs", type=_FILE)
@click.argument("path")
def merge(base: Path, ours: Path, theirs: Path, path: str) -> None:
    """Merge a golden, or its outline, that two branches changed; lines are never merged.

    BASE, OURS and THEIRS are git's %O, %A and %B, and PATH is %P. Where one side's content is the
    base's, and only times differ, the other side is taken. Else the golden is left as ours, and in
    conflict; its outline begins with RECORD AGAIN, and the test to record is named.

    Exit codes: 0 one side is taken, 1 a conflict: record again.
    """
    if path.endswith(".txt"):
        text = ours.read_text("utf-8", "replace")
        if not text.startswith(AGAIN):
            ours.write_text(f"{AGAIN}\n{text}", "utf-8")
        click.get_current_context().exit(1)
    sides = [_trace(side) for side in (base, ours, theirs)]
    if (taken := _taken(*sides)) is not None:
        ours.write_bytes((ours, theirs)[taken].read_bytes())
        return
    test = next((it.name for it in sides[1:] if it is not None and "::" in it.name), "")
    click.echo(
        f"RECORD AGAIN: both sides changed {path}\n"
        f"    pytest {shlex.quote(test) if test else 'TEST'} --agenttrace=rewrite\n"
        f"    git add {shlex.quote(path)} {shlex.quote(path + '.txt')}",
        err=True,
    )
    click.get_current_context().exit(1)


def _taken(base: Trace | None, ours: Trace | None, theirs: Trace | None) -> int | None:
    """Which side says all that both say: 0 ours, 1 theirs; None: neither."""
    from agenttrace.formats import native

    if ours is None or theirs is None:
        return None
    own, other = native.digest_of(ours), native.digest_of(theirs)
    if own == other or (base is not None and native.digest_of(base) == other):
        return 0
    return 1 if base is not None and native.digest_of(base) == own else None


def _trace(path: Path) -> Trace | None:
    """The trace in a file; None: it holds none."""
    from agenttrace.errors import AgentTraceError
    from agenttrace.formats import native

    try:
        return native.read(path.read_bytes(), name=str(path))
    except AgentTraceError:
        return None

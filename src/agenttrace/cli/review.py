"""`agenttrace review`: walk through what waits, worst first, a key each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from agenttrace.check.sides import cut, safe
from agenttrace.cli.keyboard import Keyboard
from agenttrace.model import amounts

if TYPE_CHECKING:
    from agenttrace.cli.reviewing import Queue, Step

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_WIDE = 240
_MOST = 3
"""How many tests of one question are named."""

KEYS = "a accept  r reject  s skip  A all of this class  d detail  u undo  q quit"


@click.command("review")
@click.argument("folder", type=_FOLDER, default="golden")
@click.option("--base", metavar="REV", help="Review the gate's findings between REV and HEAD.")
@click.option("--reason", default="", help="Why, for every finding that is answered.")
@click.option("--by", metavar="NAME", default="", help="Who says so.  [default: git's user.name]")
@click.pass_context
def command(ctx: click.Context, folder: Path, base: str | None, reason: str, by: str) -> None:
    """Walk through what waits to be accepted or rejected, the worst first, a key each.

    Without --base: the replays that wait beside the goldens in FOLDER. A golden is replaced when
    all that its replay changes is accepted. With --base: the findings of the gate; answers are
    written into golden/approvals.toml.

    What is one and the same in many tests is asked once. Leave with q, and take up later where you
    were. Without a terminal: agenttrace pending, accept, reject, show.

    Exit codes: 0 nothing waits any more, 1 something does, 2 usage, 4 something cannot be read.
    """
    from agenttrace.cli.reviewing import Findings, Replays

    queue: Queue = Replays(folder) if base is None else Findings(base, by)
    walk = _Walk(queue, reason)
    walk.go()
    for line in queue.finish():
        click.echo(safe(line))
    left = walk.left
    click.echo(f"{amounts.counted(left, 'question')} left" if left else "nothing waits")
    ctx.exit(1 if left else 0)


class _Walk:
    """One walk through a queue."""

    def __init__(self, queue: Queue, reason: str) -> None:
        self._queue, self._reason, self._last = queue, reason, ""
        self._steps = queue.steps()
        self._keyboard = Keyboard()
        self._at = 0
        self._done: set[int] = set()
        self._history: list[tuple[int, tuple[int, ...]]] = []

    @property
    def left(self) -> int:
        """How many questions have no answer."""
        return len(self._steps) - len(self._done)

    def go(self) -> None:
        """Ask until the end, or until somebody has enough."""
        with self._keyboard.open():
            while self._at < len(self._steps):
                if self._at in self._done:
                    self._at += 1
                    continue
                self._show(self._steps[self._at])
                while not self._answer(self._keyboard.key()):
                    click.echo(KEYS)

    def _show(self, step: Step) -> None:
        from agenttrace.cli.gate_text import GatePage

        kind, total = step.first.kind, len(self._steps)
        click.echo(f"-- {self._at + 1} of {total}; {len(self._alike(kind))} of {kind} open --")
        GatePage().finding(step.first)
        if len(step.findings) > 1:
            some = ", ".join(one.test for one in step.findings[:_MOST])
            more = len(step.findings) - _MOST
            rest = f", and {more} more" if more > 0 else ""
            click.echo(
                safe(
                    cut(
                        f"    in {amounts.counted(len(step.findings), 'test')}: {some}{rest}", _WIDE
                    )
                )
                + "\n"
            )
        click.echo(KEYS)

    def _alike(self, kind: str) -> tuple[int, ...]:
        """The questions of a class that have no answer yet."""
        return tuple(
            at
            for at, one in enumerate(self._steps)
            if one.first.kind == kind and at not in self._done
        )

    def _answer(self, key: str) -> bool:
        """Do what a key says; False: it says nothing."""
        step = self._steps[self._at]
        if key in ("q", "\x03", "\x04", ""):
            click.echo("quit\n")
            self._at = len(self._steps)
        elif key == "s":
            click.echo("skip\n")
            self._history.append((self._at, ()))
            self._at += 1
        elif key == "u":
            self._undo()
        elif key == "d":
            _detail(step)
        elif key in ("a", "r"):
            self._take((self._at,), accepted=key == "a")
        elif key == "A":
            self._take(self._alike(step.first.kind), accepted=True)
        else:
            return False
        return True

    def _take(self, places: tuple[int, ...], *, accepted: bool) -> None:
        steps = [self._steps[at] for at in places]
        refused = [why for one in steps if (why := self._queue.refusal(one))]
        if refused and accepted:
            click.echo(f"no: {refused[0]}\n")
            return
        why = self._why() if self._queue.needs_reason else ""
        self._queue.answer(steps, why, accepted=accepted)
        self._done.update(places)
        self._history.append((self._at, places))
        count = f"  ({amounts.counted(len(places), 'question')})" if len(places) > 1 else ""
        click.echo(f"{'accept' if accepted else 'reject'}{count}\n")
        self._at += 1

    def _why(self) -> str:
        """Ask for the reason; the last one is offered again."""
        if self._reason.strip():
            return self._reason
        with self._keyboard.line():
            self._last = str(click.prompt("why", default=self._last or None))
        return self._last

    def _undo(self) -> None:
        if not self._history:
            click.echo("nothing to undo\n")
            return
        self._at, places = self._history.pop()
        self._queue.forget([self._steps[at] for at in places])
        self._done.difference_update(places)
        click.echo("undo\n")


def _detail(step: Step) -> None:
    from agenttrace.cli.diff_text import Page

    one = step.first
    if one.difference is None:
        click.echo("    there is no more to tell\n")
    else:
        Page().differences((one.difference, *one.consequences), everything=True)

"""Progress: what takes over two seconds says how far it is; piped, only now and then."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from agenttrace.causal.clock import RealClock

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_NS_A_S = 1_000_000_000
_SILENT_NS = 2 * _NS_A_S
_PIPED_NS = 10 * _NS_A_S
_SHOWN_NS = _NS_A_S // 5


class Progress:
    """Tells how much of a known whole is done, on stderr."""

    def __init__(self, what: str, total: int) -> None:
        """Begin.

        Args:
            what: What is done to each: `sent`.
            total: How many there are.
        """
        self._what, self._total = what, total
        self._clock = RealClock()
        self._next_ns = _SILENT_NS
        self._is_terminal = sys.stderr.isatty()
        self._shown = False

    def at(self, done: int, note: str = "") -> None:
        """Say how many are done, where it is time to; a note says what is waited for."""
        if self._clock.now_ns() < self._next_ns:
            return
        self._next_ns = self._clock.now_ns() + (_SHOWN_NS if self._is_terminal else _PIPED_NS)
        line = f"{self._what}  {done} of {self._total}{f'  ({note})' if note else ''}"
        self._shown = True
        click.echo(
            f"\r\x1b[K{line}" if self._is_terminal else line, err=True, nl=not self._is_terminal
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shown and self._is_terminal:
            click.echo(err=True)

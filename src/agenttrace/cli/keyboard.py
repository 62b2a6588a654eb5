"""Keyboard: one key at a time, none shown and none lost, from a terminal or from a file of letters.

`click.getchar` throws away what was typed before it was called. A terminal is set up here before
the first question instead, and stays so: a key that comes sooner than the answer to it is kept.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

_ONE_KEY_S = 0.02
"""How long the rest of a key that sends several bytes may take to follow, in seconds."""


class Keyboard:
    """The keys of whoever sits there."""

    def __init__(self) -> None:
        """Nobody is listened to yet."""
        self._lines: list[Any] | None = None

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Take keys as they are typed; afterwards the terminal is as it was."""
        try:
            import termios
            import tty
        except ImportError:  # Windows: `click.getchar` it is
            yield
            return
        if not sys.stdin.isatty():
            yield
            return
        terminal = sys.stdin.fileno()
        self._lines = termios.tcgetattr(terminal)
        try:
            tty.setcbreak(terminal, termios.TCSADRAIN)
            yield
        finally:
            termios.tcsetattr(terminal, termios.TCSADRAIN, self._lines)
            self._lines = None

    @contextlib.contextmanager
    def line(self) -> Iterator[None]:
        """Let a whole line be typed, and shown."""
        if self._lines is None:
            yield
            return
        import termios

        terminal = sys.stdin.fileno()
        keys = termios.tcgetattr(terminal)
        termios.tcsetattr(terminal, termios.TCSADRAIN, self._lines)
        try:
            yield
        finally:
            termios.tcsetattr(terminal, termios.TCSADRAIN, keys)

    def key(self) -> str:
        """One key; where there is no terminal, one letter of the input; nothing at its end."""
        try:
            if self._lines is not None:
                return _typed(sys.stdin.fileno())
            if sys.stdin.isatty():
                return click.getchar()
            while (letter := sys.stdin.read(1)) == "\n":
                pass
        except (EOFError, KeyboardInterrupt):
            return "q"
        return letter


def _typed(terminal: int) -> str:
    """One key; an arrow, which sends several bytes, is one and not the letters in it."""
    import select

    typed = os.read(terminal, 1)
    if typed == b"\x1b" or typed >= b"\x80":
        while select.select([terminal], [], [], _ONE_KEY_S)[0]:
            typed += os.read(terminal, 1)
    return typed.decode("utf-8", "replace")

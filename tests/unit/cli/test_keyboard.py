"""A keyboard gives key after key: what is typed too soon, what is a whole line, and an arrow."""

from __future__ import annotations

import os
import pty
import sys
from collections.abc import Iterator

import pytest

from agenttrace.cli.keyboard import Keyboard


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The other side of a terminal: what is written there is typed."""
    typing, terminal = pty.openpty()
    with os.fdopen(terminal, "r", closefd=True) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield typing
    os.close(typing)


def test_a_key_that_is_typed_too_soon_is_kept_and_not_shown(hands: int) -> None:
    """Before the question, or two at once: each is one key."""
    keyboard = Keyboard()
    with keyboard.open():
        os.write(hands, b"as")
        keys = [keyboard.key(), keyboard.key()]
    os.set_blocking(hands, False)

    assert keys == ["a", "s"]
    with pytest.raises(BlockingIOError):
        os.read(hands, 1)


def test_a_line_is_typed_and_shown_and_keys_are_taken_again(hands: int) -> None:
    """What is typed after the line is the next key."""
    keyboard = Keyboard()
    with keyboard.open():
        with keyboard.line():
            os.write(hands, b"why\n")
            assert os.read(sys.stdin.fileno(), 32) == b"why\n"
        assert os.read(hands, 32) == b"why\r\n"
        os.write(hands, b"q")
        assert keyboard.key() == "q"


@pytest.mark.parametrize("typed", ["\x1b[A", "é"])
def test_a_key_of_several_bytes_is_one_key(hands: int, typed: str) -> None:
    """The `A` of an arrow would accept all of a class."""
    keyboard = Keyboard()
    with keyboard.open():
        os.write(hands, typed.encode())

        assert keyboard.key() == typed

"""Letters: what travels with a message to another process, and where one waits that came too early.

Two processes share no object, so what a run knows of a message cannot stand beside it: it goes into
the pipe with it. Whoever takes the message out gets the message alone, also a process that is no
part of the run; only a receive that is written down sees the letter.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pickle
import threading
from collections import defaultdict, deque
from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from typing import TYPE_CHECKING, Any

from agenttrace.causal.delivery.box import Message
from agenttrace.model.lane import Position, Step, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agenttrace.causal.lane import Run

_reading = threading.local()


class Envelope:
    """A message on its way into a pipe, with what the run knows of it."""

    def __init__(self, message: Message) -> None:
        """Hold a message until it is pickled."""
        self._message = message

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        message = self._message
        data = bytes(ForkingPickler.dumps(message.item))
        steps = tuple(map(tuple, message.position))
        return opened, (steps, message.sent, message.heard, data)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it came out of a pipe, still closed.

    Attributes:
        position: Where it was sent.
        sent: The last step of its sender before that.
        heard: How many receives its sender had ended before that.
        data: The pickled message.
    """

    position: Position
    sent: int
    heard: int
    data: bytes

    def message(self) -> Message:
        """Open it."""
        item = pickle.loads(self.data)  # noqa: S301 - as `multiprocessing` does with what a pipe brings
        return Message(self.position, self.sent, self.heard, item, b"", claimed=False)


def opened(steps: Any, sent: int, heard: int, data: bytes) -> Any:
    """Take a message out of its envelope, when it is unpickled; a receive takes the letter."""
    if getattr(_reading, "sealed", False):
        return Letter(tuple(Step(*step) for step in steps), sent, heard, data)
    return pickle.loads(data)  # noqa: S301 - as above


@contextlib.contextmanager
def sealed() -> Iterator[None]:
    """Leave letters closed that the calling thread unpickles."""
    _reading.sealed = True
    try:
        yield
    finally:
        _reading.sealed = False


class Tray:
    """Where messages wait that a replay took out of a pipe before the receive that is due them.

    Any process of the run may take out another's message; it lays it into the run's folder, where
    the other finds it.

    Attributes:
        strays: By queue, what came and no recording knows of.
    """

    def __init__(self, run: Run) -> None:
        """Begin with nothing."""
        self._run = run
        self.strays: defaultdict[int, deque[Any]] = defaultdict(deque)
        self._here: dict[Position, Letter] = {}

    def lay(self, letter: Letter) -> None:
        """Put a message down for whoever is due it."""
        place = self._place(letter.position)
        if place is None:
            self._here[letter.position] = letter
            return
        head = json.dumps([letter.position, letter.sent, letter.heard]).encode()
        part = place.with_suffix(f".{os.getpid()}-{threading.get_native_id()}")
        part.write_bytes(head + b"\n" + letter.data)
        part.replace(place)

    def take(self, position: Position) -> Letter | None:
        """Take a message, if it lies here."""
        place = self._place(position)
        if position in self._here or place is None:
            return self._here.pop(position, None)
        try:
            head, _, data = place.read_bytes().partition(b"\n")
            place.unlink()
        except FileNotFoundError:
            return None
        steps, sent, heard = json.loads(head)
        return Letter(tuple(Step(*step) for step in steps), sent, heard, data)

    @property
    def is_gone(self) -> bool:
        """Whether the run that this process is a part of has ended."""
        folder = self._run.shared
        return folder is not None and not folder.exists()

    def _place(self, position: Position) -> Path | None:
        folder = self._run.shared
        if folder is None:
            return None
        name = hashlib.sha256(text_of(position).encode("utf-8", "surrogatepass")).hexdigest()
        return folder / f"{name[:32]}.letter"

"""Box: what a run knows of one queue. Its messages are never wrapped; this stands beside them.

Frameworks subclass queues, compare what is in them and look inside, so an envelope around a message
would reach their code. A message is known by the identity of the queue and of the object in it; of
two that are one object (a stop sign, sent to each worker), either may be taken for the other.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from agenttrace.model.lane import Position, label_of

if TYPE_CHECKING:
    from agenttrace.causal.lane import Hold

MISSING = "_agenttrace_missing"
"""Where a future says for which message its waiter waits."""


class Missing(NamedTuple):
    """What somebody waits for who waits for a message; asked when nothing can happen any more.

    Attributes:
        what: The message, in words.
        present: What the queue holds instead, in words.
        fault: `message` where one is due; `answer` where the wait ended otherwise when it was
            recorded, so that nobody is to end it now; else nothing.
    """

    what: str
    present: Callable[[], str]
    fault: str = ""


@dataclass(slots=True, eq=False)
class Message:
    """One message on its way.

    Attributes:
        position: Where it was sent.
        sent: The last step of its sender before that.
        heard: How many receives its sender had ended before that.
        item: The object itself.
        content: The digest of what it says.
        claimed: Whether the recording says who receives it.
        taken: Whether it was handed to a receive past the queue.
        wake: Lets its sender go on, who waits for room.
    """

    position: Position
    sent: int
    heard: int
    item: Any
    content: bytes
    claimed: bool
    taken: bool = False
    wake: Callable[[], object] | None = None


class Box:
    """What a run knows of one queue.

    Attributes:
        queue: The queue itself, so that its id stays its own.
        channel: What it is called.
        name: What its messages and receives are called in positions.
        here: The messages that were sent and not received, in order of sending.
        waiting: By message, whom to hand it to: who waits for it in a replay.
        anybody: Who waits for any message that the recording does not know of.
        ending: Who waits for the end of the stream.
        putters: Who waits for room, in threads.
        joiners: Who waits until all is done, in threads.
    """

    def __init__(self, queue: Any, channel: str, name: str) -> None:
        """Know nothing of a queue yet."""
        self.queue = queue
        self.channel = channel
        self.name = name
        self.here: dict[Position, Message] = {}
        self.waiting: dict[Position, Callable[[Message], bool]] = {}
        self.anybody: deque[Callable[[Message], bool]] = deque()
        self.ending: list[Callable[[], object]] = []
        self.putters: list[Hold] = []
        self.joiners: list[Hold] = []
        self._of: dict[int, deque[Message]] = {}

    def add(self, message: Message) -> None:
        """A message is on its way."""
        self.here[message.position] = message
        self._of.setdefault(id(message.item), deque()).append(message)

    def drop(self, message: Message) -> None:
        """It is not on its way any more."""
        self.here.pop(message.position, None)
        same = self._of.get(id(message.item))
        if same is not None and message in same:
            same.remove(message)
            if not same:
                del self._of[id(message.item)]

    @contextlib.contextmanager
    def sending(self, message: Message) -> Iterator[None]:
        """Put a message into the queue itself; where that fails, it is not on its way any more."""
        try:
            yield
        except BaseException:
            self.drop(message)
            raise

    def found(self, item: object) -> Message | None:
        """The message that an object from the queue is; None where nobody of the run sent it."""
        same = self._of.get(id(item))
        if not same:
            return None
        message = same[0]
        self.drop(message)
        return message

    def free(self) -> Message | None:
        """The first message that the recording does not know of."""
        return next((one for one in self.here.values() if not one.claimed), None)

    def hand(self, message: Message) -> bool:
        """Give a message to who waits for it; whether somebody did."""
        wanted = self.waiting.pop(message.position, None)
        if wanted is not None and wanted(message):
            return True
        while not message.claimed and self.anybody:
            if self.anybody.popleft()(message):
                return True
        return False

    def present(self) -> str:
        """Name what is in the queue, for people."""
        named = [label_of(position) for position in list(self.here)]
        more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
        return ", ".join(named[:_SHOWN]) + more if named else "nothing"


_SHOWN = 6

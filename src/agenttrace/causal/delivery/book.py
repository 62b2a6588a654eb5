"""Book: the deliveries of one run. Which message a receive got is an answer of the world.

A message has the position of its sending, minted when `put` begins; the k-th `get` of a lane has a
position too. A recording says which belong together; a replay hands over that message and no other,
and waits for it.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agenttrace.causal import current
from agenttrace.causal.delivery.box import Box, Message, Missing
from agenttrace.causal.delivery.content import content_of
from agenttrace.causal.delivery.edges import RECEIVE
from agenttrace.causal.delivery.letters import Tray
from agenttrace.causal.delivery.turns import turn_path
from agenttrace.causal.lane import LiveLane
from agenttrace.causal.places import is_own
from agenttrace.causal.site import site
from agenttrace.causal.touching import touched
from agenttrace.errors import ReplayDiverged
from agenttrace.model.lane import Delivery, Position, Step, label_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from agenttrace.causal.current import Frame
    from agenttrace.causal.lane import Run
    from agenttrace.errors import RunStopped


@dataclass(slots=True, eq=False)
class Receipt:
    """One receive, and what came of it.

    Attributes:
        box: The queue.
        lane: Who receives.
        position: Where.
        seq: The step of the lane.
        wanted: What the recording says; None: it says nothing of this receive.
        message: What came, where a message did.
        outcome: How it ended; `cancelled` as long as it has not.
    """

    box: Box
    lane: LiveLane
    position: Position
    seq: int
    wanted: Delivery | None
    message: Message | None = None
    outcome: str = "cancelled"

    @property
    def missing(self) -> Missing:
        """What it waits for, for people."""
        wanted, box = self.wanted, self.box
        if wanted is None:
            what = f"a message from {box.channel}, and the recording has no such receive"
        elif wanted.outcome != "message" or wanted.message is None:
            return Missing(f"a message from {box.channel}", box.present, "answer")
        else:
            what = f"the message {label_of(wanted.message)} from {box.channel}"
        return Missing(what, box.present, "message")

    @property
    def due(self) -> Message | None:
        """The message that it is due, where that was sent; any, where no recording knows of it."""
        wanted, box = self.wanted, self.box
        if wanted is not None and wanted.outcome != "message":
            return None
        named = None if wanted is None else wanted.message
        return box.free() if named is None else box.here.get(named)

    def expect(self, take: Callable[[Message], bool]) -> None:
        """Be handed the message that it is due once it is sent; `take` says if it took it."""
        wanted, box = self.wanted, self.box
        if wanted is None or (wanted.outcome == "message" and wanted.message is None):
            box.anybody.append(take)
        elif wanted.outcome == "message" and wanted.message is not None:
            box.waiting[wanted.message] = take


class Book:
    """The deliveries of one run.

    Attributes:
        run: The run.
        records: Whether the run goes to the world.
        replays: Whether a recording says which message each receive gets; one without queues says
            nothing of them.
        lock: Held while a queue and what is known of it are changed; nothing waits under it.
        log: In order: ended receipts, and what was minted in lanes that have received.
        pending: The receipts that have not ended.
        getters: By queue, the lanes that have asked it for a message.
        process: The process that it is of; a fork's copy is nobody's.
        tray: What came from another process before it was due.
    """

    def __init__(self, run: Run, recorded: Iterable[Delivery] | None = None) -> None:
        """Begin the book of a run; with recorded deliveries, the run is a replay of them.

        Args:
            run: The run, or this process's part of it.
            recorded: Those of the whole run; where none is of this process, it replays none.
        """
        found = [one for one in recorded or () if one.receive and one.receive[-1].kind == RECEIVE]
        known = [one for one in found if is_own(one.receive, run)]
        self.run = run
        self.records = recorded is None
        self.replays = bool(known)
        self.lock = threading.RLock()
        self.log: list[object] = []
        self.pending: dict[Receipt, None] = {}
        self.getters: dict[int, set[LiveLane]] = {}
        self._receives = {one.receive: one for one in known}
        self._said = {one.message: one.content for one in found if one.message is not None}
        self.process = os.getpid()
        self.tray = Tray(run)
        self._boxes: dict[int, Box] = {}
        self._counts: dict[Position, int] = {}
        self._waking: set[Callable[[], object]] = set()
        run.deliveries = self
        run.wakers.append(self._stop)

    # -- queues -----------------------------------------------------------------------------------
    def made(self, queue: Any, frame: Frame) -> None:
        """A queue was made in the run."""
        name = type(queue).__name__
        position = frame.lane.next_position("queue", name, frame.scope)
        with self.lock:
            self._boxes[id(queue)] = Box(queue, label_of(position), name)

    def box(self, queue: Any, name: str = "") -> Box:
        """What is known of a queue; one from before the run is taken in, and said so.

        Args:
            queue: The queue.
            name: What it is called where it has no moment of making that we see.
        """
        with self.lock:
            box = self._boxes.get(id(queue))
            if box is None:
                kind = name or type(queue).__name__
                channel = f"{kind}#{len(self._boxes)}" if name else f"{kind} from before the run"
                box = self._boxes[id(queue)] = Box(queue, channel, kind)
                if not name:
                    self.warn(f"a {kind} that is older than the run is used, at {_site()}")
        return box

    def known(self, queue: Any) -> Box | None:
        """What is known of a queue, if anything is."""
        return self._boxes.get(id(queue))

    def warn(self, text: str) -> None:
        """Say something in the run's verdict, once."""
        if text not in self.run.warnings:
            self.run.warnings.append(text)

    def outside(self, box: Box | None, item: object) -> None:
        """Somebody without a lane has taken a message."""
        if box is None:
            return
        with self.lock:
            box.found(item)
        self.warn(f"a message from {box.channel} was taken outside every lane, at {_site()}")

    # -- sending ----------------------------------------------------------------------------------
    def send(self, box: Box, frame: Frame, item: Any) -> Message:
        """A message is about to be put into a queue.

        Raises:
            RunStopped: The run has stopped, or stops here: when it was recorded, the message at
                this place said something else.
        """
        message = self._sent(box, frame, item, content_of(item, self.run.clean))
        with self.lock:
            box.add(message)
        return message

    def times(self, box: Box, message: Message) -> int:
        """How often a message that was sent is put into its queue: once."""
        return 1

    def post(self, box: Box, frame: Frame, item: Any) -> Message:
        """A message is about to be put into a queue to other processes; it is not compared.

        Raises:
            RunStopped: The run has stopped.
        """
        return self._sent(box, frame, item, b"")

    def is_said(self, message: Position) -> bool:
        """Whether the recording says who receives a message."""
        return message in self._said

    def _sent(self, box: Box, frame: Frame, item: Any, content: bytes) -> Message:
        self.go_on()
        lane = frame.lane
        # no step: a callback of another thread may be what puts it
        position = _minted(frame, box.name)
        golden = self._said.get(position)
        if golden and content != golden:
            raise self.run.stop(_drift(self.run.name, position, box))
        heard = self._counts.get(lane.path, 0)
        touched(frame, box.channel, writes=True)
        return Message(position, lane.seq, heard, item, content, golden is not None)

    # -- receiving --------------------------------------------------------------------------------
    def receive(self, box: Box, frame: Frame) -> Receipt:
        """A message is about to be asked for.

        Raises:
            RunStopped: The run has stopped.
        """
        self.go_on()
        lane = frame.lane
        with self.lock:
            count = self._counts.get(lane.path, 0)
            position = (*lane.path, Step(RECEIVE, box.name, count))
            wanted = self._receives.get(position)
            self._counts[lane.path] = count + 1
            self.getters.setdefault(id(box.queue), set()).add(lane)
            receipt = Receipt(box, lane, position, lane.seq + 1, wanted)
            self.pending[receipt] = None
        return receipt

    def got(self, receipt: Receipt, message: Message | None, outcome: str = "message") -> None:
        """It has ended: with a message, `empty`, `cancelled`, at the `end` or by a `timeout`."""
        lane, wanted = receipt.lane, receipt.wanted
        with self.lock:
            receipt.message, receipt.outcome = message, outcome
            self.pending.pop(receipt, None)
            receipt.seq = lane.step()
            self.log.append(receipt)  # behind the sending, and before what follows from it
            if self.replays:
                if wanted is not None and wanted.turn:
                    lane.turn = turn_path(lane.path, wanted.turn) if outcome == "message" else None
            else:
                lane.log = self.log

    def later(self, receipt: Receipt) -> None:
        """It was asked too early: a poll found nothing where the recording has a message."""
        with self.lock:
            self._counts[receipt.lane.path] -= 1
            self.pending.pop(receipt, None)

    # -- stopping ---------------------------------------------------------------------------------
    def go_on(self) -> None:
        """Do nothing, unless the run has stopped.

        Raises:
            RunStopped: It has.
        """
        if self.run.stopped is not None:
            raise self.run.stopped

    def waking(self, wake: Callable[[], object]) -> None:
        """Be told when the run stops, until `asleep`."""
        self._waking.add(wake)

    def asleep(self, wake: Callable[[], object]) -> None:
        """Be told no more."""
        self._waking.discard(wake)

    def _stop(self, error: RunStopped) -> None:
        for wake in tuple(self._waking):
            wake()


def book_of(frame: Frame | None) -> Book | None:
    """The book that a frame's receives go into; None outside every run, and after it."""
    if frame is None or frame.lane.run.ended:
        return None
    book = frame.lane.run.deliveries
    return book if isinstance(book, Book) else None


def taken_outside(queue: Any, item: Any) -> None:
    """Somebody outside every run has taken a message; the runs that know the queue say so."""
    for run in current.active():
        book = run.deliveries
        if isinstance(book, Book) and not run.ended:
            book.outside(book.known(queue), item)


def _minted(frame: Frame, name: str) -> Position:
    lane = frame.lane
    if any(step.kind == "turn" for step in frame.scope):
        return lane.run.root.next_position("message", name, frame.scope)
    return lane.next_position("message", name, frame.scope)


def _site() -> str:
    return site() or "a library"


def _drift(run: str, position: Position, box: Box) -> RunStopped:
    where = site()
    at = f"\n  sent at    {where}" if where else ""
    return ReplayDiverged(
        f"{run}: a message is not the one that was recorded",
        detail=f"  message    {label_of(position)}\n  channel    {box.channel}{at}\n\n"
        "  It says something other than when it was recorded, and nobody has been given it.\n"
        "  The agent is right, and the recording is old: record again, with --agenttrace=rewrite\n"
        "  More: agenttrace explain replay-diverged",
    )

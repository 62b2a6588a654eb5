"""Processes: `multiprocessing`'s queues, and every class made of them.

What a process puts in carries its position through the pipe. In a replay a receive waits for the
message that it once got, really and not in the run's time, since nobody here knows what another
process does; what it takes out meanwhile is laid where the others find it. What these messages say
is not compared: processes tell each other ports and paths of the day.
"""

from __future__ import annotations

import functools
import os
import queue as queues
import sys
from multiprocessing.reduction import ForkingPickler
from typing import TYPE_CHECKING, Any

from agenttrace.causal import current
from agenttrace.causal.delivery.book import Book, Receipt, book_of
from agenttrace.causal.delivery.letters import Envelope, Letter, sealed
from agenttrace.causal.delivery.threads import wait
from agenttrace.causal.site import site
from agenttrace.causal.spawn.patching import Seam
from agenttrace.causal.spawn.processes import any_alive
from agenttrace.errors import MessageNeverCame
from agenttrace.model.lane import label_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from agenttrace.causal.current import Frame

MODULE = "multiprocessing.queues"
"""The module of the queues; they are patched when it is there."""

_MACHINERY = ("multiprocessing", "concurrent")
_TURN_S = 0.005
_TURNS_ALONE = 400
"""How often a receive looks, when no other process is left that could send: two seconds."""
_TURNS = 24_000
"""How often it looks at most: two minutes, in which nothing at all came."""

_NOTHING = object()


def seams(module: ModuleType) -> list[Seam]:
    """Where processes send and receive."""
    names: Any = module
    sending = (names.Queue, names.JoinableQueue, names.SimpleQueue)
    receiving = (names.Queue, names.SimpleQueue)
    return [
        *(Seam(owner=kind, name="put", around=_put) for kind in sending),
        *(Seam(owner=kind, name="get", around=_get) for kind in receiving),
    ]


def _here() -> tuple[Book, Frame] | None:
    """Whose book the caller's use of a queue goes into; None: hand it on."""
    frame = current.carried()
    book = book_of(frame)
    if book is None or frame is None or book.process != os.getpid() or _is_machinery():
        return None
    return book, frame


def _is_machinery() -> bool:
    """Whether the caller of a queue's method is a pool's, and no agent's code."""
    frame = sys._getframe(3)
    while frame.f_back is not None and frame.f_globals.get("__name__") == MODULE:
        frame = frame.f_back
    name = frame.f_globals.get("__name__", "")
    return isinstance(name, str) and name.partition(".")[0] in _MACHINERY


# -- sending --------------------------------------------------------------------------------------
def _put(original: Any) -> Any:
    @functools.wraps(original)
    def put(queue: Any, obj: Any, *args: Any, **options: Any) -> None:
        here = _here()
        if here is None:
            original(queue, obj, *args, **options)
            return
        book, frame = here
        message = book.post(book.box(queue, type(queue).__name__), frame, obj)
        original(queue, Envelope(message), *args, **options)

    return put


# -- receiving ------------------------------------------------------------------------------------
def _get(original: Any) -> Any:
    @functools.wraps(original)
    def get(queue: Any, *args: Any, **options: Any) -> Any:
        here = _here()
        if here is None:
            return original(queue, *args, **options)
        book, frame = here
        receipt = book.receive(book.box(queue, type(queue).__name__), frame)
        live = functools.partial(original, queue, *args, **options)
        if book.replays and (receipt.wanted is None or receipt.wanted.outcome != "end"):
            now = functools.partial(original, queue, False)  # noqa: FBT003 - as the queue's
            return _Wanted(book, receipt, live, now).get(*args, **options)
        try:
            with sealed():
                came = live()
        except queues.Empty:
            limit = args[1] if len(args) > 1 else options.get("timeout")
            book.got(receipt, None, "empty" if limit is None else "timeout")
            raise
        except (OSError, ValueError):
            book.got(receipt, None, "end")
            raise
        return _received(book, receipt, came)

    return get


def _received(book: Book, receipt: Receipt, came: Any) -> Any:
    if isinstance(came, Letter):
        message = came.message()
        book.got(receipt, message)
        return message.item
    book.warn(
        f"a message from {receipt.box.channel} came from a process that is no part of the run, or "
        f"from before it; which one a receive gets is chance, at {site() or 'a library'}"
    )
    book.got(receipt, None)
    return came


class _Wanted:
    """A receive in a replay: waits for the message that the recording says.

    Args:
        book: Whose it is.
        receipt: The receive.
        live: The receive itself, past the recording.
        now: The same, of a `Queue`, if something is there already.
    """

    def __init__(
        self, book: Book, receipt: Receipt, live: Callable[[], Any], now: Callable[[], Any]
    ) -> None:
        self._book, self._receipt, self._live, self._now = book, receipt, live, now
        self._queue = receipt.box.queue
        wanted = receipt.wanted
        self._outcome = "" if wanted is None else wanted.outcome
        self._due = None if wanted is None else wanted.message

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: FBT001, FBT002 - as the queue's
        book, receipt = self._book, self._receipt
        if self._outcome in ("empty", "timeout"):
            if self._outcome == "timeout" and timeout is not None:
                wait(book, book.run.waits.hold(receipt.missing), timeout)
            book.got(receipt, None, self._outcome)
            raise queues.Empty
        limit = None if self._outcome else 0 if not block else timeout
        turns = idle = 0
        while True:
            book.go_on()
            if book.run.ended:
                return self._live()
            came, looked = self._look()
            if came is not _NOTHING:
                return _received(book, receipt, came)
            turns, idle = turns + 1, idle + 1 if looked else 0
            if limit is not None and turns * _TURN_S > limit:
                book.got(receipt, None, "empty" if timeout is None else "timeout")
                raise queues.Empty
            self._give_up(idle)

    def _look(self) -> tuple[Any, bool]:
        """What has come for this receive, and whether nothing at all came."""
        tray = self._book.tray
        strays = tray.strays[id(self._queue)]
        if self._due is None and strays and self._outcome != "cancelled":
            return strays.popleft(), False
        letter = None if self._due is None else tray.take(self._due)
        if letter is not None:
            return letter, False
        came = self._pulled()
        if came is _NOTHING:
            return _NOTHING, True
        if isinstance(came, Letter) and came.position == self._due:
            return came, False
        if isinstance(came, Letter) and self._book.is_said(came.position):
            tray.lay(came)
        else:
            strays.append(came)
        return _NOTHING, False

    def _pulled(self) -> Any:
        """Wait a moment, in the world, for the pipe; what came out of it, closed."""
        queue = self._queue
        if not queue._poll(_TURN_S):
            return _NOTHING
        with sealed():
            if hasattr(queue, "_sem"):
                try:
                    return self._now()
                except queues.Empty:  # another process was quicker
                    return _NOTHING
            with queue._rlock:
                if not queue._poll():
                    return _NOTHING
                return ForkingPickler.loads(queue._reader.recv_bytes())

    def _give_up(self, idle: int) -> None:
        """Stop the run where the message cannot come any more.

        Raises:
            RunStopped: It cannot.
        """
        book, missing = self._book, self._receipt.missing
        run = book.run
        alone = run.within is None and not any_alive(run)
        if self._outcome == "cancelled" or not (self._outcome or alone or book.tray.is_gone):
            return  # when it was recorded, it waited to the end
        if book.tray.is_gone or idle > (_TURNS_ALONE if alone else _TURNS):
            raise run.stop(
                MessageNeverCame(
                    f"{run.name}: {label_of(self._receipt.lane.path)} waits for {missing.what}, "
                    "and it does not come",
                    detail="  No process sends it any more.\n"
                    "  The agent is right, and the recording is old: record again, with "
                    "--agenttrace=rewrite\n"
                    "  More: agenttrace explain message-never-came",
                )
            )

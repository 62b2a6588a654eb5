"""Threads: `queue.Queue`, and every class made of it."""

from __future__ import annotations

import functools
import queue as queues
import sys
import threading
from typing import TYPE_CHECKING, Any

from agenttrace.causal import current
from agenttrace.causal.delivery.book import Book, Receipt, book_of, taken_outside
from agenttrace.causal.delivery.box import Missing
from agenttrace.causal.delivery.inside import put_in, take_out
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    from agenttrace.causal.delivery.box import Message
    from agenttrace.causal.lane import Hold

MACHINERY = frozenset({"anyio", "logging", "multiprocessing", "urllib3", "vcr"})
"""Packages that make queues for their workers and connections, never for an agent's messages."""

_POOL = "concurrent.futures.process"
"""Likewise; a pool's thread of its own takes from its queue, outside every lane."""

_NS = 1_000_000_000
_SHUT: Any = getattr(queues, "ShutDown", ())
_inside = threading.local()


def seams() -> list[Seam]:
    """Where threads send and receive."""
    return [
        Seam(owner=queues.Queue, name=name, around=around)
        for name, around in (
            ("__init__", _init),
            ("put", _put),
            ("get", _get),
            ("join", _join),
            ("task_done", _task_done),
        )
    ]


def _init(original: Any) -> Any:
    @functools.wraps(original)
    def __init__(queue: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it stands in for one
        original(queue, *args, **kwargs)
        frame = current.carried()
        book = book_of(frame)
        if book is not None and frame is not None and not _is_machinery():
            book.made(queue, frame)

    return __init__


def _is_machinery() -> bool:
    """Whether the caller of a queue's method is no agent's code, nor a framework's."""
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_globals.get("__name__") == "queue":
        frame = frame.f_back
    name = frame.f_globals.get("__name__", "")
    return isinstance(name, str) and (name == _POOL or name.partition(".")[0] in MACHINERY)


# -- sending --------------------------------------------------------------------------------------
def _put(original: Any) -> Any:
    @functools.wraps(original)
    def put(queue: Any, item: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: FBT001, FBT002
        frame = current.carried()
        book = book_of(frame)
        if book is None or frame is None or (book.known(queue) is None and _is_machinery()):
            original(queue, item, block, timeout)
            return
        box = book.box(queue)
        message = book.send(box, frame, item)
        if not book.replays or getattr(queue, "is_shutdown", False):
            try:
                for _ in range(book.times(box, message)):
                    original(queue, item, block, timeout)
            except BaseException:
                with book.lock:
                    box.drop(message)
                raise
            return
        _offer(book, queue, message, block=block, timeout=timeout)

    return put


def _offer(book: Book, queue: Any, message: Message, *, block: bool, timeout: float | None) -> None:
    """Put a message where its receiver waits; else into the queue, if there is room."""
    box = book.box(queue)
    while True:
        hold = book.run.waits.hold(Missing(f"room in {box.channel}", box.present))
        with book.lock:
            if message.taken:
                return
            with queue.mutex:
                queue.unfinished_tasks += 1
            handed = box.hand(message)
            if not handed:
                with queue.mutex:
                    full = queue.maxsize > 0 and queue._qsize() >= queue.maxsize
                    if not full or (message.claimed and not block):
                        put_in(queue, message.item)
                        queue.not_empty.notify()
                        handed = True
                    else:
                        queue.unfinished_tasks -= 1
            if not handed:
                message.wake = hold.let_go
                box.putters.append(hold)
        if handed:
            _let_go()
            return
        if not block or not wait(book, hold, timeout):
            with book.lock:
                if _is_taken(message):
                    return
                box.drop(message)
            raise queues.Full
        with book.lock:
            message.wake = None


def _is_taken(message: Message) -> bool:
    return message.taken


def wait(book: Book, hold: Hold, timeout: float | None = None) -> bool:
    """Wait to be let go; False where the time was over before.

    Raises:
        RunStopped: The run has stopped.
    """
    book.waking(hold.let_go)
    try:
        ended = hold.wait(None if timeout is None else max(0, round(timeout * _NS)))
    finally:
        book.asleep(hold.let_go)
    book.go_on()
    return ended


def _let_go() -> None:
    """Let go whom the calling thread has handed something; never under a lock."""
    holds: list[Hold] = _inside.__dict__.pop("holds", [])
    for hold in holds:
        hold.let_go()


def _soon(hold: Hold) -> None:
    _inside.__dict__.setdefault("holds", []).append(hold)


# -- receiving ------------------------------------------------------------------------------------
def _get(original: Any) -> Any:
    @functools.wraps(original)
    def get(queue: Any, block: bool = True, timeout: float | None = None) -> Any:  # noqa: FBT001, FBT002
        frame = current.carried()
        book = book_of(frame)
        if book is None or frame is None:
            item = original(queue, block, timeout)
            taken_outside(queue, item)
            return item
        if book.known(queue) is None and _is_machinery():
            return original(queue, block, timeout)
        box = book.box(queue)
        receipt = book.receive(box, frame)
        if book.replays:
            return _wanted(book, queue, receipt, block=block, timeout=timeout)
        try:
            item = original(queue, block, timeout)
        except queues.Empty:
            book.got(receipt, None, "empty" if timeout is None else "timeout")
            raise
        except _SHUT:
            book.got(receipt, None, "end")
            raise
        with book.lock:
            message = box.found(item)
        book.got(receipt, message)
        return item

    return get


def _wanted(book: Book, queue: Any, receipt: Receipt, *, block: bool, timeout: float | None) -> Any:
    """Wait for the message that the recording says; for one that it does not know, if nothing."""
    wanted = receipt.wanted
    if wanted is not None and wanted.outcome == "end" and _SHUT:
        book.got(receipt, None, "end")
        raise _SHUT
    if wanted is not None and wanted.outcome in ("empty", "timeout"):
        if wanted.outcome == "timeout" and timeout is not None:
            wait(book, book.run.waits.hold(receipt.missing), timeout)
        book.got(receipt, None, wanted.outcome)
        raise queues.Empty
    came: list[Message] = []
    hold = book.run.waits.hold(receipt.missing)
    with book.lock:
        due = _due(queue, receipt)
        if due is not None:
            came.append(due)
        elif block or (wanted is not None and wanted.outcome == "message"):
            _expect(receipt, came, hold)
    _let_go()
    if not came:
        limit = timeout if block and wanted is None else None
        waits = block or (wanted is not None and wanted.outcome == "message")
        if not waits or not wait(book, hold, limit) or not came:
            book.got(receipt, None, "empty" if timeout is None else "timeout")
            raise queues.Empty
    book.got(receipt, came[0])
    return came[0].item


def _expect(receipt: Receipt, came: list[Message], hold: Hold) -> None:
    box = receipt.box

    def take(message: Message) -> bool:
        if came:
            return False
        box.drop(message)
        came.append(message)
        _soon(hold)
        return True

    receipt.expect(take)


def _due(queue: Any, receipt: Receipt) -> Message | None:
    message = receipt.due
    if message is not None:
        _remove(queue, receipt, message)
    return message


def _remove(queue: Any, receipt: Receipt, message: Message) -> None:
    """Take a message out of the queue, or from who offers it, under the book's lock."""
    receipt.box.drop(message)
    if message.wake is not None:
        message.taken = True
        with queue.mutex:
            queue.unfinished_tasks += 1
    else:
        with queue.mutex:
            take_out(queue, message.item)
            queue.not_full.notify()
    # whoever waits for room looks again
    for hold in receipt.box.putters:
        _soon(hold)
    receipt.box.putters.clear()


# -- until all is done ----------------------------------------------------------------------------
def _join(original: Any) -> Any:
    @functools.wraps(original)
    def join(queue: Any) -> None:
        book = book_of(current.carried())
        box = None if book is None else book.known(queue)
        if book is None or box is None or not book.replays:
            original(queue)
            return
        while True:
            hold = book.run.waits.hold(Missing(f"all of {box.channel} to be done", box.present))
            with queue.all_tasks_done:
                if not queue.unfinished_tasks:
                    return
                box.joiners.append(hold)
            wait(book, hold)

    return join


def _task_done(original: Any) -> Any:
    @functools.wraps(original)
    def task_done(queue: Any) -> None:
        original(queue)
        book = book_of(current.carried())
        box = None if book is None else book.known(queue)
        if box is not None and box.joiners and not queue.unfinished_tasks:
            waiting, box.joiners = box.joiners, []
            for hold in waiting:
                hold.let_go()

    return task_done

"""Tasks: `asyncio.Queue`, and every class made of it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from agenttrace.causal import current
from agenttrace.causal.delivery.book import Book, Receipt, book_of, taken_outside
from agenttrace.causal.delivery.box import MISSING, Message
from agenttrace.causal.delivery.inside import put_in, take_out
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    from collections.abc import Iterator

_handing: ContextVar[object] = ContextVar("agenttrace_handing", default=None)
_END: Any = getattr(asyncio, "QueueShutDown", ())


def seams() -> list[Seam]:
    """Where tasks send and receive."""
    return [
        Seam(owner=asyncio.Queue, name=name, around=around)
        for name, around in (
            ("__init__", _init),
            ("put", _put),
            ("put_nowait", _put_nowait),
            ("get", _get),
            ("get_nowait", _get_nowait),
        )
    ]


def _init(original: Any) -> Any:
    @functools.wraps(original)
    def __init__(queue: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it stands in for one
        original(queue, *args, **kwargs)
        frame = current.carried()
        book = book_of(frame)
        if book is not None and frame is not None:
            book.made(queue, frame)

    return __init__


@contextlib.contextmanager
def handing(queue: object) -> Iterator[None]:
    """Let what a method of a queue calls on itself be the original's."""
    token = _handing.set(queue)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # closed by the collector, in another context
            _handing.reset(token)


def is_handing(queue: object) -> bool:
    """Whether the caller is a method of this queue that has been seen already."""
    return _handing.get() is queue


# -- sending --------------------------------------------------------------------------------------
def _put(original: Any) -> Any:
    @functools.wraps(original)
    async def put(queue: Any, item: Any) -> None:
        frame = current.carried()
        book = book_of(frame)
        if book is None or frame is None or is_handing(queue):
            await original(queue, item)
            return
        box = book.box(queue)
        message = book.send(box, frame, item)
        if not book.replays or _is_shut(queue):
            for _ in range(book.times(box, message)):
                with handing(queue), box.sending(message):
                    await original(queue, item)
            return
        while not (message.taken or box.hand(message)):
            if not queue.full():
                _put_in(queue, message)
                return
            await _room(book, queue, message)
        _count(queue)

    return put


async def _room(book: Book, queue: Any, message: Message) -> None:
    """Wait until the queue has room, or the message was taken past it."""
    future = asyncio.get_running_loop().create_future()
    message.wake = functools.partial(_done, future)
    queue._putters.append(future)
    try:
        await _woken(book, future)
    except BaseException:
        if not message.taken:
            book.box(queue).drop(message)
        raise
    finally:
        message.wake = None
        with contextlib.suppress(ValueError):
            queue._putters.remove(future)


def _put_nowait(original: Any) -> Any:
    @functools.wraps(original)
    def put_nowait(queue: Any, item: Any) -> None:
        frame = current.carried()
        book = book_of(frame)
        if book is None or frame is None or is_handing(queue):
            original(queue, item)
            return
        box = book.box(queue)
        message = book.send(box, frame, item)
        replays = book.replays and not _is_shut(queue)
        if replays and box.hand(message):
            _count(queue)
        elif replays and message.claimed:
            _put_in(queue, message)  # it found room when it was recorded
        else:
            for _ in range(book.times(box, message)):
                with handing(queue), box.sending(message):
                    original(queue, item)

    return put_nowait


def _is_shut(queue: Any) -> bool:
    return bool(getattr(queue, "_is_shutdown", False))


def _put_in(queue: Any, message: Message) -> None:
    put_in(queue, message.item)
    _count(queue)
    queue._wakeup_next(queue._getters)


def _count(queue: Any) -> None:
    queue._unfinished_tasks += 1
    queue._finished.clear()


# -- receiving ------------------------------------------------------------------------------------
def _get(original: Any) -> Any:
    @functools.wraps(original)
    async def get(queue: Any) -> Any:
        frame = current.carried()
        book = book_of(frame)
        if is_handing(queue):
            return await original(queue)
        if book is None or frame is None:
            item = await original(queue)
            taken_outside(queue, item)
            return item
        box = book.box(queue)
        receipt = book.receive(box, frame)
        if book.replays:
            return await _wanted(book, queue, receipt)
        try:
            with handing(queue):
                item = await original(queue)
        except asyncio.CancelledError:
            book.got(receipt, None, "cancelled")
            raise
        except _END:
            book.got(receipt, None, "end")
            raise
        book.got(receipt, box.found(item))
        return item

    return get


async def _wanted(book: Book, queue: Any, receipt: Receipt) -> Any:
    """Wait for the message that the recording says; for one that it does not know, if nothing."""
    if receipt.wanted is not None and receipt.wanted.outcome == "end" and _END:
        book.got(receipt, None, "end")
        raise _END
    message = _due(queue, receipt)
    if message is None:
        try:
            message = await handed(book, receipt)
        except asyncio.CancelledError:
            book.got(receipt, None, "cancelled")
            raise
    book.got(receipt, message)
    return message.item


def _due(queue: Any, receipt: Receipt) -> Message | None:
    """Take the message that a receive is due, if it is there or offered."""
    message = receipt.due
    if message is not None:
        _remove(queue, receipt, message)
    return message


def _remove(queue: Any, receipt: Receipt, message: Message) -> None:
    receipt.box.drop(message)
    if message.wake is not None:
        message.taken = True
        message.wake()
    else:
        take_out(queue, message.item)
        queue._wakeup_next(queue._putters)


async def handed(book: Book, receipt: Receipt) -> Message:
    """Wait until somebody sends what a receive waits for, and give it."""
    box, wanted = receipt.box, receipt.wanted
    future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    setattr(future, MISSING, receipt.missing)

    def take(message: Message) -> bool:
        if future.done():
            return False
        box.drop(message)
        future.set_result(message)
        return True

    receipt.expect(take)
    try:
        await _woken(book, future)
    except asyncio.CancelledError:
        if future.done() and not future.cancelled() and future.exception() is None:
            _put_back(box.queue, box, future.result())
        raise
    finally:
        if wanted is not None and wanted.message is not None:
            box.waiting.pop(wanted.message, None)
    return future.result()


def _put_back(queue: Any, box: Any, message: Message) -> None:
    """The receiver went away with the message in its hand."""
    if not box.hand(message):
        box.add(message)
        if isinstance(queue, asyncio.Queue):
            put_in(queue, message.item)


async def _woken(book: Book, future: asyncio.Future[Any]) -> None:
    """Wait for a future; when the run stops, its error."""
    loop = future.get_loop()

    def stop() -> None:
        loop.call_soon_threadsafe(_fail, future, book)

    book.waking(stop)
    try:
        await future
    finally:
        book.asleep(stop)


def _fail(future: asyncio.Future[Any], book: Book) -> None:
    if not future.done() and book.run.stopped is not None:
        future.set_exception(book.run.stopped)


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _get_nowait(original: Any) -> Any:
    @functools.wraps(original)
    def get_nowait(queue: Any) -> Any:
        if is_handing(queue):
            return original(queue)
        frame = current.carried()
        book = book_of(frame)
        if book is None or frame is None:
            item = original(queue)
            taken_outside(queue, item)
            return item
        box = book.box(queue)
        receipt = book.receive(box, frame)
        if book.replays:
            return _wanted_now(book, queue, receipt)
        try:
            with handing(queue):
                item = original(queue)
        except BaseException:
            book.got(receipt, None, "empty")
            raise
        book.got(receipt, box.found(item))
        return item

    return get_nowait


def _wanted_now(book: Book, queue: Any, receipt: Receipt) -> Any:
    wanted = receipt.wanted
    message = _due(queue, receipt)
    if message is not None:
        book.got(receipt, message)
        return message.item
    if wanted is not None and wanted.outcome == "message":
        book.later(receipt)  # timers are never late in a replay: the poll comes before the message
    else:
        book.got(receipt, None, "empty")
    raise asyncio.QueueEmpty


__all__ = ["handed", "handing", "is_handing", "seams"]

"""Streams: anyio's memory object streams, on asyncio."""

from __future__ import annotations

import asyncio
import functools
import sys
from typing import TYPE_CHECKING, Any

from agenttrace.causal import current
from agenttrace.causal.delivery.book import Book, Receipt, book_of
from agenttrace.causal.delivery.tasks import handed, handing, is_handing
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    from types import ModuleType

    from agenttrace.causal.current import Frame
    from agenttrace.causal.delivery.box import Box, Message

ANYIO = "anyio.streams.memory"
"""The module of the streams; they are patched when it is there."""

_NAME = "stream"


def seams(module: ModuleType) -> list[Seam]:
    """Where tasks send and receive over streams."""
    names: Any = module
    sender, receiver = names.MemoryObjectSendStream, names.MemoryObjectReceiveStream
    return [
        Seam(owner=sender, name="send", around=_send),
        Seam(owner=sender, name="send_nowait", around=_send_nowait),
        Seam(owner=sender, name="close", around=_close),
        Seam(owner=receiver, name="receive", around=_receive),
        Seam(owner=receiver, name="receive_nowait", around=_receive_nowait),
    ]


def _here(stream: Any) -> tuple[Book, Frame] | None:
    """Whose book the caller's use of an open stream goes into; None: hand it on."""
    frame = current.carried()
    book = book_of(frame)
    on_asyncio = asyncio._get_running_loop() is not None
    if book is None or frame is None or stream._closed or not on_asyncio or is_handing(stream):
        return None
    return book, frame


def _box(book: Book, stream: Any) -> Box:
    return book.box(stream._state, _NAME)


# -- sending --------------------------------------------------------------------------------------
def _send(original: Any) -> Any:
    @functools.wraps(original)
    async def send(stream: Any, item: Any) -> None:
        here = _here(stream)
        if here is None:
            await original(stream, item)
            return
        book, frame = here
        box = _box(book, stream)
        message = book.send(box, frame, item)
        if not book.replays:
            with handing(stream), box.sending(message):
                await original(stream, item)
            return
        from anyio.lowlevel import checkpoint

        await checkpoint()
        state = stream._state
        if not state.open_receive_channels:
            box.drop(message)
            raise _error("BrokenResourceError")
        if box.hand(message):
            return
        if len(state.buffer) < state.max_buffer_size:
            state.buffer.append(item)
            return
        await _offer(box, stream, message)

    return send


async def _offer(box: Box, stream: Any, message: Message) -> None:
    """Wait, as anyio's senders do, until somebody takes the message or nobody is left to."""
    from anyio import Event

    state, event = stream._state, Event()
    stream._waiters = stream._waiters if stream._waiters is not None else set()
    stream._waiters.add(event)
    state.waiting_senders[event] = message.item
    message.wake = functools.partial(_take_offer, state, event)
    try:
        await event.wait()
    finally:
        left = state.waiting_senders.pop(event, _GONE) is not _GONE
        withdrawn = stream._closed and event in (stream._waiters or ())
        if stream._waiters is not None:
            stream._waiters.discard(event)
        message.wake = None
        if left or withdrawn:
            box.drop(message)
    if left:
        raise _error("BrokenResourceError")
    if withdrawn:
        raise _error("ClosedResourceError")


_GONE = object()


def _take_offer(state: Any, event: Any) -> None:
    state.waiting_senders.pop(event, None)
    event.set()


def _send_nowait(original: Any) -> Any:
    @functools.wraps(original)
    def send_nowait(stream: Any, item: Any) -> None:
        here = _here(stream)
        if here is None:
            original(stream, item)
            return
        book, frame = here
        box = _box(book, stream)
        message = book.send(box, frame, item)
        state = stream._state
        if book.replays and state.open_receive_channels:
            if box.hand(message):
                return
            if message.claimed:  # it found room, or a receiver, when it was recorded
                state.buffer.append(item)
                return
        with handing(stream), box.sending(message):
            original(stream, item)

    return send_nowait


def _close(original: Any) -> Any:
    @functools.wraps(original)
    def close(stream: Any) -> None:
        original(stream)
        book = book_of(current.carried())
        box = None if book is None else book.known(stream._state)
        if box is not None and not stream._state.open_send_channels:
            waiting, box.ending = box.ending, []
            for wake in waiting:
                wake()

    return close


# -- receiving ------------------------------------------------------------------------------------
def _receive(original: Any) -> Any:
    @functools.wraps(original)
    async def receive(stream: Any) -> Any:
        here = _here(stream)
        if here is None:
            return await original(stream)
        book, frame = here
        box = _box(book, stream)
        receipt = book.receive(box, frame)
        if book.replays:
            return await _wanted(book, stream, receipt)
        try:
            with handing(stream):
                item = await original(stream)
        except asyncio.CancelledError:
            book.got(receipt, None, "cancelled")
            raise
        except Exception:
            book.got(receipt, None, "end")
            raise
        book.got(receipt, box.found(item))
        return item

    return receive


async def _wanted(book: Book, stream: Any, receipt: Receipt) -> Any:
    from anyio.lowlevel import checkpoint

    try:
        await checkpoint()
        wanted = receipt.wanted
        if wanted is not None and wanted.outcome == "end":
            await _end(stream, receipt)
            book.got(receipt, None, "end")
            raise _error("EndOfStream")
        message = _due(stream, receipt)
        if message is None and wanted is None and not stream._state.open_send_channels:
            book.got(receipt, None, "end")
            raise _error("EndOfStream")
        if message is None:
            message = await handed(book, receipt)
    except asyncio.CancelledError:
        book.got(receipt, None, "cancelled")
        raise
    book.got(receipt, message)
    return message.item


async def _end(stream: Any, receipt: Receipt) -> None:
    """Wait until every sender has closed its end, as when it was recorded."""
    state = stream._state
    if state.open_send_channels:
        from anyio import Event

        event = Event()
        receipt.box.ending.append(event.set)
        await event.wait()


def _due(stream: Any, receipt: Receipt) -> Message | None:
    """Take the message that a receive is due, if it is in the buffer or offered."""
    message = receipt.due
    if message is None:
        return None
    box = receipt.box
    box.drop(message)
    if message.wake is not None:
        message.wake()
        return message
    state = stream._state
    for number, one in enumerate(state.buffer):
        if one is message.item:
            del state.buffer[number]
            break
    if state.waiting_senders:  # there is room for the first who waits
        event, item = state.waiting_senders.popitem(last=False)
        state.buffer.append(item)
        event.set()
        offered = next((one for one in box.here.values() if _offers(one, event)), None)
        if offered is not None:
            offered.wake = None
    return message


def _offers(message: Message, event: Any) -> bool:
    return isinstance(message.wake, functools.partial) and message.wake.args[1] is event


def _receive_nowait(original: Any) -> Any:
    @functools.wraps(original)
    def receive_nowait(stream: Any) -> Any:
        here = _here(stream)
        if here is None:
            return original(stream)
        book, frame = here
        box = _box(book, stream)
        receipt = book.receive(box, frame)
        if book.replays:
            return _wanted_now(book, stream, receipt)
        try:
            with handing(stream):
                item = original(stream)
        except Exception as error:
            book.got(receipt, None, "empty" if type(error).__name__ == "WouldBlock" else "end")
            raise
        book.got(receipt, box.found(item))
        return item

    return receive_nowait


def _wanted_now(book: Book, stream: Any, receipt: Receipt) -> Any:
    wanted = receipt.wanted
    message = _due(stream, receipt)
    if message is not None:
        book.got(receipt, message)
        return message.item
    if wanted is not None and wanted.outcome == "message":
        book.later(receipt)  # timers are never late in a replay: the poll comes before the message
    else:
        ended = wanted is not None and wanted.outcome == "end"
        book.got(receipt, None, "end" if ended else "empty")
        if ended:
            raise _error("EndOfStream")
    raise _error("WouldBlock")


def _error(name: str) -> Exception:
    error: Exception = getattr(sys.modules[ANYIO], name)()
    return error

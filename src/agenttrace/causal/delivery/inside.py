"""Inside: one object is put into a queue of the standard library past its bound, or taken out."""

from __future__ import annotations

import asyncio
import heapq
import queue as queues
from collections import deque
from typing import Any


def put_in(queue: Any, item: Any) -> None:
    """Put an object where the queue's own class puts it."""
    queue._put(item)


def take_out(queue: Any, item: Any) -> None:
    """Take this very object out, wherever it stands; an object that is not there is let be."""
    held = queue.queue if isinstance(queue, queues.Queue) else getattr(queue, "_queue", None)
    if not isinstance(held, deque | list):
        _take_out_of_any(queue, item)
        return
    place = next((number for number, one in enumerate(held) if one is item), None)
    if place is not None:
        del held[place]
        if isinstance(held, list) and isinstance(
            queue, asyncio.PriorityQueue | queues.PriorityQueue
        ):
            heapq.heapify(held)


def _take_out_of_any(queue: Any, item: Any) -> None:
    """A class that keeps its messages elsewhere: take all of them, and put the others back."""
    others: list[Any] = []
    size = queue._qsize() if isinstance(queue, queues.Queue) else queue.qsize()
    for _ in range(size):
        one = queue._get()
        if one is item:
            item = others  # only once
            continue
        others.append(one)
    for one in others:
        queue._put(one)

"""Draws: latencies by chance, from a seed, the same in every search.

A factor is made from the seed, the number of the schedule and the position of the call. So it does
not depend on who asks first, and a call that nobody has recorded has one, too.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

from agenttrace.model.lane import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenttrace.model.lane import Position

WALK, SPARSE = "walk", "sparse"
"""A random walk over completions; and some answers at once, some eight times as slow."""

_SHARES = (0.05, 0.15, 0.4)
"""Of how many calls `sparse` speeds up, and slows down, in turns."""

AT_ONCE, SLOW = 0.0, 8.0


def walk(seed: int, number: int, scale_ns: int) -> str:
    """Of the answers on their way, let each be as likely to come next.

    That is so where each takes a time that is drawn from one exponential distribution.
    """
    return f"{WALK} {seed} {number} {scale_ns}"


def sparse(seed: int, number: int) -> str:
    """Let some answers come at once, some late, and the others as they were recorded."""
    return f"{SPARSE} {seed} {number}"


def drawn_by(draw: str) -> Callable[[Position, int], float | None]:
    """Give what draws a factor from a position, and from what it is multiplied with.

    Raises:
        ValueError: It is no draw.
    """
    how, *words = draw.split()
    numbers = [int(word) for word in words]
    if how == WALK:
        seed, number, scale_ns = numbers
        return lambda position, base_ns: _walked(seed, number, scale_ns, position, base_ns)
    if how == SPARSE:
        seed, number = numbers
        return lambda position, _base_ns: _spread(seed, number, position)
    raise ValueError(draw)


def share(seed: object, *words: object) -> float:
    """A number from 0 up to 1, made from words."""
    text = "\0".join(map(str, (seed, *words)))
    data = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(data, "big") / 2**64


def _walked(seed: int, number: int, scale_ns: int, position: Position, base_ns: int) -> float:
    drawn = -math.log(1 - share(seed, WALK, number, text_of(position)))
    return float(f"{drawn * scale_ns / base_ns:.3g}")


def _spread(seed: int, number: int, position: Position) -> float | None:
    part = _SHARES[number % len(_SHARES)]
    drawn = share(seed, SPARSE, number, text_of(position))
    return AT_ONCE if drawn < part else SLOW if drawn < 2 * part else None

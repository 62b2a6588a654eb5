"""Limits: a share, or a length of time, as a test of a team says it.

Unlike those of a budget they are never a change from the golden: an analysis is of one trace.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from agenttrace.check.sides import safe
from agenttrace.errors import UsageError

if TYPE_CHECKING:
    from agenttrace.check.budget import Said

_TEXT = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?) *(?P<unit>%|ns|us|µs|ms|s)?")
_NS = {
    "ns": Decimal(1),
    "us": Decimal(1_000),
    "µs": Decimal(1_000),
    "ms": Decimal(1_000_000),
    "s": Decimal(1_000_000_000),
}

_DAY_S = 86_400


def share_of(said: Said) -> Decimal:
    """A part of a whole, 0 to 1: 0.3 or `"30%"`.

    Raises:
        UsageError: It is none: 30, which nothing could ever exceed, as little as `"+5%"`.
    """
    number, unit = _read(said)
    share = None if number is None else number / 100 if unit == "%" else number
    if share is None or unit not in ("", "%") or share > 1:
        raise UsageError(
            f"{safe(repr(said))} is no share", detail='  It is a number from 0 to 1, or "30%".'
        )
    return share


def nanoseconds_of(said: Said) -> Decimal:
    """A length of time, in nanoseconds: `"300ms"`, or a number of seconds.

    Raises:
        UsageError: It is none; or it has no unit, and would be more than a day: whoever writes
            5_000_000_000 means nanoseconds, and no run would ever exceed as many seconds.
    """
    number, unit = _read(said)
    if number is None or (unit or "s") not in _NS:
        raise UsageError(
            f"{safe(repr(said))} is no length of time",
            detail='  It is a number of seconds from 0, or one with a unit: "5us", "300ms", "2s".',
        )
    if not unit and number > _DAY_S:
        raise UsageError(
            f"{safe(repr(said))} without a unit is of seconds, and that is more than a day",
            detail=f'  Name the unit:  "{number:f}ns"  or  "{number:f}s"',
        )
    return number * _NS[unit or "s"]


def _read(said: Said) -> tuple[Decimal | None, str]:
    """The number, and the unit where one is said; no number: it is none that could be a limit."""
    if isinstance(said, str):
        found = _TEXT.fullmatch(said.strip().replace("_", ""))
        return (Decimal(found["number"]), found["unit"] or "") if found else (None, "")
    if isinstance(said, bool) or not isinstance(said, int | float | Decimal):
        return None, ""
    number = Decimal(str(said))
    return (number, "") if number.is_finite() and number >= 0 else (None, "")

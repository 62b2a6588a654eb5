"""Instants: times as other systems write them, as nanoseconds since the epoch."""

from __future__ import annotations

import datetime as dt

from agenttrace.formats.documents import refuse, whole

_NS_A_US = 1_000
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def instant_ns(value: object, form: str, where: str) -> int:
    """Nanoseconds since the epoch: a number of them, or ISO 8601 (UTC, where it says no zone).

    Raises:
        TraceUnreadable: It is neither.
    """
    if not isinstance(value, str) or value.isdecimal():
        return whole(value, form, where)
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        refuse(form, f"{value[:60]!r} is no time", where)
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
    return (moment - _EPOCH) // dt.timedelta(microseconds=1) * _NS_A_US

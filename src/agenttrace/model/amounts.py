"""Amounts: counts and lengths of time, as a person reads them."""

from __future__ import annotations

from decimal import Decimal

_THOUSAND = 1_000
_UNITS = ("ns", "µs", "ms", "s")
_MINUTE_S, _HOUR_S = 60, 3_600
_NS_A_S = 1_000_000_000


def counted(count: int, one: str, many: str = "") -> str:
    """`1 span`, `1,200 spans`; `many` is for a word that is not made with an s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def verb(count: int, one: str = "is", many: str = "are") -> str:
    """`is` of one, `are` of several; or another verb."""
    return one if count == 1 else many


def times(count: int) -> str:
    """`never`, `once`, `3 times`."""
    return {0: "never", 1: "once"}.get(count, f"{count:,} times")


def duration(ns: Decimal | int) -> str:
    """`7 ns`, `12 ms`, `3.2 s`, `2 min 5 s`, `1 h 3 min`: three digits, rounded; `0 ms` is none."""
    if ns == 0:
        return "0 ms"
    if ns < _MINUTE_S * _NS_A_S:
        return _of_unit(ns)
    seconds = round(ns / _NS_A_S)
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S} min {seconds % _MINUTE_S} s"
    return f"{seconds // _HOUR_S:,} h {seconds % _HOUR_S // _MINUTE_S} min"


def beyond(ns: int, limit_ns: Decimal | int) -> str:
    """A length of time that is not its limit: in full where, rounded, the two would look alike."""
    said = duration(ns)
    if said != duration(limit_ns):
        return said
    return f"{ns:,} ns" if ns < _NS_A_S else f"{Decimal(ns) / _NS_A_S:f} s"


def _of_unit(ns: Decimal | int) -> str:
    number, unit = float(ns), 0
    while unit + 1 < len(_UNITS) and round(number) >= _THOUSAND:
        number, unit = number / _THOUSAND, unit + 1
    return f"{number:.3g} {_UNITS[unit]}"

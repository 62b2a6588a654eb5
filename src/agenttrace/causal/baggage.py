"""Baggage: what an application sends along with its calls (W3C Baggage)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote

MOST_ENTRIES = 64
"""How many entries must be passed on; more are left out, whole (3.3.2)."""
MOST_BYTES = 8192
"""How many bytes must be passed on; what does not fit is left out, whole (3.3.2)."""
MOST_READ = 180
"""How many entries are read; the grammar allows no more (3.3.1)."""

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")
# what a value may hold as it is, but for the percent sign, with which the rest is written
_SAFE = "!#$&'()*+-./:<=>?@[]^_`{|}~"
_OWS = " \t"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaggageEntry:
    """One thing sent along.

    Attributes:
        key: Its name, a token of HTTP.
        value: Any text.
        properties: What is said about it: a key, and a value or None, each.
    """

    key: str
    value: str
    properties: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Baggage:
    """All that is sent along, in order; a key may come more than once.

    Attributes:
        entries: The entries.
    """

    entries: tuple[BaggageEntry, ...] = ()

    def get(self, key: str) -> str | None:
        """The first value of a key; None where it has none."""
        return next((entry.value for entry in self.entries if entry.key == key), None)

    def with_entry(self, key: str, value: str) -> Baggage:
        """Set a key, at the end.

        Raises:
            ValueError: The key is no token.
        """
        if not _TOKEN.fullmatch(key):
            raise ValueError(f"{key!r} cannot be a key of baggage")
        return Baggage(entries=(*self.without(key).entries, BaggageEntry(key=key, value=value)))

    def without(self, key: str) -> Baggage:
        """Take a key out."""
        return Baggage(entries=tuple(entry for entry in self.entries if entry.key != key))


def parse_baggage(lines: Iterable[str]) -> Baggage:
    """Read the `baggage` headers of a call, joined in order; invalid entries are left out."""
    written = [member for member in ",".join(lines).split(",") if member.strip(_OWS)]
    entries = (_entry(member) for member in written[:MOST_READ])
    return Baggage(entries=tuple(entry for entry in entries if entry is not None))


def format_baggage(baggage: Baggage) -> str:
    """Write a `baggage` header: as many whole entries as must be passed on."""
    members: list[str] = []
    size = -1
    for entry in baggage.entries:
        member = _written(entry)
        size += 1 + len(member)
        if size > MOST_BYTES or len(members) == MOST_ENTRIES:
            break
        members.append(member)
    return ",".join(members)


def _entry(member: str) -> BaggageEntry | None:
    first, *rest = member.split(";")
    pair = _pair(first)
    if pair is None or pair[1] is None:
        return None
    properties = [_pair(one) for one in rest if one.strip(_OWS)]
    if any(one is None for one in properties):
        return None
    return BaggageEntry(
        key=pair[0], value=pair[1], properties=tuple(one for one in properties if one is not None)
    )


def _pair(written: str) -> tuple[str, str | None] | None:
    key, equals, value = written.partition("=")
    key, value = key.strip(_OWS), value.strip(_OWS)
    if not _TOKEN.fullmatch(key) or not _VALUE.fullmatch(value):
        return None
    return key, unquote(value, encoding="utf-8", errors="replace") if equals else None


def _written(entry: BaggageEntry) -> str:
    parts = [f"{entry.key}={_quoted(entry.value)}"]
    parts += [
        key if value is None else f"{key}={_quoted(value)}" for key, value in entry.properties
    ]
    return ";".join(parts)


def _quoted(value: str) -> str:
    return quote(value, safe=_SAFE, encoding="utf-8", errors="replace")

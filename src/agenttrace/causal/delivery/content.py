"""Content: the digest of a message that says plain things; others are known by their place alone.

Frameworks send live objects through their queues: futures, clients, random ids. Such a message has
no digest, so it is handed over by its place, and never called a drift.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from agenttrace.causal.lane import as_it_is
from agenttrace.errors import NotCanonical
from agenttrace.model.values import canonical, digest

if TYPE_CHECKING:
    from agenttrace.causal.lane import Clean

BY_PLACE = "agenttrace_by_place"
"""An adapter gives this attribute to a class of messages that hold what takes how long."""

_PLAIN = (type(None), bool, int, float, str, bytes)
_DEEPEST = 20


def content_of(item: object, clean: Clean = as_it_is) -> bytes:
    """Hash what a message says, secrets out; nothing where it is more than values."""
    said = getattr(type(item), "agenttrace_says", None)
    if said is not None:
        item = said(item)
    if not _is_plain(item, _DEEPEST):
        return b""
    try:
        return digest(clean(canonical(item)))
    except NotCanonical:
        return b""


def _is_plain(item: object, deep: int) -> bool:
    if type(item) in _PLAIN:
        return True
    if deep == 0 or hasattr(type(item), BY_PLACE):
        return False
    if isinstance(item, dict):
        return all(_is_plain(one, deep - 1) for pair in item.items() for one in pair)
    if isinstance(item, list | tuple | set | frozenset):
        return all(_is_plain(one, deep - 1) for one in item)
    if dataclasses.is_dataclass(item) and not isinstance(item, type):
        fields = dataclasses.fields(item)
        return all(_is_plain(getattr(item, one.name, None), deep - 1) for one in fields)
    return False

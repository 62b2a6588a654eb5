"""Streams: secrets out of answers that come in pieces, where one may be cut over several of them.

A model says its words a few letters at a time, each in a document of its own. So the texts that
stand at one place of the documents are read as one text. What is found in it goes out of all pieces
that hold a part of it; the marker goes into the first. There are as many pieces afterwards.

Pieces are held back while they may be the beginning of a secret, and no longer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agenttrace.redact import named
from agenttrace.redact.kinds import KINDS
from agenttrace.redact.pieces import Piece, Place, piece_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.redact.redactor import Redactor

_BEGUN = 256
"""How many characters after its literal a secret may need until it is one (the head of a JWT)."""

_NAMED = 32
"""The same for a name: what may stand between it and its value."""

_LEAST = 2
_LONG = re.compile(r"[A-Za-z0-9_-]{10,}\Z")
"""A long word: what tells of which kind it is may be in the middle of it."""

_BEFORE = 64
"""How many characters before a piece are looked at with it: what stands left of a secret counts."""


@dataclass(slots=True)
class _Text:
    """What stands at one place of the pieces that are held back, one part a piece."""

    pieces: list[int] = field(default_factory=list)
    nths: list[int] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    @property
    def whole(self) -> str:
        return "".join(self.parts)


class Stream:
    """The pieces of one answer, in order."""

    def __init__(self, redactor: Redactor) -> None:
        """Begin with none."""
        self._redactor = redactor
        self._held: list[Piece] = []
        self._over: set[str] = set()
        self._before: dict[Place, str] = {}

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next piece; give those that can hold no beginning of a secret any more."""
        self._held.append(piece_of(data))
        return [] if self._is_begun() else self.finish()

    def finish(self) -> list[bytes]:
        """Take the end; give what was held back."""
        held, self._held = self._held, []
        said = [[text for _, text in piece.texts] for piece in held]
        changed: set[int] = set()
        for place, text in _joined(held).items():
            before = self._before.get(place, "")
            whole = before + text.whole
            self._before[place] = whole[-_BEFORE:]
            stretches = self._redactor.stretches(whole) if before or len(text.parts) > 1 else []
            cut = _cut(whole, stretches, len(before), text.parts) if stretches else ()
            for piece, nth, new in zip(text.pieces, text.nths, cut, strict=False):
                if new != said[piece][nth]:
                    said[piece][nth] = new
                    changed.add(piece)
        written = [
            piece.write(iter(said[index])) if index in changed else piece.data
            for index, piece in enumerate(held)
        ]
        return [self._redactor.given(data) for data in written]

    def _is_begun(self) -> bool:
        """Whether what is held back may end in the beginning of a secret."""
        if self._redactor.has_wishes:
            return True  # nobody can say how a secret of a user's own kind begins
        return any(
            self._may_go_on(self._before.get(place, "") + text.whole)
            for place, text in _joined(self._held).items()
        )

    def _may_go_on(self, text: str) -> bool:
        if text in self._over:  # what documents say again and again: ids, models
            return False
        tail, near = text[-_BEGUN:], text[-_NAMED:].lower()
        if (
            any(hint in tail for hint in _HINTS)
            or any(root in near for root in named.ROOTS)
            or any(text[-size:] in _STARTS for size in range(_LEAST, _LONGEST))
            or (_LONG.search(tail) is not None)
        ):
            return True
        found = self._redactor.find(text)
        if found and found[-1].end == len(text):
            return True
        self._over.add(text)
        return False


_HINTS = tuple(sorted({hint for kind in KINDS for hint in kind.hints}))
_WORDS = (*_HINTS, *named.ROOTS)
_STARTS = frozenset(word[:size] for word in _WORDS for size in range(_LEAST, len(word)))
_LONGEST = max(map(len, _WORDS))


def _joined(held: list[Piece]) -> dict[Place, _Text]:
    joined: dict[Place, _Text] = {}
    for index, piece in enumerate(held):
        for nth, (place, part) in enumerate(piece.texts):
            text = joined.setdefault(place, _Text())
            text.pieces.append(index)
            text.nths.append(nth)
            text.parts.append(part)
    return joined


def _cut(
    whole: str, stretches: list[tuple[int, int, str]], start: int, parts: list[str]
) -> Iterator[str]:
    """Cut a text where it was cut before, with other words in the place of some stretches of it.

    Args:
        whole: The text.
        stretches: From where, to where, and by what it is replaced.
        start: Where the first part begins; what is before it was given back already.
        parts: The parts.
    """
    stretches = [(max(start, begin), stop, new) for begin, stop, new in stretches]
    for part in parts:
        end, place, said = start + len(part), start, []
        for begin, stop, new in stretches:
            if stop <= start or begin >= end:
                continue
            if begin >= start:
                said += [whole[place:begin], new]
            place = min(stop, end)
        yield "".join((*said, whole[place:end]))
        start = end

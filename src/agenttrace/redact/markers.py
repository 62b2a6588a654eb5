"""Markers: what stands in a secret's place, and how two secrets of a kind are told apart.

A marker is a kind in angle brackets: `<openai-key>`. What the agent says holds no more than that,
so that a question is the same in record and replay, whichever secret was in it. What the world said
tells the secrets of a kind apart, since a program may keep two tokens in a dict: while a run lasts
by a hash under the run's own key (`<openai-key~3f9c…>`), in a golden by their order
(`<openai-key>`, `<openai-key-2>`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,38}[a-z])?")
"""What a kind may be called; no digit at the end, where its ordinal stands."""

_ANY = re.compile(r"<([a-z][a-z0-9-]{0,39}?)(?:~([0-9a-f]{12})|-([1-9][0-9]{0,5}))?>")


class Markers:
    """The markers of some kinds of secret."""

    def __init__(self, names: Iterable[str]) -> None:
        """Know the kinds by name; other words in angle brackets are nothing to us."""
        self._names = frozenset(names)

    def plain(self, text: str) -> str:
        """Give a text with its markers as the agent says them: by kind alone."""
        return text if "<" not in text else _ANY.sub(self._plain, text)

    def are_all(self, text: str) -> bool:
        """Whether a text is markers and nothing else."""
        left = _ANY.sub(lambda found: "" if found[1] in self._names else found[0], text)
        return not left.strip()

    def _plain(self, found: re.Match[str]) -> str:
        return f"<{found[1]}>" if found[1] in self._names else found[0]


def marker(kind: str) -> str:
    """What the agent's side says in place of a secret."""
    return f"<{kind}>"


def told_apart(kind: str, secret: str, key: bytes) -> str:
    """What the world's side says in place of a secret while the run lasts.

    Without the key, which no file holds, nobody can try out what the secret may have been.
    """
    return f"<{kind}~{hashlib.blake2b(secret.encode(), key=key, digest_size=6).hexdigest()}>"


class Numbering:
    """Gives secrets their ordinals, in the order in which it is shown texts."""

    def __init__(self) -> None:
        """Begin with none."""
        self._taken: dict[str, set[int]] = {}
        self._given: dict[tuple[str, str], int] = {}

    def seen(self, text: str, _name: str = "") -> str:
        """Look at a text first: what has an ordinal keeps it; one without a number is the first."""
        for found in _ANY.finditer(text) if "<" in text else ():
            kind, mark, ordinal = found.groups()
            if mark is None:
                self._taken.setdefault(kind, set()).add(int(ordinal or 1))
        return text

    def numbered(self, text: str, _name: str = "") -> str:
        """Give a text with an ordinal for each secret in it."""
        return _ANY.sub(self._number, text) if "~" in text else text

    def _number(self, found: re.Match[str]) -> str:
        kind, mark, _ = found.groups()
        if mark is None:
            return found[0]
        ordinal = self._given.get((kind, mark), 0)
        if not ordinal:
            taken = self._taken.setdefault(kind, set())
            ordinal = next(n for n in range(1, len(taken) + 2) if n not in taken)
            taken.add(ordinal)
            self._given[kind, mark] = ordinal
        return marker(kind) if ordinal == 1 else f"<{kind}-{ordinal}>"

"""Synthesis: free text replaced by text of equal shape, so that what people wrote is in no file.

Each word becomes another of its length and its capitals, the same one wherever it stands; digits
become digits; spaces, punctuation and the form of JSON stay. What is short, or has no space in it,
is an id or a word that code compares with, and stays: nobody can replace those and still run.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agenttrace.model.values import Value

SHORTEST = 12
"""A text with fewer characters, or without a space, is a word or an id, and no free text."""

_WORD = re.compile(r"[^\W\d_]+|\d+")
_VOWELS, _CONSONANTS = "aeiou", "bcdfghklmnprstvz"


def is_free(text: str) -> bool:
    """Whether a text is free text: long enough, and of several words."""
    return len(text) >= SHORTEST and " " in text.strip()


class Synthesis:
    """Replaces free text.

    Attributes:
        texts: How many different texts were replaced.
    """

    def __init__(self, key: bytes) -> None:
        """Replace under a key; without it nobody can try out what a word was."""
        self._key = key
        self._done: dict[str, str] = {}

    @property
    def texts(self) -> int:
        """How many different texts were replaced."""
        return len(self._done)

    def value(self, value: Value) -> Value:
        """Replace the free text in a value, keys left alone."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return value

    def text(self, text: str) -> str:
        """Replace a text if it is free; one that is JSON keeps its form."""
        if text[:1] in ("{", "["):
            try:
                return json.dumps(self.value(json.loads(text)), ensure_ascii=False)
            except ValueError:
                pass
        if not is_free(text):
            return text
        if text not in self._done:
            self._done[text] = _WORD.sub(self._word, text)
        return self._done[text]

    def _word(self, found: re.Match[str]) -> str:
        word = found[0]
        chance = hashlib.blake2b(word.lower().encode(), key=self._key, digest_size=64).digest()
        if word.isdecimal():
            first = "123456789"[chance[0] % 9]
            return first + "".join(str(chance[at % 64] % 10) for at in range(1, len(word)))
        letters = []
        for place, letter in enumerate(word):
            among = _VOWELS if (place + chance[0]) % 2 else _CONSONANTS
            new = among[chance[place % 64] % len(among)]
            letters.append(new.upper() if letter.isupper() else new)
        return "".join(letters)

"""Named: secrets that are known by the name that they stand under: a header, a field, a variable.

A name counts by how it ends, in any case: `OPENAI_API_KEY`, `clientSecret`, `x-api-key`. In text,
what follows it must look like a value: it is quoted, or the text is a query or a form, or it holds
a digit. So a sentence about passwords stays a sentence.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENDINGS = (
    ("authorization", "authorization"),
    ("cookie", "cookie"),
    ("password", "password"),
    ("passwd", "password"),
    ("passphrase", "password"),
    ("secret", "secret"),
    ("api key", "api-key"),
    ("api token", "token"),
    ("access token", "token"),
    ("refresh token", "token"),
    ("id token", "token"),
    ("auth token", "token"),
    ("session token", "token"),
    ("bearer token", "token"),
    ("security token", "token"),
    ("private token", "token"),
    ("gitlab token", "token"),
    ("github token", "token"),
    ("vault token", "token"),
    ("hf token", "token"),
    ("private key", "secret-key"),
    ("secret key", "secret-key"),
    ("secret access key", "secret-key"),
    ("account key", "secret-key"),
    ("shared access key", "secret-key"),
    ("subscription key", "api-key"),
    ("functions key", "api-key"),
)
"""How names of secrets end, and the kind of what stands under them; a blank is `-`, `_` or none."""

ENDINGS = tuple(
    (words.replace(" ", joint), kind)
    for words, kind in _ENDINGS
    for joint in (("-", "_", "") if " " in words else ("",))
)

ROOTS = ("authorization", "cookie", "password", "passwd", "passphrase", "secret", "key", "token")
_BY_ROOT = {root: tuple(it for it in ENDINGS if it[0].endswith(root)) for root in ROOTS}

NAMES = frozenset(kind for _, kind in _ENDINGS)
"""The kinds that are known by a name."""

LONGEST_VALUE = 16_384

_AFTER = re.compile(
    r"""(?P<name>\\{0,3}["'])?\s{0,4}(?P<joint>:|=>|=|,)\s{0,4}b?(?P<quote>\\{0,3}["'])?"""
)
_WORD = re.compile(r"""[^\s&"'<>;,(){}\[\]\\]{1,1024}""")
_LINE = re.compile(r"""[^\r\n"'<>\\]{1,1024}""")
_SCHEME = re.compile(r"\s*(?:bearer|basic|digest|token|apikey|key|negotiate)\s+", re.IGNORECASE)
_COOKIE = re.compile(r"(?P<name>[^=;,\s]{1,256})=(?P<value>[^;]{1,4096})")
_ATTRIBUTES = frozenset({"path", "domain", "expires", "max-age", "samesite", "version", "priority"})
_JOINTS = frozenset("\"'\\ \t:=,")
_DIGIT = re.compile(r"[0-9]")
_BEFORE = 40
_LEAST = 6
_LONG = 20


@dataclass(frozen=True, slots=True)
class Value:
    """A secret in a text that was found by its name: where it stands, and of which kind it is."""

    start: int
    end: int
    kind: str


@functools.lru_cache(maxsize=4096)
def kind_of(name: str) -> str | None:
    """The kind of what stands under a name; None: it is no secret's name."""
    low = name.lower()
    return next((kind for ending, kind in ENDINGS if low.endswith(ending)), None)


def inside(kind: str, text: str, start: int = 0, end: int | None = None) -> Iterator[Value]:
    """The secret parts of what stands under a name: not a scheme, nor a cookie's name."""
    end = len(text) if end is None else end
    if kind == "cookie":
        for found in _COOKIE.finditer(text, start, end):
            if found["name"].lower() not in _ATTRIBUTES:
                yield Value(*found.span("value"), kind)
        return
    if kind == "authorization" and (scheme := _SCHEME.match(text, start, end)) is not None:
        start = scheme.end()
    if start < end:
        yield Value(start, end, kind)


def in_text(text: str) -> Iterator[Value]:
    """Find names in a text, and the secrets that follow them; linear in its length."""
    low = text.lower()
    if len(low) != len(text):  # a few letters grow when they are made small: places would shift
        low = "".join(one if len(small := one.lower()) != 1 else small for one in text)
    for root, endings in _BY_ROOT.items():
        place = low.find(root)
        while place >= 0:
            after = place + len(root)
            for ending, kind in endings if text[after : after + 1] in _JOINTS else ():
                if low.endswith(ending, place - _BEFORE if place > _BEFORE else 0, after):
                    yield from _following(text, after - len(ending), after, kind)
                    break
            place = low.find(root, after)


def _following(text: str, name: int, after: int, kind: str) -> Iterator[Value]:
    found = _AFTER.match(text, after)
    if found is None:
        return
    start, joint, quote = found.end(), found["joint"], found["quote"]
    if quote is not None:
        end = _closing(text, start, quote)
        if joint != "," or (found["name"] is not None and _is_secret(text[start:end])):
            yield from inside(kind, text, start, end)
    elif joint in ("=", "=>"):
        value = _WORD.match(text, start)
        if value is not None and (_is_in_query(text, name, value.end()) or _is_secret(value[0])):
            yield from inside(kind, text, *value.span())
    elif joint == ":" and found["name"] is None:
        whole = kind in ("authorization", "cookie")
        value = (_LINE if whole else _WORD).match(text, start)
        if value is not None and _is_secret(value[0]):
            yield from inside(kind, text, *value.span())


def _closing(text: str, start: int, quote: str) -> int:
    """Where a quoted value ends: at its quote, or with the text where it was cut short."""
    most = min(len(text), start + LONGEST_VALUE)
    place = start
    while (end := text.find(quote, place, most)) >= 0:
        slashes = end
        while slashes > start and text[slashes - 1] == "\\":
            slashes -= 1
        if (end - slashes) % 2 == 0:
            return end
        place = end + 1
    return most


def _is_secret(value: str) -> bool:
    """Whether a value without quotes looks like one that nobody would write in a sentence."""
    scheme = _SCHEME.match(value)
    said = value[scheme.end() :] if scheme is not None else value
    first = said.split(maxsplit=1)[:1]
    long = bool(first) and len(first[0]) >= _LONG
    return len(said) >= _LEAST and (long or _DIGIT.search(said) is not None)


def _is_in_query(text: str, name: int, end: int) -> bool:
    """Whether a name and its value stand in a query or a form: between `?`, `&`, `;` and its ends.

    A text that is nothing but the two of them is a form.
    """
    start = name
    while start > max(0, name - _BEFORE) and (
        text[start - 1].isalnum() or text[start - 1] in "-_."
    ):
        start -= 1
    return text[start - 1] in "?&;" if start else text[end : end + 1] in ("", "&")

"""Redactor: what takes the secrets out of everything that a run says and hears."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from agenttrace.errors import UsageError
from agenttrace.redact import named, walk
from agenttrace.redact.kinds import KINDS, Kind
from agenttrace.redact.markers import NAME, Markers, marker, told_apart

T = TypeVar("T")

_SHORTEST = 8
_LEARNED_FROM = 8
_FROM_ENVIRONMENT = 16
_MOST_LEARNED = 256
_MOST_KNOWN = 50_000
_CUTS = ("...", "…")
_TELLING = 5
_WINDOW = 160
"""How far after a hint a secret reaches whose beginning is before it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A secret in a text: where it stands, and of which kind it is. What it is, it does not say."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a user wants taken out beside the kinds that are known.

    Attributes:
        kinds: More kinds, tried first.
        without: The names of known kinds that are left in.
        rewrite: Gives each text as it may be written down; None: as it is.
    """

    kinds: tuple[Kind, ...] = ()
    without: frozenset[str] = frozenset()
    rewrite: Callable[[str], str] | None = None

    @classmethod
    def of(cls, lines: Iterable[str], rewrite: Callable[[str], str] | None = None) -> Wishes:
        """Read lines: `customer-number = C-[0-9]{8}` adds a kind, `!jwt` leaves one in.

        Raises:
            UsageError: A line is neither, or its expression is none, or matches nothing at all.
        """
        kinds, without = [], set()
        for line in lines:
            name, found, pattern = (part.strip() for part in line.partition("="))
            if not found and name.startswith("!") and name[1:] in KNOWN:
                without.add(name[1:])
            else:
                kinds.append(_own(line, name, pattern))
        return cls(kinds=tuple(kinds), without=frozenset(without), rewrite=rewrite)

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines that `of` reads."""
        own = (f"{kind.name} = {kind.pattern.pattern}" for kind in self.kinds)
        return (*own, *(f"!{name}" for name in sorted(self.without)))


KNOWN = frozenset({kind.name for kind in KINDS} | named.NAMES)
"""The names of the kinds that are known without anybody saying so."""

NO_WISHES = Wishes()


class Redactor:
    """Takes secrets out of texts, values and the model's own values, in one run.

    It remembers the values that stood under a secret's name, so that a token that was returned is
    known again where the agent sends it on, and those of the environment. It may be used by several
    threads at once.

    Attributes:
        wishes: What a user wants beside.
        key: By which secrets of a kind are told apart while the run lasts; empty: they are not.
        told_apart: Whether any was.
    """

    def __init__(
        self,
        wishes: Wishes = NO_WISHES,
        *,
        key: bytes = b"",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Begin to look for secrets.

        Args:
            wishes: What a user wants beside.
            key: By which secrets of a kind are told apart while a run lasts, at most 64 bytes;
                empty: they are not.
            environment: Variables whose values are secrets where their names say so.
        """
        self.wishes = wishes
        self.key = key
        self._kinds = (*wishes.kinds, *(it for it in KINDS if it.name not in wishes.without))
        self._markers = Markers({kind.name for kind in self._kinds} | named.NAMES)
        self.told_apart = False
        self._taken: dict[str, str] = {}
        self._learned: dict[str, str] = {}
        self._clean: set[str] = set()
        for name, value in (environment or {}).items():
            kind = named.kind_of(name)
            if kind is not None and len(value) >= _FROM_ENVIRONMENT:
                self._learn(value, kind)

    # -- the two sides --------------------------------------------------------------------------
    def said(self, thing: T) -> T:
        """What the agent's side may be written down as: secrets by their kind alone."""
        return walk.in_model(thing, self._said)

    def given(self, thing: T) -> T:
        """What the world's side may be written down as: secrets of a kind told apart."""
        return walk.in_model(thing, self._given)

    def text(self, text: str) -> str:
        """What one text may be shown as."""
        return text if self._is_plain(text, "") else self._said(text, "")

    def shown(self, text: str) -> str:
        """What a text of others may be shown as, who may have cut secrets short: `'ghp_a1a...'`."""
        text = self.text(text)
        for secret, kind in tuple(self._taken.items()):
            for cut in _CUTS:
                place = text.find(cut)
                while place >= 0:
                    start = place - _shared(text[:place], secret)
                    end = place + len(cut) + _shared_end(text[place + len(cut) :], secret)
                    new = cut if end - start == len(cut) else f"{marker(kind)}{cut}"
                    text = text[:start] + new + text[end:]
                    place = text.find(cut, start + len(new))
        return text

    def plain(self, thing: T) -> T:
        """A thing with the markers in it by kind alone, as they are compared."""
        return walk.in_model(thing, self._plain)

    def _plain(self, text: str, _name: str) -> str:
        said = self._markers.plain(text)
        return text if said == text else said

    @property
    def learned(self) -> int:
        """How many secrets it has come to know: with each, what was clean may not be any more."""
        return len(self._learned)

    @property
    def has_wishes(self) -> bool:
        """Whether a user wants more taken out than what is known."""
        return bool(self.wishes.kinds) or self.wishes.rewrite is not None

    def _said(self, text: str, name: str) -> str:
        if self._is_plain(text, name):
            return text
        said = self._markers.plain(self._without(text, name, apart=False))
        return text if said == text else said

    def _given(self, text: str, name: str) -> str:
        if self._is_plain(text, name):
            return text
        return self._without(text, name, apart=bool(self.key))

    def _is_plain(self, text: str, name: str) -> bool:
        """Whether a text was looked at before, and there was nothing in it; most were."""
        seen = text in self._clean and "<" not in text and self.wishes.rewrite is None
        return seen and (not name or named.kind_of(name) is None)

    # -- one text -------------------------------------------------------------------------------
    def find(self, text: str, name: str = "") -> list[Found]:
        """Where the secrets of a text are, in order; those with a marker in their place are none.

        Args:
            text: The text.
            name: What it stands under, where it does.
        """
        if name and (kind := named.kind_of(name)) is not None and kind not in self.wishes.without:
            return self._under(kind, text)
        if text in self._clean:
            return []
        if len(text) < _SHORTEST and not self.wishes.kinds:
            self._remember(text)
            return []
        found = self._by_look(text)
        found = self._with(found, text, named.in_text(text))
        for secret, kind in tuple(self._learned.items()):
            if secret in text:
                found = _merged(found, _words(text, secret, kind))
        if not found:
            self._remember(text)
        return found

    def stretches(self, text: str) -> list[tuple[int, int, str]]:
        """What of a text of the world's is to be replaced: from where, to where, by what."""
        found = self._stretches(text, "", apart=bool(self.key))
        if self.wishes.rewrite is None:
            return found
        said = self._given(text, "")
        return [] if said == text else [(0, len(text), said)]

    def _stretches(self, text: str, name: str, *, apart: bool) -> list[tuple[int, int, str]]:
        found = self.find(text, name)
        for it in found if len(self._taken) < _MOST_LEARNED else ():
            self._taken[text[it.start : it.end]] = it.kind
        self.told_apart = self.told_apart or (apart and bool(found))
        return [
            (
                it.start,
                it.end,
                told_apart(it.kind, text[it.start : it.end], self.key)
                if apart
                else marker(it.kind),
            )
            for it in found
        ]

    def _without(self, text: str, name: str, *, apart: bool) -> str:
        found = self._stretches(text, name, apart=apart)
        parts, place = [], 0
        for start, end, new in found:
            parts += [text[place:start], new]
            place = end
        said = "".join((*parts, text[place:])) if found else text
        said = said if self.wishes.rewrite is None else self._rewritten(said)
        return text if said == text else said

    def _rewritten(self, text: str) -> str:
        rewrite: Any = self.wishes.rewrite
        said = rewrite(text)
        if not isinstance(said, str) or rewrite(said) != said:
            why = "is no text" if not isinstance(said, str) else "is changed by it once more"
            raise UsageError(
                f"redact={getattr(rewrite, '__name__', rewrite)}: what it gives {why}",
                detail="  A replay gives the agent what was written down, and the agent says it "
                "again: what is redacted\n  must stay as it is. Give a text that the function "
                "leaves alone, such as `<customer>`.",
            )
        return said

    def _by_look(self, text: str) -> list[Found]:
        found: list[tuple[int, int, int, str]] = []
        for index, kind in enumerate(self._kinds):
            found += [(start, -end, index, kind.name) for start, end in _matches(kind, text)]
        found.sort()
        chosen: list[Found] = []
        for start, end, _, name in found:
            if not chosen or start >= chosen[-1].end:
                chosen.append(Found(start, -end, name))
        return chosen

    def _under(self, kind: str, text: str) -> list[Found]:
        """The secrets of a text that stands under a secret's name."""
        return self._with(self._by_look(text), text, named.inside(kind, text))

    def _with(self, found: list[Found], text: str, more: Iterable[named.Value]) -> list[Found]:
        """Add secrets that were found by name, but for those that are known better already."""
        own: list[Found] = []
        for it in sorted(more, key=lambda it: it.start):
            after_own = not own or it.start >= own[-1].end
            if after_own and it.kind not in self.wishes.without and self._is_new(found, text, it):
                own.append(Found(it.start, it.end, it.kind))
                self._learn(text[it.start : it.end], it.kind)
        return _merged(own, found)

    def _is_new(self, found: list[Found], text: str, it: named.Value) -> bool:
        """Whether a value holds more than secrets that were found, and markers."""
        left, place = [], it.start
        for one in _overlapping(found, it.start, it.end):
            left.append(text[place : max(place, one.start)])
            place = one.end
        left.append(text[place : it.end])
        return not self._markers.are_all("".join(left))

    # -- what is remembered ---------------------------------------------------------------------
    def _learn(self, secret: str, kind: str) -> None:
        mixed = any(map(str.isdigit, secret)) and any(map(str.isalpha, secret))
        wanted = len(secret) >= _LEARNED_FROM and mixed and not any(map(str.isspace, secret))
        if not wanted or "<" in secret or secret in self._learned:
            return
        if len(self._learned) < _MOST_LEARNED:
            self._learned = {**self._learned, secret: kind}
            self._clean = set()

    def _remember(self, text: str) -> None:
        if len(self._clean) >= _MOST_KNOWN:
            self._clean = set()
        self._clean.add(text)


def _matches(kind: Kind, text: str) -> Iterator[tuple[int, int]]:
    group = 1 if kind.pattern.groups else 0
    if not kind.hints:
        yield from (
            it.span(group) for it in kind.pattern.finditer(text) if it.end(group) > it.start(group)
        )
    for hint in kind.hints:
        place = text.find(hint)
        while place >= 0:
            start, after = max(0, place - kind.back), place + len(hint)
            found = (
                kind.pattern.search(text, start, after + _WINDOW)
                if kind.back
                else kind.pattern.match(text, place)
            )
            if found is not None:
                yield found.span(group)
                after = max(after, found.end())
            place = text.find(hint, after)


def _shared(before: str, secret: str) -> int:
    """How much of the beginning of a secret a text ends with; a few characters are chance."""
    sizes = range(min(len(before), len(secret)), _TELLING - 1, -1)
    return next((size for size in sizes if before.endswith(secret[:size])), 0)


def _shared_end(after: str, secret: str) -> int:
    """How much of the end of a secret a text begins with."""
    sizes = range(min(len(after), len(secret)), _TELLING - 1, -1)
    return next((size for size in sizes if after.startswith(secret[-size:])), 0)


def _words(text: str, secret: str, kind: str) -> Iterator[Found]:
    """Where a secret stands as a whole word."""
    place = text.find(secret)
    while place >= 0:
        end = place + len(secret)
        before, after = text[place - 1 : place], text[end : end + 1]
        if not before.isalnum() and not after.isalnum():
            yield Found(place, end, kind)
        place = text.find(secret, end)


def _merged(found: list[Found], more: Iterable[Found]) -> list[Found]:
    """Put places together in order; where two overlap, what was found first stays."""
    left = [it for it in more if not _overlapping(found, it.start, it.end)]
    return sorted((*found, *left), key=lambda it: it.start)


def _overlapping(found: list[Found], start: int, end: int) -> list[Found]:
    """Those of some places, in order and apart, that share anything with another."""
    first = bisect.bisect_right(found, start, key=lambda it: it.end)
    last = bisect.bisect_left(found, end, key=lambda it: it.start)
    return found[first:last]


def _own(line: str, name: str, pattern: str) -> Kind:
    why, compiled = "", re.compile("")
    if NAME.fullmatch(name) is None or not pattern:
        why = "it is NAME = EXPRESSION, or !KIND"
    else:
        try:
            compiled = re.compile(pattern)
        except re.error as problem:
            why = f"{problem}"
    if not why and compiled.search("") is not None:
        why = "it matches where nothing is"
    if not why and compiled.search(marker(name)) is not None:
        why = f"it matches {marker(name)}, which is to stand in its place"
    if why:
        raise UsageError(
            f"agenttrace_redact = {line!r}: {why}",
            detail="  One line a kind, in small letters and hyphens:\n"
            "      customer-number = C-[0-9]{8}\n"
            f"  !KIND leaves a known kind in: {', '.join(sorted(KNOWN))}",
        )
    return Kind(name=name, hints=(), pattern=compiled)

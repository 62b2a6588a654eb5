"""Looks: what a value that differs from run to run looks like: a date, a time, a uuid, a path.

Used to name the way on at a drift, and to let one kind of thing vary inside a text while the rest
of it is compared.
"""

from __future__ import annotations

import re

DATE, TIME, UUID, PATH, NUMBER = "date", "time", "uuid", "path", "number"

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[AaPp]\.?[Mm]\b)?"
_ZONE = r"(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})?"

_PATTERNS: dict[str, re.Pattern[str]] = {
    UUID: re.compile(
        r"\b[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}\b"
    ),
    DATE: re.compile(
        rf"\b(?:{_DAY},?\s+)?(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{4}}"
        rf"|{_MONTH}\.?\s+\d{{1,2}}(?:[a-z]{2})?,?\s+\d{{4}}|\d{{1,2}}\.?\s+{_MONTH}\.?,?\s+\d{{4}})"
        rf"(?:[T ]\s?{_CLOCK}{_ZONE})?|\b{_DAY}\b"
    ),
    TIME: re.compile(rf"\b{_CLOCK}{_ZONE}|\b1[5-9]\d{{8}}(?:\d{{3}}|\d{{6}}|\d{{9}})?(?:\.\d+)?\b"),
    PATH: re.compile(r"(?:[A-Za-z]:)?(?:[/\\][\w.@+~-]+){2,}[/\\]?|file://\S+"),
    NUMBER: re.compile(r"(?<![\w.-])[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w-])"),
}
"""What each kind looks like; a date may have a time behind it, and an epoch is a time."""

KINDS = tuple(_PATTERNS)
"""The kinds, the surest first."""


def blanked(text: str, kind: str) -> str:
    """Give a text in which everything of a kind is one thing."""
    return _PATTERNS[kind].sub(f"<{kind}>", text)


def kind_of(golden: object, run: object) -> str:
    """Say what alone differs between two values, if that is of one kind; empty: something else is.

    The numbers of two values that merely count are of the kind `number`.
    """
    if _is_number(golden) and _is_number(run):
        both = {str(golden), str(run)}
        return TIME if all(_PATTERNS[TIME].fullmatch(one) for one in both) else NUMBER
    if not isinstance(golden, str) or not isinstance(run, str) or golden == run:
        return ""
    return next((kind for kind in KINDS if blanked(golden, kind) == blanked(run, kind)), "")


def is_reordered(golden: object, run: object) -> bool:
    """Whether two values hold the same things in another order: what comes out of a set."""
    if isinstance(golden, list) and isinstance(run, list):
        return golden != run and sorted(map(repr, golden)) == sorted(map(repr, run))
    if isinstance(golden, str) and isinstance(run, str):
        return golden != run and sorted(_words(golden)) == sorted(_words(run))
    return False


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def varying(path: str, operation: str, values: tuple[object, object]) -> list[str]:
    """The lines that say what differs at a path, if it looks as if it varied, and how to let it."""
    kind = kind_of(*values)
    said = f"  `{path}` may differ from run to run:"
    place = f"{operation}.{path}"
    if kind:
        said = f"  `{path}` differs in {_SPOKEN[kind]} alone, and that may differ from run to run:"
        place += "" if all(map(_is_number, values)) else f":{kind}"
    lines = [said, f'      @pytest.mark.agent_trace(vary=["{place}"])']
    if is_reordered(*values):
        return [
            f"  `{path}` says the same things in another order: a set's, a directory's, or that of",
            "  whoever was first. Sort it; where it comes from is found by `agenttrace doctor`.",
            *lines,
        ]
    return lines


_SPOKEN = {
    DATE: "a date",
    TIME: "a time",
    UUID: "a uuid",
    PATH: "a path",
    NUMBER: "a number, such as a counter,",
}

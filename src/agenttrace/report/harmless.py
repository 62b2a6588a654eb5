"""Harmless: what stands in a trace, put into a report so that it stays text in its own place.

A trace is a stranger's text. In a report it must not leave its cell, hide, call a person, fetch an
image, or be taken for a command by the program that reads the build's output.
"""

from __future__ import annotations

import re

from agenttrace.check.sides import safe

LONGEST = 2_000
"""How many characters of one name or message a report shows."""

_ALONE = re.compile(r"[^`|\\]+")
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_TICKS = re.compile(r"`+")
_NO_CHARACTER = re.compile("[\ufdd0-\ufdef]|[\ufffe\uffff]")


def line(text: str, longest: int = LONGEST) -> str:
    """Give a text on one line, every character of it visible; too long, it is cut."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return _NO_CHARACTER.sub("\ufffd", safe(cut))


def lines(text: str) -> list[str]:
    """Give the lines of a text, every character of them visible."""
    return [line(one) for one in text.split("\n")]


def code(text: str, longest: int = LONGEST) -> str:
    """Give a text as code inside a line of Markdown, a heading or a table.

    In code nothing is a link, an image, a mention or HTML (GitHub Flavored Markdown, 6.1). What
    would end a table's cell or the code itself is written as character references, and takes at
    most twice the room.
    """
    shown = line(text, longest)
    if not shown.strip():
        return "<code>&#32;</code>"
    if _ALONE.fullmatch(shown) and shown == shown.strip():
        return f"`{shown}`"
    told, room = [], 2 * longest
    for char in shown:
        told.append(_PUNCTUATION.sub(f"&#{ord(char)};", char))
        room -= len(told[-1])
        if room < 0:
            told[-1] = "…"
            break
    return f"<code>{''.join(told)}</code>"


def block(told: list[str], language: str = "") -> str:
    """Give lines as a block of code in Markdown, fenced by more backquotes than stand in them."""
    told = [line(one) for one in told]
    longest = max((len(ticks) for one in told for ticks in _TICKS.findall(one)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *told, fence])

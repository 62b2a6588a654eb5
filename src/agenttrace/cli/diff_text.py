"""Differences on a terminal: 80 columns, colours that nobody confuses, and none when piped."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from agenttrace.check.sides import safe
from agenttrace.check.telling import counted, following, places_of, sides_of, some_of
from agenttrace.check.telling_states import COME, GONE, is_of_states, state_lines
from agenttrace.model.difference import CLASSES
from agenttrace.model.lane import label_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenttrace.model.difference import Difference

OLD, NEW = "#e69f00", "#56b4e9"
"""Orange and sky blue, which every eye tells apart ("Points of view: Color blindness", 2011); the
words before them say the same."""

_LABELS = ("old     ", "new     ")
_INDENT = 4
_MOST = 5
"""How many further places of one value are named."""


class Page:
    """Tells differences, one block a cause."""

    def __init__(self, console: Console | None = None) -> None:
        """Write to a console; without one, to standard output."""
        self._console = console or Console(highlight=False, markup=False, emoji=False)

    def note(self, text: str) -> None:
        """Say something first."""
        self._console.print(Text(safe(f"note    {text}"), style="italic"), soft_wrap=True)

    def differences(self, found: Sequence[Difference], *, everything: bool) -> None:
        """Tell all causes, and what follows from each: counted, or told as well."""
        if not found:
            self._console.print("no difference")
            return
        for one in found:
            if not one.cause:
                self._block(one, 0)
                if one.consequences and not everything:
                    follow = following(one, found)
                    said = f"so also {safe(some_of(follow, len(follow)))}"
                    self._console.print(Text(f"{' ' * _INDENT}{said}"))
                self._console.print()
            elif everything:
                self._block(one, _INDENT)
                self._console.print()
        kinds = Counter(one.kind for one in found)
        classes = ", ".join(f"{kind} {kinds[kind]}" for kind in CLASSES if kinds[kind])
        self._console.print(f"{counted(found)}: {classes}", soft_wrap=True)

    def _block(self, one: Difference, indent: int) -> None:
        room = self._console.width - indent - 2 * _INDENT - len(_LABELS[0])
        head = Text(" " * indent)
        head.append(safe(f"{one.kind}  "), style="bold")
        head.append(safe(f"{one.title}: {one.what}"))
        self._console.print(head, soft_wrap=True)
        pad = " " * (indent + _INDENT)
        self._line(f"{pad}at      ", safe(label_of(one.place)), "dim")
        if is_of_states(one):
            for line in state_lines(one.golden, one.run):
                self._line(pad, line, {GONE: OLD, COME: NEW}.get(line[:2], "dim"))
            return
        told = sides_of(one, max(room, 24))
        if told.path:
            self._line(f"{pad}in      ", told.path, "dim")
        for label, side, style in zip(_LABELS, told.sides, (OLD, NEW), strict=True):
            if side is not None:
                self._line(f"{pad}{label}", side, style)
        if told.caret is not None:
            start, length = told.caret
            self._line(f"{pad}{' ' * len(_LABELS[0])}{' ' * start}", "^" * length, "bold")
        more = [place for place in places_of(one) if place != told.path]
        if more:
            rest = f" and {len(more) - _MOST} more" if len(more) > _MOST else ""
            self._console.print(Text(f"{pad}and in  {', '.join(more[:_MOST])}{rest}"))

    def _line(self, label: str, text: str, style: str) -> None:
        line = Text(label)
        line.append(text, style=style)
        self._console.print(line, soft_wrap=True)

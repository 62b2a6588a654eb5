"""Server-sent events: a byte stream cut into whole events, wherever the network had cut it.

One chunk is one event with the blank line that ends it, never a TCP segment: segments differ from
run to run, events do not. No byte is lost or added. The rules are those of the HTML standard,
section 9.2.6: a line ends in LF, CR or CR LF, and an empty line ends an event.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_LINE_END = re.compile(rb"\r\n|\n|\r")


class Splitter:
    """Cuts a stream that arrives in any segments into events.

    A final CR is held back until the next byte shows whether an LF belongs to it. Empty lines
    where no event stands open go to the front of the next event.
    """

    __slots__ = ("_at", "_held", "_line", "_open")

    def __init__(self) -> None:
        """Begin with an empty stream."""
        self._held = bytearray()
        self._at = 0
        self._line = 0
        self._open = False

    def feed(self, segment: bytes) -> list[bytes]:
        """Take the next bytes; give the events that they complete."""
        self._held += segment
        return self._cut(final=False)

    def finish(self) -> list[bytes]:
        """Take the end of the stream; give what is left, whole event or not."""
        events = self._cut(final=True)
        if self._held:
            events.append(self._take(len(self._held)))
        return events

    def _cut(self, *, final: bool) -> list[bytes]:
        events = []
        while (end := self._line_end(final=final)) is not None:
            start, stop = end
            if start == self._line and self._open:
                events.append(self._take(stop))
            else:
                self._open = self._open or start > self._line
                self._at = self._line = stop
        return events

    def _take(self, size: int) -> bytes:
        event = bytes(self._held[:size])
        del self._held[:size]
        self._at, self._line, self._open = 0, 0, False
        return event

    def _line_end(self, *, final: bool) -> tuple[int, int] | None:
        found = _LINE_END.search(self._held, self._at)
        if found is None:
            self._at = len(self._held)
            return None
        start, stop = found.span()
        if found[0] == b"\r" and stop == len(self._held) and not final:
            self._at = start
            return None
        return start, stop


def split(stream: bytes) -> tuple[bytes, ...]:
    """Cut a whole stream into its events."""
    splitter = Splitter()
    return (*splitter.feed(stream), *splitter.finish())


def data(event: bytes) -> str | None:
    """Join the `data` lines of an event; None where it has none (a comment, a keep-alive)."""
    text = event.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found = [line[5:].removeprefix(" ") for line in lines if line.startswith("data:")]
    return "\n".join(found) if found else None


def documents(stream: bytes) -> Iterator[Any]:
    """Give the JSON document of each event of a stream that has one."""
    for event in split(stream):
        text = data(event)
        if text is None:
            continue
        try:
            yield json.loads(text)
        except ValueError:  # `[DONE]`, or an event that was cut in two
            continue


def write(text: str, name: str = "") -> bytes:
    """Write one event that holds these data; a name says what kind of event it is."""
    lines = "".join(f"data: {line}\n" for line in text.split("\n"))
    return f"event: {name}\n{lines}\n".encode() if name else f"{lines}\n".encode()

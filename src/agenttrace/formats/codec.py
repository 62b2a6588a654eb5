"""Codec: what every format of traces can do; some are only read.

A codec that says it keeps something keeps it: whatever may differ after `read(write(trace))` is
named by `loss`, and one contract suite holds every codec to that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenttrace.formats.told import Told
    from agenttrace.model.trace import Trace


class Reader(Protocol):
    """Reads traces in one format.

    Attributes:
        name: What people call the format: `native`, `otlp`.
        suffixes: The ends of file names that it claims, the preferred one first: `(".trace",)`.
    """

    @property
    def name(self) -> str:
        """What people call the format."""
        ...

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The ends of file names that it claims."""
        ...

    def reads(self, head: bytes) -> bool:
        """Whether a file that begins with these bytes (up to 4096) looks like this format."""
        ...

    def read(self, data: bytes) -> Trace:
        """Decode a whole file.

        Raises:
            AgentTraceError: The bytes are not this format, are cut short, or are too much.
        """
        ...


@runtime_checkable
class ReaderOfSeveral(Protocol):
    """Reads files that may hold several traces."""

    def read_all(self, data: bytes) -> tuple[Trace, ...]:
        """Decode every trace of a file.

        Raises:
            AgentTraceError: As `Reader.read`, but for there being several.
        """
        ...


class Codec(Reader, Protocol):
    """Reads and writes traces in one format."""

    def write(self, trace: Trace) -> bytes:
        """Encode a trace; equal traces give equal bytes.

        Raises:
            NotCanonical: The trace holds a value that no format can keep.
        """
        ...

    def loss(self, trace: Trace) -> frozenset[str]:
        """Name what may differ after a round trip of this trace; empty: nothing.

        The names are fields of `Trace` and `Span`, dotted below that: `spans.lane`, `snapshots`.
        """
        ...


class Exporter(Protocol):
    """Writes traces for other systems, from spans as those tell them.

    Attributes:
        name: What people call the format.
        suffixes: The ends of file names that it claims, the preferred one first.
        tick_ns: The least step of its clock.
    """

    @property
    def name(self) -> str:
        """What people call the format."""
        ...

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The ends of file names that it claims."""
        ...

    @property
    def tick_ns(self) -> int:
        """The least step of its clock, in nanoseconds."""
        ...

    def write_told(self, told: Iterable[Told]) -> bytes:
        """Encode spans.

        Raises:
            UsageError: What it needs is not installed.
        """
        ...

    def loss(self, trace: Trace) -> frozenset[str]:
        """Name what the format does not carry of a trace, as `Codec.loss`."""
        ...

"""Opening: one golden of one revision, read as an object; what keeps it from being read is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agenttrace.causal.renaming import renamed
from agenttrace.errors import AgentTraceError, GoldenTooNew, GoldenUnreadable
from agenttrace.formats import native
from agenttrace.formats.native import LazyGolden
from agenttrace.gate.git import LINK, SUBMODULE

if TYPE_CHECKING:
    from agenttrace.gate.git import Repository
    from agenttrace.model.trace import Trace

_NO_FILES = {
    LINK: "it is a symbolic link, which would be followed out of the golden's folder",
    SUBMODULE: "it is a submodule: another repository, which nobody reviews here",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A golden as far as it could be read.

    Attributes:
        kind: The class of what is wrong with it: `unreadable`, `schema`; empty: nothing is.
        why: What is wrong, in a sentence.
        digest: 64 hex digits over its content; empty where it cannot be read.
        golden: The golden itself; None where there is none, or none that can be read.
    """

    kind: str = ""
    why: str = ""
    digest: str = ""
    golden: LazyGolden | None = None

    @property
    def trace(self) -> Trace | None:
        """The trace in it; None where there is none."""
        return None if self.golden is None else self.golden.trace()

    def same(self, other: Opened) -> bool:
        """Whether two goldens say the same, byte for byte, whatever the times."""
        if self.golden is None or other.golden is None or self.digest != other.digest:
            return False
        return self._ragged() == other._ragged()

    def _ragged(self) -> bytes:
        golden = self.golden
        has = golden is not None and "ragged" in golden.sections
        return golden.section("ragged") if golden is not None and has else b""


NOTHING = Opened()
"""No golden at all."""


def opened(repository: Repository, oid: str, mode: str, path: str) -> Opened:
    """Read a golden of one side of a change.

    Raises:
        GitIncomplete: The clone does not hold it.
    """
    if not oid:
        return NOTHING
    if mode in _NO_FILES:
        return Opened("unreadable", _NO_FILES[mode])
    try:
        return _decoded(repository.blob(oid, path), path)
    except GoldenUnreadable as problem:
        return Opened("unreadable", problem.headline)


def decoded(data: bytes | None, path: str) -> Opened:
    """Read a golden's bytes; None: there is none."""
    return NOTHING if data is None else _decoded(data, path)


def under_name(golden: Opened, name: str) -> Opened:
    """A golden as if the test had always been called so: ids are made from names."""
    trace = golden.trace
    if trace is None or trace.name == name:
        return golden
    return _decoded(native.write(renamed(trace, name)), name)


def _decoded(data: bytes, path: str) -> Opened:
    try:
        golden = native.read_lazy(data, name=path)
        golden.section("content")  # its digest is what the header says
        golden.trace()
    except GoldenTooNew as problem:
        return Opened("schema", problem.headline)
    except AgentTraceError as problem:
        why = problem.headline.removeprefix(f"{path} cannot be read: ")
        return Opened("unreadable", why)
    return Opened("", "", golden.content_digest.hex(), golden)

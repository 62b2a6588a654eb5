"""Pending: traces that wait beside their goldens for somebody to accept or reject them."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from agenttrace.errors import AnswersLent, GoldenMissing, GoldenNotWritten
from agenttrace.formats import native
from agenttrace.golden import store
from agenttrace.golden.place import PENDING_SUFFIX, golden_of, pending_of
from agenttrace.model.lane import label_of

if TYPE_CHECKING:
    from agenttrace.golden.store import Saved
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A trace that waits.

    Attributes:
        golden: The golden that it would become; it need not be there.
        path: Where it waits: `NAME.trace.new`.
    """

    golden: Path
    path: Path

    def trace(self) -> Trace:
        """Decode the waiting trace.

        Raises:
            GoldenMissing: Nothing waits any more.
            GoldenUnreadable: It is damaged.
        """
        data = store.load(self.path)
        if data is None:
            raise nothing(self.golden)
        return native.read(data, name=str(self.path))


def propose(golden: Path, trace: Trace) -> Pending:
    """Let a trace wait beside a golden, in the place of one that waited before.

    Raises:
        GoldenNotWritten: The disk or the folder refuses.
        NotCanonical: The trace holds what no golden can keep.
    """
    pending = pending_for(golden)
    store.replace_all({pending.path: native.write(trace)})
    return pending


def pending_for(golden: Path) -> Pending:
    """What waits, or would wait, beside a golden."""
    return Pending(
        golden=golden, path=golden.with_name(pending_of(PurePosixPath(golden.name)).name)
    )


def waiting(folder: Path) -> tuple[Pending, ...]:
    """Find everything that waits below a folder, by path; links to folders are not followed."""
    found = [
        Path(root, name)
        for root, _, names in os.walk(folder)
        for name in names
        if name.endswith(PENDING_SUFFIX)
    ]
    return tuple(
        Pending(golden=path.with_name(golden_of(PurePosixPath(path.name)).name), path=path)
        for path in sorted(found)
    )


def accept(pending: Pending) -> Saved:
    """Make a waiting trace the golden.

    Raises:
        AnswersLent: An answer in it is not one that the world gave to its question.
        GoldenMissing: Nothing waits.
        GoldenUnreadable: What waits is damaged; the golden is untouched.
        GoldenNotWritten: The disk or the folder refuses; the golden is untouched.
    """
    trace = pending.trace()
    if lent := [span for span in trace.spans if span.mark]:
        raise _lent(pending, lent)
    saved = store.save(pending.golden, trace)
    _remove(pending)
    return saved


def reject(pending: Pending) -> None:
    """Remove a waiting trace.

    Raises:
        GoldenMissing: Nothing waits.
        GoldenNotWritten: The folder refuses.
    """
    if not pending.path.exists():
        raise nothing(pending.golden)
    _remove(pending)


def withdraw(golden: Path) -> None:
    """Remove what waits beside a golden, if anything does: the run agrees with the golden again."""
    with contextlib.suppress(GoldenMissing):
        reject(pending_for(golden))


def _lent(pending: Pending, spans: list[Span]) -> AnswersLent:
    some = [f"    {span.mark}  {span.name}  at {label_of(span.position)}" for span in spans[:10]]
    more = [f"    … and {len(spans) - len(some)} more"] if len(spans) > len(some) else []
    return AnswersLent(
        f"{pending.path} holds answers that the world did not give to their questions.",
        detail="\n".join(
            [
                *some,
                *more,
                "",
                "  Only the world knows what it would have answered. Record the test again:",
                "      pytest TEST --agenttrace=rewrite",
                "  More: agenttrace explain answers-lent",
            ]
        ),
    )


def _remove(pending: Pending) -> None:
    try:
        pending.path.unlink(missing_ok=True)
    except OSError as problem:
        raise GoldenNotWritten(
            f"{pending.path} could not be removed: {problem.strerror or problem}",
            file=str(pending.path),
        ) from problem


def nothing(golden: Path) -> GoldenMissing:
    """Make the error for a golden beside which nothing waits."""
    return GoldenMissing(
        f"nothing waits to become {golden}",
        detail="  What waits:\n      agenttrace pending",
        file=str(golden),
    )

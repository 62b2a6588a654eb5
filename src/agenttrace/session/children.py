"""Children: the processes of a run, from the run's side: how they join, and what they left.

Each writes a journal of its own, in replay as well, into a folder that is named to them by their
environment and that is this run's alone: what an earlier run's survivor writes goes elsewhere.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agenttrace.causal.joining import Identity
from agenttrace.causal.places import is_served
from agenttrace.causal.position import trace_id
from agenttrace.errors import JournalUnreadable, RunStopped, UsageError, catalog
from agenttrace.formats import journal, merge
from agenttrace.model.lane import label_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agenttrace.causal.current import Frame, Run
    from agenttrace.formats.merge import Part
    from agenttrace.model.trace import Trace
    from agenttrace.session.plan import Plan


def _named(function: Callable[[str], str] | None) -> list[str]:
    """How another process finds a function: its module, and its name there.

    Raises:
        UsageError: It cannot: the function stands in another one, or has no name.
    """
    if function is None:
        return []
    home, name = getattr(function, "__module__", ""), getattr(function, "__qualname__", "")
    if not home or not name.isidentifier() or name == "<lambda>":
        raise UsageError(
            f"redact={name or function!r} cannot be found by the processes that the run begins",
            detail="  Define it with `def` at the top of a module that they can import.",
        )
    return [home, name]


class Children:
    """The processes of one run.

    Attributes:
        warnings: What a person should know of them; there once `merged` was asked.
        parts: What they told; likewise.
    """

    def __init__(self, plan: Plan, run: Run, *, live: bool) -> None:
        """Invite whoever the run spawns; nothing is made on disk until somebody is."""
        self._plan = plan
        self._run = run
        self._live = live
        self._folder = None if plan.within is None else plan.journal.parent
        self._lock = threading.Lock()  # several threads may begin the first process
        self.parts: tuple[Part, ...] = ()
        self.warnings: tuple[str, ...] = ()
        run.invite = self.invite
        run.shared = self._folder

    def invite(self, frame: Frame) -> dict[str, str]:
        """The variables by which a process that is about to begin in a frame's lane joins."""
        lane, run = frame.lane, self._run
        return Identity(
            run=run.name,
            trace=trace_id(run.name),
            lane=lane.path,
            parent=() if lane.parent is None else lane.parent.path,
            seq=lane.spawn_seq,
            span=frame.span,
            agent=frame.agent,
            task=frame.task,
            baggage=frame.baggage,
            at_ns=run.clock.now_ns(),
            plan=self._words(),
        ).environment()

    def merged(self, own: Trace) -> Trace | None:
        """Put the run's own trace and what its processes told together; None: it had none."""
        if self._folder is None or self._plan.within is not None:
            return None
        found, warnings = [], []
        for path in sorted(self._folder.glob("*.journal")):
            try:
                found.append(merge.part(path.read_bytes(), name=path.name))
            except JournalUnreadable as problem:
                warnings.append(f"a process's journal: {problem.headline}")
        self.parts = tuple(found)
        told = merge.part_of(journal.retold(own, settled=False))
        trace = merge.merge([told, *found])
        self.warnings = (*warnings, *self._said(trace), *self._told())
        return trace

    @property
    def journals(self) -> tuple[Path, ...]:
        """What the processes wrote, where it is kept."""
        beside = self._plan.journal.parent  # as a person knows it, and not from the root
        found = () if self._folder is None else sorted(self._folder.glob("*.journal"))
        return tuple(beside / path.parent.name / path.name for path in found)

    @property
    def began(self) -> bool:
        """Whether the run has begun any process."""
        return self._folder is not None

    @property
    def stopped(self) -> RunStopped | None:
        """What one of them could not go on for; the first in the run's order."""
        for part in self.parts:
            if part.stopped is not None:
                kind: Any = catalog().get(part.stopped.slug)
                kind = (
                    kind if isinstance(kind, type) and issubclass(kind, RunStopped) else RunStopped
                )
                error: RunStopped = kind(part.stopped.headline, detail=part.stopped.detail)
                return error
        return None

    def discard(self) -> None:
        """Remove their journals."""
        folder, self._folder = self._folder, None
        if folder is not None and self._plan.within is None:
            shutil.rmtree(folder, ignore_errors=True)

    def _said(self, trace: Trace) -> Iterator[str]:
        told = {part.began.lane: part for part in self.parts}
        for lane in trace.lanes:
            if not lane.path or lane.path[-1].kind != "process" or is_served(lane.path):
                continue
            part = told.get(lane.path)
            if part is None and lane.end == "hole":
                yield (
                    f"process {label_of(lane.path)} left no journal, and is a hole in the trace: "
                    "it never imported agenttrace, or was killed first. What it asked is not "
                    "recorded, and in a replay nothing holds it"
                )
            elif part is not None and not part.ended:
                yield (
                    f"process {label_of(lane.path)} was killed, or outlived the run: its lane is a "
                    "hole after the last thing that it did"
                )

    def _told(self) -> Iterator[str]:
        for part in self.parts:
            for text in part.warned:
                yield f"process {label_of(part.began.lane)}: {text}"

    def _words(self) -> dict[str, Any]:
        plan = self._plan
        with self._lock:
            if self._folder is None:
                beside = plan.journal.with_suffix(".processes").absolute()
                beside.parent.mkdir(parents=True, exist_ok=True)
                self._folder = Path(tempfile.mkdtemp(prefix=f"{beside.name}-", dir=beside.parent))
                self._run.shared = self._folder
        return {
            "journals": str(self._folder),
            "golden": str(plan.golden.absolute()),
            "shown": plan.shown,
            "live": self._live,
            "alone": plan.alone,
            "match": plan.match,
            "stub": sorted(plan.stub),
            "allowed_hosts": plan.allowed_hosts,
            "vary": plan.vary.paths,
            "time": plan.time,
            "clock": plan.clock,
            "seed": plan.seed,
            "secrets": plan.secrets,
            "commands": asdict(plan.commands),
            "redact": plan.redact.lines,
            "rewrite": _named(plan.redact.rewrite),
            "key": plan.key.hex(),
        }

"""Production: record what agents do where they do it, each piece of work as a run of its own."""

from __future__ import annotations

import atexit
import os
import platform
import sys
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from agenttrace.adapters.plain.doing import error_event
from agenttrace.boundary.unobtrusive import Unobtrusive
from agenttrace.causal import current, roots
from agenttrace.causal.clock import utc_offset_s, wall_clock_text
from agenttrace.causal.position import fresh_key, trace_id
from agenttrace.causal.propagation import parse_traceparent
from agenttrace.errors import UsageError
from agenttrace.formats.records import Began
from agenttrace.model.call import Question
from agenttrace.model.span import ERROR, Span, SpanKind, Status
from agenttrace.model.values import canonical
from agenttrace.record.deferred import Deferred, Writing
from agenttrace.record.kept import Kept
from agenttrace.replay.pace import Instant
from agenttrace.session.holding import OFFSET
from agenttrace.session.journals import Journals, Limits
from agenttrace.session.world import World

if TYPE_CHECKING:
    from agenttrace.causal.current import Frame
    from agenttrace.model.values import Value
    from agenttrace.record.kept import Tally
    from agenttrace.redact import Redactor, Wishes

T = TypeVar("T")

TRACEPARENT = "traceparent"
"""What a root may be told of itself: the trace that it is part of, as the header says it."""

_active: list[Production] = []


def install(
    folder: str | os.PathLike[str],
    *,
    sample: float = 1.0,
    keep_failed: bool = False,
    limits: Limits | None = None,
    redact: Iterable[str] | Wishes = (),
) -> Production:
    """Record from here on what agents do in this process, for tests of tomorrow's incidents.

    Each outermost `agenttrace.run` or `agenttrace.agent` is a run with a journal of its own.
    Nothing is changed for the program: it waits for nothing, and is told of no error of ours. Call
    it once, before event loops are made; call `shutdown()`, or let the process end.

    Args:
        folder: Where the journals go; a folder of its own. Secrets are out of them, people's words
            are not.
        sample: Which share of all runs is recorded, from 0 to 1; chosen by the trace's id.
        keep_failed: Whether runs that were not chosen are kept where they fail: an exception leaves
            them, or `agenttrace.status` says something other than `OK`. They are held in memory
            until then, so a killed process loses them.
        limits: What may be used.
        redact: What is taken out beside the secrets that are known, as `agenttrace_redact` says it.

    Raises:
        UsageError: It is installed already, or an argument is out of its range.
    """
    if _active:
        raise UsageError(
            "agenttrace.install() was called already in this process",
            detail="  Call it once, or `shutdown()` what it gave before.",
        )
    production = Production(
        Journals(
            folder,
            sample=sample,
            keep_failed=keep_failed,
            limits=limits or Limits(),
            redact=redact,
        )
    )
    _active.append(production)
    return production


class Production:
    """The recorder of this process; a context manager that shuts it down."""

    def __init__(self, journals: Journals) -> None:
        """Begin to record."""
        self._journals = journals
        self._lock = threading.Lock()
        self._open: dict[int, _Root] = {}
        self._world = World(live=True, holds=False)
        self._world.__enter__()
        roots.record(self)
        journals.forgets.append(self._forget)
        atexit.register(self.shutdown)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.shutdown()

    @property
    def tally(self) -> Tally:
        """What became of the runs so far: written, dropped, cut, and how often we failed."""
        return self._journals.tally

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until what was recorded so far is in its journals; whether it is.

        Args:
            timeout_s: How long to wait at most.
        """
        return self._journals.backlog.flush(timeout_s)

    def shutdown(self, timeout_s: float = 5.0) -> bool:
        """Record nothing any more, and bring what was recorded to its journals; twice is once.

        Runs that go on lose their rest: their journals say so.

        Args:
            timeout_s: How long to wait for the writing at most.

        Returns:
            Whether all of it was written in that time.
        """
        if self not in _active:
            return True
        _active.remove(self)
        atexit.unregister(self.shutdown)
        roots.forget(self)
        self._world.__exit__(None, None, None)
        return self._journals.close(timeout_s, self._cut)

    # -- as `Roots` -----------------------------------------------------------------------------
    def begin(self, name: str, about: Mapping[str, object]) -> roots.Root | None:
        """Begin a run of production; None: it cannot be, and the program goes on without."""
        try:
            return self._begin(name, about)
        except Exception as error:  # noqa: BLE001 - the agent is told of no error of ours
            self._journals.failed(error)
            return None

    def _begin(self, name: str, about: Mapping[str, object]) -> roots.Root:
        journals = self._journals
        journals.room.tally.begun += 1
        told = _told(about.get(TRACEPARENT)) or fresh_key().hex()
        chosen = journals.chooses(int(told, 16))
        if not chosen and not journals.keeps_failed:
            return _Unrecorded()
        root = _Root(self._journals, name, told, _known(about), chosen=chosen)
        root.on_end = self._ended
        self._open[id(root)] = root
        return root

    def _ended(self, root: _Root) -> None:
        self._open.pop(id(root), None)

    def _cut(self) -> None:
        """Say in the journals of runs that go on that nothing more of them comes."""
        open_roots, self._open = tuple(self._open.values()), {}
        for root in open_roots:
            root.cut("shutdown")

    def _forget(self) -> None:
        """Leave the runs that the process was forked from to the process that they are of."""
        open_roots, self._open = tuple(self._open.values()), {}
        for root in open_roots:
            root.run.ended = True


class _Root:
    """One run of production."""

    def __init__(
        self,
        journals: Journals,
        name: str,
        told: str,
        about: Mapping[str, Value],
        *,
        chosen: bool,
    ) -> None:
        self._journals = journals
        self.on_end: Any = None
        redactor = journals.redactor
        name = redactor.said(name)
        self.run = run = current.Run(f"{name} {told}")
        run.clean = _Clean(redactor)
        own = Span(
            id=run.span,
            name=name,
            kind=SpanKind.RUN,
            operation="run",
            attributes=dict(about),
        )
        began = Began(
            name=run.name,
            trace=trace_id(run.name),
            started=wall_clock_text(),
            environment=_environment(told, journals.sample if chosen else None),
        )
        kept = Kept(journals.room, began, title=name, told=told, chosen=chosen, stop=self._stop)
        self._writing = Writing(kept, redactor, own)
        self._scribe = Deferred(run, journals.backlog, self._writing)
        Unobtrusive(
            run,
            scribe=self._scribe,
            pace=Instant(),
            failed=journals.failed,
            late=journals.late,
        )
        current.meet(run)
        self._scribe.begun()

    @property
    def frame(self) -> Frame:
        """The frame of code that stands directly in it."""
        return self.run.frame()

    def end(self, error: BaseException | None = None) -> None:
        """End it."""
        try:
            failed = isinstance(error, Exception)
            if isinstance(error, Exception):
                status = Status(code=ERROR, message=type(error).__qualname__)
                self._scribe.noted(status, span=self.run.span)
                self._scribe.noted(error_event(error), span=self.run.span)
            self.run.root.end()
            self._scribe.ended(failed=failed)
        except Exception as problem:  # noqa: BLE001 - the agent is told of no error of ours
            self._journals.failed(problem)
        self.run.ended = True
        if self.on_end is not None:
            self.on_end(self)

    def cut(self, why: str) -> None:
        """Nothing more of it is recorded; the writing thread has ended."""
        self.run.ended = True
        self._writing.cut(why)

    def _stop(self) -> None:
        self.run.ended = True


class _Unrecorded:
    """A run that was not chosen: what is done in it, roots included, is not recorded."""

    def __init__(self) -> None:
        run = current.Run(current.ASIDE)
        run.ended = True
        self.frame: Frame = run.frame()

    def end(self, error: BaseException | None = None) -> None:
        """Nothing is to be said of it."""


class _Clean:
    """Takes secrets out of names; questions are looked through when they are written."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, thing: T) -> T:
        """Give it without secrets, or as it is."""
        if type(thing) is str:
            return cast("T", self._redactor.text(str(thing)))  # a name, as most are
        return thing if isinstance(thing, Question) else self._redactor.said(thing)


def _known(about: Mapping[str, object]) -> dict[str, Value]:
    """What is known of a run, as far as it can be kept."""
    found: dict[str, Value] = {}
    for name, value in about.items():
        if name == TRACEPARENT:
            continue
        try:
            found[name] = canonical(value)
        except Exception:  # noqa: BLE001 - what cannot be kept is left out, and no run with it
            found[name] = {"!": type(value).__qualname__}
    return found


def _told(traceparent: object) -> str:
    """The id of the trace that the work is part of, as others know it; empty: nobody said one."""
    parent = parse_traceparent(traceparent) if isinstance(traceparent, str) else None
    if parent is not None:
        return parent.trace
    api = sys.modules.get("opentelemetry.trace")
    if api is None:
        return ""
    context = api.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else ""


def _environment(told: str, sample: float | None) -> dict[str, Value]:
    from agenttrace import __version__

    return {
        "agenttrace": __version__,
        "hash_seed": os.environ.get("PYTHONHASHSEED", "random"),
        "python": ".".join(platform.python_version_tuple()[:2]),
        OFFSET: utc_offset_s(),
        "production": {"trace": told, "sample": sample},
    }

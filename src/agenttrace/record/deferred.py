"""Deferred: the two halves of a scribe of production, with the backlog between them.

The agent's half notes what was said and when, and goes on. The writing half takes the secrets out
and makes records of it: so nothing is looked through while the agent waits, and nothing with a
secret in it is ever written.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from agenttrace.causal.sketch import Finished, Sketch
from agenttrace.causal.spans import span_of
from agenttrace.formats.records import Arrived, Closed, Counted, Ended, Laned, Noted, Opened, Warned
from agenttrace.model.lane import Lane
from agenttrace.model.span import OK, UNSET, Event, Span, Status
from agenttrace.model.values import digest
from agenttrace.record.clean import Clean
from agenttrace.record.recorder import closed_span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from agenttrace.causal.current import Run
    from agenttrace.causal.lane import LiveLane
    from agenttrace.formats.records import Noteworthy, Record
    from agenttrace.model.agent import Agent
    from agenttrace.model.call import Answer, Call, Chunk
    from agenttrace.model.lane import Delivery
    from agenttrace.model.span import Link
    from agenttrace.model.state import StateSnapshot
    from agenttrace.model.usage import Usage
    from agenttrace.model.values import Value
    from agenttrace.record.backlog import Backlog
    from agenttrace.record.kept import Kept
    from agenttrace.redact import Redactor


class Said(NamedTuple):
    """What was said to a scribe, and when.

    Attributes:
        how: The scribe's method.
        at_ns: When, in the run's time.
        words: What it was told, in order.
        more: And by name.
    """

    how: str
    at_ns: int
    words: tuple[Any, ...]
    more: dict[str, Any]


class At(NamedTuple):
    """Where a lane stood when it noted something; the lane itself goes on."""

    lane: LiveLane
    seq: int

    @property
    def path(self) -> Any:  # noqa: ANN401 - a Position
        """The path of the lane."""
        return self.lane.path


class Deferred:
    """The agent's half: a scribe, and the listener of its run; nothing of it raises or waits.

    Attributes:
        failed: Whether something said that the run has failed.
    """

    def __init__(self, run: Run, backlog: Backlog, sink: Writing) -> None:
        """Listen to a run."""
        self._run, self._backlog, self._sink = run, backlog, sink
        self.failed = False
        run.listener = self

    def begun(self) -> None:
        """The run began."""
        self._say("begun", ())

    def opened(self, call: Call) -> None:
        """An attempt was asked."""
        self._say("opened", (call,), weight=_weight(call.question.body))

    def chunk(self, call: Call, chunk: Chunk) -> None:
        """A piece of its answer arrived."""
        self._say("chunk", (call, chunk), weight=len(chunk.data))

    def closed(
        self,
        call: Call,
        answer: Answer,
        *,
        usage: Usage | None,
        attributes: Mapping[str, Value],
        mark: str,
    ) -> None:
        """Its answer ended."""
        more = {"usage": usage, "attributes": attributes, "mark": mark}
        weight = sum(len(chunk.data) for chunk in answer.chunks)
        self._say("closed", (call, answer), more, weight=weight)

    def noted(
        self,
        what: Span | Event | Link | StateSnapshot | Agent | Lane | Delivery | Status,
        *,
        span: str | None = None,
        lane: LiveLane | None = None,
    ) -> None:
        """Something else happened."""
        if isinstance(what, Status) and what.code not in (OK, UNSET):
            self.failed = True
        at = lane or self._run.root
        weight = _weight(dict(what.attributes)) if isinstance(what, _TELLING) else 0
        self._say("noted", (what,), {"span": span, "lane": At(at, at.seq)}, weight=weight)

    def sketched(self, what: Sketch | Finished, lane: LiveLane) -> None:
        """A span of the user's own work began, or ended."""
        weight = 0
        if type(what) is Sketch:
            weight = _weight(what.attributes)
        if not self._run.ended and not self._backlog.put(self._sink, what, weight):
            self._run.ended = True

    def lane_spawned(self, lane: LiveLane) -> None:
        """A lane was minted."""
        self._say("spawned", (replace(lane.frozen(), end="open"),))

    def ended(self, *, failed: bool) -> None:
        """The run has ended: its lanes as they stand, and what is to be known of it."""
        run = self._run
        lanes = tuple(lane.frozen() for lane in tuple(run.lanes))
        warnings = tuple(sorted({*run.warnings, *run.lost, *map(_past, run.bypassed)}))
        self._say("ended", (lanes, warnings, failed or self.failed))

    def _say(
        self, how: str, words: tuple[Any, ...], more: dict[str, Any] | None = None, weight: int = 0
    ) -> None:
        if self._run.ended:
            return
        said = Said(how, self._run.clock.now_ns(), words, more or {})
        if not self._backlog.put(self._sink, said, weight):
            self._run.ended = True  # it is whole up to here, and nothing of it follows


class Writing:
    """The writing half, as a sink of the backlog: what was said becomes records of one run."""

    def __init__(self, kept: Kept, redactor: Redactor, own: Span) -> None:
        """Write one run.

        Args:
            kept: Where its records go.
            redactor: What takes the secrets out.
            own: The run's own span, as it begins.
        """
        self._kept, self._redactor = kept, redactor
        self._telling = Telling(kept.add)
        self._clean = Clean(self._telling, redactor)
        self._own, self._begun = own, False
        self._calls: dict[str, Call] = {}
        self._sketches: dict[str, tuple[Sketch, int]] = {}

    def take(self, entry: Said | Sketch | Finished) -> None:
        """Take what was said."""
        if self._kept.over:
            return
        if not self._begun:
            self._begun = True
            self._kept.add(Laned(lane=Lane(path=(), end="open")))
            self._own = self._redactor.said(self._own)
            self._kept.add(Noted(what=self._own))
        try:
            if isinstance(entry, Said):
                self._telling.now_ns = entry.at_ns
                self._take(entry)
            else:
                self._sketched(entry)
        except Exception:
            self._kept.cut("error")
            raise

    def settle(self) -> None:
        """Bring it to the disk."""
        self._kept.settle()

    def overflow(self) -> None:
        """Something of it was dropped."""
        self._kept.cut("waiting", dropped=1)

    def cut(self, why: str) -> None:
        """Nothing more of it is recorded."""
        self._clean.let_go()
        self._kept.cut(why)

    def _take(self, entry: Said) -> None:
        how, at_ns, words, more = entry
        match how:
            case "opened":
                (call,) = words
                self._clean.opened(self._known(call))
            case "chunk" | "closed":
                call, what = words
                getattr(self._clean, how)(self._calls.get(call.span, call), what, **more)
            case "noted":
                self._clean.noted(words[0], **more)
            case "spawned":
                self._kept.add(Laned(lane=words[0]))
            case "ended":
                self._end(at_ns, *words)

    def _sketched(self, entry: Sketch | Finished) -> None:
        """Write a span as it begins, and once more as it ends; it is looked through but once."""
        learned = self._redactor.learned
        if isinstance(entry, Finished):
            known, before = self._sketches.pop(entry.sketch.id, (entry.sketch, -1))
            if before != learned:
                known = self._looked_through(entry.sketch)
            status, seq = self._redactor.said(entry.status), entry.end_seq
            what: Sketch | Finished = Finished(known, entry.end_ns, seq, status)
        else:
            what = known = self._looked_through(entry)
            self._sketches[known.id], seq = (known, learned), known.seq
        self._kept.add(Noted(what=what, span=known.parent, lane=known.lane, seq=seq))

    def _looked_through(self, sketch: Sketch) -> Sketch:
        """The same without secrets, settled."""
        said, settled = self._redactor.said, sketch.settled()
        return settled._replace(
            name=said(settled.name),
            task=said(settled.task),
            attributes=said(settled.attributes),
            site=said(settled.site),
        )

    def _known(self, call: Call) -> Call:
        """Take the secrets out of a question; its digest is that of what is written."""
        question = self._redactor.said(call.question)
        if question is not call.question:
            call = replace(call, question=question, digest=digest(question.body))
        self._calls[call.span] = replace(call, question=replace(question, body=None))
        return call

    def _end(
        self,
        at_ns: int,
        lanes: tuple[Lane, ...],
        warnings: tuple[str, ...],
        failed: bool,  # noqa: FBT001 - as it was said
    ) -> None:
        add, telling = self._kept.add, self._telling
        self._clean.let_go()
        for lane in lanes:
            add(Laned(lane=lane))
        add(Counted(asked=telling.asked, live=telling.asked))
        for text in warnings:
            add(Warned(text=self._redactor.text(text)))
        ended = replace(self._own, end_ns=max(at_ns, self._own.start_ns), status=Status(code=OK))
        add(Noted(what=ended))
        add(Ended(at_ns=at_ns))
        self._kept.end(failed=failed)


class Telling:
    """A scribe that makes the records of a journal, and remembers little more than what is open.

    Attributes:
        now_ns: When what it is told now was said.
        asked: How many questions were asked.
    """

    def __init__(self, add: Callable[[Record], None]) -> None:
        """Hand records on to `add`."""
        self._add = add
        self.now_ns = 0
        self.asked = 0
        self._drafts: dict[str, Span] = {}
        self._arrived: dict[str, int] = {}

    def opened(self, call: Call) -> None:
        """An attempt was asked."""
        self.asked += 1
        if call.span not in self._drafts:
            self._drafts[call.span] = replace(span_of(call, self.now_ns), question=None)
        self._arrived[call.span] = 0
        self._add(Opened(call=call, at_ns=self.now_ns))

    def chunk(self, call: Call, chunk: Chunk) -> None:
        """A piece of its answer arrived."""
        if call.span in self._arrived:
            self._arrived[call.span] += 1
            self._add(Arrived(span=call.span, chunk=chunk))

    def closed(
        self,
        call: Call,
        answer: Answer,
        *,
        usage: Usage | None,
        attributes: Mapping[str, Value],
        mark: str,
    ) -> None:
        """Its answer ended."""
        draft = self._drafts.get(call.span)
        arrived = self._arrived.pop(call.span, None)
        if draft is None or arrived is None:
            return
        span = closed_span(draft, call, answer, usage, attributes, mark)
        self._drafts[call.span] = replace(span, answers=())
        whole = arrived == len(answer.chunks)
        shown = replace(answer, chunks=()) if whole else answer
        self._add(Closed(span=replace(span, answers=()), answer=shown, arrived=whole))

    def noted(
        self,
        what: Span | Event | Link | StateSnapshot | Agent | Lane | Delivery | Status,
        *,
        span: str | None = None,
        lane: Any = None,  # noqa: ANN401 - an `At`
    ) -> None:
        """Something else happened."""
        if isinstance(what, Lane):
            self._add(Laned(lane=what))
            return
        noted: Noteworthy = replace(what, at_ns=self.now_ns) if isinstance(what, Event) else what
        self._add(Noted(what=noted, span=span, lane=lane.path, seq=lane.seq))


def _past(where: str) -> str:
    return f"past every adapter, so nothing of it is recorded: {where}"


def _weight(value: object) -> int:
    """About how many bytes a canonical value holds."""
    found, ahead = 0, [value]
    while ahead:
        one = ahead.pop()
        if isinstance(one, dict):
            inside: Iterable[object] = one.values()
        elif isinstance(one, list):
            inside = one
        else:
            found += len(one) if isinstance(one, _SIZED) else 0
            continue
        for item in inside:
            kind = type(item)
            found += _NODE
            if kind is str or kind is bytes:
                found += len(item)  # type: ignore[arg-type] # its class has one
            elif kind is dict or kind is list:
                ahead.append(item)
    return found


_TELLING = (Span, Event)
_SIZED = (str, bytes)
_NODE = 16

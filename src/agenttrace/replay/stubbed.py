"""Stubbed: the `Source` that answers with what a test said itself, and marks it so.

Which call of a tool is the second one? Not the second in time: who comes first among agents that
work at once is chance. A call's number is one more than the greatest number of the calls that led
to it, so calls that follow one another are 1, 2, 3, also when each stands in a task of its own;
calls at the same time have the same number, in every run.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from agenttrace.boundary import Recall
from agenttrace.causal import current
from agenttrace.causal.agents import name_in
from agenttrace.causal.known import known_at
from agenttrace.model import names
from agenttrace.model.call import Answer, Call, Chunk
from agenttrace.model.failure import failure_of
from agenttrace.model.lane import Position, label_of
from agenttrace.model.message import Message, ModelResponse, ToolCall
from agenttrace.model.usage import Tokens
from agenttrace.providers.catalog import provider_for
from agenttrace.providers.provider import written
from agenttrace.replay import stub_errors
from agenttrace.replay.replayer import EVERYTHING

if TYPE_CHECKING:
    from agenttrace.causal.lane import Run
    from agenttrace.model.message import ModelRequest
    from agenttrace.model.trace import Trace
    from agenttrace.replay.stubs import Aim, Stub, Stubs

Pack: TypeAlias = Callable[[Call, "Stub"], tuple[bytes, ...]]
"""Writes what a tool's stub says as the tool's own results are written; refuses what is none."""

_TOOLS = frozenset({"tool", "retrieval"})
_REFUSED = frozenset({"llm", "tool", "retrieval", "http"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """There is no recording behind the stubs: what they do not answer is refused.

    Attributes:
        run: The run's name.
        kinds: The kinds of call that are not to run live.
    """

    run: str
    kinds: frozenset[str] = EVERYTHING


class Stubbed:
    """Answers calls with stubs.

    Attributes:
        asked: The calls that came, in the order in which they were asked.
    """

    def __init__(
        self,
        stubs: Stubs,
        run: Run,
        *,
        pack: Pack,
        alone: Alone | None = None,
        passed_over: Callable[[Call], None] = lambda _call: None,
    ) -> None:
        """Answer the calls of one run.

        Args:
            stubs: What the test says; it may say more while the run goes on.
            run: The run.
            pack: How a tool's stub becomes bytes.
            alone: Refuse what no stub answers; None: somebody else may know.
            passed_over: Told of each call that was answered, before its answer is given.
        """
        self.asked: list[Call] = []
        self._stubs = stubs
        self._run = run
        self._pack = pack
        self._alone = alone
        self._passed_over = passed_over
        self._known: list[Mapping[Position, int]] = []
        self._tallies: dict[str, _Tally] = {}

    def recall(self, call: Call) -> Recall | None:
        """Answer one attempt with the stub that is for it.

        Raises:
            NotStubbed: None is, and there is nothing else to ask.
            StubUnfit: It says what could not have been said.
        """
        self.asked.append(call)
        frame = current.frame() or self._run.frame()
        self._known.append(known_at(frame.lane, call.seq))
        stub = self._chosen(call)
        if stub is None:
            kind = call.question.kind
            if self._alone is not None and kind in self._alone.kinds & _REFUSED:
                aims = {one.aim: self._number(one.aim) for one in self._for(call)}
                raise stub_errors.not_stubbed(self._alone.run, call, aims, self._stubs.all)
            return None
        answer = self._answer(stub, call)
        stub.used = True
        self._passed_over(call)
        return Recall(answer=answer, how="stub")

    def unused(self) -> tuple[Stub, ...]:
        """Stubs that no call of any run was answered with."""
        return self._stubs.unused()

    def _chosen(self, call: Call) -> Stub | None:
        found = self._for(call)
        if call.question.kind == "llm":  # a script that is used up hands on to no other
            closest = max((one.aim.closeness for one in found), default=0)
            found = [one for one in found if one.aim.closeness == closest]
        due = [one for one in found if one.on_call is None or one.on_call == self._number(one.aim)]
        ranked = [
            (one.aim.closeness, one.on_call is not None, place) for place, one in enumerate(due)
        ]
        return due[max(ranked)[2]] if due else None

    def _for(self, call: Call) -> list[Stub]:
        return [stub for stub in self._stubs.all if is_for(stub.aim, call)]

    def _number(self, aim: Aim) -> int:
        """The number of the call that was asked last, among those of an aim."""
        tally = self._tallies.setdefault(repr(aim), _Tally())
        for call, known in zip(self.asked[tally.seen :], self._known[tally.seen :], strict=True):
            tally.seen += 1
            if is_for(aim, call):
                tally.count(call, known)
        return tally.last

    def _answer(self, stub: Stub, call: Call) -> Answer:
        saying = stub.saying
        if saying.error is not None:
            return Answer(failure=failure_of(saying.error))
        if call.question.kind in _TOOLS:
            chunks = tuple(Chunk(data=data) for data in self._pack(call, stub))
            return Answer(chunks=chunks, streamed=saying.how == "streams")
        return _said(stub, call, self._number(stub.aim))


class _Tally:
    """The numbers of the calls of one aim."""

    def __init__(self) -> None:
        self.seen = 0
        self.last = 0
        self._steps: dict[Position, list[int]] = defaultdict(list)
        self._numbers: dict[Position, list[int]] = defaultdict(list)

    def count(self, call: Call, known: Mapping[Position, int]) -> None:
        """Number one more call; a lane's numbers only rise, so its latest known one counts."""
        before = 0
        for lane in known.keys() & self._steps.keys():
            place = bisect.bisect_right(self._steps[lane], known[lane])
            if place:
                before = max(before, self._numbers[lane][place - 1])
        self.last = before + 1
        self._steps[call.lane].append(call.seq)
        self._numbers[call.lane].append(self.last)


def is_for(aim: Aim, call: Call) -> bool:
    """Whether an aim names a call."""
    question, body = call.question, call.question.body
    if aim.kind == "llm":
        named = question.kind == "llm"
    else:
        named = question.kind in _TOOLS and aim.name in (question.title, question.operation)
    if not named:
        return False
    given = body if isinstance(body, dict) else {}
    who, where = name_in(call.agent or ""), f"{label_of(call.lane)}/"
    return (
        (aim.agent is None or aim.agent == who)
        and (aim.lane is None or where.startswith(f"{aim.lane}/"))
        and all(key in given and given[key] == value for key, value in aim.given)
    )


def as_stubbed(golden: Trace, run: Trace) -> tuple[Trace, Trace]:
    """Take out of a golden and a run of it what the test says itself, so that the rest compares.

    A stubbed call is the same in both. What was recorded below it goes: nothing of it was done.
    """
    said = {span.position: span for span in run.spans if span.mark == "stub"}
    if not said:
        return golden, run

    def is_below(position: Position) -> bool:
        return any(position[:size] in said for size in range(1, len(position)))

    spans = tuple(
        span
        if (mine := said.get(span.position)) is None
        else replace(
            span,
            answers=mine.answers,
            status=mine.status,
            usage=mine.usage,
            attributes=mine.attributes,
            end_seq=mine.end_seq,
        )
        for span in golden.spans
        if not is_below(span.position)
    )
    lanes = tuple(
        lane for lane in golden.lanes if lane.path not in said and not is_below(lane.path)
    )
    plain = tuple(replace(span, mark="") if span.mark == "stub" else span for span in run.spans)
    return replace(golden, spans=spans, lanes=lanes), replace(run, spans=plain)


def _said(stub: Stub, call: Call, nth: int) -> Answer:
    """Say what a model's stub says, in the language of the request."""
    fields = call.question.body if isinstance(call.question.body, dict) else {}
    method, path, body = (fields.get(key) for key in ("method", "path", "body"))
    provider = provider_for(str(method), str(path), body)
    if provider is None:
        raise stub_errors.unknown_language(call, stub)
    request, saying = provider.read_request(body), stub.saying
    if saying.how == "fails":
        response = ModelResponse(
            model=request.model, error=saying.message, extra={"status": saying.status}
        )
    else:
        _refuse_unknown_tools(stub, call, request)
        asks = any(isinstance(part, ToolCall) for part in saying.parts)
        message = Message(
            role="assistant", parts=saying.parts, finish_reason="tool_call" if asks else "stop"
        )
        response = ModelResponse(
            model=request.model, messages=(message,), id=f"stub-{nth}", tokens=Tokens()
        )
    stream = request.stream or call.question.attributes.get(names.STREAM) is True
    return written(provider, response, stream=stream)


def _refuse_unknown_tools(stub: Stub, call: Call, request: ModelRequest) -> None:
    """Refuse to call a tool that the request does not offer; where it names none, nobody knows."""
    offered = stub_errors.offered(request.tools)
    for part in stub.saying.parts:
        if isinstance(part, ToolCall) and offered and part.name not in offered:
            raise stub_errors.unknown_tool(call, stub, part.name, offered)

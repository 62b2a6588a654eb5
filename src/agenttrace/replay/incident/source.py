"""Source: answers a run of today's code with what the world said in an incident."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from agenttrace.boundary import Recall
from agenttrace.causal.agents import name_in
from agenttrace.model import names
from agenttrace.model.call import Answer, Call, Chunk, Failure
from agenttrace.model.span import MARKS
from agenttrace.model.values import comparable
from agenttrace.providers.catalog import provider_for
from agenttrace.providers.provider import written
from agenttrace.replay.incident import telling
from agenttrace.replay.incident.asked import conversation
from agenttrace.replay.incident.cuts import Cut
from agenttrace.replay.incident.known import Calls, Known, Result, Said
from agenttrace.replay.incident.matching import Asking, Found, Missed, decide

if TYPE_CHECKING:
    from agenttrace.model.lane import Position
    from agenttrace.model.message import ModelRequest
    from agenttrace.providers.provider import Provider

Fit: TypeAlias = Callable[[Call, "Known", object], tuple[bytes, ...]]
"""Writes what a tool said as the live tool's own results are written; refuses what is none."""

Arrive: TypeAlias = Callable[[Call, Sequence[Known]], None]
"""Told of the call at which the run has come to its start, and of the calls before it that it never
asked; refuses a run that is another one than the incident's was there."""

_KINDS = ("llm", "tool", "retrieval")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How a person wants an incident to be replayed.

    Attributes:
        override: What a call is answered instead, by its label: `#4`.
        until: The label of the call at which the run stops, unanswered; None: it goes on.
        fork: The label of the call from which the incident answers no more; None: it answers all.
        live: Whether the world answers from there on.
        lend: Whether a call that departs is given the likeliest answer, to see what follows.
        start: The moment up to which all is to be as it was; None: nothing is held to it.
        begins: Whether the code begins there, so that nothing before it is asked again.

    """

    override: Mapping[str, Said] = field(default_factory=dict)
    until: str | None = None
    fork: str | None = None
    live: bool = False
    lend: bool = False
    start: Cut | None = None
    begins: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One answer that was given.

    Attributes:
        call: The call of today's code.
        known: The call of the incident; None: it has none.
        how: `same`, `next` (what it asked nobody wrote down), `lent`, `override`, `stub` or `live`.
    """

    call: Call
    known: Known | None
    how: str


class Incident:
    """Answers calls from a trace that somebody else recorded.

    Attributes:
        calls: What the trace knows of its calls.
        served: What was answered, in the order of asking.
        departures: The calls that the incident does not answer, with why; the first one counts.
        start: The moment that the run has to come to as it was; None: there is none.
        is_ahead: Whether that moment is still to come.
        came: The calls that came here, by their place: kind and operation.
    """

    def __init__(
        self,
        calls: Calls,
        *,
        run: str,
        fit: Fit,
        wishes: Wishes | None = None,
        arrive: Arrive = lambda _call, _left: None,
    ) -> None:
        """Answer the calls of one run.

        Args:
            calls: The incident's calls.
            run: The run's name.
            fit: How a tool's result becomes bytes.
            wishes: What a person wants to be otherwise.
            arrive: Told when the run has come to its start.
        """
        self.calls = calls
        self.served: list[Served] = []
        self.departures: list[telling.Departure] = []
        self.came: dict[Position, tuple[str, str]] = {}
        self._run = run
        self._fit = fit
        self._arrive = arrive
        self._wishes = wishes = wishes or Wishes()
        self._places = {id(one): place for place, one in enumerate(calls.all)}
        self.start = None if wishes.begins else wishes.start
        self.is_ahead = self.start is not None
        self._before = frozenset() if wishes.start is None else wishes.start.before
        self._taken: set[int] = set(self._before if wishes.begins else ())
        self._again: dict[tuple[object, ...], Recall | None] = {}
        self._forked = False

    def recall(self, call: Call) -> Recall | None:
        """Answer one attempt; None: it is agent code, or the world is to answer from here on.

        Raises:
            ReplayDiverged: The incident has no answer to it.
            StoppedThere: It is the call at which the run was to stop.
        """
        if call.attempt and call.position in self._again:  # an SDK tries again what failed
            return self._again[call.position]
        self._note(call)
        found = self._again[call.position] = self._answered(call)
        return found

    def pass_over(self, call: Call) -> None:
        """Take a call as asked that a stub answers."""
        self._note(call)
        decision = self._decided(call)
        if isinstance(decision, Found):
            self._come_to(call, decision.known)
            self._taken.add(self._places[id(decision.known)])
        self.served.append(Served(call=call, known=None, how="stub"))

    def is_settled(self, call: Call) -> bool:
        """Whether a call lies before the start, where nobody but the incident answers."""
        if not self.is_ahead:
            return False
        decision = self._decided(call)
        if isinstance(decision, Found):
            return self._lies_before(decision.known)
        return not decision.candidates or self._lies_before(decision.candidates[0])

    @property
    def unused(self) -> tuple[Known, ...]:
        """The incident's calls that nobody asked for."""
        return tuple(one for place, one in enumerate(self.calls.all) if place not in self._taken)

    def _answered(self, call: Call) -> Recall | None:
        wishes = self._wishes
        decision = self._decided(call)
        known = decision.known if isinstance(decision, Found) else None
        if known is not None and known.label == wishes.until:
            raise telling.stopped(self._run, call, known)
        if known is not None and known.label == wishes.fork:
            self._forked = True
        if known is not None:
            self._come_to(call, known)
        if self._forked:
            return self._past_fork(call, known)
        if isinstance(decision, Missed):
            return self._departed(call, decision)
        return self._given(call, decision.known, decision.how)

    def _decided(self, call: Call) -> Found | Missed:
        if call.question.kind not in _KINDS:
            return Missed(why="extra")
        return decide(self.calls, self._taken, asking_of(call))

    def _past_fork(self, call: Call, known: Known | None) -> Recall | None:
        if known is not None and known.label in self._wishes.override:
            return self._given(call, known, "same")
        if not self._wishes.live:
            raise telling.not_stubbed(self._run, call)
        self.served.append(Served(call=call, known=None, how="live"))
        return None

    def _departed(self, call: Call, missed: Missed) -> Recall | None:
        said = next((it for it in missed.candidates if it.label in self._wishes.override), None)
        if said is not None:  # a person knew that it would ask something else
            self._come_to(call, said)
            return self._given(call, said, "override")
        departure = telling.Departure(
            call=call, asked=asking_of(call).asked, missed=missed, before=len(self.served)
        )
        self.departures.append(departure)
        likely = next((one for one in missed.candidates if one.said is not None), None)
        settled = self.is_ahead and (likely is None or self._lies_before(likely))
        if self._wishes.lend and likely is not None and not settled:
            self._come_to(call, likely)
            return self._given(call, likely, "lent")
        raise telling.departed(self._run, departure, self.calls, lends=self._wishes.lend)

    def _note(self, call: Call) -> None:
        self.came[call.position] = (call.question.kind, call.question.operation)

    def _lies_before(self, known: Known) -> bool:
        return self._places[id(known)] in self._before

    def _come_to(self, call: Call, known: Known) -> None:
        """Look whether the run has come to its start, and is there what the incident was."""
        if not self.is_ahead or self.start is None or known is not self.start.at:
            return
        left = sorted(self._before - self._taken)
        self._arrive(call, [self.calls.all[place] for place in left])
        self.is_ahead = False

    def _given(self, call: Call, known: Known, how: str) -> Recall | None:
        self._taken.add(self._places[id(known)])
        said = self._wishes.override.get(known.label)
        if said is not None:
            how = "override"
        elif known.runs:
            return None
        else:
            said = known.said
        if said is None:
            raise telling.not_known(self._run, call, known)
        self.served.append(Served(call=call, known=known, how=how))
        return Recall(answer=self._answer(call, known, said), how=how if how in MARKS else "same")

    def _answer(self, call: Call, known: Known, said: Said) -> Answer:
        if isinstance(said, Failure):
            return Answer(failure=said)
        if isinstance(said, Result):
            chunks = tuple(Chunk(data=data) for data in self._fit(call, known, said.value))
            return Answer(chunks=chunks)
        provider, request = language_of(call)
        if provider is None or request is None:
            raise telling.unknown_language(self._run, call, known)
        stream = request.stream or call.question.attributes.get(names.STREAM) is True
        return written(provider, replace(said, model=said.model or request.model), stream=stream)


def asking_of(call: Call) -> Asking:
    """A call of today's code in the form in which it is looked for."""
    question = call.question
    _, request = language_of(call)
    asked = conversation(request) if request is not None else comparable(question.body)
    return Asking(
        kind=question.kind,
        operation=question.operation,
        agent=name_in(call.agent or ""),
        asked=asked,
    )


def language_of(call: Call) -> tuple[Provider | None, ModelRequest | None]:
    """The language of a question to a model, and what is asked in it."""
    fields = call.question.body if isinstance(call.question.body, dict) else {}
    if call.question.kind != "llm":
        return None, None
    method, path, body = (fields.get(key) for key in ("method", "path", "body"))
    provider = provider_for(str(method), str(path), body)
    return provider, None if provider is None else provider.read_request(body, str(path))

"""Acting: who acts while a framework runs: the spans of its agents, one after another.

A framework's loop goes on in one function while one agent hands over to the next. So a span ends
where the next agent begins, and both stand below whoever began the run.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.frameworks.tools import plainly
from agenttrace.adapters.plain.doing import Doing, Opening
from agenttrace.adapters.plain.notes import status
from agenttrace.adapters.plain.standing import standing
from agenttrace.causal import current
from agenttrace.model import names
from agenttrace.model.agent import Agent
from agenttrace.model.span import Event, SpanKind, Status
from agenttrace.model.state import StateSnapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextvars import ContextVar, Token

    from agenttrace.causal.lane import LiveLane
    from agenttrace.model.values import Value

LIMIT = "TOOL_LIMIT_EXCEEDED"
"""How an agent's span ends that a framework's own limit has stopped."""


def an_agent(
    name: str,
    *,
    id: str = "",  # noqa: A002 - the word of the model
    type: str = "llm",  # noqa: A002 - likewise
    role: str = "",
    version: str = "",
    model: Mapping[str, object] | None = None,
    task: str | None = None,
) -> Opening:
    """Say who begins to act; what of a model's configuration nobody set is left out."""
    who = Agent(
        id=id, name=name, type=type, role=role, version=version, model=configured(model or {})
    )
    return Opening(kind=SpanKind.AGENT, name=name, step="agent", agent=who, task=task)


def configured(model: Mapping[str, object]) -> dict[str, Value]:
    """Keep what somebody set of a model's configuration, as far as it is data."""
    data = (bool, int, float, str, list, tuple, Mapping)
    return {name: plainly(value) for name, value in model.items() if isinstance(value, data)}


class Relay:
    """The agents of one run of a framework, of which one acts at a time.

    `begin` and `end` are called in the run's own task; `turn` wherever the framework says who acts.

    Attributes:
        who: The framework's own object of who acts.
    """

    def __init__(self) -> None:
        """Let nobody act yet."""
        self._doing: Doing | None = None
        self._lane: LiveLane | None = None
        self.who: object = None

    def begin(self, who: object, opening: Opening) -> None:
        """Let the first agent act; `who` is the framework's own object, to know it again."""
        at = standing()
        self._lane = None if at is None else at.frame.lane
        self._act(who, opening)

    def turn(self, who: object, opening: Opening, candidates: Iterable[str] = ()) -> None:
        """Say who acts from here on; another one than before has been handed over to."""
        at = standing()
        before = self._doing
        if before is None or self.who is who or at is None or at.frame.lane is not self._lane:
            return
        chose([opening.name], candidates, span=before.id)
        before.end()
        self._act(who, opening)
        if self._doing is not None:
            self._doing.link(before.id, "handoff")

    def end(self, error: BaseException | None = None, *, limit: str = "") -> None:
        """Let nobody act any more; `limit`: which limit of the framework's was reached."""
        doing, self._doing = self._doing, None
        if doing is None:
            return
        at = standing()
        if limit and at is not None:
            at.note(Status(code=LIMIT, message=limit), span=doing.id)
        doing.end(error)

    def _act(self, who: object, opening: Opening) -> None:
        self.who = who
        self._doing = Doing(opening)
        self._doing.__enter__()


def chose(
    chosen: Sequence[str],
    candidates: Iterable[str] = (),
    *,
    reason: str = "",
    span: str | None = None,
) -> None:
    """Say what was chosen to go on with, and why; in a span, or in the caller's own."""
    at = standing()
    if at is None:
        return
    attributes: dict[str, Value] = {
        names.EVENT_CHOSEN: chosen[0] if len(chosen) == 1 else [*chosen]
    }
    known = list(candidates)
    if known:
        attributes[names.EVENT_CANDIDATES] = [*known]
    if reason:
        attributes[names.EVENT_REASON] = reason
    at.note(Event(name="planning", attributes=attributes), span=span)


def queued(event: str, task: str, *, span: str | None = None, **more: Value) -> None:
    """Say how far the placing of a task has come; in a span, or in the caller's own.

    Args:
        event: `enqueued`, `assigned` (with `worker`), `dequeued`; `heartbeat` has no task.
        task: What is to be done, in words that do not vary from run to run.
        span: Where it occurred.
        **more: `queue`, `worker`, `candidates`, `reason`, `step`.
    """
    at = standing()
    if at is not None:
        known = {"task": task} if task else {}
        at.note(Event(name=event, attributes={**known, **more}), span=span)


def reflect(reason: str) -> None:
    """Say that the agent is to think again: its framework has sent an answer of its model back."""
    at = standing()
    if at is not None:
        at.note(Event(name="reflection", attributes={names.EVENT_REASON: reason}))


def remember(memory: Value, *, goal: Value = None, **extra: Value) -> None:
    """Keep what the agent that acts here has in mind: its conversation, its state; its goal."""
    at = standing()
    if at is None:
        return
    position, _ = at.mint("snapshot", "state")
    at.note(
        StateSnapshot(
            agent=at.frame.agent or "",
            position=position,
            lane=at.frame.lane.path,
            seq=at.frame.lane.seq,
            goal=goal,
            working_memory=memory,
            extra=extra,
            span=at.frame.span,
        )
    )


def limit_of(error: BaseException | None, *limits: str) -> str:
    """Name the limit that an exception tells of: its class, where that is one of these names."""
    classes = () if error is None else type(error).__mro__
    return next((one.__name__ for one in classes if one.__name__ in limits), "")


@contextlib.contextmanager
def lasting(doing: Doing, *limits: str) -> Iterator[None]:
    """Begin and end a span that is as long as a generator; `limits`: as `limit_of` has them."""
    doing.begin()
    try:
        yield
    except BaseException as error:
        if limit := limit_of(error, *limits):
            with doing.step():
                status(LIMIT, limit)
        doing.end(error)
        raise
    doing.end()


def aside(real: Any) -> Any:
    """Stand before a function whose doing is no part of a run, and do it outside every run."""

    @functools.wraps(real)
    def unseen(*args: Any, **options: Any) -> Any:
        with current.aside():
            return real(*args, **options)

    return unseen


def aside_awaited(real: Any) -> Any:
    """Stand likewise before a coroutine function, as one for who looks on."""

    @functools.wraps(real)
    async def unseen(*args: Any, **options: Any) -> Any:
        with current.aside():
            return await real(*args, **options)

    return unseen


def put_back(variable: ContextVar[Any], token: Token[Any]) -> None:
    """Give a variable what it held, unless its stream was closed in another context."""
    with contextlib.suppress(ValueError):
        variable.reset(token)

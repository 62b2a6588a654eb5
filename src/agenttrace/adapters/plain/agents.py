"""Agents: who acts, and which turn of a pool of workers it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from agenttrace.adapters.plain.doing import Doing, Opening, bare
from agenttrace.adapters.plain.standing import Stay, known, standing
from agenttrace.model.agent import Agent
from agenttrace.model.lane import LANE_KINDS, Step
from agenttrace.model.span import SpanKind
from agenttrace.model.values import canonical, digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenttrace.model.lane import Position

F = TypeVar("F", bound="Callable[..., Any]")


@overload
def agent(fn: F, /) -> F: ...
@overload
def agent(
    name: str,
    *,
    id: str | None = None,
    type: str = "",
    role: str = "",
    version: str = "",
    model: Mapping[str, object] | None = None,
    task: str | None = None,
) -> Doing: ...
def agent(
    name: F | str,
    *,
    id: str | None = None,  # noqa: A002 - the word of the model
    type: str = "",  # noqa: A002 - likewise
    role: str = "",
    version: str = "",
    model: Mapping[str, object] | None = None,
    task: str | None = None,
) -> F | Doing:
    """Say that an agent acts here: `with agenttrace.agent("planner"):`, or as a decorator.

    A bare `@agenttrace.agent` takes the name of its function.

    Works alike in synchronous and asynchronous code, and around generators. What is asked inside
    stands below the agent, whoever else does the same at the same time.

    Args:
        name: What people call it.
        id: Stable from run to run; by default the name, and an ordinal where several have it.
        type: What kind of agent: `llm`, `human`, or your own word.
        role: The part it plays: `planner`, `critic`.
        version: Which version of its code or prompt.
        model: Its model configuration: name, temperature, …
        task: What it is asked to do.

    Raises:
        UsageError: `name` is neither a name nor a function.
        NotCanonical: `model` holds what has no form that stays equal from run to run.
    """
    if not isinstance(name, str):
        return bare(agent, name)
    who = Agent(
        id=id or "",
        name=name,
        type=type,
        role=role,
        version=version,
        model=known(f"agent({name!r})", model) if model else {},
    )
    return Doing(Opening(kind=SpanKind.AGENT, name=name, step="agent", agent=who, task=task))


def turn(*, key: object) -> Turning:
    """Say which piece of work this is, where any worker of a pool may take it.

    `with agenttrace.turn(key=order.id):` makes the calls inside stand under the turn and not under
    the worker, so a replay answers them whichever worker takes the turn. The key must be the same
    from run to run, and another for each piece of work.
    """
    return Turning(key)


class Turning:
    """One turn of a pool of workers; a `with` block."""

    __slots__ = ("_key", "_stay")

    def __init__(self, key: object) -> None:
        self._key = key
        self._stay = Stay()

    def __enter__(self) -> Self:
        at = standing()
        if at is not None:
            key = at.door.run.clean(_text(self._key))
            scope = _under(at.frame.lane.path, key)
            self._stay.begin(at.frame._replace(scope=scope))
        return self

    def __exit__(self, *_: object) -> None:
        self._stay.end()


def _under(lane: Position, key: str) -> Position:
    step = Step("turn", key, 0)
    if not lane or lane[-1].kind not in LANE_KINDS:
        return (*lane, step)
    worker = lane[-1]
    return (*lane[:-1], Step(worker.kind, f"{worker.name}*", 0), step)


def _text(key: object) -> str:
    return str(key) if isinstance(key, str | int) else digest(canonical(key)).hex()

"""States: what an agent knows and wants, kept at one moment or again and again."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Self

from agenttrace.adapters.plain.standing import Standing, known, standing
from agenttrace.causal.touching import touched
from agenttrace.check.vary import ANY, steps_of
from agenttrace.errors import UsageError
from agenttrace.model.state import StateSnapshot
from agenttrace.model.values import TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from agenttrace.causal.current import Frame
    from agenttrace.model.call import Question
    from agenttrace.model.values import Value

_WORDS = ("goal", "beliefs", "working_memory", "perceptions")
VARIES = "<varies>"
"""What is kept of a volatile value."""

_NS_OF_A_MICROSECOND = 1_000


def snapshot(  # noqa: PLR0913 - the words of a state, read by name
    state: object = None,
    /,
    *,
    agent: str | None = None,
    every: int | dt.timedelta | None = None,
    volatile: Iterable[str] = (),
    goal: object = None,
    beliefs: object = None,
    working_memory: object = None,
    perceptions: object = None,
    status: str = "",
    **extra: object,
) -> Watch:
    """Keep what an agent knows and wants: `agenttrace.snapshot(memory)`, now or again and again.

    With `every`, the state is looked at again before every so many calls of the agent, and once
    more at the end: of the block, where it is one (`with agenttrace.snapshot(memory, every=1):`),
    else of the agent or span inside which it began.

    Args:
        state: A mapping, a dataclass, a pydantic model, any object with public fields, or a
            function that gives one. `goal`, `beliefs`, `working_memory`, `perceptions` and `status`
            are known words; what has no names (a list of messages) is working memory.
        agent: The agent's id; by default, the one that acts here.
        every: How often: a number of the agent's own calls (1: before each), or a `timedelta`, in
            virtual time as the answers to the agent tell it.
        volatile: What of it means nothing and differs from run to run, as paths: `updated_at`,
            `messages[*].id`. It is kept as something that varies.
        goal: What it wants.
        beliefs: What it holds to be true.
        working_memory: What it is working with.
        perceptions: What it has just been told.
        status: How it stands: `waiting`, `working`, `done`, or your own word.
        **extra: What you keep beside these.

    Raises:
        NotCanonical: A part has no form that stays equal from run to run.
        UsageError: `state` is a text or a number, `every` is nothing to count by, a path is none.
    """
    at = standing()
    if at is None:
        return Watch()
    said: dict[str, object] = {
        "goal": goal,
        "beliefs": beliefs,
        "working_memory": working_memory,
        "perceptions": perceptions,
        "status": status or None,
        **extra,
    }
    given = {name: value for name, value in said.items() if value is not None or name in extra}
    paths = [steps_of(path) for path in volatile]
    whose = agent or at.frame.agent or ""

    def look() -> dict[str, Value]:
        form = {**_parts(state() if callable(state) else state), **known("snapshot", given)}
        for path in paths:
            form = {key: _without(value, key, path) for key, value in form.items()}
        return form

    if every is None:
        keep(at, whose, look())
        return Watch()
    watch = Watch(at, whose, look, _checked(every))
    watch.begin()
    return watch


def keep(at: Standing, agent: str, parts: Mapping[str, Value]) -> None:
    """Write a state down where somebody stands; known words have their place, others are extra."""
    position, _ = at.mint("snapshot", "state")
    touched(at.frame, f"the state of {agent or 'the run'}", writes=True)
    status = parts.get("status")
    words = {name: parts.get(name) for name in _WORDS}
    placed = {*_WORDS, "status"} if isinstance(status, str) else {*_WORDS}
    at.note(
        StateSnapshot(
            agent=agent,
            position=position,
            lane=at.frame.lane.path,
            seq=at.frame.lane.seq,
            **words,
            status=status if isinstance(status, str) else "",
            extra={name: value for name, value in parts.items() if name not in placed},
            span=at.frame.span,
        )
    )


class Watch:
    """A state that is looked at again and again; a `with` block, or until its agent ends.

    Without anything to look at, it is over before it begins.
    """

    __slots__ = ("_agent", "_asked", "_at", "_every", "_look", "_taken_ns")

    def __init__(
        self,
        at: Standing | None = None,
        agent: str = "",
        look: Callable[[], dict[str, Value]] = dict,
        every: int | dt.timedelta = 1,
    ) -> None:
        """Made by `snapshot`."""
        self._at = at
        self._agent = agent
        self._look = look
        self._every = every
        self._asked = 0
        self._taken_ns: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def begin(self) -> None:
        """Look whenever the agent asks something, from here on."""
        if self._at is not None:
            self._at.door.watches.append(self)

    def end(self) -> None:
        """Look once more, and no more after that; twice is once."""
        at = self._at
        if at is not None and self in at.door.watches:
            at.door.watches.remove(self)
        else:
            return
        if not at.door.run.ended:
            keep(at, self._agent, self._look())

    def asks(self, frame: Frame, question: Question) -> Frame:
        """Look, if it is time: a call is about to be asked."""
        at = self._at
        if at is None or frame.lane is not at.frame.lane or frame.agent != at.frame.agent:
            return frame
        if self._is_due(frame):
            keep(Standing(at.door, frame), self._agent, self._look())
        return frame

    def leaves(self, span: str) -> None:
        """Look for the last time, if it is the span inside which it began that ends."""
        if self._at is not None and self._at.frame.span == span:
            self.end()

    def _is_due(self, frame: Frame) -> bool:
        if isinstance(self._every, int):
            self._asked += 1
            return (self._asked - 1) % self._every == 0
        now_ns = _answered_ns(frame)
        taken_ns, every_ns = self._taken_ns, _ns(self._every)
        if taken_ns is not None and now_ns - taken_ns < every_ns:
            return False
        self._taken_ns = now_ns
        return True


def _parts(state: object) -> dict[str, Value]:
    if state is None:
        return {}
    if isinstance(state, str | bytes | bool | int | float):
        raise UsageError(
            f"snapshot({state!r}): this is no state",
            detail="  Give a mapping, a dataclass or a model; whose state it is comes by name:\n"
            "      agenttrace.snapshot(memory, agent='planner')",
        )
    form = known("snapshot", {"state": state})["state"]
    if isinstance(form, dict) and form.get(TYPE) not in ("set", "dict", "numpy.ndarray"):
        return {name: value for name, value in form.items() if name != TYPE}
    return {"working_memory": form}


def _without(value: Value, key: str, path: tuple[str, ...]) -> Value:
    """What stands under a key, with something that varies wherever a path from there leads."""
    if path[0] not in (ANY, key):
        return value
    rest = path[1:]
    if not rest:
        return VARIES
    if isinstance(value, dict):
        return {name: _without(item, name, rest) for name, item in value.items()}
    if isinstance(value, list):
        return [_without(item, str(index), rest) for index, item in enumerate(value)]
    return value


def _checked(every: object) -> int | dt.timedelta:
    if isinstance(every, dt.timedelta) and every > dt.timedelta():
        return every
    if type(every) is int and every > 0:
        return every
    raise UsageError(
        f"snapshot(every={every!r}): this is nothing to count by",
        detail="  Say how many calls (every=1: before each), or how much virtual time:\n"
        "      every=datetime.timedelta(seconds=2)",
    )


def _answered_ns(frame: Frame) -> int:
    """When the last answer came to where a frame stands; the same in a replay, to the ns."""
    last = frame.lane.last_call
    return 0 if last is None or last[1] is None else last[1].ended_ns


def _ns(every: dt.timedelta) -> int:
    return every // dt.timedelta(microseconds=1) * _NS_OF_A_MICROSECOND

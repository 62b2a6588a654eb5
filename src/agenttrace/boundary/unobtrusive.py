"""Unobtrusive: the door of a run in production, of which the agent notices nothing.

What cannot be written down is left out and counted; what comes when the run is over goes to the
world past us. Nothing of ours is ever raised into the agent, and nothing of the agent's is held.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from agenttrace.boundary.door import Boundary, Crossing
from agenttrace.boundary.protocols import Nobody
from agenttrace.causal import current
from agenttrace.model.call import Answer, Call

if TYPE_CHECKING:
    from agenttrace.boundary.protocols import Pace, Recall, Sketcher
    from agenttrace.causal.current import Frame, Run
    from agenttrace.causal.lane import LiveLane
    from agenttrace.causal.sketch import Finished, Sketch
    from agenttrace.model.call import Chunk, Question
    from agenttrace.model.usage import Usage
    from agenttrace.model.values import Value

_NO_SPAN = "0" * 15 + "1"


class Unobtrusive(Boundary):
    """The door of a run in production."""

    spares = True

    def __init__(
        self,
        run: Run,
        *,
        scribe: Sketcher,
        pace: Pace,
        failed: Callable[[BaseException], None],
        late: Callable[[], None],
    ) -> None:
        """Stand between a run and the world.

        Args:
            run: The run.
            scribe: Who writes down.
            pace: Who would decide when answers arrive.
            failed: Is told whatever goes wrong of ours.
            late: Is told of each call that comes when the run is over.
        """
        super().__init__(run, source=Nobody(), scribe=scribe, pace=pace)
        self._failed, self._late = failed, late
        self._sketcher = scribe

    def ask(self, question: Question) -> Crossing:
        """Put a question at the caller's place; it goes to the world in any case."""
        try:
            return super().ask(question)
        except _LateError:
            self._late()
        except Exception as error:  # noqa: BLE001 - it is ours, and the agent is not to know
            self._failed(error)
        return _Unseen(self, question)

    def sketched(self, what: Sketch | Finished, lane: LiveLane) -> None:
        """Let somebody else make the span."""
        self._sketcher.sketched(what, lane)

    def forgives(self, error: BaseException) -> bool:
        """Every error of ours; it is told of."""
        forgiven = isinstance(error, Exception)
        if forgiven:
            self._failed(error)
        return forgiven

    def _refuse_late(self, question: Question) -> None:
        """Say it to ourselves alone; the writing thread may end the run at any moment."""
        if self.run.ended or self.run.guard is not None:
            raise _LateError

    def _crossing(self, frame: Frame, call: Call, recalled: Recall | None) -> Crossing:
        return _Seen(self, frame, call, recalled)


class _LateError(Exception):
    """A question came when the run was over."""


class _Seen(Crossing):
    """A passage that is written down, as far as that goes."""

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Stand in the call's own lane; where that fails, stand where one stood."""
        way = super().inside()
        entered = True
        try:
            way.__enter__()
        except Exception as error:  # noqa: BLE001 - it is ours
            entered = not self.door.forgives(error)
        try:
            yield
        finally:
            if entered:
                way.__exit__(None, None, None)

    def chunk(self, data: bytes) -> bytes:
        """Hand a piece on, written down if that can be."""
        try:
            return data if self._closed else super().chunk(data)
        except Exception as error:  # noqa: BLE001 - it is ours
            self.door.forgives(error)
            return data

    def close(
        self,
        answer: Answer,
        *,
        usage: Usage | None = None,
        attributes: Mapping[str, Value] | None = None,
    ) -> None:
        """Write the end down, if that can be."""
        try:
            super().close(answer, usage=usage, attributes=attributes)
        except Exception as error:  # noqa: BLE001 - it is ours
            self.door.forgives(error)

    def fail(self, error: BaseException) -> None:
        """Write the exception down, if it can be read."""
        try:
            super().fail(error)
        except Exception as problem:  # noqa: BLE001 - the exception of an agent may refuse to be read
            self.door.forgives(problem)
            self.close(Answer(end="open"))


class _Unseen(Crossing):
    """A passage of which nothing is written down, nor of what is asked below it."""

    def __init__(self, door: Boundary, question: Question) -> None:
        call = Call(question=question, position=(), lane=(), seq=0, digest=b"", span=_NO_SPAN)
        super().__init__(door, door.run.frame(), call, None)

    @property
    def passed(self) -> tuple[Chunk, ...]:
        """Nothing is kept."""
        return ()

    @property
    def has_stepped(self) -> bool:
        """Nobody looked."""
        return False

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Stand outside every run."""
        with current.aside():
            yield

    def chunk(self, data: bytes) -> bytes:
        """Hand a piece on."""
        return data

    def close(
        self,
        answer: Answer,
        *,
        usage: Usage | None = None,
        attributes: Mapping[str, Value] | None = None,
    ) -> None:
        """Do nothing."""

    def fail(self, error: BaseException) -> None:
        """Do nothing."""

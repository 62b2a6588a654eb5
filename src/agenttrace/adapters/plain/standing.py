"""Standing: where the code that uses a verb stands, and how a verb writes something down there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from agenttrace.boundary import Boundary, forgives, mint
from agenttrace.causal import current
from agenttrace.causal.baggage import parse_baggage
from agenttrace.causal.position import span_id
from agenttrace.errors import NotCanonical
from agenttrace.model import names
from agenttrace.model.values import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextvars import Token

    from agenttrace.causal.current import Frame
    from agenttrace.model.agent import Agent
    from agenttrace.model.lane import Delivery, Position
    from agenttrace.model.span import Event, Link, Span, Status
    from agenttrace.model.state import StateSnapshot
    from agenttrace.model.values import Value


class Standing(NamedTuple):
    """The door of the caller's run, and what the calling code belongs to."""

    door: Boundary
    frame: Frame

    def mint(self, kind: str, name: str) -> tuple[Position, str]:
        """Take one step; give the position of what happens there, and its span's id."""
        position = mint(self.frame, kind, name)
        return position, span_id(self.door.run.name, position)

    def note(
        self,
        what: Span | Event | Link | StateSnapshot | Agent | Delivery | Status,
        *,
        span: str | None = None,
    ) -> None:
        """Write something down; events, links and statuses in `span`, or in the caller's own."""
        at = self.frame.span if span is None else span
        try:
            self.door.scribe.noted(what, span=at, lane=self.frame.lane)
        except Exception as error:
            if not self.door.forgives(error):
                raise

    def now_ns(self) -> int:
        """The run's time."""
        return self.door.run.clock.now_ns()


def standing() -> Standing | None:
    """Where the caller stands; None where nothing is written down: outside a run, or after it.

    Raises:
        NoRun: Several runs are active and the caller belongs to none.
    """
    frame = current.frame() if current.entered else None
    if frame is None:
        return None
    run = frame.lane.run
    return Standing(run.door, frame) if isinstance(run.door, Boundary) and not run.ended else None


class Stay:
    """How long a `with` block stands in another frame."""

    __slots__ = ("_token",)

    def __init__(self) -> None:
        """Stand where the caller does."""
        self._token: Token[Frame | None] | None = None

    def begin(self, frame: Frame) -> None:
        """Stand in a frame from here on."""
        self._token = current.stand(frame)

    def end(self) -> None:
        """Stand where it was begun again; twice is once."""
        token, self._token = self._token, None
        if token is not None:
            current.reset(token)


def sent_along(frame: Frame) -> dict[str, Value]:
    """What the application sends along where the caller stands, as attributes of a span."""
    if not frame.baggage:
        return {}
    entries = parse_baggage([frame.baggage]).entries
    return {names.BAGGAGE_PREFIX + entry.key: entry.value for entry in entries}


def known(verb: str, values: Mapping[str, object]) -> dict[str, Value]:
    """The canonical values of what a verb was given, by name.

    Raises:
        NotCanonical: One of them has no form that stays equal from run to run.
    """
    form: dict[str, Value] = {}
    for name, value in values.items():
        try:
            form[name] = canonical(value)
        except NotCanonical as error:
            if forgives(error):
                continue
            place = name + "".join(map(str, error.facts["where"]))  # type: ignore[call-overload]
            raise NotCanonical(
                f"{verb}: {place} is a {error.facts['value_type']}, and {error.facts['why']}",
                detail="  Give what it stands for: a name, a path, an id.",
                **error.facts,
            ) from None
    return form


def said(**values: object) -> dict[str, object]:
    """What was said, without what was not."""
    return {name: value for name, value in values.items() if value is not None}

"""autogen-agentchat's teams: who is next, what ends them, and the runtime that carries messages.

A runtime makes a task of each message, as messages come, and waits for none of them. Here a task is
called by who sent its message, so that it stands where it stood whoever was done first; and what a
turn's end sets off comes after that turn.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import re
from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.frameworks.acting import an_agent, aside_awaited, chose
from agenttrace.adapters.frameworks.teams import Team, team_here
from agenttrace.adapters.plain.doing import Doing, Opening, begun
from agenttrace.adapters.plain.steps import Stepped, stepped_in_a_run
from agenttrace.causal import current
from agenttrace.causal.delivery.tasks import handing
from agenttrace.causal.spawn.joins import told
from agenttrace.causal.spawn.minting import spawner
from agenttrace.causal.spawn.patching import Seam
from agenttrace.model import names
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_PATTERNS = {
    "RoundRobinGroupChat": "sequential",
    "Swarm": "swarm",
    "SelectorGroupChat": "supervisor",
    "MagenticOneGroupChat": "supervisor",
}
"""What a team is, by its class; any other is a graph."""

_CHOOSES = "SelectorGroupChatManager"
_PLANS = "MagenticOneOrchestrator"
"""The managers that could have chosen somebody else."""

_LIMITS = ("MaxMessageTermination", "TokenUsageTermination", "TimeoutTermination")
"""The conditions by which a team ends that are limits."""

_MAX_TURNS = "Maximum number of turns"
"""What a team says that has reached its own."""

_ENDS_A_TURN = frozenset(
    {"GroupChatAgentResponse", "GroupChatTeamResponse", "GroupChatRequestPublish"}
)
"""The messages that whoever sends them sends last."""

_OF_THE_TEAM = re.compile(r"_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
"""What a name in the runtime ends with: the team's id, which is another one in every run."""


def plain_name(name: str) -> str:
    """A name in the runtime, without its team's id."""
    return _OF_THE_TEAM.sub("", name)


def back(variable: ContextVar[Any], token: Any) -> None:
    """Take a variable back, unless a stream is closed in another context."""
    with contextlib.suppress(ValueError):
        variable.reset(token)


def configuration_of(client: Any) -> dict[str, object]:
    """What is known of a model, by the client that asks it."""
    given = getattr(client, "_create_args", None)
    return dict(given) if isinstance(given, Mapping) else {}


# -- teams --------------------------------------------------------------------------------------
def _run_stream(real: Any) -> Any:
    def start(source: Any, args: Any, _: Any) -> Stepped:
        run = _TeamRun(args[0])
        return Stepped(source, run.whole(), run.step)

    return stepped_in_a_run(real, start)


class _TeamRun:
    """A team that runs."""

    def __init__(self, team: Any) -> None:
        kind = type(team).__name__
        name = str(getattr(team, "name", None) or kind)
        attributes = {names.ORCHESTRATION_PATTERN: _PATTERNS.get(kind, "graph")}
        self._team = Team(name)
        self._doing = Doing(
            Opening(kind=SpanKind.ORCHESTRATION, name=name, step="graph", attributes=attributes)
        )
        _keep_aside(team, "_output_message_queue")

    @contextlib.contextmanager
    def whole(self) -> Iterator[None]:
        """Begin and end its span."""
        with begun(self._doing):
            self._team.span = self._doing.id
            yield

    @contextlib.contextmanager
    def step(self) -> Iterator[None]:
        """Stand inside for one step of what it tells."""
        token = team_here.set(self._team)
        try:
            with self._doing.step():
                yield
        finally:
            back(team_here, token)


class _Aside(asyncio.Queue[Any]):
    """A queue that carries nothing from one agent to another."""

    async def put(self, item: Any) -> None:
        with handing(self):
            await super().put(item)

    async def get(self) -> Any:
        with handing(self):
            return await super().get()

    def put_nowait(self, item: Any) -> None:
        with handing(self):
            super().put_nowait(item)

    def get_nowait(self) -> Any:
        with handing(self):
            return super().get_nowait()


def _keep_aside(owner: Any, name: str) -> None:
    queue = getattr(owner, name, None)
    if type(queue) is asyncio.Queue:
        queue.__class__ = _Aside


def _acquire(real: Any) -> Any:
    """A lock whose waiters stand in a queue; who gets a lock is no message of the program's."""

    @functools.wraps(real)
    async def acquire(self: Any) -> Any:
        if current.frame() is not None:
            _keep_aside(self, "_queue")
        return await real(self)

    return acquire


# -- the runtime --------------------------------------------------------------------------------
def _start(real: Any) -> Any:
    """Its queue is asyncio's from Python 3.13 on, and a copy of it before: neither is seen."""

    @functools.wraps(real)
    def start(self: Any) -> Any:
        if current.frame() is not None:
            _keep_aside(self, "_message_queue")
        return real(self)

    return start


def _publish(real: Any) -> Any:
    """Remember who sends the end of a turn; whatever carries it is no message of the program's."""

    @functools.wraps(real)
    async def publish_message(
        self: Any, message: Any, topic_id: Any, *args: Any, **options: Any
    ) -> Any:
        here = current.carried()
        team = team_here.get()
        if team is not None and type(team.runner).__name__ == _PLANS:
            _note_choice(team, message, topic_id)
        if here is not None and type(message).__name__ in _ENDS_A_TURN:
            _ends_in(self)[id(message)] = (message, here.lane)
        with current.aside():
            return await real(self, message, topic_id, *args, **options)

    return publish_message


def _ends_in(runtime: Any) -> dict[int, tuple[Any, Any]]:
    """Which turns' ends a runtime carries, by the message: the lane of who sent it."""
    kept: dict[int, tuple[Any, Any]] = vars(runtime).setdefault("_agenttrace_sent", {})
    return kept


def _process_publish(real: Any) -> Any:
    """Make the task's coroutine: in the runtime's own lane, when a message's turn has come."""

    @functools.wraps(real)
    def process_publish(self: Any, message_envelope: Any) -> Any:
        coroutine = real(self, message_envelope)
        if spawner() is not None:
            found = _ends_in(self).pop(id(message_envelope.message), None)
            if found is not None:
                told(found[1], scope=True)
            sender = getattr(message_envelope.sender, "type", "caller")
            coroutine.__qualname__ = f"messages of {plain_name(sender)}"
        return coroutine

    return process_publish


# -- who is next, and what ends a team ----------------------------------------------------------
def _speakers(real: Any) -> Any:
    @functools.wraps(real)
    async def log_speaker_selection(self: Any, speaker_names: Any) -> Any:
        team = team_here.get()
        if team is not None and type(self).__name__ == _CHOOSES:
            chose(speaker_names, self._participant_names, span=team.span)
        return await real(self, speaker_names)

    return log_speaker_selection


def _signal(real: Any) -> Any:
    @functools.wraps(real)
    async def signal_termination(self: Any, message: Any) -> Any:
        team = team_here.get()
        if team is not None:
            limit = next((limit for limit in _LIMITS if limit in message.source), "")
            if message.content.startswith(_MAX_TURNS):
                limit = "max_turns"
            if limit:
                team.limited(limit)
        return await real(self, message)

    return signal_termination


def _note_choice(team: Team, message: Any, topic_id: Any) -> None:
    """A manager that plans asks who is next directly, and logs no choice."""
    names = team.runner._participant_names
    name = plain_name(topic_id.type)
    if type(message).__name__ == "GroupChatRequestPublish" and name in names:
        chose([name], names, span=team.span)


def _manager(real: Any) -> Any:
    """A manager that asks a model who is next is an agent of its team."""

    @functools.wraps(real)
    async def asks(self: Any, *args: Any, **options: Any) -> Any:
        team = team_here.get()
        if team is None or current.frame() is None:
            return await real(self, *args, **options)
        with managing(self, team):
            return await real(self, *args, **options)

    return asks


def managing(manager: Any, team: Team) -> Doing:
    """The span of a manager that asks a model."""
    team.runner = manager
    name = manager._name
    model = configuration_of(manager._model_client)
    return Doing(an_agent(name, id=team.id_of(name, name), model=model))


# -- where they stand ---------------------------------------------------------------------------
def _seams_of_teams(module: ModuleType) -> list[Seam]:
    return [Seam(owner=module.BaseGroupChat, name="run_stream", around=_run_stream)]


def _seams_of_managers(module: ModuleType) -> list[Seam]:
    owner = module.BaseGroupChatManager
    return [
        Seam(owner=owner, name="_log_speaker_selection", around=_speakers),
        Seam(owner=owner, name="_signal_termination", around=_signal),
    ]


def _seams_of_selectors(module: ModuleType) -> list[Seam]:
    return [Seam(owner=module.SelectorGroupChatManager, name="_select_speaker", around=_manager)]


def seams_of_locks(module: ModuleType) -> list[Seam]:
    """The seams of a module that another file of autogen's patches, too."""
    return [Seam(owner=module.FIFOLock, name="acquire", around=_acquire)]


def _seams_of_runtime(module: ModuleType) -> list[Seam]:
    owner = module.SingleThreadedAgentRuntime
    return [
        Seam(owner=owner, name="start", around=_start),
        Seam(owner=owner, name="send_message", around=aside_awaited),
        Seam(owner=owner, name="publish_message", around=_publish),
        Seam(owner=owner, name="_process_publish", around=_process_publish),
    ]


LATE = {
    "autogen_agentchat.teams._group_chat._base_group_chat": _seams_of_teams,
    "autogen_agentchat.teams._group_chat._base_group_chat_manager": _seams_of_managers,
    "autogen_agentchat.teams._group_chat._selector_group_chat": _seams_of_selectors,
    "autogen_core._single_threaded_agent_runtime": _seams_of_runtime,
}
"""What is patched, by the module that has it."""

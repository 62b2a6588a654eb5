"""agent-framework's orchestrations: handoffs, group chats, and what a manager plans."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.frameworks.acting import chose
from agenttrace.adapters.frameworks.agent_framework_workflows import place_here
from agenttrace.adapters.frameworks.teams import team_here
from agenttrace.adapters.plain.doing import Doing, Opening
from agenttrace.causal import current
from agenttrace.causal.spawn.patching import Seam
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from types import ModuleType


# -- handoffs -----------------------------------------------------------------------------------
def _handoff_tools(real: Any) -> Any:
    """The tools of handoffs stand in a set, so another hash seed would be another request."""

    @functools.wraps(real)
    def apply(self: Any, agent: Any, targets: Any) -> Any:
        return real(self, agent, sorted(targets, key=lambda target: str(target.target_id)))

    return apply


def _handed_over(real: Any) -> Any:
    @functools.wraps(real)
    def is_handoff_requested(self: Any, response: Any) -> Any:
        found = real(self, response)
        place = place_here.get()
        span = None if place is None else place.team.acted.get(place.executor)
        if found and place is not None and span is not None:
            chose([found[0]], sorted(self._handoff_targets), span=span)
            place.team.arrivals[found[0]] = span
        return found

    return is_handoff_requested


# -- group chats --------------------------------------------------------------------------------
def _request(real: Any) -> Any:
    @functools.wraps(real)
    async def send_request(self: Any, target: str, *args: Any, **options: Any) -> Any:
        team = team_here.get()
        if team is not None:
            reason, team.reason = team.reason, ""
            known = self._participant_registry.participants
            chose([target], known, reason=reason, span=team.span)
        return await real(self, target, *args, **options)

    return send_request


def _round_limit(real: Any) -> Any:
    @functools.wraps(real)
    def check_round_limit(self: Any) -> Any:
        reached = real(self)
        if reached:
            _limited("max_rounds")
        return reached

    return check_round_limit


def _within_limits(real: Any) -> Any:
    @functools.wraps(real)
    async def check_within_limits(self: Any, *args: Any, **options: Any) -> Any:
        within = await real(self, *args, **options)
        if not within:
            rounds = self._max_rounds is not None and self._round_index >= self._max_rounds
            _limited("max_rounds" if rounds else "max_reset_count")
        return within

    return check_within_limits


def _limited(limit: str) -> None:
    team = team_here.get()
    if team is not None:
        team.limited(limit)


# -- plans --------------------------------------------------------------------------------------
def _planning(real: Any) -> Any:
    """What a manager plans and what it makes of the progress, with what its model was asked."""
    opening = Opening(kind=SpanKind.PLAN, name=real.__name__)

    @functools.wraps(real)
    async def plan(*args: Any, **options: Any) -> Any:
        if current.frame() is None:
            return await real(*args, **options)
        with Doing(opening):
            planned = await real(*args, **options)
        _give_reason(getattr(getattr(planned, "next_speaker", None), "reason", None))
        return planned

    return plan


def _invoke_agent(real: Any) -> Any:
    @functools.wraps(real)
    async def invoke_agent(*args: Any, **options: Any) -> Any:
        chosen = await real(*args, **options)
        _give_reason(chosen.reason)
        return chosen

    return invoke_agent


def _give_reason(reason: object) -> None:
    team = team_here.get()
    if team is not None and isinstance(reason, str):
        team.reason = reason


# -- where they stand ---------------------------------------------------------------------------
def _seams_of_handoff(module: ModuleType) -> list[Seam]:
    names: Any = module
    owner = names.HandoffAgentExecutor
    return [
        Seam(owner=owner, name="_apply_auto_tools", around=_handoff_tools),
        Seam(owner=owner, name="_is_handoff_requested", around=_handed_over),
    ]


def _seams_of_chair(module: ModuleType) -> list[Seam]:
    names: Any = module
    owner = names.AgentBasedGroupChatOrchestrator
    return [Seam(owner=owner, name="_invoke_agent", around=_invoke_agent)]


def _seams_of_group_chat(module: ModuleType) -> list[Seam]:
    names: Any = module
    owner = names.BaseGroupChatOrchestrator
    return [
        Seam(owner=owner, name="_send_request_to_participant", around=_request),
        Seam(owner=owner, name="_check_round_limit", around=_round_limit),
    ]


def _seams_of_magentic(module: ModuleType) -> list[Seam]:
    names: Any = module
    manager, orchestrator = names.StandardMagenticManager, names.MagenticOrchestrator
    plans = ("plan", "replan", "create_progress_ledger")
    return [
        *(Seam(owner=manager, name=name, around=_planning) for name in plans),
        Seam(owner=orchestrator, name="_check_within_limits_or_complete", around=_within_limits),
    ]


LATE = {
    "agent_framework_orchestrations._handoff": _seams_of_handoff,
    "agent_framework_orchestrations._base_group_chat_orchestrator": _seams_of_group_chat,
    "agent_framework_orchestrations._group_chat": _seams_of_chair,
    "agent_framework_orchestrations._magentic": _seams_of_magentic,
}
"""What is patched, by the module that has it."""

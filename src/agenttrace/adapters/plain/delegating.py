"""Delegating: a task is placed with whoever bids best (contract net, FIPA SC00029H)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from agenttrace.adapters.plain.doing import Doing, Opening
from agenttrace.adapters.plain.standing import Standing, said, standing
from agenttrace.errors import UsageError
from agenttrace.model import names
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from collections.abc import Mapping

PHASES = ("announcement", "bid", "refusal", "award", "rejection", "execution", "report", "cancel")

_AFTER: Mapping[str, tuple[str, str]] = {
    "bid": ("announcement", "announced_by"),
    "refusal": ("announcement", "announced_by"),
    "award": ("bid", "bid_by"),
    "rejection": ("bid", "bid_by"),
    "execution": ("award", "awarded_by"),
    "report": ("execution", "executed_by"),
    "cancel": ("announcement", "announced_by"),
}
"""Which phase each one follows, and what the link back to it is called."""


def delegation(
    task: str,
    *,
    phase: str,
    to: str | None = None,
    bidder: str | None = None,
    bid: object = None,
    deadline: object = None,
    outcome: str | None = None,
) -> Doing:
    """Say how far the placing of a task has come; as a `with` block where the phase takes a while.

    `agenttrace.delegation("translate", phase="bid", bid=3)`, and
    `with agenttrace.delegation("translate", phase="execution"):`. Each phase points back to the one
    that it follows, of the same task and the same bidder, where that is known.

    Args:
        task: The task that is placed; the same in all of its phases.
        phase: `announcement`, `bid`, `refusal`, `award`, `rejection`, `execution`, `report` or
            `cancel`.
        to: Of an award or a rejection: whose bid it answers.
        bidder: Of the other phases: who bids or works; by default, the agent that acts here.
        bid: Cost, time or any value of yours.
        deadline: Until when bids are taken.
        outcome: Of a report: `done`, `result`, `failure`.

    Raises:
        UsageError: There is no such phase.
        NotCanonical: A value has no form that stays equal from run to run.
    """
    if phase not in PHASES:
        raise UsageError(
            f"delegation({task!r}, phase={phase!r}): a phase is one of {', '.join(PHASES)}"
        )
    attributes = said(
        **{
            names.DELEGATION_TASK: task,
            names.DELEGATION_PHASE: phase,
            names.DELEGATION_BIDDER: to or bidder,
            names.DELEGATION_BID: bid,
            names.DELEGATION_DEADLINE: deadline,
            names.DELEGATION_OUTCOME: outcome,
        }
    )
    doing = Doing(
        Opening(
            kind=SpanKind.ORCHESTRATION,
            name=f"{phase} {task}",
            step="delegation",
            attributes=attributes,
        )
    )
    at = standing()
    if at is not None:
        doing.begin()
        _follow(at, doing, task, _Phase(phase, to or bidder or at.frame.agent or "", doing.id))
    return doing


class _Phase(NamedTuple):
    name: str
    party: str
    span: str


def _follow(at: Standing, doing: Doing, task: str, phase: _Phase) -> None:
    tasks: dict[str, list[_Phase]] = at.door.kept.setdefault("delegations", {})
    known = tasks.setdefault(task, [])
    before, relationship = _AFTER.get(phase.name, ("", ""))
    candidates = [each for each in known if each.name == before]
    own = [each for each in candidates if _same(each.party, phase.party)]
    meant = candidates if before == "announcement" else own
    if meant:
        doing.link(meant[-1].span, relationship)
    known.append(phase)


def _same(one: str, other: str) -> bool:
    """Whether two names mean one party: an agent's name means it as well as its id of this run."""
    return one == other or one.partition("\0")[0] == other or one == other.partition("\0")[0]

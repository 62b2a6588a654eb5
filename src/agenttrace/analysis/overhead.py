"""Overhead: how much of a run went into coordinating its agents, in tokens and in time.

It needs no run of a single agent to be held against, as the overhead of "Towards a Science of
Scaling Agent Systems" (arXiv:2512.08296) does; so it is another number than that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from agenttrace.analysis.costs import coordinating
from agenttrace.analysis.interactions import NOT_RECORDED
from agenttrace.analysis.limits import share_of
from agenttrace.analysis.telling import not_recorded, team_failed
from agenttrace.errors import UsageError
from agenttrace.model import amounts
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.analysis.costs import Costs
    from agenttrace.analysis.critical_path import CriticalPath
    from agenttrace.check.budget import Said
    from agenttrace.model.usage import Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Overhead:
    """What coordination took of a run.

    Attributes:
        tokens: Of the model calls inside messages and orchestration; None: one does not say.
        all_tokens: Of all model calls; None: likewise.
        path_ns: How long the critical path was a message's, an orchestration's, or of what stands
            inside them; nanoseconds. None: the trace has no times.
        all_path_ns: How long the critical path is.
        tokens_share: The first of the second, 0 to 1; None: not known, or there are no tokens.
        path_share: The third of the fourth, likewise.
        interactions_per_call: Interactions between agents for each model call; None: there is no
            model call.
        unknown: By attribute, why it is None.
    """

    tokens: int | None
    all_tokens: int | None
    path_ns: int | None
    all_path_ns: int | None
    tokens_share: float | None
    path_share: float | None
    interactions_per_call: float | None
    unknown: Mapping[str, str] = field(default_factory=dict)

    def at_most(self, *, tokens: Said | None = None, path: Said | None = None) -> Literal[True]:
        """Assert that coordination took at most these shares: `at_most(tokens="30%")`.

        Raises:
            TeamFailed: It took more.
            NotRecorded: The trace does not say.
            UsageError: A limit is none, or nothing is limited.
        """
        if tokens is None and path is None:
            raise UsageError(
                "no share is limited", detail='  Say one, or both: tokens="30%", path="20%"'
            )
        for what, limit, part, whole in (
            ("tokens", tokens, self.tokens, self.all_tokens),
            ("path", path, self.path_ns, self.all_path_ns),
        ):
            if limit is None:
                continue
            most = share_of(limit)
            if part is None or not whole:
                why = self.unknown[f"{what}_share"]
                raise not_recorded(f"the share of coordination in the {what}", why)
            if part > most * whole:  # both are exact, where a share is rounded
                raise team_failed(
                    f"coordination took {part / whole:.1%} of the {what}, and at most "
                    f"{most:.1%} is meant",
                    "of",
                    self._sums(),
                )
        return True

    def _sums(self) -> Iterator[str]:
        if self.tokens is not None:
            yield f"{self.tokens:,} of {amounts.counted(self.all_tokens or 0, 'token')}"
        if self.path_ns is not None:
            whole = amounts.duration(self.all_path_ns or 0)
            yield f"{amounts.duration(self.path_ns)} of {whole} of the critical path"


def overhead(costs: Costs, path: CriticalPath, interactions: int) -> Overhead:
    """Say how much of a run went into coordinating its agents.

    Args:
        costs: What the run used.
        path: Its critical path.
        interactions: How many there were between agents.
    """
    side = costs.by("coordination").get("coordination")
    part, whole = (0 if side is None else _total(side.tokens)), _total(costs.total.tokens)
    unknown: dict[str, str] = {}
    for name, number in (("tokens", part), ("all_tokens", whole)):
        if number is None:
            unknown[name] = costs.total.unknown["tokens"]
    if part is None or whole is None:
        unknown["tokens_share"] = costs.total.unknown["tokens"]
    elif not whole:
        unknown["tokens_share"] = f"{NOT_RECORDED}: no model call used a token"
    ids = coordinating(costs.team)
    took = path.duration_ns
    on_path = sum(one.duration_ns for one in path.sections if one.span.id in ids)
    if took is None:
        unknown |= dict.fromkeys(("path_ns", "all_path_ns", "path_share"), _no_times(path))
    calls = sum(span.kind is SpanKind.LLM for span in costs.calls)
    if not calls:
        unknown["interactions_per_call"] = f"{NOT_RECORDED}: the trace has no model calls"
    return Overhead(
        tokens=part,
        all_tokens=whole,
        path_ns=None if took is None else on_path,
        all_path_ns=took,
        tokens_share=part / whole if part is not None and whole else None,
        path_share=None if took is None else on_path / took,
        interactions_per_call=interactions / calls if calls else None,
        unknown=unknown,
    )


def _no_times(path: CriticalPath) -> str:
    return path.unknown.get("sections", f"{NOT_RECORDED}: the trace has no spans")


def _total(tokens: Tokens | None) -> int | None:
    return None if tokens is None else tokens.total

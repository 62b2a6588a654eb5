"""Goldens: what became of one golden between two revisions, and whether its run agrees."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from agenttrace.analysis.selecting import view_of
from agenttrace.causal.renaming import renamed
from agenttrace.check.budgeting import hold
from agenttrace.check.diff import diff
from agenttrace.check.selector import Selector
from agenttrace.errors import AgentTraceError
from agenttrace.gate import findings
from agenttrace.gate.findings import Spans, Whereabouts
from agenttrace.gate.opening import NOTHING, Opened
from agenttrace.golden.outline import outline
from agenttrace.golden.run_results import RunResult
from agenttrace.model import amounts
from agenttrace.model.trace import Trace
from agenttrace.redact import Redactor, left_in
from agenttrace.verdict import GateFinding, GateGolden, Movement, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.check.vary import Vary
    from agenttrace.gate.policy import Policy
    from agenttrace.model.span import Span
    from agenttrace.model.values import Value

AGREES = frozenset({Outcome.REPLAYED, Outcome.VERIFIED, Outcome.RECORDED, Outcome.UPDATED})
"""A run that ended so says what the golden says that it was held against."""

DISAGREES = frozenset({Outcome.UNRECORDED, Outcome.DRIFTED, Outcome.DIVERGED})
"""A run that ended so says something else; any other shows nothing."""

_UPGRADE = "pip install --upgrade pytest-agenttrace"
_THREE_WAY = {
    Movement.STALE: "the golden moved, and the run still says what the old one said",
    Movement.FORGED: "the golden moved, and the run that replayed it says something else",
    Movement.CONFLICT: "golden and run moved, each its own way",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """One golden on both sides of a change, with what is known beside it.

    Attributes:
        where: Which golden it is; the movement is not known yet.
        old_path: Where it lay, if that was elsewhere.
        change: `added`, `deleted`, `renamed`, `modified` or `unchanged`.
        base: The golden before.
        head: The golden now.
        outline: The outline beside it now; None where there is none.
        result: What its run said; None: there was none.
        run: The run's own trace; None where it agrees, or left none that can be read.
        test_left: Whether its test is still there, of a golden that is gone.
        moved_to: Where it lies now, of one that left every folder of goldens.
    """

    where: Whereabouts
    old_path: str = ""
    change: str = "modified"
    base: Opened = NOTHING
    head: Opened = NOTHING
    outline: bytes | None = None
    result: RunResult | None = None
    run: Trace | None = None
    test_left: bool = False
    moved_to: str = ""


class Judge:
    """Says what became of goldens, under one policy."""

    def __init__(self, policy: Policy) -> None:
        """Take the policy."""
        self._policy = policy
        self._redactor = Redactor(policy.redact)

    def judged(self, both: Both) -> GateGolden:
        """Say what became of a golden."""
        movement = moved(both)
        both = replace(both, where=replace(both.where, movement=movement))
        base, head = both.base.trace, both.head.trace
        before, now = _used(base), _used(head)
        found = [] if both.change == "unchanged" else list(self._changed(both, base, head))
        if movement is Movement.REGRESSION:
            found += self._regressed(both, head)
        return GateGolden(
            path=both.where.path,
            old_path=both.old_path,
            test=both.where.test,
            change=both.change,
            movement=movement,
            base=both.base.digest,
            head=both.head.digest,
            outcome="" if both.result is None else both.result.outcome,
            tokens=(before[0], now[0]),
            cost_usd=(before[1], now[1]),
            findings=findings.gravest(found),
        )

    # -- what there is to find --------------------------------------------------------------------
    def _changed(self, both: Both, base: Trace | None, head: Trace | None) -> Iterator[GateFinding]:
        where, policy = both.where, self._policy
        if both.head.kind:
            yield findings.one(
                where,
                both.head.kind,
                policy,
                what=both.head.kind,
                title=where.path,
                why=both.head.why,
                way_on=_UPGRADE if both.head.kind == "schema" else _again(where),
            )
            return
        if both.change == "deleted" or both.moved_to:
            yield self._gone(both, base)
            return
        if head is None:
            return
        if where.movement in _THREE_WAY:
            yield self._three_way(both)
        yield from self._differences(both, base, head)
        yield from self._in_itself(both, base, head)
        yield from self._budgets(where, base, head)

    def _regressed(self, both: Both, golden: Trace | None) -> list[GateFinding]:
        """What a run says otherwise than a golden that did not move."""
        where, result = both.where, both.result
        if result is None:
            return []
        if golden is None and "golden-missing" in result.problems:
            return [self._missing(where, result)]
        found: list[GateFinding] = []
        if golden is not None and both.run is not None:
            run = renamed(both.run, golden.name)
            different = diff(golden, run, self._vary(result))
            found += findings.of_differences(where, different, Spans(golden, run), self._policy)
        if not found:
            kind = "unused" if result.unused else "structure"
            said = {"what": result.outcome, "title": result.run, "why": result.headline}
            found.append(findings.one(where, kind, self._policy, **said))
        return found

    def _differences(self, both: Both, base: Trace | None, head: Trace) -> Iterator[GateFinding]:
        if base is None:
            yield findings.one(
                both.where,
                "structure",
                self._policy,
                what="new",
                title=both.where.test or head.name,
                new={"spans": len(head.spans), "calls": len(head.calls)},
                also=both.head.digest,
            )
        elif not both.base.same(both.head):
            old = renamed(base, head.name)
            found = diff(old, head, self._vary(both.result))
            yield from findings.of_differences(both.where, found, Spans(old, head), self._policy)

    def _in_itself(self, both: Both, base: Trace | None, head: Trace) -> Iterator[GateFinding]:
        """What is wrong with a golden whatever its run says; of secrets, those that are new."""
        where, policy = both.where, self._policy
        new = replace(head, spans=_new_in(base, head))
        for kind, span in sorted({(it.kind, it.span) for it in left_in(new, self._redactor)}):
            yield findings.one(
                where,
                "secret",
                policy,
                what=kind,
                title=span or head.name,
                why=f"it holds a secret of the kind {kind}",
                way_on="revoke it, then record the test again: secrets are out of new recordings",
            )
        for kind, why, way_on in _MARKED:
            marked = [span for span in head.spans if span.mark and _kind_of(span.mark) == kind]
            if marked:
                yield findings.one(
                    where,
                    kind,
                    policy,
                    what=marked[0].mark,
                    title=marked[0].name,
                    why=f"{amounts.counted(len(marked), 'answer')} in it, {why}",
                    way_on=way_on or _again(where),
                    also=[span.id for span in marked],
                )
        expected = outline(head).encode("utf-8", "backslashreplace")
        if both.outline is None or both.outline.replace(b"\r\n", b"\n") != expected:
            yield findings.one(
                where,
                "stale",
                policy,
                what="outline",
                title=f"{where.path}.txt",
                why="there is no outline beside it"
                if both.outline is None
                else "the outline, which people read, does not say what the golden holds",
                way_on="agenttrace check --fix",
                also=both.head.digest,
            )

    def _budgets(
        self, where: Whereabouts, base: Trace | None, head: Trace
    ) -> Iterator[GateFinding]:
        for budget in self._policy.budgets:
            if base is None and any(limit.relative for limit in budget.limits().values()):
                continue  # a new golden has nothing that it could have grown from
            try:
                hold(view_of(head, base), Selector(), budget)
            except AgentTraceError as problem:
                yield findings.one(
                    where,
                    "budget",
                    self._policy,
                    what=problem.slug,
                    title=head.name,
                    why=": ".join([problem.headline, *problem.detail.split("\n")[1:2]]),
                    way_on="use less, or raise the limit in the policy",
                    old=_told(_used(base)),
                    new=_told(_used(head)),
                )

    def _three_way(self, both: Both) -> GateFinding:
        where, result = both.where, both.result
        return findings.one(
            where,
            str(where.movement),
            self._policy,
            what=str(where.movement),
            title=where.test,
            why=_THREE_WAY[where.movement]
            + (f": {result.headline}" if result is not None and result.headline else ""),
            way_on=_again(where),
            also=[both.base.digest, both.head.digest, "" if result is None else result.trace],
        )

    def _gone(self, both: Both, base: Trace | None) -> GateFinding:
        where = both.where
        title = where.test or where.path
        if both.moved_to:
            why = f"it lies at {both.moved_to} now, in no folder of goldens"
            way_on = f"git mv {both.moved_to} {where.path}"
            return findings.one(
                where, "missing", self._policy, what="moved", title=title, why=why, way_on=way_on
            )
        if not both.test_left:
            return findings.one(
                where,
                "structure",
                self._policy,
                what="deleted",
                title=title,
                why="the golden is gone, and so is its test",
                old=None if base is None else {"spans": len(base.spans), "calls": len(base.calls)},
                also=both.base.digest,
            )
        return findings.one(
            where,
            "missing",
            self._policy,
            what="deleted",
            title=title,
            why="the golden is gone, and its test is still there",
            way_on=f"pytest {where.test} --agenttrace=record",
        )

    def _missing(self, where: Whereabouts, result: RunResult) -> GateFinding:
        return findings.one(
            where,
            "missing",
            self._policy,
            what="missing",
            title=result.run,
            why=result.headline,
            way_on=f"pytest {result.run} --agenttrace=record",
        )

    def _vary(self, result: RunResult | None) -> Vary:
        own = self._policy.vary
        return own if result is None else replace(own, paths=(*own.paths, *result.vary))


_MARKED = (
    ("lent", "the world gave to another question", ""),
    (
        "simulated",
        "the world did not give: SIMULATED",
        'let the world answer it; or let the policy say that a person may: simulated = "review"',
    ),
)
"""Each class of goldens with an answer that is not the world's: what is wrong, and the way on."""


def _kind_of(mark: str) -> str:
    return "lent" if mark == "lent" else "simulated"


def _again(where: Whereabouts) -> str:
    """The command that records a golden's test again."""
    return f"pytest {where.test} --agenttrace=rewrite" if where.test else "record its test again"


def moved(both: Both) -> Movement:
    """Say what moved: the golden, its run, or both."""
    base, head, result = both.base, both.head, both.result
    disagrees = result is not None and result.outcome in DISAGREES
    same = both.change == "unchanged" or (both.change != "deleted" and base.same(head))
    if same and (disagrees or not (both.old_path or both.moved_to)):
        return Movement.REGRESSION if disagrees else Movement.SAME
    if result is None or not head.digest or result.outcome not in AGREES | DISAGREES:
        return Movement.UNPROVEN
    if not disagrees and head.digest in (result.held, result.trace):
        return Movement.INTENDED
    if base.digest and result.trace == base.digest:
        return Movement.STALE
    return Movement.FORGED if result.held == head.digest else Movement.CONFLICT


def _new_in(base: Trace | None, head: Trace) -> tuple[Span, ...]:
    """The spans that say something that the old golden did not say at the same place."""
    if base is None:
        return head.spans
    known = {span.position: span for span in base.spans}
    return tuple(
        span
        for span in head.spans
        if (old := known.get(span.position)) is None or _words(old) != _words(span)
    )


def _words(span: Span) -> tuple[object, ...]:
    """All that a span says, without times and ids."""
    said = [(it.head, [chunk.data for chunk in it.chunks], it.failure) for it in span.answers]
    events = [(it.name, it.attributes) for it in span.events]
    links = [it.attributes for it in span.links]
    who = (span.name, span.operation, span.agent, span.task, span.site, span.scope)
    state = (span.status, span.resource, span.trace_state)
    return (*who, span.question, said, span.attributes, events, links, *state)


def _used(trace: Trace | None) -> tuple[int | None, Decimal | None]:
    """The tokens and the money that a run used; None where nobody knows."""
    if trace is None:
        return None, None
    usage = trace.usage
    return usage.tokens.total, usage.cost_usd


def _told(used: tuple[int | None, Decimal | None]) -> Value:
    tokens, usd = used
    return (
        None if tokens is None else {"tokens": tokens, "usd": None if usd is None else f"{usd:f}"}
    )

"""Leaving: what a run leaves on disk: its golden, its journal, a `.new`, a copy for CI."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from agenttrace.errors import AgentTraceError, SecretInGolden
from agenttrace.formats import native
from agenttrace.golden import pending, run_results, store
from agenttrace.redact import left_in
from agenttrace.session.ending import Failing
from agenttrace.session.plan import KEEP_ALL, KEEP_NONE, VERIFY
from agenttrace.verdict import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from agenttrace.model.trace import Trace
    from agenttrace.record.journal import JournalWriter
    from agenttrace.redact import Redactor
    from agenttrace.session.plan import Plan
    from agenttrace.verdict import Verdict

HIDDEN = ".agenttrace"
"""The folder of what is kept for a person to look at, and never committed."""


def left(
    plan: Plan,
    verdict: Verdict,
    trace: Trace,
    journal: JournalWriter | None,
    redactor: Redactor,
    failing: Failing | None,
    *,
    borrowed: bool,
) -> Verdict:
    """Write what a verdict calls for; give the verdict with where it is.

    Args:
        plan: How the run was to go.
        verdict: What it has to say.
        trace: What happened.
        journal: The recording on disk, where there is one.
        redactor: What knows the secrets of the run by now.
        failing: What failed the test's own code, if anything did.
        borrowed: Whether an answer of the run is not one that the world gave to its question.

    Raises:
        GoldenNotWritten: The disk or the folder refuses; what was there before is still there.
        SecretInGolden: A secret is left in the trace; nothing is written, and the journal goes.
    """
    trace = _with_failure(verdict, trace, journal, failing, redactor)
    verdict = _left(plan, verdict, trace, journal, borrowed=borrowed, redactor=redactor)
    if plan.run_dir is not None:
        _tell(plan.run_dir, plan, verdict, trace, redactor)
    return verdict


def _with_failure(
    verdict: Verdict,
    trace: Trace,
    journal: JournalWriter | None,
    failing: Failing | None,
    redactor: Redactor,
) -> Trace:
    """Let the run say in its journal, and in the copy of its trace, what failed it.

    A copy that drifted or diverged is held against goldens, which say nothing of tests.
    """
    if verdict.problems:
        failing = Failing.of(verdict.problems[0], redactor.shown)
    ends = (Outcome.FAILED, Outcome.UNRECORDED, Outcome.DIVERGED)
    if failing is None or verdict.outcome not in ends:
        return trace
    failing = failing.at_the_end_of(trace)
    if journal is not None:
        journal.noted(failing.event, seq=failing.event.seq)
        journal.noted(failing.status, seq=failing.event.seq)
    return trace if verdict.outcome is Outcome.DIVERGED else failing.told_in(trace)


def _left(
    plan: Plan,
    verdict: Verdict,
    trace: Trace,
    journal: JournalWriter | None,
    *,
    borrowed: bool,
    redactor: Redactor,
) -> Verdict:
    drifted = verdict.outcome is Outcome.DRIFTED
    if journal is not None or plan.run_dir is not None or drifted:
        _refuse_secrets(plan, trace, redactor, journal)
    if plan.run_dir is not None:
        store.replace_all({plan.run_dir / plan.shown: native.write(trace)})
    if journal is not None:
        if verdict.outcome is Outcome.RECORDED:
            store.save(plan.golden, trace)
        return _settled(plan, verdict, journal)
    if plan.mode == VERIFY or verdict.outcome not in (Outcome.REPLAYED, Outcome.DRIFTED):
        return verdict
    if verdict.outcome is Outcome.REPLAYED:
        pending.withdraw(plan.golden)
    elif not borrowed and plan.update:
        store.save(plan.golden, trace)
        pending.withdraw(plan.golden)
        return replace(verdict, problems=(), outcome=Outcome.UPDATED)
    elif not borrowed and plan.keep != KEEP_NONE:
        return replace(verdict, pending=pending.propose(plan.golden, trace).path)
    return verdict


def _tell(folder: Path, plan: Plan, verdict: Verdict, trace: Trace, redactor: Redactor) -> None:
    """Leave what the run said of itself beside the copy of its trace."""
    held = ""
    with contextlib.suppress(AgentTraceError):  # a golden that is broken is none to be held against
        if (data := store.load(plan.golden)) is not None:
            held = native.content_digest(data).hex()
    first = redactor.text(verdict.problems[0].headline) if verdict.problems else ""
    run_results.write(
        folder,
        run_results.RunResult(
            run=verdict.run,
            outcome=verdict.outcome,
            golden=plan.shown,
            held=held,
            trace=native.digest_of(trace).hex(),
            problems=tuple(one.slug for one in verdict.problems),
            headline=first,
            unused=len(verdict.unused),
            counts=asdict(verdict.counts),
            vary=(*plan.vary.paths, *((name, path) for name, path, _ in plan.vary.matchers)),
        ),
    )


def _refuse_secrets(
    plan: Plan, trace: Trace, redactor: Redactor, journal: JournalWriter | None
) -> None:
    left = next(left_in(trace, redactor), None)
    if left is None:
        return
    if journal is not None:
        journal.discard()
    where = f"span {left.span}" if left.span else "no span"
    raise SecretInGolden(
        f"{plan.name}: {plan.shown} would hold a secret of the kind {left.kind}",
        detail=f"    in    {where}, under {left.place!r}\n\n"
        "  Nothing was written. Say how it looks, in the ini file:\n"
        "      agenttrace_redact =\n"
        "          NAME = REGULAR EXPRESSION\n"
        f"  It is none, and others of its kind are none either:  !{left.kind}\n"
        "  More: agenttrace explain secret-in-golden",
        kind=left.kind,
        span=left.span,
    )


def _settled(plan: Plan, verdict: Verdict, journal: JournalWriter) -> Verdict:
    """Keep a journal or not; one that is kept is out of version control's sight."""
    wanted = verdict.outcome is not Outcome.RECORDED and plan.keep != KEEP_NONE
    if not wanted and plan.keep != KEEP_ALL:
        journal.discard()
        return verdict
    path = journal.keep()
    _hide(path)
    return replace(verdict, journal=path)


def _hide(path: Path) -> None:
    for folder in path.parents:
        if folder.name == HIDDEN:
            (folder / ".gitignore").write_text("*\n", "utf-8")

"""Replays: what waits beside goldens, as the findings that a gate will have of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from agenttrace.gate import policy_file
from agenttrace.gate.findings import Whereabouts
from agenttrace.gate.goldens import Both, Judge
from agenttrace.gate.opening import decoded
from agenttrace.golden import store
from agenttrace.golden.outline import outline
from agenttrace.golden.run_results import RunResult
from agenttrace.verdict import GateGolden, Outcome

if TYPE_CHECKING:
    from agenttrace.gate.policy import Policy
    from agenttrace.golden.pending import Pending


def policy_in(folder: Path) -> Policy:
    """The policy of a folder on disk; the defaults, where it has none.

    Raises:
        PolicyInvalid: It is none.
        GoldenUnreadable: A file is there and cannot be read.
    """
    names = (policy_file.OWN, policy_file.SHARED)
    return policy_file.policy_of({name: store.load(folder / name) for name in names}, "this folder")


def judged(pending: Pending, policy: Policy) -> GateGolden:
    """Say what a waiting replay changes: it is a run's own, so golden and run move together.

    Raises:
        GoldenMissing: It waits no more.
        GoldenUnreadable: It is damaged.
    """
    trace = pending.trace()
    path = str(pending.golden)
    new = decoded(store.load(pending.path), str(pending.path))
    both = Both(
        where=Whereabouts(path=path, test=trace.name, file=trace.name.partition("::")[0]),
        base=decoded(store.load(pending.golden), path),
        head=new,
        outline=outline(trace).encode("utf-8", "backslashreplace"),
        result=RunResult(
            run=trace.name, outcome=Outcome.REPLAYED, golden=path, held=new.digest, trace=new.digest
        ),
    )
    return replace(Judge(policy).judged(both), outcome=Outcome.DRIFTED)

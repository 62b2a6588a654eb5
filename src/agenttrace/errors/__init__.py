"""Errors: everything that can go wrong, each with a slug that `agenttrace explain` knows.

Two families. `AgentTraceError`s are ordinary exceptions: bad input, a refusal, a missing file.
`RunStopped`s end a run: they are `BaseException`s, so that an agent's `except Exception` cannot eat
them, and every later crossing of the run raises the same one again.

The common causes in each docstring are numbered; `docs/errors.md` is made from them.
"""

from __future__ import annotations

from agenttrace.errors.checks import (
    BudgetBroken,
    NothingSelected,
    NothingToCompare,
    NotRecorded,
    ObjectiveMissed,
    OrderBroken,
    PriceUnknown,
    PropagationBroken,
    SelectionFailed,
    TeamFailed,
    UsageUnknown,
)
from agenttrace.errors.files import (
    CassetteUnreadable,
    ExportRefused,
    GoldenCollision,
    GoldenNotWritten,
    GoldenTooNew,
    GoldenUnreadable,
    InvalidSpan,
    InvalidTrace,
    JournalUnreadable,
    SecretInGolden,
    SeveralTraces,
    TraceUnreadable,
    UnknownFormat,
)
from agenttrace.errors.gates import (
    ApprovalsInvalid,
    FindingUnknown,
    GitFailed,
    GitIncomplete,
    NoMergeBase,
    PolicyInvalid,
    RevisionUnknown,
)
from agenttrace.errors.kinds import (
    AgentTraceError,
    RecordedError,
    RunStopped,
)
from agenttrace.errors.refusals import (
    ArgumentChanged,
    NoRun,
    NotCanonical,
    NotRebuildable,
    StreamLeftOpen,
)
from agenttrace.errors.searches import (
    InvariantBroken,
    InvariantRaised,
    NothingToExplore,
    SearchUnsteady,
)
from agenttrace.errors.stops import (
    CallOutsideRun,
    CutNotReached,
    Deadlock,
    EgressRefused,
    GoldenMissing,
    IncidentSilent,
    MessageNeverCame,
    NeverAnswered,
    NotStubbed,
    ReplayDiverged,
    RunEnded,
    RunNeverEnds,
    ScheduleUnfit,
    SearchWentLive,
    StatesUnlike,
    StoppedThere,
    StreamReadPast,
    StubUnfit,
)
from agenttrace.errors.teams import (
    CascadeSpread,
    DelegationBroken,
    OrchestrationBroken,
    TeamStuck,
)
from agenttrace.errors.verdicts import (
    AnswersLent,
    AnswersUnused,
    GoldenMismatch,
    NotDeterministic,
    NothingAsked,
    RecordingFailed,
    RecordRefused,
    StubsUnused,
    UsageError,
)

__all__ = [
    "AgentTraceError",
    "AnswersLent",
    "AnswersUnused",
    "ApprovalsInvalid",
    "ArgumentChanged",
    "BudgetBroken",
    "CallOutsideRun",
    "CascadeSpread",
    "CassetteUnreadable",
    "CutNotReached",
    "Deadlock",
    "DelegationBroken",
    "EgressRefused",
    "ExportRefused",
    "FindingUnknown",
    "GitFailed",
    "GitIncomplete",
    "GoldenCollision",
    "GoldenMismatch",
    "GoldenMissing",
    "GoldenNotWritten",
    "GoldenTooNew",
    "GoldenUnreadable",
    "IncidentSilent",
    "InvalidSpan",
    "InvalidTrace",
    "InvariantBroken",
    "InvariantRaised",
    "JournalUnreadable",
    "MessageNeverCame",
    "NeverAnswered",
    "NoMergeBase",
    "NoRun",
    "NotCanonical",
    "NotDeterministic",
    "NotRebuildable",
    "NotRecorded",
    "NotStubbed",
    "NothingAsked",
    "NothingSelected",
    "NothingToCompare",
    "NothingToExplore",
    "ObjectiveMissed",
    "OrchestrationBroken",
    "OrderBroken",
    "PolicyInvalid",
    "PriceUnknown",
    "PropagationBroken",
    "RecordRefused",
    "RecordedError",
    "RecordingFailed",
    "ReplayDiverged",
    "RevisionUnknown",
    "RunEnded",
    "RunNeverEnds",
    "RunStopped",
    "ScheduleUnfit",
    "SearchUnsteady",
    "SearchWentLive",
    "SecretInGolden",
    "SelectionFailed",
    "SeveralTraces",
    "StatesUnlike",
    "StoppedThere",
    "StreamLeftOpen",
    "StreamReadPast",
    "StubUnfit",
    "StubsUnused",
    "TeamFailed",
    "TeamStuck",
    "TraceUnreadable",
    "UnknownFormat",
    "UsageError",
    "UsageUnknown",
    "catalog",
]


def catalog() -> dict[str, type[AgentTraceError | RunStopped]]:
    """Every error that has a slug of its own, by slug."""
    families = (AgentTraceError, RunStopped)
    return {
        kind.slug: kind
        for kind in globals().values()
        if isinstance(kind, type) and issubclass(kind, families) and kind not in families
    }

"""Errors: everything that can go wrong, each with a slug that `agenttrace explain` knows.

Two families. `AgentTraceError`s are ordinary exceptions: bad input, a refusal, a missing file.
`RunStopped`s end a run: they are `BaseException`s, so that an agent's `except Exception` cannot eat
them, and every later crossing of the run raises the same one again.

The common causes in each docstring are numbered; `docs/errors.md` is made from them.
"""

from __future__ import annotations


class AgentTraceError(Exception):
    """Something is wrong that a person can mend."""

    slug = "error"

    def __init__(self, headline: str = "", *, detail: str = "", **facts: object) -> None:
        """Say what happened in `headline`, the sides and the way on in `detail`; keep all else."""
        self.headline = headline
        self.detail = detail
        self.facts = facts
        super().__init__(said(headline, self.slug, detail))


class RunStopped(BaseException):
    """A run cannot go on.

    It is sticky: the run's first one is raised again at every later call, and the test fails from
    it whatever the code under test made of it.
    """

    slug = "run-stopped"

    def __init__(self, headline: str = "", *, detail: str = "", **facts: object) -> None:
        """Say what happened in `headline`, the sides and the way on in `detail`; keep all else."""
        self.headline = headline
        self.detail = detail
        self.facts = facts
        super().__init__(said(headline, self.slug, detail))


def said(headline: str, slug: str, detail: str) -> str:
    """Lay a message out: the headline alone is enough for a log, and ends with its slug."""
    first = f"{headline}  [{slug}]"
    return f"{first}\n\n{detail.rstrip()}" if detail else first


# -- a run stops --------------------------------------------------------------------------------
class ReplayDiverged(RunStopped):
    """The agent asked for something other than what was recorded.

    Common causes:
        1. The code changed and the recording did not. Record again.
        2. A value that varies is part of the question: a date, an id. Say that it may vary.
        3. Work was started outside the run's context (a thread pool made before it began).
    """

    slug = "replay-diverged"


class EgressRefused(RunStopped):
    """Something tried to reach the network in a replay, past every recorded call.

    Common causes:
        1. A client that no adapter knows made the call. Record it as a tool.
        2. A library phones home. It is refused and counted; allow its host if it must.
    """

    slug = "egress-refused"


class Deadlock(RunStopped):
    """Nothing can happen any more: every part of the run waits for another part.

    Common causes:
        1. Two agents wait for each other's message or lock.
        2. A task waits for an event that only a cancelled or failed task would have set.
        3. A thread holds a lock over a model call that another thread needs first.
    """

    slug = "deadlock"


class NeverAnswered(RunStopped):
    """The run waits for an answer that the recording says never came.

    Common causes:
        1. When it was recorded, the call was cancelled, or the run ended first; now nobody does it.
        2. A timeout that ended it has been removed or made longer.
    """

    slug = "never-answered"


class MessageNeverCame(RunStopped):
    """A receive waits for the message it got when it was recorded, and nobody can send it any more.

    Common causes:
        1. The sender now sends fewer messages, or sends them elsewhere.
        2. The consumer that took the message has changed.
    """

    slug = "message-never-came"


class StreamReadPast(RunStopped):
    """The agent read a stream further than the recording goes.

    Common causes:
        1. When it was recorded, the agent left the stream early; now it reads on. Record again.
    """

    slug = "stream-read-past"


class RunEnded(RunStopped):
    """A thread or task asked the world after its run had ended.

    Common causes:
        1. A background thread or task was not waited for. Wait for it inside the run.
        2. A library's own export thread outlived the run; its calls are refused and counted.
    """

    slug = "run-ended"


class GoldenMissing(RunStopped):
    """There is no golden to replay.

    Common causes:
        1. The test is new, or was renamed or moved. Record it.
        2. The golden was not committed.
    """

    slug = "golden-missing"


class CallOutsideRun(RunStopped):
    """A test that says where its runs are asked the world outside them.

    Common causes:
        1. The agent is called before `with agent_trace.run():`, or after it. Move the call inside.
        2. A task that was started inside goes on after the block. Wait for it inside.
    """

    slug = "call-outside-run"


class NotStubbed(RunStopped):
    """A test that runs on stubs alone asked for something that no stub answers.

    Common causes:
        1. A tool or model has no stub yet. The message names the line to add.
        2. A model's stubs are used up: the agent asks once more than it was told to be answered.
    """

    slug = "not-stubbed"


class StubUnfit(RunStopped):
    """A stub says what the tool or the model could never have said.

    Common causes:
        1. The stub's value is not what the tool's annotation says that it returns.
        2. A model's stub calls a tool that the request does not offer.
        3. `returns` was said of a generator, or `streams` of a plain function.
    """

    slug = "stub-unfit"


# -- a call cannot be recorded ------------------------------------------------------------------
class NotCanonical(AgentTraceError):
    """A value has no form that stays the same from run to run.

    Common causes:
        1. A tool is given an open file, a lock, a generator, a client. Pass what it stands for.
        2. A value contains itself.
        3. A class keeps nothing in public fields. Give the tool `encode=`.
    """

    slug = "not-canonical"

    def __init__(self, headline: str = "", *, detail: str = "", **facts: object) -> None:
        """Take `where` (the path inside the value), `why` and `value_type`, or a ready headline."""
        if not headline:
            where = facts.get("where")
            path = "".join(map(str, where)) if isinstance(where, tuple) else ""
            kind, why = facts.get("value_type"), facts.get("why")
            headline = f"{path or 'the value itself'} is a {kind}, and {why}"
        super().__init__(headline, detail=detail, **facts)


class NotRebuildable(AgentTraceError):
    """A tool's result could be written down but not built again, so it is refused while recording.

    Common causes:
        1. The function has no return annotation, and returns an object of a class. Annotate it.
        2. The annotation (`object`, `Any`, a base class) says less than the value is. Say it all.
        3. Building it needs more than its fields. Give `@agenttrace.tool(encode=, decode=)`.
    """

    slug = "not-rebuildable"


class ArgumentChanged(AgentTraceError):
    """A tool changed one of its arguments in place; a replay, which does not run it, could not.

    Common causes:
        1. The tool fills a list or a dict that the caller passes. Return it instead.
        2. It is a method that changes its own object. Make the object's own calls tools, not this
           one, or let it run in every replay with `@agenttrace.tool(live=True)`.
    """

    slug = "argument-changed"


class StreamLeftOpen(AgentTraceError):
    """A stream was neither read to its end nor closed when the run ended.

    Common causes:
        1. The agent leaves a `for` loop over a stream early. Close the stream: `with`, `aclose()`.
    """

    slug = "stream-left-open"


class NoRun(AgentTraceError):
    """Something was asked of a run, and there is none, or more than one could be meant.

    Common causes:
        1. `agent_trace` was used before `agent_trace.run()` began, or after another one began.
        2. Several runs are active in one process and the calling thread belongs to none of them.
    """

    slug = "no-run"


# -- goldens and files --------------------------------------------------------------------------
class GoldenUnreadable(AgentTraceError):
    """A golden is there and cannot be read.

    Common causes:
        1. It was cut short, or changed by an editor or a merge. Restore it from version control.
        2. It is a pointer to a large file that was not fetched.
    """

    slug = "golden-unreadable"


class GoldenTooNew(AgentTraceError):
    """A golden was written by a newer schema than this version reads.

    Common causes:
        1. A colleague records with a newer version. Upgrade this one.
    """

    slug = "golden-too-new"


class GoldenCollision(AgentTraceError):
    """Two tests, or two runs of one test, would write the same golden.

    Common causes:
        1. Test names that differ only by upper and lower case. Rename one.
        2. Two runs of one test have the same `name=`.
    """

    slug = "golden-collision"


class GoldenNotWritten(AgentTraceError):
    """A golden could not be written; what was there before is still there, whole.

    Common causes:
        1. The disk is full, or the folder is read-only.
    """

    slug = "golden-not-written"


class JournalUnreadable(AgentTraceError):
    """A journal is not one, or holds something that no recorder wrote.

    Common causes:
        1. The file is something else. A journal that was cut short is read as far as it goes.
    """

    slug = "journal-unreadable"


class UnknownFormat(AgentTraceError):
    """A file is in no format that we read.

    Common causes:
        1. It is a golden's outline (`.trace.txt`); name the golden (`.trace`).
    """

    slug = "unknown-format"


class InvalidSpan(AgentTraceError):
    """A span contradicts itself.

    Common causes:
        1. An imported trace holds a span that ends before it begins, or an id of zeros.
    """

    slug = "invalid-span"

    def __init__(self, headline: str = "", *, detail: str = "", **facts: object) -> None:
        """Take `why` and `where`, or a ready headline."""
        super().__init__(
            headline or f"{facts.get('where')}: {facts.get('why')}", detail=detail, **facts
        )


class InvalidTrace(AgentTraceError):
    """A trace contradicts itself.

    Common causes:
        1. An imported trace holds a span twice, or a circle of parents.
    """

    slug = "invalid-trace"

    def __init__(self, headline: str = "", *, detail: str = "", **facts: object) -> None:
        """Take `why` and `where`, or a ready headline."""
        super().__init__(
            headline or f"{facts.get('where')}: {facts.get('why')}", detail=detail, **facts
        )


# -- verdicts -----------------------------------------------------------------------------------
class GoldenMismatch(AgentTraceError):
    """The run did not diverge, and yet its trace is not the golden's.

    Common causes:
        1. Code that runs in every replay (a plan, a state, an event) now does something else.
        2. Calls that were recorded were not made this time.
    """

    slug = "golden-mismatch"


class AnswersUnused(AgentTraceError):
    """The golden holds answers that the run never asked for.

    Common causes:
        1. The agent now makes fewer calls. Record again.
        2. A branch was not taken, or a task was not awaited.
    """

    slug = "answers-unused"


class NothingAsked(AgentTraceError):
    """The run asked the world nothing, so there is nothing to replay or compare.

    Common causes:
        1. A client that no adapter knows makes the calls. Mark them with `@agenttrace.tool`.
        2. The agent ran before `agent_trace.run()` began.
    """

    slug = "nothing-asked"


class RecordRefused(AgentTraceError):
    """Recording is refused where `CI` is set.

    Common causes:
        1. A pipeline runs with `--agenttrace=record`. Record by hand, and commit the golden.
        2. It is meant. Add `--agenttrace-allow-record`.
    """

    slug = "record-refused"


class RecordingFailed(AgentTraceError):
    """A recording did not become a golden; its journal is kept.

    Common causes:
        1. The test failed, or was interrupted. A golden comes only from a test that passed.
    """

    slug = "recording-failed"


class StubsUnused(AgentTraceError):
    """A stub was never asked for, so the test says less than it seems to.

    Common causes:
        1. Its name is not the tool's. The message names what was called.
        2. `on_call=` counts along what led to a call: calls at the same time have one number.
    """

    slug = "stubs-unused"


class CassetteUnreadable(AgentTraceError):
    """A cassette of vcrpy's cannot be imported.

    Common causes:
        1. It holds tags that would make Python objects; nothing in a file is ever executed.
        2. An interaction has no request, or its address was taken out before it was committed.
    """

    slug = "cassette-unreadable"


class UsageError(AgentTraceError):
    """An option, a marker or a call has a value that it cannot have."""

    slug = "usage"


class RecordedError(Exception):
    """Stands in for a recorded exception whose class the running program has not loaded.

    Attributes:
        type: The qualified name of the recorded class.
    """

    def __init__(
        self,
        type: str,  # noqa: A002 - the word of the model
        message: str,
        args: tuple[object, ...] = (),
    ) -> None:
        """Keep the recorded class's name, message and arguments."""
        self.type = type
        super().__init__(f"{type}: {message}")
        self.recorded_args = args


def catalog() -> dict[str, type[AgentTraceError | RunStopped]]:
    """Every error that has a slug of its own, by slug, in the order of this page."""
    families = (AgentTraceError, RunStopped)
    return {
        kind.slug: kind
        for kind in globals().values()
        if isinstance(kind, type) and issubclass(kind, families) and kind not in families
    }

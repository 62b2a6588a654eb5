"""Verdicts: what is wrong with a run that did not stop, and with how it was asked for."""

from __future__ import annotations

from agenttrace.errors.kinds import AgentTraceError


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


class AnswersLent(AgentTraceError):
    """A replay that is to become the golden holds answers that were given to other questions.

    Common causes:
        1. It ran with `--agenttrace-match=lenient`, which lends answers to show all differences.
        2. Stubs or faults answered. What they say is the test's, not the world's.
    """

    slug = "answers-lent"


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


class UsageError(AgentTraceError):
    """An option, a marker or a call has a value that it cannot have."""

    slug = "usage"


class NotDeterministic(AgentTraceError):
    """A test asks something else when the world around its replay is otherwise.

    Common causes:
        1. The order of a set of strings, or of a directory, goes into a prompt. Sort it.
        2. A generator without a seed, or a clock in C, is read. Let the run hold it, or make it a
           tool.
        3. Threads write into one list, and who is first decides. Collect by who made what.
    """

    slug = "not-deterministic"

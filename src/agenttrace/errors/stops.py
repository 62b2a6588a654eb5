"""Stops: what ends a run; no `except Exception` of an agent can eat it."""

from __future__ import annotations

from agenttrace.errors.kinds import RunStopped


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


class RunNeverEnds(RunStopped):
    """A replay has taken more steps, or more virtual time, than it may.

    Common causes:
        1. An agent asks again and again, and what it waits for never comes in the replay.
        2. A loop polls with `sleep(0)`, or a watchdog runs beside the agents and is never ended.
        3. The run is a long one. Give it more: `limit_steps` and `limit_virtual_s` in the marker.
    """

    slug = "run-never-ends"


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
    """Something asked the world where a run is going on that it is no part of.

    Common causes:
        1. The agent is called before `with agent_trace.run():`, or after it. Move the call inside.
        2. A task that was started inside goes on after the block. Wait for it inside.
        3. A process was forked, and asks. Use the start method `spawn` or `forkserver`.
    """

    slug = "call-outside-run"


class NotStubbed(RunStopped):
    """A test that runs on stubs alone asked for something that no stub answers.

    Common causes:
        1. A tool or model has no stub yet. The message names the line to add.
        2. A model's stubs are used up: the agent asks once more than it was told to be answered.
    """

    slug = "not-stubbed"


class IncidentSilent(RunStopped):
    """An incident's trace does not hold what the world said to a call, and no stub says it.

    Common causes:
        1. Content was not captured: OpenTelemetry's GenAI libraries leave it out by default.
        2. The backend hid it or cut it, or the span was sampled out.
        3. The run was to leave the incident at this call, and nobody was named to answer it.
    """

    slug = "incident-silent"


class StoppedThere(RunStopped):
    """A replay of an incident came to the call at which it was to stop. It is no failure.

    Common causes:
        1. `agenttrace replay --until` names this call; leave it out, and the run goes on.
    """

    slug = "stopped-there"


class CutNotReached(RunStopped):
    """A replay from a moment of a trace never came to that moment.

    Common causes:
        1. Today's code has another way, or ends sooner: the call at the moment is never asked.
        2. It came there without asking what was asked before; the message names what is missing.
        3. It was given another input than the run that the trace is of.
    """

    slug = "cut-not-reached"


class StatesUnlike(RunStopped):
    """A replay came to the moment from which it was to go on, and its agents knew other things.

    Common causes:
        1. Today's code keeps other states than the code that was recorded, or keeps them elsewhere.
        2. A state holds a clock's reading or an id. Leave it out: `snapshot(…, volatile=["at"])`.
        3. It was given another input than the run that the trace is of.
    """

    slug = "states-unlike"


class StubUnfit(RunStopped):
    """A stub says what the tool or the model could never have said.

    Common causes:
        1. The stub's value is not what the tool's annotation says that it returns.
        2. A model's stub calls a tool that the request does not offer.
        3. `returns` was said of a generator, or `streams` of a plain function.
    """

    slug = "stub-unfit"


class ScheduleUnfit(RunStopped):
    """A schedule is not one of this run.

    Common causes:
        1. It was printed for another test, or for this one under another name.
        2. It was copied in part.
        3. The run was changed, and recorded again, since it was found. Search again.
    """

    slug = "schedule-unfit"


class SearchWentLive(RunStopped):
    """A search over schedules would ask a model or a service for real, hundreds of times.

    Common causes:
        1. The marker's `stub=` leaves models or HTTP to the world. A search answers them all.
        2. The test is run with `--agenttrace=verify`. A search needs a golden, and replays it.
    """

    slug = "search-went-live"

"""Refusals: calls and values that cannot be recorded soundly, refused while recording."""

from __future__ import annotations

from agenttrace.errors.kinds import AgentTraceError


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

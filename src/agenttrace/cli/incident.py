"""Incident: what the commands that replay one share: its calls, a person's wishes, the telling."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from agenttrace.analysis.fidelity import LEVELS, level_of
from agenttrace.check.sides import cut, safe, shown
from agenttrace.check.telling import nothing_asked
from agenttrace.cli import words
from agenttrace.cli.entry import pair
from agenttrace.cli.span_text import SpanText
from agenttrace.errors import UsageError
from agenttrace.model.message import Message, ModelResponse, Text, ToolCall
from agenttrace.model.usage import Tokens
from agenttrace.replay.incident import Calls, Wishes
from agenttrace.replay.incident.asked import UNKNOWN
from agenttrace.replay.incident.known import Result
from agenttrace.replay.stubs import Stubs
from agenttrace.session.imported import cleaned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agenttrace.model.trace import Trace
    from agenttrace.replay.incident.known import Known, Said
    from agenttrace.session.rerun import Rerun

_MOST = 10
"""How many calls a list names; it says how many more there are."""

_HOW = {
    "same": "as in the incident",
    "next": "whose question the trace lacks",
    "lent": "lent: asked otherwise",
    "override": "overridden",
    "stub": "stubbed",
    "live": "live",
}


def calls_of(trace: Trace) -> Calls:
    """The calls of a trace, numbered as `agenttrace show` numbers them, secrets already out."""
    return Calls.of(cleaned(trace), SpanText(trace).numbers)


def wishes_of(
    calls: Calls,
    override: Iterable[str],
    *,
    until: str | None = None,
    fork_at: str | None = None,
    live: bool = False,
    lend: bool = False,
) -> Wishes:
    """A person's wishes, as said on the command line.

    Raises:
        UsageError: A label is none of a call's, or what is to be said makes no answer.
    """
    return Wishes(
        override=dict(_said(calls, text) for text in override),
        until=None if until is None else _meant(calls, until).label,
        fork=None if fork_at is None else _meant(calls, fork_at).label,
        live=live,
        lend=lend,
    )


def stubs_of(said: Iterable[str]) -> Stubs:
    """Stubs of tools, each `NAME=VALUE`: the same value to every call."""
    stubs = Stubs()
    for text in said:
        name, value = pair(text)
        stubs.tool(name).returns(value)
    return stubs


def _meant(calls: Calls, label: str) -> Known:
    wanted = label if label.startswith("#") else f"#{label}"
    found = next((one for one in calls.all if one.label == wanted), None)
    if found is None:
        listed = [f"  {one.label}  {safe(one.title)}" for one in calls.all[:_MOST]]
        raise UsageError(f"{label!r} is no call of the incident", detail="\n".join(listed))
    return found


def _said(calls: Calls, text: str) -> tuple[str, Said]:
    label, value = pair(text)
    known = _meant(calls, label)
    return known.label, _response(value) if known.kind == "llm" else Result(value)


def _response(value: Any) -> ModelResponse:  # noqa: ANN401 - whatever JSON says
    """What a model says, of what a person says.

    Words; or `{"text": …, "tool_calls": [{"name": …, "arguments": …}]}`; or `{"status": 429,
    "error": …}`.
    """
    said = {"text": value} if isinstance(value, str) else value
    known = {"text", "tool_calls", "status", "error"}
    if not isinstance(said, dict) or not said or said.keys() - known:
        raise UsageError(
            f"{cut(shown(value))} is nothing that a model says",
            detail='  words, or {"text": "…", "tool_calls": [{"name": "…", "arguments": {…}}]},\n'
            '  or {"status": 429, "error": "…"}',
        )
    if "error" in said or "status" in said:
        status = said.get("status", 500)
        return ModelResponse(
            model="", error=str(said.get("error") or f"status {status}"), extra={"status": status}
        )
    calls = tuple(
        ToolCall(
            name=str(one["name"]), arguments=json.dumps(one.get("arguments", {})), id=f"call_{n}"
        )
        for n, one in enumerate(said.get("tool_calls", ()))
    )
    texts = (Text(content=str(said["text"])),) if said.get("text") else ()
    message = Message(
        role="assistant", parts=(*texts, *calls), finish_reason="tool_call" if calls else "stop"
    )
    return ModelResponse(model="", messages=(message,), id="override", tokens=Tokens())


def head(name: str, written_in: str, calls: Calls) -> Iterator[str]:
    """What the incident's trace holds, honestly."""
    kinds = Counter(one.kind for one in calls.all)
    asked = sum(one.asked != UNKNOWN for one in calls.all)
    said = sum(one.said is not None or one.runs for one in calls.all)
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    yield f"incident    {safe(name)}, {written_in}"
    yield f"  calls     {len(calls.all)}" + (f" ({listed})" if listed else "")
    known = level_of(calls.trace).level
    yield f"  fidelity  {known}, {LEVELS[known]}"
    yield f"  questions {asked} of {len(calls.all)} are in the trace; answers {said}"


def require_questions(found: Rerun, entry: str) -> None:
    """Refuse a run that came to its end and asked nothing: it says nothing of the incident.

    Raises:
        NothingAsked: It is one.
    """
    if found.asked == 0 and found.stopped is None and found.raised is None:
        raise nothing_asked(entry)


def told(found: Rerun, entry: str) -> Iterator[str]:
    """What became of a replay: who answered, where it departed, and what nobody asked for."""
    how = Counter(one.how for one in found.incident.served)
    listed = ", ".join(f"{how[name]} {said}" for name, said in _HOW.items() if how[name])
    yield f"this run    {safe(entry)}"
    yield f"  asked     {words.number(found.asked, 'call')}" + (f": {listed}" if listed else "")
    if found.is_simulated:
        yield "  SIMULATED some answers are not what the world said to these questions"
    departures = found.incident.departures
    if departures:
        first = departures[0]
        yield f"  departs   after {words.number(first.before, 'call')}: {safe(first.headline)}"
        yield from first.lines()
        for one in departures[1:_MOST]:
            yield f"  then      {safe(one.headline)}"
        if len(departures) > _MOST:
            yield f"  then      … and {len(departures) - _MOST} more"
    elif found.stopped is None:
        yield "  departs   nowhere"
    left = found.incident.unused
    if left:
        yield f"  not asked {words.number(len(left), 'call')} of the incident:"
        yield from (f"            {one.label}  {safe(one.title)}" for one in left[:_MOST])
        if len(left) > _MOST:
            yield f"            … and {len(left) - _MOST} more"
    if found.raised is not None:
        kind = type(found.raised).__qualname__
        yield f"  raised    {kind}: {cut(safe(str(found.raised)), words.WIDE)}"
    elif found.stopped is None:
        yield f"  returned  {cut(safe(repr(found.returned)), words.WIDE)}"
    yield from (f"  note      {safe(warning)}" for warning in found.warnings)

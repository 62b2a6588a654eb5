"""Wished: what a person wants of an incident, said in words, as its calls and answers."""

from __future__ import annotations

import json
from typing import Any

from agenttrace.check.sides import cut, safe, shown
from agenttrace.errors import UsageError
from agenttrace.model.message import Message, ModelResponse, Text, ToolCall
from agenttrace.model.usage import Tokens
from agenttrace.replay.incident.known import Calls, Known, Result, Said

_MOST = 10
"""How many calls are listed to somebody who named none."""


def meant(calls: Calls, label: str) -> Known:
    """The call that a person means: `#4`, or `4`.

    Raises:
        UsageError: There is none.
    """
    wanted = label if label.startswith("#") else f"#{label}"
    found = next((one for one in calls.all if one.label == wanted), None)
    if found is None:
        raise UsageError(
            f"{cut(safe(repr(label)))} is no call of the incident",
            detail="\n".join([*listed(calls), "  All of them, numbered:  agenttrace show TRACE"]),
        )
    return found


def listed(calls: Calls) -> list[str]:
    """The calls that a person can mean: the first ones, a line each."""
    if not calls.all:
        return ["  calls     none: the incident asked nothing"]
    lines = [f"{one.label:5} {safe(one.title)}" for one in calls.all[:_MOST]]
    if (more := len(calls.all) - _MOST) > 0:
        lines.append(f"… and {more} more")
    return [f"  {'calls' if not nth else '':9} {line}" for nth, line in enumerate(lines)]


def said(calls: Calls, label: str, value: Any) -> tuple[str, Said]:  # noqa: ANN401 - whatever JSON says
    """What a call is to be answered instead, by its label.

    Raises:
        UsageError: There is no such call, or a model could not say this.
    """
    known = meant(calls, label)
    return known.label, _response(value) if known.kind == "llm" else Result(value)


def _response(value: Any) -> ModelResponse:  # noqa: ANN401 - as above
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

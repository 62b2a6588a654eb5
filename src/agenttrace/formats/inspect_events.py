"""Inspect's model, tool and sandbox events, in OpenTelemetry's GenAI attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.model import names

if TYPE_CHECKING:
    from agenttrace.model.values import Value

_TOKENS = {
    names.INPUT_TOKENS: "input_tokens",
    names.OUTPUT_TOKENS: "output_tokens",
    names.CACHE_READ_TOKENS: "input_tokens_cache_read",
    names.CACHE_WRITE_TOKENS: "input_tokens_cache_write",
    names.REASONING_TOKENS: "reasoning_tokens",
}
_KEPT = ("role", "tool_choice", "retries", "cache", "working_time", "action", "cmd", "output")


def attributes_of(kind: str, event: dict[str, Value]) -> dict[str, Value]:
    """What an event says, in the names that everybody reads.

    Args:
        kind: `model`, `tool` or `sandbox`.
        event: The event, as canonical values.
    """
    if kind == "model":
        found = _model(event)
    elif kind == "tool":
        found = {
            names.OPERATION: "execute_tool",
            names.TOOL_NAME: event.get("function"),
            names.TOOL_CALL_ID: event.get("id"),
            names.TOOL_ARGUMENTS: event.get("arguments"),
            names.TOOL_RESULT: event.get("result"),
        }
    else:
        found = {"inspect.result": event.get("result"), "inspect.file": event.get("file")}
    kept = _KEPT if kind != "tool" else ("working_time",)
    found |= {f"inspect.{key}": event[key] for key in kept if key in event and key not in found}
    return {key: value for key, value in found.items() if value is not None}


def _model(event: dict[str, Value]) -> dict[str, Value]:
    output = event.get("output")
    said = output if isinstance(output, dict) else {}
    choices = said.get("choices")
    usage = said.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    messages: list[Value] = []
    for one in choices if isinstance(choices, list) else []:
        message = one.get("message") if isinstance(one, dict) else None
        if isinstance(message, dict):
            messages.append(message)
    config = event.get("config")
    tools = event.get("tools")
    return {
        names.OPERATION: "chat",
        names.REQUEST_MODEL: event.get("model"),
        names.RESPONSE_MODEL: said.get("model"),
        names.INPUT_MESSAGES: event.get("input"),
        names.OUTPUT_MESSAGES: messages or None,
        names.TOOL_DEFINITIONS: tools or None,
        "llm.invocation_parameters": config or None,
        **{name: counts.get(key) for name, key in _TOKENS.items()},
    }

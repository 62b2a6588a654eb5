"""OpenAI Agents: the traces that its SDK exports to OpenAI. Read only.

`{"data": [...]}` as the exporter posts it, or one object a line: a `trace`, then `trace.span`s
whose `span_data` says what they were. Ids are `trace_` and 32 hex digits, `span_` and 24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenttrace.formats.documents import Unread, mapping, refuse, text, value_of
from agenttrace.formats.foreign import TellingReader
from agenttrace.formats.instants import instant_ns
from agenttrace.formats.told import Told, attempt, hex_id
from agenttrace.model import names
from agenttrace.model.span import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.formats.broken import Way
    from agenttrace.model.values import Value

_NAME = "an export of OpenAI Agents'"
_WAY: Way = {"data": {}}
_OPERATIONS = {
    "agent": "invoke_agent",
    "generation": "chat",
    "response": "chat",
    "function": "execute_tool",
}
_TOKENS = {
    names.INPUT_TOKENS: ("input_tokens", "prompt_tokens"),
    names.OUTPUT_TOKENS: ("output_tokens", "completion_tokens"),
}
_FIELDS = {
    names.REQUEST_MODEL: "model",
    names.INPUT_MESSAGES: "input",
    names.OUTPUT_MESSAGES: "output",
    names.RESPONSE_ID: "response_id",
    "llm.invocation_parameters": "model_config",
}


class OpenAIAgentsReader(TellingReader):
    """Reads exports of the OpenAI Agents SDK."""

    name = "openai-agents"
    suffixes = (".openai-agents.json", ".openai-agents.jsonl")
    title = _NAME
    way = _WAY

    def reads(self, head: bytes) -> bool:
        """Whether it begins with a trace or a span of the SDK's."""
        return b'"object"' in head and (b'"trace.span"' in head or b'"workflow_name"' in head)

    def told(self, document: object) -> Iterator[Told | Unread]:
        """The spans of one object, of an array, or of what the exporter posts."""
        if isinstance(document, dict) and "data" in document:
            document = document["data"]
        for one in document if isinstance(document, list) else [document]:
            item = mapping(one, _NAME, "the file")
            if item.get("object") == "trace":
                continue  # its spans say all but its name, which is the first agent's business
            if item.get("object") != "trace.span":
                refuse(_NAME, f"{text(item.get('object'))!r} is no span")
            yield attempt(_told, item)


def _told(span: dict[str, Any]) -> Told:
    data = mapping(span.get("span_data"), _NAME, "span_data")
    kind = text(data.get("type"))
    where = f"span {text(data.get('name')) or kind!r}"
    error = mapping(span.get("error"), _NAME, where)
    start = instant_ns(span.get("started_at"), _NAME, where)
    return Told(
        trace=hex_id(text(span.get("trace_id")).removeprefix("trace_"), 32),
        id=hex_id(text(span.get("id")).removeprefix("span_"), 16),
        parent=hex_id(text(span.get("parent_id")).removeprefix("span_"), 16),
        name=_title(kind, data),
        start_ns=start,
        end_ns=instant_ns(span.get("ended_at"), _NAME, where) or start,
        status=Status(code="ERROR", message=text(error.get("message"))) if error else Status(),
        attributes=_attributes(kind, data, where),
    )


def _title(kind: str, data: dict[str, Any]) -> str:
    if kind == "handoff":
        return f"handoff {text(data.get('from_agent'))} to {text(data.get('to_agent'))}"
    return text(data.get("name") or data.get("model")) or kind


def _attributes(kind: str, data: dict[str, Any], where: str) -> dict[str, Value]:
    found: dict[str, Value] = {"openai_agents.type": kind}
    operation = _OPERATIONS.get(kind)
    if operation is not None:
        found[names.OPERATION] = operation
    taken = {"type"}
    if operation == "chat":
        usage = mapping(data.get("usage"), _NAME, where)
        said = {name: data.get(key) for name, key in _FIELDS.items()}
        said |= {
            name: next((usage[key] for key in keys if usage.get(key) is not None), None)
            for name, keys in _TOKENS.items()
        }
        taken |= {"usage", *_FIELDS.values()}
    elif operation == "execute_tool":
        said = {
            names.TOOL_NAME: data.get("name"),
            names.TOOL_ARGUMENTS: data.get("input"),
            names.TOOL_RESULT: data.get("output"),
        }
        taken |= {"name", "input", "output"}
    elif operation == "invoke_agent":
        said = {"gen_ai.agent.name": data.get("name")}
        taken.add("name")
    else:
        said = {}
    said |= {f"openai_agents.{key}": it for key, it in data.items() if key not in taken}
    found |= {key: value_of(it, _NAME, where) for key, it in said.items() if it is not None}
    return found


CODEC = OpenAIAgentsReader()

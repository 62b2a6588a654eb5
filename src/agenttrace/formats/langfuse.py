"""Langfuse: the JSON that its UI downloads and its API gives. Read only.

A trace with its observations, in one object or two; or observations alone. What an observation
was is its `type`; its input, output, usage and cost become OpenTelemetry's GenAI attributes, so
that `meaning` understands them as it does everybody's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenttrace.formats.broken import Half
from agenttrace.formats.documents import (
    Unread,
    mapping,
    parsed,
    refuse,
    sequence,
    text,
    value_of,
)
from agenttrace.formats.foreign import TellingReader
from agenttrace.formats.instants import instant_ns
from agenttrace.formats.told import Told, attempt, hex_id
from agenttrace.model import names
from agenttrace.model.span import Scope, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.formats.broken import Way
    from agenttrace.model.values import Value

_NAME = "an export of Langfuse's"
_WAY: Way = {"observations": {}, "trace": {"observations": {}}, "data": {}}
_OPERATIONS = {
    "GENERATION": "chat",
    "EMBEDDING": "embeddings",
    "TOOL": "execute_tool",
    "AGENT": "invoke_agent",
    "RETRIEVER": "retrieval",
}
_TOKENS = {
    names.INPUT_TOKENS: ("input", "input_tokens", "prompt_tokens", "promptTokens"),
    names.OUTPUT_TOKENS: ("output", "output_tokens", "completion_tokens", "completionTokens"),
    names.CACHE_READ_TOKENS: ("input_cached_tokens", "cache_read_input_tokens"),
    names.CACHE_WRITE_TOKENS: ("cache_creation_input_tokens", "input_cache_creation"),
    names.REASONING_TOKENS: ("output_reasoning_tokens", "reasoning_tokens"),
}
_KEPT = {
    "environment": "langfuse.environment",
    "level": "langfuse.level",
    "version": "langfuse.version",
    "promptName": "gen_ai.prompt.name",
    "promptVersion": "langfuse.prompt.version",
    "timeToFirstToken": "gen_ai.response.time_to_first_chunk",
    "modelParameters": "langfuse.model_parameters",
}
_OF_TRACE = {"name": "langfuse.trace.name", "userId": "user.id", "sessionId": "session.id"}


class LangfuseReader(TellingReader):
    """Reads Langfuse's exports."""

    name = "langfuse"
    suffixes = (".langfuse.json",)
    title = _NAME
    way = _WAY

    def reads(self, head: bytes) -> bool:
        """Whether it begins with a trace or an observation of Langfuse's."""
        return b'"projectId"' in head and any(
            key in head for key in (b'"observations"', b'"trace"', b'"traceId"', b'"sessionId"')
        )

    def told(self, document: object) -> Iterator[Told | Unread]:
        """The observations of one trace, or of a list."""
        if isinstance(document, list):
            for one in document:
                yield attempt(_told, one, {})
            return
        known = mapping(document, _NAME, "the file")
        if "data" in known:
            yield from self.told(sequence(known["data"], _NAME, "data"))
            return
        trace = mapping(known.get("trace"), _NAME, "trace") or known
        if "observations" not in known and "observations" not in trace:
            if "type" not in known:
                refuse(_NAME, "it has no observations")
            yield attempt(_told, known, {})
            return
        own, inner = known.get("observations"), trace.get("observations")
        listed = sequence(inner if own is None else own, _NAME, "observations")
        if isinstance(known, Half) and own is not None:  # a file has most of them twice
            listed = [*listed, *sequence(inner, _NAME, "observations")]
        for one in listed:
            yield attempt(_told, one, trace)


def _told(one: object, trace: dict[str, Any]) -> Told:
    span = mapping(one, _NAME, "observations")
    where = f"observation {text(span.get('name'))!r}"
    metadata = parsed(value_of(span.get("metadata"), _NAME, where))
    known = metadata if isinstance(metadata, dict) else {}
    scope = known.get("scope")
    resource = known.get("resourceAttributes")
    level = text(span.get("level"))
    start = instant_ns(span.get("startTime"), _NAME, where)
    return Told(
        trace=hex_id(text(span.get("traceId") or trace.get("id")), 32),
        id=hex_id(text(span.get("id")), 16),
        parent=hex_id(text(span.get("parentObservationId")), 16),
        name=text(span.get("name")) or text(span.get("type")).lower(),
        start_ns=start,
        end_ns=instant_ns(span.get("endTime"), _NAME, where) or start,
        status=Status(
            code="ERROR" if level == "ERROR" else "UNSET", message=text(span.get("statusMessage"))
        ),
        attributes=_attributes(span, known, where),
        resource={
            **(resource if isinstance(resource, dict) else {}),
            **{
                name: value_of(trace[key], _NAME, where)
                for key, name in _OF_TRACE.items()
                if trace.get(key)
            },
        },
        scope=Scope(name=text(scope.get("name")), version=text(scope.get("version")))
        if isinstance(scope, dict) and scope.get("name")
        else None,
    )


def _attributes(span: dict[str, Any], metadata: dict[str, Value], where: str) -> dict[str, Value]:
    kind = text(span.get("type")).upper()
    own = metadata.get("attributes")
    found: dict[str, Value] = dict(own) if isinstance(own, dict) else dict(metadata)
    operation = _OPERATIONS.get(kind)
    found["langfuse.observation.type"] = kind
    if operation is not None:
        found[names.OPERATION] = operation
    given, said = (value_of(span.get(key), _NAME, where) for key in ("input", "output"))
    if operation == "chat":
        found |= _model(span, given, said, where)
    elif operation == "execute_tool":
        found |= {names.TOOL_NAME: text(span.get("name"))}
        found |= {names.TOOL_ARGUMENTS: given, names.TOOL_RESULT: said}
    else:
        found |= {"input.value": given, "output.value": said}
    found |= {
        name: value_of(span[key], _NAME, where) for key, name in _KEPT.items() if span.get(key)
    }
    return {key: value for key, value in found.items() if value is not None}


def _model(span: dict[str, Any], given: Value, said: Value, where: str) -> dict[str, Value]:
    found: dict[str, Value] = {names.INPUT_MESSAGES: given, names.OUTPUT_MESSAGES: said}
    if span.get("model"):
        found[names.REQUEST_MODEL] = text(span["model"])
    usage = mapping(span.get("usageDetails") or span.get("usage"), _NAME, where)
    for name, keys in _TOKENS.items():
        count = next((usage[key] for key in keys if usage.get(key) is not None), None)
        if count is not None:
            found[name] = value_of(count, _NAME, where)
    cost = mapping(span.get("costDetails"), _NAME, where).get("total")
    if cost is not None:
        found["llm.cost.total"] = value_of(cost, _NAME, where)
    return found


CODEC = LangfuseReader()

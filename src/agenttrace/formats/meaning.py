"""Meaning: what a foreign span's attributes say that it was: a model call, a tool, an agent.

The names are OpenTelemetry's (GenAI semantic conventions, and their former ones), OpenInference's,
and any-agent's. What becomes question, answer or usage is taken out of the attributes, so that
nothing stands twice.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NamedTuple

from agenttrace.formats import known
from agenttrace.formats.documents import parsed
from agenttrace.formats.flattened import flattened_messages
from agenttrace.formats.said import messages_in
from agenttrace.model import names
from agenttrace.model.message_values import response_body, value_of
from agenttrace.model.span import Fidelity, SpanKind, WireKind
from agenttrace.model.usage import Tokens, Usage
from agenttrace.model.values import Value, pack

if TYPE_CHECKING:
    from agenttrace.model.message import Message

_NOTHING: Mapping[str, Any] = {}
_OPERATIONS = {
    "chat": SpanKind.LLM,
    "call_llm": SpanKind.LLM,
    "generate_content": SpanKind.LLM,
    "text_completion": SpanKind.LLM,
    "embeddings": SpanKind.LLM,
    "execute_tool": SpanKind.TOOL,
    "invoke_agent": SpanKind.AGENT,
    "create_agent": SpanKind.AGENT,
    "invoke_workflow": SpanKind.ORCHESTRATION,
    "plan": SpanKind.PLAN,
    "retrieval": SpanKind.RETRIEVAL,
}
_OPENINFERENCE = {
    "LLM": SpanKind.LLM,
    "EMBEDDING": SpanKind.LLM,
    "TOOL": SpanKind.TOOL,
    "AGENT": SpanKind.AGENT,
    "RETRIEVER": SpanKind.RETRIEVAL,
    "RERANKER": SpanKind.RETRIEVAL,
}
_OPENINFERENCE_KIND = "openinference.span.kind"
_OUR_KINDS = {kind.value: kind for kind in SpanKind}
ADDED = frozenset(
    {
        *(names.KIND, names.SPAN_OPERATION, names.KEPT, names.MARK, names.LANE),
        *(names.OPERATION, names.AGENT_ID, "gen_ai.agent.name", names.TASK_NAME, names.STATUS_CODE),
        *(names.REQUEST_MODEL, names.RESPONSE_MODEL, names.RESPONSE_ID, names.FINISH_REASONS),
        *(names.TOKENS_USED, names.COST, names.TOOL_NAME, names.TOOL_DEFINITIONS),
        *(names.INPUT_MESSAGES, names.OUTPUT_MESSAGES, "llm.invocation_parameters"),
        *(names.INPUT_TOKENS, names.OUTPUT_TOKENS, names.CACHE_READ_TOKENS),
        *(names.CACHE_WRITE_TOKENS, names.REASONING_TOKENS),
        *(names.TOOL_ARGUMENTS, names.TOOL_RESULT, "gen_ai.retrieval.query.text"),
    }
)
"""What an export adds to a span's attributes; `formats.exported` writes these."""
_MOST_TOKENS = 2**53 - 1
"""More than this nobody counted; and up to here every reader of JSON keeps whole numbers exact."""
_PARAMETERS = "llm.invocation_parameters"
_ARGUMENTS = (names.TOOL_ARGUMENTS, "gen_ai.tool.args", "input.value")
_RESULTS = (names.TOOL_RESULT, "gen_ai.output", "output.value")
_QUERIES = ("gen_ai.retrieval.query.text", "gen_ai.retrieval.query", "input.value")
_AGENTS = ("gen_ai.agent.name", "agent.name", "gen_ai.agent.id", names.AGENT_ID)
_MODELS = (names.RESPONSE_MODEL, names.REQUEST_MODEL, "llm.response.model_name", "llm.model_name")
_INPUT = (names.INPUT_TOKENS, "gen_ai.usage.prompt_tokens", "llm.token_count.prompt")
_OUTPUT = (names.OUTPUT_TOKENS, "gen_ai.usage.completion_tokens", "llm.token_count.completion")
_CACHE_READ = (names.CACHE_READ_TOKENS, "llm.token_count.prompt_details.cache_read")
_CACHE_WRITE = (names.CACHE_WRITE_TOKENS, "llm.token_count.prompt_details.cache_write")
_REASONING = (names.REASONING_TOKENS, "llm.token_count.completion_details.reasoning")
_ASKED = (names.INPUT_MESSAGES, "input.value")
_SAID = (names.OUTPUT_MESSAGES, "gen_ai.output", "output.value")
_FLAT = ("llm.input_messages.", "llm.output_messages.")
_COSTS = ("gen_ai.usage.input_cost", "gen_ai.usage.output_cost")
_USAGE = (*_INPUT, *_OUTPUT, *_CACHE_READ, *_CACHE_WRITE, *_REASONING, "llm.token_count.total")
_SPENT = (*_INPUT, *_OUTPUT)
_TAKEN = frozenset(
    {*_USAGE, names.INPUT_MESSAGES, names.OUTPUT_MESSAGES, "gen_ai.output", _PARAMETERS}
)


class Meant(NamedTuple):
    """What a span was.

    Attributes:
        kind: What sort of thing happened.
        operation: The name it is counted under.
        agent: The agent that it names; empty: it says that there is none; None: it does not say.
        task: What the agent was asked to do; None: nobody said.
        code: Its status, of an open set, where that is more than the format's own; empty: it is
            not.
        question: What was asked, where that is known.
        answer: What was said, as bytes, where that is known.
        usage: What a model call used; None where nobody said.
        attributes: What else is known.
        fidelity: How well each payload of a call is known: `question`, `answer`; of a model call
            `tools` (their definitions) and `usage` too. Those that are present are not named.
    """

    kind: SpanKind
    operation: str = ""
    agent: str | None = None
    task: str | None = None
    code: str = ""
    question: Value = None
    answer: bytes | None = None
    usage: Usage | None = None
    attributes: Mapping[str, Value] = _NOTHING
    fidelity: Mapping[str, Fidelity] = _NOTHING


def of(name: str, attributes: Mapping[str, Value], wire_kind: WireKind) -> Meant:
    """Say what a span was; what nobody knows is `internal`."""
    if names.KIND in attributes:
        return _ours(name, attributes, wire_kind)
    return _of(_kind(attributes, wire_kind), name, attributes)


def _of(kind: SpanKind, name: str, attributes: Mapping[str, Value]) -> Meant:
    agent = _first(attributes, _AGENTS) or None
    if kind is SpanKind.AGENT and agent is None:
        agent = name
    if kind is SpanKind.LLM:
        return _model(name, attributes, agent)
    if kind is SpanKind.TOOL:
        return _tool(name, attributes, agent)
    if kind is SpanKind.RETRIEVAL:
        return _retrieval(name, attributes, agent)
    return Meant(kind=kind, operation=agent or name, agent=agent, attributes=attributes)


def _ours(name: str, attributes: Mapping[str, Value], wire_kind: WireKind) -> Meant:
    """A span that we exported: it says what it was, and what was added is taken out again."""
    said = attributes[names.KIND]
    kind = _OUR_KINDS.get(said) if isinstance(said, str) else None
    if kind is None:
        return _of(_kind(attributes, wire_kind), name, attributes)
    had = attributes.get(names.KEPT)
    kept = had if isinstance(had, list) else []
    meant = _of(kind, name, attributes)
    return meant._replace(
        operation=_first(attributes, (names.SPAN_OPERATION,)),
        agent=_first(attributes, (names.AGENT_ID,)),
        task=_first(attributes, (names.TASK_NAME,)) or None,
        code=_first(attributes, (names.STATUS_CODE,)),
        attributes={
            key: value for key, value in meant.attributes.items() if key not in ADDED or key in kept
        },
    )


def _kind(attributes: Mapping[str, Value], wire_kind: WireKind) -> SpanKind:
    operation = attributes.get(names.OPERATION)
    if isinstance(operation, str) and operation in _OPERATIONS:
        return _OPERATIONS[operation]
    openinference = attributes.get(_OPENINFERENCE_KIND)
    if isinstance(openinference, str):
        return _OPENINFERENCE.get(openinference, SpanKind.INTERNAL)
    if attributes.get("mcp.method.name") == "tools/call":
        return SpanKind.TOOL
    if names.HTTP_METHOD in attributes or "http.method" in attributes:
        return SpanKind.HTTP
    if wire_kind in (WireKind.PRODUCER, WireKind.CONSUMER):
        return SpanKind.MESSAGE
    return SpanKind.INTERNAL


def _model(name: str, attributes: Mapping[str, Value], agent: str | None) -> Meant:
    model = _first(attributes, _MODELS)
    flat = any(map(_is_flat, attributes))  # OpenInference's have hundreds
    asked = (
        messages_in(attributes.get(names.INPUT_MESSAGES))
        or (flattened_messages(attributes, "llm.input_messages") if flat else ())
        or _whole(attributes.get("input.value"), "user")
        or messages_in(attributes.get(names.INPUT_MESSAGES), role="user")
    )
    said = (
        messages_in(attributes.get(names.OUTPUT_MESSAGES), role="assistant")
        or (flattened_messages(attributes, "llm.output_messages") if flat else ())
        or messages_in(attributes.get("gen_ai.output"), role="assistant")
        or _whole(attributes.get("output.value"), "assistant")
    )
    parameters = parsed(attributes.get(_PARAMETERS))
    question = _question(model, asked, parameters if isinstance(parameters, dict) else {})
    taken = _TAKEN.union(("input.value",) if asked else (), ("output.value",) if said else ())
    operation = _first(attributes, (names.OPERATION,)) or "chat"
    usage = _usage(attributes, model or name)
    payloads = {
        "question": _fidelity(
            attributes, _ASKED, _FLAT[:1] if flat else (), understood=bool(asked)
        ),
        "answer": _fidelity(attributes, _SAID, _FLAT[1:] if flat else (), understood=bool(said)),
        "usage": Fidelity.ABSENT if usage is None else Fidelity.PRESENT,
        "tools": Fidelity.ABSENT
        if any(one.tool_calls for one in said) and not _has_tools(attributes, parameters)
        else Fidelity.PRESENT,
    }
    return Meant(
        kind=SpanKind.LLM,
        operation="chat" if operation == "call_llm" else operation,
        agent=agent,
        question=question,
        answer=response_body(model, said) if said else None,
        usage=usage,
        attributes={
            **({names.REQUEST_MODEL: model} if model else {}),
            **{
                key: value
                for key, value in attributes.items()
                if key not in taken and not (flat and key.startswith(_FLAT))
            },
        },
        fidelity=_lacking(payloads),
    )


@functools.lru_cache(maxsize=4096)
def _is_flat(key: str) -> bool:
    return key.startswith(_FLAT)


def _whole(value: Value, role: str) -> tuple[Message, ...]:
    """OpenInference's input or output as one: the messages in it, else its words."""
    told = parsed(value)
    inner = told.get("messages") if isinstance(told, dict) else None
    return messages_in(inner) or (messages_in(value, role=role) if told is not None else ())


def _has_tools(attributes: Mapping[str, Value], parameters: Value) -> bool:
    inside = isinstance(parameters, dict) and bool(parameters.get("tools"))
    return (
        inside
        or bool(attributes.get(names.TOOL_DEFINITIONS))
        or any(key.startswith(("llm.tools.", "llm.request.functions.")) for key in attributes)
    )


def _fidelity(
    attributes: Mapping[str, Value],
    keys: tuple[str, ...],
    flat: tuple[str, ...],
    *,
    understood: bool,
) -> Fidelity:
    raw = [attributes[key] for key in keys if key in attributes]
    if flat:
        raw += [value for key, value in attributes.items() if key.startswith(flat)]
    return known.fidelity(raw, understood=understood)


def _lacking(payloads: Mapping[str, Fidelity]) -> dict[str, Fidelity]:
    return {name: it for name, it in payloads.items() if it is not Fidelity.PRESENT}


def _question(model: str, asked: tuple[Message, ...], parameters: Mapping[str, Value]) -> Value:
    if not asked:
        return None
    more = {key: it for key, it in parameters.items() if key not in ("messages", "model")}
    return {**more, "model": model, "messages": [value_of(message) for message in asked]}


def _tool(name: str, attributes: Mapping[str, Value], agent: str | None) -> Meant:
    tool = _first(attributes, (names.TOOL_NAME, "tool.name")) or name.removeprefix("execute_tool ")
    arguments = parsed(_any(attributes, _ARGUMENTS))
    if isinstance(arguments, dict) and isinstance(arguments.get("kwargs"), dict):
        given = arguments["kwargs"] or arguments.get("args")
        arguments = given if isinstance(given, dict) else {"args": given}
    elif arguments is not None and not isinstance(arguments, dict):
        arguments = {"input": arguments}
    return _call(SpanKind.TOOL, tool, attributes, agent, arguments, (*_ARGUMENTS, *_RESULTS))


def _retrieval(name: str, attributes: Mapping[str, Value], agent: str | None) -> Meant:
    query = parsed(_any(attributes, _QUERIES))
    question: Value = None if query is None else {"query": query}
    return _call(SpanKind.RETRIEVAL, name, attributes, agent, question, (*_QUERIES, *_RESULTS))


def _call(
    kind: SpanKind,
    operation: str,
    attributes: Mapping[str, Value],
    agent: str | None,
    question: Value,
    taken: tuple[str, ...],
) -> Meant:
    result = parsed(_any(attributes, _RESULTS))
    return Meant(
        kind=kind,
        operation=operation,
        agent=agent,
        question=question,
        answer=None if result is None else pack(result),
        attributes={key: value for key, value in attributes.items() if key not in taken},
        fidelity=_lacking(
            {
                "question": _fidelity(
                    attributes,
                    tuple(key for key in taken if key not in _RESULTS),
                    (),
                    understood=question is not None,
                ),
                "answer": _fidelity(attributes, _RESULTS, (), understood=result is not None),
            }
        ),
    )


def _usage(attributes: Mapping[str, Value], model: str) -> Usage | None:
    if _any(attributes, _SPENT) is None:
        return None
    tokens = Tokens(
        input=_count(attributes, _INPUT),
        output=_count(attributes, _OUTPUT),
        cache_read=_count(attributes, _CACHE_READ),
        cache_write=_count(attributes, _CACHE_WRITE),
        reasoning=_count(attributes, _REASONING),
    )
    return Usage(models={model: tokens}, cost_usd=_cost(attributes))


def _cost(attributes: Mapping[str, Value]) -> Decimal | None:
    whole = _money(attributes.get("llm.cost.total"))
    if whole is not None:
        return whole
    asked, said = (_money(attributes.get(name)) for name in _COSTS)
    return None if asked is None or said is None else asked + said


def _money(value: Value) -> Decimal | None:
    if value is None:
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and found >= 0 else None


def _count(attributes: Mapping[str, Value], keys: tuple[str, ...]) -> int:
    count = _any(attributes, keys)
    if count is None:
        return 0
    if type(count) is not int:
        try:
            count = int(json.loads(str(count or 0)))
        except (ValueError, TypeError, OverflowError):
            return 0
    return count if 0 <= count <= _MOST_TOKENS else 0


def _any(attributes: Mapping[str, Value], keys: tuple[str, ...]) -> Value:
    for key in keys:
        value = attributes.get(key)
        if value is not None:
            return value
    return None


def _first(attributes: Mapping[str, Value], keys: tuple[str, ...]) -> str:
    for key in keys:
        value = attributes.get(key)
        if isinstance(value, str) and value:
            return value
    return ""

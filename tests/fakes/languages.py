"""What each language of models can say: requests, answers and errors, for laws over providers."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from agenttrace.model.message import (
    Message,
    ModelRequest,
    ModelResponse,
    Other,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)
from agenttrace.model.usage import Tokens
from agenttrace.model.values import Value, canonical
from agenttrace.providers.provider import to_json
from tests.fakes import messages
from tests.fakes.messages import counts, ids, json_values, names, words

Parts = st.SearchStrategy[Part]


@dataclass(frozen=True)
class Language:
    """What can be said in one language."""

    requests: st.SearchStrategy[ModelRequest]
    responses: st.SearchStrategy[ModelResponse]
    errors: st.SearchStrategy[ModelResponse]


arguments = st.dictionaries(names, json_values, max_size=3).map(lambda it: to_json(canonical(it)))
calls = st.builds(ToolCall, name=names, arguments=arguments, id=ids)
sealed = st.builds(Reasoning, content=words, signature=ids | st.just(""))
texts = messages.texts
blocks = st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": words}), max_size=2)


def other(kind: str, **fields: st.SearchStrategy[Value]) -> Parts:
    """A part that names its type inside."""
    return st.fixed_dictionaries({"type": st.just(kind), **fields}).map(
        lambda content: Other(type=kind, content=content)
    )


def keyed(kind: str) -> Parts:
    """A part that is named by its only key."""
    return words.map(lambda text: Other(type=kind, content={kind: {"data": text}}))


def said(role: str, *kinds: Parts, least: int = 0) -> st.SearchStrategy[Message]:
    """A message of one role."""
    parts = st.lists(st.one_of(*kinds), min_size=least, max_size=3).map(tuple)
    return st.builds(Message, role=st.just(role), parts=parts)


@st.composite
def noted(draw: st.DrawFn, kind: str, *, refusals: bool = False) -> tuple[Part, ...]:
    """Words with what was noted about them: where they come from."""
    text = draw(messages.refusals | texts if refusals else texts)
    notes = draw(st.lists(st.dictionaries(names, words, min_size=1), max_size=2))
    return (text, Other(type=kind, content=list(notes))) if notes and not text.refusal else (text,)


def requests(
    *turns: st.SearchStrategy[Message], parameters: st.SearchStrategy[dict[str, Value]]
) -> st.SearchStrategy[ModelRequest]:
    """Requests that begin with a system prompt, or do not."""
    system = st.lists(said("system", texts, least=1), max_size=1)
    told = st.lists(st.one_of(*turns), max_size=4).map(_grouped)
    return st.builds(
        ModelRequest,
        model=names,
        messages=st.tuples(system, told).map(lambda found: (*found[0], *found[1])),
        tools=st.lists(st.dictionaries(names, json_values, max_size=2), max_size=2).map(tuple),
        parameters=parameters,
        stream=st.booleans(),
    )


def _grouped(turns: Sequence[Message]) -> list[Message]:
    """Leave out a turn of the model's that follows another: on some wires they are one."""
    found: list[Message] = []
    for turn in turns:
        if not (found and found[-1].role == turn.role == "assistant"):
            found.append(turn)
    return found


@st.composite
def spoken(
    draw: st.DrawFn, *kinds: st.SearchStrategy[tuple[Part, ...]], apart: bool = False
) -> Message:
    """An answer that ended as its parts say, or was cut short."""
    groups = draw(st.lists(st.one_of(*kinds), max_size=4))
    parts: list[Part] = []
    for group in groups:
        if not (apart and parts and _runs_on(parts[-1], group)):
            parts += group
    natural = "tool_call" if any(isinstance(part, ToolCall) for part in parts) else "stop"
    reason = draw(st.sampled_from([natural, natural, "length", "content_filter"]))
    return Message(role="assistant", parts=tuple(parts), finish_reason=reason)


def _runs_on(last: Part, group: tuple[Part, ...]) -> bool:
    """Whether a stream joins what comes to what was there; a seal alone is on the text after it."""
    (first, *more) = group
    is_seal = isinstance(first, Reasoning) and not first.content and not more
    return type(last) is type(first) or (isinstance(last, Text) and is_seal)


def each_its_own(message: Message) -> Message:
    """Leave out a part whose id another has: a world gives each item of an answer its own."""
    kept: dict[object, Part] = {}
    for place, part in enumerate(message.parts):
        content = part.content if isinstance(part, Other) else None
        said = part.id if isinstance(part, ToolCall) else None
        said = content.get("id") if isinstance(content, dict) else said
        kept.setdefault(place if said is None else (type(part), said), part)
    return replace(message, parts=tuple(kept.values()))


@st.composite
def used(draw: st.DrawFn, *, writes: bool = True, thinks: bool = True) -> Tokens:
    """Tokens whose parts are no more than the whole."""
    read, written, thought = draw(st.tuples(counts, counts, counts))
    written, thought = written * writes, thought * thinks
    return Tokens(
        input=draw(counts) + read + written,
        output=draw(counts) + thought,
        cache_read=read,
        cache_write=written,
        reasoning=thought,
    )


def errors(*fields: str) -> st.SearchStrategy[ModelResponse]:
    """Errors that say these things beside their message."""
    told = st.dictionaries(st.sampled_from(fields), words)
    extra = st.builds(lambda status, it: {"status": status, **it}, st.integers(400, 599), told)
    message = words.filter(bool)
    return st.builds(ModelResponse, model=st.just(""), error=message, extra=extra)


def one(*kinds: Parts) -> st.SearchStrategy[tuple[Part, ...]]:
    """Single parts."""
    return st.one_of(*kinds).map(lambda part: (part,))


def parameter(*keys: str) -> st.SearchStrategy[dict[str, Value]]:
    """Some parameters; null is none."""
    return st.dictionaries(st.sampled_from(keys), json_values)


results = st.builds(ToolResult, content=words | blocks, id=ids, is_error=st.booleans())
objects = st.dictionaries(names, json_values, max_size=2)

responses_api = Language(
    requests=requests(
        said("user", texts, other("input_image", image_url=words)),
        said("developer", texts),
        said(
            "assistant", texts, messages.refusals, sealed, calls, other("mcp_call", id=ids), least=1
        ),
        st.builds(
            lambda it: Message(role="tool", parts=(it,)),
            st.builds(ToolResult, content=words | blocks, id=ids),
        ),
        parameters=parameter("temperature", "store", "previous_response_id"),
    ),
    responses=st.builds(
        ModelResponse,
        model=names,
        messages=st.tuples(
            spoken(
                noted("annotations", refusals=True), one(sealed, calls, other("mcp_call", id=ids))
            ).map(each_its_own)
        ),
        id=ids,
        tokens=st.none() | messages.tokens,
        created_s=counts,
        extra=st.dictionaries(st.sampled_from(["service_tier", "previous_response_id"]), words),
    ),
    errors=errors("type", "param", "code"),
)

anthropic = Language(
    requests=requests(
        said("user", texts, other("image", source=objects)),
        said("assistant", texts, sealed, calls, other("redacted_thinking", data=words)),
        said("tool", results, least=1),
        parameters=parameter("temperature", "metadata").map(lambda it: {**it, "max_tokens": 64}),
    ),
    responses=st.builds(
        ModelResponse,
        model=names,
        messages=st.tuples(
            spoken(
                noted("citations"),
                one(sealed, calls, other("server_tool_use", id=ids, name=names, input=objects)),
                one(other("redacted_thinking", data=words)),
            )
        ),
        id=ids,
        tokens=st.none() | used(),
        extra=st.dictionaries(st.sampled_from(["stop_sequence", "container"]), words),
    ),
    errors=errors("type", "param", "code"),
)

seals = ids.map(lambda it: base64.b64encode(it.encode()).decode())
_thoughts = st.builds(Reasoning, content=words, signature=seals | st.just(""))
_sealed_call = st.tuples(st.builds(Reasoning, content=st.just(""), signature=seals), calls)
gemini = Language(
    requests=requests(
        said("user", texts, keyed("inlineData")),
        said("assistant", texts, _thoughts, calls, keyed("executableCode")),
        said("tool", st.builds(ToolResult, content=objects, id=ids), least=1),
        parameters=parameter("generationConfig", "toolConfig"),
    ),
    responses=st.builds(
        ModelResponse,
        model=names,
        messages=st.lists(
            spoken(one(texts, _thoughts, keyed("executableCode")), _sealed_call, apart=True),
            min_size=1,
            max_size=2,
        ).map(tuple),
        id=ids,
        tokens=st.none() | used(writes=False),
        extra=st.dictionaries(st.just("createTime"), words),
    ),
    errors=errors("type"),
)

bedrock = Language(
    requests=requests(
        said("user", texts, keyed("image"), keyed("cachePoint")),
        said("assistant", texts, sealed, calls),
        said(
            "tool",
            st.builds(
                ToolResult,
                content=st.lists(st.fixed_dictionaries({"text": words}), max_size=2),
                id=ids,
                is_error=st.booleans(),
            ),
            least=1,
        ),
        parameters=parameter("inferenceConfig", "additionalModelRequestFields"),
    ),
    responses=st.builds(
        ModelResponse,
        model=st.just(""),
        messages=st.tuples(spoken(one(texts, sealed, calls, keyed("citationsContent")))),
        tokens=st.none() | used(thinks=False),
        extra=st.dictionaries(st.just("performanceConfig"), words),
    ),
    errors=errors("type"),
)

LANGUAGES = {
    "openai-chat": Language(messages.requests, messages.responses, messages.errors),
    "openai-responses": responses_api,
    "anthropic-messages": anthropic,
    "gemini": gemini,
    "bedrock-converse": bedrock,
}
"""By the name of the provider."""

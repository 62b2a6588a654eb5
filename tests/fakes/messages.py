"""Conversations that every chat language can say, for laws over providers."""

from __future__ import annotations

import json

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

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
names = st.from_regex(r"[a-z][a-z_]{0,12}", fullmatch=True)
ids = st.from_regex(r"[a-z0-9-]{1,12}", fullmatch=True)
counts = st.integers(0, 10**6)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
).map(canonical)

tool_calls = st.builds(
    ToolCall,
    name=names,
    arguments=st.dictionaries(names, json_values, max_size=3).map(json.dumps) | words,
    id=ids,
)
texts = st.builds(Text, content=words)
refusals = st.builds(Text, content=words, refusal=st.just(True))
reasoning = st.builds(Reasoning, content=words)
images = words.map(
    lambda url: Other(type="image_url", content={"type": "image_url", "image_url": {"url": url}})
)
annotations = st.lists(st.dictionaries(names, words, min_size=1), min_size=1, max_size=2).map(
    lambda found: Other(type="annotations", content=list(found))
)
finish_reasons = st.sampled_from(["", "stop", "tool_call", "length", "content_filter"])


@st.composite
def answers(draw: st.DrawFn) -> Message:
    """One choice of a model: thoughts, words, a refusal, calls, extras, in the wire's order."""
    groups: list[list[Part]] = [
        draw(st.lists(reasoning, max_size=1)),
        draw(st.lists(texts, max_size=1)),
        draw(st.lists(refusals, max_size=1)),
        draw(st.lists(tool_calls, max_size=3, unique_by=lambda call: call.id)),
        draw(st.lists(annotations, max_size=1)),
    ]
    parts = tuple(part for group in groups for part in group)
    return Message(role="assistant", parts=parts, finish_reason=draw(finish_reasons))


@st.composite
def said(draw: st.DrawFn) -> Message:
    """One message of a request that is no tool's."""
    role = draw(st.sampled_from(["system", "developer", "user", "assistant"]))
    content = draw(st.lists(texts | images, max_size=3))
    calls = draw(st.lists(tool_calls, max_size=2)) if role == "assistant" else []
    return Message(role=role, parts=(*content, *calls), name=draw(names | st.just("")))


results = st.builds(
    lambda content, ident: Message(role="tool", parts=(ToolResult(content=content, id=ident),)),
    words | st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": words}), max_size=2),
    ids,
)
parameters: st.SearchStrategy[dict[str, Value]] = st.dictionaries(
    st.sampled_from(["temperature", "n", "response_format", "stream_options", "user"]), json_values
)
requests = st.builds(
    ModelRequest,
    model=names,
    messages=st.lists(said() | results, max_size=5).map(tuple),
    tools=st.lists(st.dictionaries(names, json_values, max_size=2), max_size=2).map(tuple),
    parameters=parameters,
    stream=st.booleans(),
)
tokens = st.builds(
    Tokens, input=counts, output=counts, cache_read=counts, cache_write=counts, reasoning=counts
)
responses = st.builds(
    ModelResponse,
    model=names,
    messages=st.lists(answers(), max_size=3).map(tuple),
    id=ids,
    tokens=st.none() | tokens,
    created_s=counts,
    extra=st.dictionaries(st.sampled_from(["system_fingerprint", "service_tier"]), words),
)
errors = st.builds(
    ModelResponse,
    model=st.just(""),
    error=words.filter(bool),
    extra=st.builds(
        lambda status, told: {"status": status, **told},
        st.integers(400, 599),
        st.dictionaries(st.sampled_from(["type", "param", "code"]), words),
    ),
)

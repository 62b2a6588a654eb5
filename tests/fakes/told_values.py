"""Traces in which values go from answer to question, as chance will have it."""

from __future__ import annotations

import json
import random
from dataclasses import replace

from agenttrace.model import names
from agenttrace.model.call import Answer, Chunk, Failure
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.trace import Trace
from agenttrace.model.values import Value, digest, pack

SAID: tuple[Value, ...] = (
    "A-17",
    "order A-17 of ann",
    "A-177",
    "paid twice",
    "It was paid twice. Write.",
    "ok",
    "true",
    "done",
    4711,
    47.11,
    "4711",
    "v4711.5",
    12,
    True,
    None,
    "grün 4711",
    "退款 A-17 了",
    "退款完成",
    "  A-17  ",
    '{"order": "A-17", "sum": 4711}',
    '["paid twice", 48.5]',
    '{"broken": "A-17"',
    "x" * 50,
    "Ångström",
    "ÅngströmX",
    {"order": "A-17", "items": [4711, "paid twice"]},
    ["ann agrees", {"!": "paid twice", "v": "bob agrees"}],
    "a \U0001f600 face",
    1e-9,
    10**17,
    0.5,
    -4711,
    "",
    "  ",
    "line one\nline two",
    "line two",
)


def telling(trace: Trace, chance: random.Random) -> Trace:
    """The trace, its spans and states saying things of `SAID` to each other."""
    return replace(
        trace,
        spans=tuple(_telling(span, chance) for span in trace.spans),
        snapshots=tuple(
            replace(
                shot,
                goal=chance.choice(SAID),
                beliefs={"held": chance.choice(SAID)},
                extra={"more": chance.choice(SAID)},
                span=chance.choice(trace.spans).id if trace.spans else None,
            )
            for shot in trace.snapshots
        ),
    )


def _telling(span: Span, chance: random.Random) -> Span:
    sort = chance.randrange(6)
    if span.kind is SpanKind.RUN or sort == 0:
        return span
    if sort == 1:
        said = {names.MESSAGE_CONTENT: chance.choice(SAID), "note": "A-17"}
        return replace(span, attributes=said)
    if sort == 2:
        return _model(span, chance)
    question: Value = {"asked": chance.choice(SAID), "n": chance.choice(SAID)}
    if sort == 3:
        question = {"method": "POST", "path": "A-17", "body": question}
    failure = Failure(type="E", message=str(chance.choice(SAID))) if sort == 4 else None
    data = pack(chance.choice(SAID)) if chance.random() < 0.8 else str(chance.choice(SAID)).encode()
    return replace(
        span,
        question=question,
        digest=digest(question),
        answers=(Answer(chunks=(Chunk(data=data),), failure=failure),),
    )


def _model(span: Span, chance: random.Random) -> Span:
    parts: list[Value] = [
        {"type": "text", "content": str(chance.choice(SAID))},
        {"type": "tool_call", "name": "look_up", "arguments": json.dumps(chance.choice(SAID))},
        {"type": "tool_call_response", "response": chance.choice(SAID), "id": "A-17"},
        {"type": "image", "uri": str(chance.choice(SAID))},
    ]
    chance.shuffle(parts)
    told = {"parts": parts[:2]} if chance.random() < 0.8 else {"content": parts[0]}
    question: Value = {"model": "m", "messages": [{"role": "user", **told}], "seed": 4711}
    said = {"model": "m", "messages": [{"role": "assistant", "parts": parts[2:]}]}
    body = json.dumps(said).encode() if chance.random() < 0.8 else b"paid twice"
    return replace(
        span,
        kind=SpanKind.LLM,
        question=question,
        digest=digest(question),
        answers=(Answer(chunks=(Chunk(data=body),)),),
    )

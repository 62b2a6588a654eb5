"""A small recorded run: a planner looks an order up, one worker pays, another one is cancelled."""

from __future__ import annotations

from decimal import Decimal

from agenttrace.causal.position import span_id, trace_id
from agenttrace.model.agent import Agent
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.lane import Delivery, Join, Lane, Position, Step
from agenttrace.model.names import EXCEPTION_TRACEBACK
from agenttrace.model.span import ERROR, OK, Event, Link, Span, SpanKind, Status, WireKind
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage
from agenttrace.model.values import Value, digest

RUN = "tests/test_refund.py::test_refund"
PLANNER: Position = (Step("agent", "planner", 0),)
CHAT: Position = (*PLANNER, Step("llm", "chat", 0))
LOOK_UP: Position = (*PLANNER, Step("tool", "look_up_order", 0))
WORKER: Position = (Step("task", "desk.worker", 0),)
PAY: Position = (*WORKER, Step("tool", "pay", 0))
HEDGE: Position = (Step("task", "desk.hedge", 0),)
WAIT: Position = (*HEDGE, Step("tool", "wait", 0))
RECEIVE: Position = (*WORKER, Step("receive", "jobs", 0))
MESSAGE: Position = (Step("message", "jobs", 0),)
SYSTEM = "You are the planner of a refund desk. Be brief, be kind, and never pay twice."


def refund_trace(*, hedged_chunks: int = 2, later_ns: int = 0, line: int = 58) -> Trace:
    """The run; how far the cancelled worker got, when things happened, and code lines may vary."""
    messages: list[Value] = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": "I was charged twice for A-17."},
    ]
    request: Value = {
        "method": "POST",
        "path": "/v1/chat/completions",
        "query": [],
        "body": {"model": "gpt-4o", "messages": messages},
    }
    reply = (
        b'{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o","choices":[{"index":0,'
        b'"message":{"role":"assistant","content":"I found a double payment."},'
        b'"finish_reason":"stop"}],'
        b'"usage":{"prompt_tokens":812,"completion_tokens":64,"total_tokens":876}}'
    )

    def spanned(kind: SpanKind, position: Position, seq: int, **more: object) -> Span:
        start = 1_000 * seq + later_ns
        fields = {"operation": position[-1].name if position else "run", "status": Status(code=OK)}
        fields |= {"end_seq": seq, "start_ns": start, "end_ns": start + 500, **more}
        return Span(
            id=span_id(RUN, position),
            name=str(fields.pop("name", fields["operation"])),
            kind=kind,
            position=position,
            seq=seq,
            **fields,  # type: ignore[arg-type]
        )

    def answered(data: bytes, *, chunks: int = 1, end: str = "complete") -> tuple[Answer, ...]:
        pieces = tuple(Chunk(data=data, offset_ns=later_ns + number) for number in range(chunks))
        return (Answer(chunks=pieces, end=end, asked_ns=later_ns, ended_ns=later_ns + 5),)

    asked: Value = {"order": "A-17"}
    spans = (
        spanned(SpanKind.RUN, (), 0, name=RUN, end_seq=6, end_ns=6_500 + later_ns),
        spanned(
            SpanKind.AGENT,
            PLANNER,
            1,
            agent="planner",
            parent=span_id(RUN, ()),
            end_seq=3,
            end_ns=3_500 + later_ns,
        ),
        spanned(
            SpanKind.LLM,
            CHAT,
            2,
            name="chat gpt-4o",
            parent=span_id(RUN, PLANNER),
            wire_kind=WireKind.CLIENT,
            agent="planner",
            question=request,
            digest=digest(request),
            answers=answered(reply),
            usage=Usage(
                models={"gpt-4o": Tokens(input=812, output=64)},
                cost_usd=Decimal("0.00267"),
                time_ns={"reasoning": 500 + later_ns},
            ),
            events=(
                Event(
                    name="planning",
                    at_ns=later_ns,
                    attributes={"planning.chosen": "look_up"},
                    seq=2,
                ),
            ),
            site=f"refund.py:{line}",
        ),
        spanned(
            SpanKind.TOOL,
            LOOK_UP,
            3,
            parent=span_id(RUN, PLANNER),
            agent="planner",
            question=asked,
            digest=digest(asked),
            answers=answered(b'{"status": "paid twice"}'),
            site=f"refund.py:{line + 3}",
        ),
        spanned(
            SpanKind.TOOL,
            PAY,
            1,
            parent=span_id(RUN, ()),
            lane=WORKER,
            agent="payer",
            question=asked,
            digest=digest(asked),
            answers=answered(b"", chunks=0),
            status=Status(code=ERROR, message="card \x1b[31mdeclined\u202e"),
            mark="lent",
            links=(Link(span=span_id(RUN, CHAT), relationship="handoff"),),
            events=(
                Event(
                    name="error",
                    attributes={"exception.type": "Declined", EXCEPTION_TRACEBACK: f"line {line}"},
                ),
            ),
        ),
        spanned(
            SpanKind.TOOL,
            WAIT,
            1,
            parent=span_id(RUN, ()),
            lane=HEDGE,
            question=asked,
            digest=digest(asked),
            answers=answered(b"tick", chunks=hedged_chunks, end="cancelled"),
        ),
    )
    return Trace(
        id=trace_id(RUN),
        name=RUN,
        spans=spans,
        lanes=(
            Lane(path=()),
            Lane(
                path=HEDGE,
                parent=(),
                spawn_seq=4,
                joins=(Join(by=(), seq=5),),
                raced=True,
                ragged=True,
                end="cut",
            ),
            Lane(path=WORKER, parent=(), spawn_seq=4, joins=(Join(by=(), seq=5),)),
        ),
        agents=(
            Agent(id="payer", name="payer"),
            Agent(id="planner", name="planner", model={"name": "gpt-4o"}),
        ),
        snapshots=(
            StateSnapshot(
                agent="planner",
                position=(*PLANNER, Step("state", "planner", 0)),
                lane=(),
                seq=2,
                goal="refund A-17",
                beliefs={"charged": 2},
                status="working",
                span=span_id(RUN, CHAT),
            ),
        ),
        deliveries=(
            Delivery(receive=RECEIVE, message=MESSAGE, channel="jobs", content=digest("A-17")),
        ),
        started=f"2026-03-01T09:00:0{later_ns % 10}Z",
        environment={"hash_seed": str(later_ns)},
    )

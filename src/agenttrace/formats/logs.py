"""Logs: a run put together from messages, one step after the other."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from agenttrace.causal.position import span_id, trace_id
from agenttrace.formats.documents import parsed, text, value_of
from agenttrace.formats.said import message_in
from agenttrace.model import names
from agenttrace.model.agent import Agent
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.lane import Lane, Position, Step
from agenttrace.model.message import Message, Text, ToolCall, ToolResult
from agenttrace.model.message_values import response_body
from agenttrace.model.message_values import value_of as message_value
from agenttrace.model.span import Fidelity, Span, SpanKind, Status
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Usage
from agenttrace.model.values import Value, digest, pack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST = 100_000
"""How many messages a log may have."""

_NAME = "a log of messages"
_NS_A_S = 1_000_000_000
_LONGEST_S = 1_000_000_000
_UNSET = Status()
_OF_A_LOG = {"question": Fidelity.TRUNCATED, "usage": Fidelity.ABSENT}
"""A log says what is new, not what was sent."""
_ROLE = re.compile(r"(?P<agent>.+?)\s*\((?:->\s*(?P<to>.+)|(?P<what>.+))\)")


class Log:
    """One run in the making: steps of one lane, in the order of the log."""

    def __init__(self, name: str) -> None:
        """Begin a run; it has asked nothing yet."""
        self._name = name
        self._spans: list[Span] = []
        self._shots: list[StateSnapshot] = []
        self._counts: Counter[tuple[str, str]] = Counter()
        self._agents: set[str] = set()

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened."""
        return not self._spans

    def model(self, asked: Sequence[Message], said: Message, *, agent: str, model: str) -> None:
        """A model was asked these, which are new since its last answer, and said this."""
        question: dict[str, Value] = {
            "model": model,
            "messages": [message_value(one) for one in asked],
        }
        self._add(
            SpanKind.LLM,
            "chat",
            agent=agent,
            title=f"chat {model}" if model else "chat",
            question=question,
            answer=response_body(model, (said,)),
            attributes={names.REQUEST_MODEL: model} if model else {},
        )

    def tool(
        self,
        name: str,
        arguments: Value,
        result: Value,
        *,
        agent: str,
        call_id: str = "",
        took_ns: int = 0,
        error: str | None = None,
    ) -> None:
        """A tool was called; `error` is what it failed with, where the log says so.

        How long it took is a part of its usage. The log has no clock: were its instants made of
        what its tools took, its models would take 0.
        """
        given: Value = arguments if isinstance(arguments, dict) else {"input": arguments}
        self._add(
            SpanKind.TOOL,
            name,
            agent=agent,
            question=given,
            answer=pack(result),
            attributes={names.TOOL_CALL_ID: call_id} if call_id else {},
            usage=Usage(time_ns={"tool": took_ns}) if took_ns else None,
            status=Status() if error is None else Status(code="ERROR", message=error),
        )

    def said(self, kind: SpanKind, agent: str, content: Value, more: Mapping[str, Value]) -> None:
        """An agent thought, or told another one something."""
        attributes = {names.MESSAGE_CONTENT: content, **more}
        self._add(kind, kind.value, agent=agent, attributes=attributes)

    def state(self, agent: str, state: Value) -> None:
        """An agent's surroundings after a step."""
        place = self._place("state", agent or "run")
        self._shots.append(
            StateSnapshot(
                agent=agent, position=place, lane=(), seq=len(self._spans), working_memory=state
            )
        )

    def trace(self) -> Trace:
        """The run."""
        root = span_id(self._name, ())
        run = Span(
            id=root,
            name=self._name,
            kind=SpanKind.RUN,
            operation="run",
            end_seq=len(self._spans),
        )
        return Trace(
            id=trace_id(self._name),
            name=self._name,
            spans=(run, *self._spans),
            lanes=(Lane(path=()),),
            agents=tuple(Agent(id=one, name=one) for one in sorted(self._agents)),
            snapshots=tuple(self._shots),
        )

    def _place(self, kind: str, name: str) -> Position:
        place = (Step(kind, name, self._counts[kind, name]),)
        self._counts[kind, name] += 1
        return place

    def _add(  # noqa: PLR0913 - a span has as many fields
        self,
        kind: SpanKind,
        operation: str,
        *,
        agent: str,
        title: str = "",
        question: Value = None,
        answer: bytes | None = None,
        attributes: Mapping[str, Value] | None = None,
        usage: Usage | None = None,
        status: Status = _UNSET,
    ) -> None:
        operation = operation or kind.value
        place = self._place(kind.value, operation)
        if agent:
            self._agents.add(agent)
        answers = () if answer is None else (Answer(chunks=(Chunk(data=answer),)),)
        seq = len(self._spans) + 1
        self._spans.append(
            Span(
                id=span_id(self._name, place),
                parent=span_id(self._name, ()),
                name=title or operation,
                kind=kind,
                operation=operation,
                position=place,
                seq=seq,
                end_seq=seq,
                status=status,
                agent=agent or None,
                question=question,
                digest=b"" if question is None else digest(question),
                answers=answers,
                attributes=attributes or {},
                usage=usage,
                fidelity=_OF_A_LOG if kind is SpanKind.LLM else {},
            )
        )


def conversation(log: Log, messages: Sequence[dict[str, Any]], agent: str = "assistant") -> None:
    """A plain conversation: the assistant's words are a model's, its calls are tools'."""
    new: list[Message] = []
    asked_for: dict[str, ToolCall] = {}
    waiting: list[ToolCall] = []
    for raw in messages:
        message = message_in(_kept(raw))
        if message.role == "assistant":
            who = message.name or agent
            log.model(new, message, agent=who, model=str(raw.get("model") or ""))
            new = []
            waiting = list(message.tool_calls)
            asked_for |= {call.id: call for call in waiting if call.id}
            continue
        new.append(message)
        for part in message.parts:
            if isinstance(part, ToolResult):
                named = [call for call in waiting if call.name == message.name]
                call = asked_for.get(part.id) or next(iter(named or waiting), None)
                if call in waiting:
                    waiting.remove(call)
                name = call.name if call is not None else message.name or "tool"
                given = parsed(call.arguments) if call is not None else None
                log.tool(name, given, part.content, agent=agent, call_id=part.id, error=_error(raw))


def team(log: Log, history: Sequence[dict[str, Any]]) -> None:
    """A team's history: who speaks stands in the role, or in the name.

    `Orchestrator (thought)` plans, `Orchestrator (-> WebSurfer)` sends a message, and another role
    is an agent's own words, asked what was said since it last spoke.
    """
    new: list[Message] = []
    for raw in history:
        kept = _kept(raw)
        role, name = str(kept.get("role") or ""), str(kept.get("name") or "")
        content = kept.get("content")
        match = _ROLE.fullmatch(role)
        said = Message(role=role or name, parts=(Text(content=_words(content)),), name=name)
        if match is None and role in ("human", "user", "system") and not name:
            new.append(said)
        elif match is None:
            log.model(new, said, agent=name or role, model="")
            new = [said]
        elif match["to"]:
            recipient = {names.MESSAGE_RECIPIENT: match["to"], names.MESSAGE_SENDER: match["agent"]}
            log.said(SpanKind.MESSAGE, match["agent"], content, recipient)
            new.append(said)
        else:
            kind = SpanKind.PLAN if match["what"] == "thought" else SpanKind.ORCHESTRATION
            log.said(kind, match["agent"], content, {names.ORCHESTRATION_REASON: match["what"]})


def actions(
    log: Log, steps: Sequence[dict[str, Any]], history: Sequence[dict[str, Any]], model: str
) -> None:
    """SWE-agent's trajectory: a response, the action in it, what came of it, and the state then."""
    new = [
        message_in(kept)
        for raw in history
        if (kept := _kept(raw)).get("role") in ("system", "user")
    ][:2]
    agent = str(history[0].get("agent") or "") if history else ""
    for raw in steps:
        step = _kept(raw)
        action = str(step.get("action") or "").strip()
        words = Text(content=_words(step.get("response")))
        log.model(new, Message(role="assistant", parts=(words,)), agent=agent, model=model)
        observation = step.get("observation")
        if action:
            took = step.get("execution_time")
            took_s = took if isinstance(took, int | float) and 0 <= took < _LONGEST_S else 0
            took_ns = int(took_s * _NS_A_S)
            command = action.split(None, 1)[0][:60]
            log.tool(command, {"action": action}, observation, agent=agent, took_ns=took_ns)
        if step.get("state") is not None:
            log.state(agent, parsed(step["state"]))
        new = [Message(role="user", parts=(Text(content=_words(observation)),))]


def _kept(raw: dict[str, Any]) -> dict[str, Value]:
    found = value_of(raw, _NAME, "a message")
    return found if isinstance(found, dict) else {}


def _error(raw: dict[str, Any]) -> str | None:
    """What a tool failed with, where its message says that it did (Inspect's do)."""
    error = raw.get("error")
    return text(error.get("message")) if isinstance(error, dict) else None


def _words(value: Value) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)

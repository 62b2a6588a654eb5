"""Which call of an incident a call of today's code is: decided by content, never by a cursor."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenttrace.model.message import Message, ModelRequest, Text, ToolCall, ToolResult
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.trace import Trace
from agenttrace.replay.incident import Calls, Known
from agenttrace.replay.incident.asked import UNKNOWN, agree, conversation
from agenttrace.replay.incident.known import Result
from agenttrace.replay.incident.matching import Asking, Found, Missed, decide

AGENTS = ("alice", "bob", "carol")
PROMPTS = ("plan", "act", "report")

WORK = st.lists(
    st.tuples(st.sampled_from(AGENTS), st.sampled_from(PROMPTS)), min_size=1, max_size=12
)
"""Who asked what, in the order in which production saw it."""


def incident(work: list[tuple[str, str]], *, known: bool = True) -> Calls:
    """An incident of these calls: each agent's one after the other, the agents all at once."""
    begun = dict.fromkeys(AGENTS, 0)
    calls, spans = [], []
    for number, (agent, prompt) in enumerate(work, 1):
        start, begun[agent] = begun[agent], begun[agent] + 10
        span = Span(
            id=f"{number:016x}",
            name="chat",
            kind=SpanKind.TOOL,
            operation="ask",
            agent=agent,
            start_ns=start,
            end_ns=start + 9,
        )
        spans.append(span)
        calls.append(
            Known(
                span=span,
                number=number,
                kind="tool",
                operation="ask",
                agent=agent,
                asked={"prompt": prompt} if known else UNKNOWN,
                said=Result(number),
            )
        )
    trace = Trace(id="1" * 32, name="incident", spans=tuple(spans))
    return Calls(trace=trace, all=tuple(calls))


def asking(agent: str, prompt: str) -> Asking:
    """One call of today's code."""
    return Asking(kind="tool", operation="ask", agent=agent, asked={"prompt": prompt})


@given(work=WORK, data=st.data(), known=st.booleans())
def test_every_agent_gets_its_own_answers_in_any_interleaving(
    work: list[tuple[str, str]], data: st.DataObject, known: bool
) -> None:
    """As long as each agent asks what it asked, in its own order; whether or not that was kept."""
    calls = incident(work, known=known)
    ahead = {agent: [n for n, one in enumerate(work) if one[0] == agent] for agent in AGENTS}
    taken: set[int] = set()
    while any(ahead.values()):
        agent = data.draw(st.sampled_from([one for one in AGENTS if ahead[one]]))
        place = ahead[agent].pop(0)

        decision = decide(calls, taken, asking(*work[place]))

        assert decision == Found(known=calls.all[place], how="same" if known else "next")
        taken.add(place)
    assert isinstance(decide(calls, taken, asking("alice", "plan")), Missed)


@given(work=WORK, data=st.data())
def test_a_changed_question_is_the_first_of_its_agent_that_is_not_answered(
    work: list[tuple[str, str]], data: st.DataObject
) -> None:
    """The message names the call that the agent made there, and no other agent's."""
    calls = incident(work)
    place = data.draw(st.integers(0, len(work) - 1))
    agent = work[place][0]
    taken = {n for n, one in enumerate(work) if one[0] == agent and n < place}

    decision = decide(calls, taken, asking(agent, "something else"))

    assert decision == Missed(why="drift", candidates=(calls.all[place],))


def test_concurrent_calls_that_nothing_tells_apart_are_not_guessed() -> None:
    """Nobody is named, both asked the same, and the answers differ."""
    calls = incident([("alice", "plan"), ("bob", "plan")])
    nameless = Calls(trace=calls.trace, all=tuple(replace(one, agent="") for one in calls.all))

    assert decide(nameless, set(), asking("", "plan")) == Missed(
        why="ambiguous", candidates=nameless.all
    )


def test_it_does_not_matter_which_of_two_equal_answers_is_given() -> None:
    """Whoever gets which, the agents are told the same."""
    calls = incident([("alice", "plan"), ("bob", "plan")])
    alike = tuple(replace(one, agent="", said=Result("the same")) for one in calls.all)

    decision = decide(Calls(trace=calls.trace, all=alike), set(), asking("", "plan"))

    assert isinstance(decision, Found)


def said(*messages: Message) -> ModelRequest:
    """A question to a model."""
    return ModelRequest(model="m", messages=messages)


SYSTEM, USER = Message(role="system", parts=(Text(content="Be brief."),)), "Hi"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            said(SYSTEM, Message(role="user", parts=(Text(content=USER),))),
            said(
                replace(SYSTEM, role="developer"),
                Message(role="assistant"),
                Message(role="user", parts=(Text(content=USER), Text(content=""))),
            ),
        ),
        (
            said(Message(role="tool", parts=(ToolResult(content='{"a": 1}', id="x"),))),
            said(Message(role="user", parts=(ToolResult(content={"a": 1}, id="y"),))),
        ),
        (
            said(
                Message(role="assistant", parts=(ToolCall(name="pay", arguments='{"n": 1}'),)),
                Message(role="tool", parts=(ToolResult(content=[{"type": "text", "text": "ok"}]),)),
            ),
            said(
                Message(
                    role="assistant",
                    parts=(ToolCall(name="pay", arguments='{"n":1}', id="call_1"),),
                    finish_reason="tool_call",
                ),
                Message(role="tool", parts=(ToolResult(content="ok", id="call_1"),)),
            ),
        ),
    ],
    ids=["roles", "results", "ids"],
)
def test_one_conversation_is_the_same_however_it_is_told(
    one: ModelRequest, other: ModelRequest
) -> None:
    """Ids, empty messages and the form of a tool's result are the tracing library's affair."""
    assert conversation(one) == conversation(other)


@pytest.mark.parametrize(
    "other",
    [
        said(SYSTEM, Message(role="user", parts=(Text(content="Hi!"),))),
        said(Message(role="user", parts=(Text(content=USER),)), SYSTEM),
        said(SYSTEM, Message(role="assistant", parts=(Text(content=USER),))),
        said(SYSTEM),
    ],
    ids=["words", "order", "role", "fewer"],
)
def test_another_conversation_is_another(other: ModelRequest) -> None:
    """What is said, by whom, and in which order counts."""
    told = said(SYSTEM, Message(role="user", parts=(Text(content=USER),)))

    assert conversation(told) != conversation(other)


@pytest.mark.parametrize(
    ("recorded", "asked", "same"),
    [
        ({"args": ["A-17", 2]}, {"order": "A-17", "times": 2}, True),
        ({"input": "A-17"}, {"order": "A-17"}, True),
        ({"args": ["A-17", 3]}, {"order": "A-17", "times": 2}, False),
        ({"order": "A-17"}, {"order": "A-18"}, False),
        ({"input": "A-17"}, {"input": "A-18"}, False),
    ],
)
def test_arguments_without_names_agree_by_their_values(
    recorded: dict[str, object], asked: dict[str, object], same: bool
) -> None:
    """Some tracing libraries keep a tool's arguments as a list, or one as `input`."""
    assert agree(recorded, asked) is same

"""Scenes: what every framework's programs play, in one vocabulary, and the model that plays along.

A program is a function of a `Stage`; it gives what the agents said in the end. All frameworks have
the same agents, prompts and tools, so one model serves them all, whatever language they speak.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import random
import re
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from agenttrace.model.message import Message, ModelRequest, ToolCall
from agenttrace.model.usage import Tokens
from agenttrace.testing import ModelServer, Reply, calls_tool, fails, says

ORDERS = {"A-17": "paid twice", "A-18": "shipped", "A-19": "lost"}

DESK = "You run the refund desk. Look the order up, then answer."
GATHERER = "You gather what is known of three orders, all at once."
TRIAGE = "You decide who serves the customer."
REFUNDS = "You grant refunds. Look the order up first."
LEAD = "You lead. Ask the expert, then answer."
EXPERT = "You are the expert for refunds. Look the order up, then say what to do."
RUNNER = "You look orders up for ever."
WORKER = "You translate one word."
CLUMSY = "You look up an order that is not there."

_TRANSFERS = {
    "transfer_to_agent": {"agent_name": "refunds"},
    "handoff_to_agent": {"agent_name": "refunds", "message": "A refund, please."},
    "delegate_work_to_coworker": {"task": "Refund it.", "context": "-", "coworker": "refunds"},
}
"""By its name, what a tool that hands over must be told; the name of others says it."""

FINAL_ANSWER = "final_answer"
"""The tool by which agents of smolagents answer; they tell of their calls in text."""

ASKED = "What about my order?"
"""What the user says in every scene."""


@dataclass(frozen=True)
class Found:
    """What a tool may return that is no text."""

    order: str
    status: str


@dataclass(frozen=True, kw_only=True)
class Office:
    """An MCP server: a program that a client starts, or a place where one listens.

    Attributes:
        command: The words that start it.
        log: Where it writes one line for whatever it does.
        url: Where it listens; empty: it talks over its pipes.
    """

    command: tuple[str, ...]
    log: Path
    url: str = ""

    @property
    def lines(self) -> list[str]:
        """What it has done so far."""
        return self.log.read_text("utf-8").splitlines() if self.log.exists() else []


@dataclass
class Stage:
    """What a program is given: where the model is, what its tools do, what was changed in it.

    Attributes:
        url: The model's base URL, ending in `/v1`.
        aside: What is added to every agent's prompt: a change that a replay must notice.
        visits: With what the real tools were called, in the order in which they were.
        chance: How long the real tools take; None: no time.
        patience_s: After how many seconds a program gives a run up that does not end.
        office: The MCP server that has the tool `look_up_order`; None where there is none.
        expert: Whom the tool asks, given the model's URL: agent code, which a replay runs.
    """

    url: str = "http://127.0.0.1:9/v1"
    aside: str = ""
    visits: list[str] = field(default_factory=list)
    chance: random.Random | None = None
    patience_s: float = 1.0
    office: Office | None = None
    expert: Callable[[str], str] | None = None

    def prompt(self, words: str) -> str:
        """An agent's prompt."""
        return words + self.aside

    def look_up(self, order: str) -> str:
        """What the tool `look_up_order` does in the world."""
        if self.chance is not None:
            time.sleep(self.chance.uniform(0, 0.02))
        self.visits.append(order)
        if order not in ORDERS:
            raise LookupError(f"no order {order}")
        return ORDERS[order] if self.expert is None else self.expert(self.url)

    def find(self, order: str) -> Found:
        """The same, as an object of a class."""
        return Found(order, self.look_up(order))

    def visit(self, order: str) -> None:
        """The same, and nothing comes of it."""
        self.visits.append(order)

    def opaque(self, order: str) -> object:
        """The same, as something that no recording can hold."""
        self.visits.append(order)
        return threading.Lock()

    async def hang(self, order: str) -> str:
        """The same, and it never ends."""
        self.visits.append(order)
        await asyncio.sleep(3600)
        return "too late"


Program = Callable[[Stage], Any]


def where_there_is(package: str, **programs: Program) -> dict[str, Program]:
    """Give programs that need a package which not every environment has; none where it is not."""
    return programs if importlib.util.find_spec(package) is not None else {}


async def given_up(stage: Stage, run: Coroutine[Any, Any, Any]) -> Any:
    """Wait for a run until patience ends."""
    try:
        async with asyncio.timeout(stage.patience_s):
            return await run
    except TimeoutError:
        return "given up"


SCENES = {
    "sync": "one agent and one tool, without a loop",
    "async": "one agent and one tool, in a loop",
    "stream": "the same, and the answer is streamed",
    "parallel": "three tools at once",
    "handoff": "one agent hands over to, or asks, another",
    "twins": "three agents at once with the same prompt",
    "limit": "the framework's own limit ends the run",
    "failing": "a tool raises",
    "typed": "a tool returns an object of a class",
    "state": "what the agent keeps in mind",
    "workflow": "agents that the framework runs one after another, again and again, and at once",
}
"""What a program plays, by scene."""

MORE = {
    "plan": "somebody chooses who or what is next, and could have chosen otherwise",
    "tasks": "what is to be done stands in a queue before somebody does it",
    "nothing": "a tool returns None",
    "cancelled": "a run is given up while its tool is busy",
    "opaque": "a tool returns what is no data",
    "notebook": "what a cell of a notebook awaits, where a loop runs already",
    "mcp": "the tool is an MCP server's",
}
"""What else may be played, by name; each has a test of its own, and none need be there."""


@dataclass(frozen=True, kw_only=True)
class Troupe:
    """The programs of one framework.

    Attributes:
        framework: Its name, as its adapter says it.
        programs: By scene, what is played; a scene that it cannot play is not there.
        limit: The class of the exception by which its own limit ends a run; None: it goes on
            without one, and says something.
        agent: What the first agent of `sync` is called.
        warns: Of which kind the warnings are that it gives of itself, whatever it plays.
        more: What else is played, by name of `MORE`; `notebook` gives what is to be awaited.
        calls: Whether a tool knows what the model's provider called the call; a plain function that
            `@agenttrace.tool` wraps is told its arguments alone.
    """

    framework: str
    programs: Mapping[str, Program]
    limit: type[BaseException] | None = None
    agent: str = "desk"
    warns: tuple[type[Warning], ...] = ()
    more: Mapping[str, Program] = field(default_factory=dict)
    calls: bool = True

    def program(self, scene: str) -> Program:
        """What is played in a scene of `SCENES` or of `MORE`."""
        return {**self.programs, **self.more}[scene]

    @property
    def played(self) -> tuple[str, ...]:
        """All that it plays, for the table of frameworks."""
        return (*self.programs, *self.more)


# -- the model ----------------------------------------------------------------------------------
def look_up(*orders: str) -> Reply:
    """Ask for orders to be looked up."""
    first, *more = orders
    return calls_tool(
        "look_up_order", {"order": first}, *(("look_up_order", {"order": each}) for each in more)
    )


@dataclass
class Model:
    """What the model says to the agents of every scene.

    Attributes:
        order: Which order it looks up.
        orders: Which ones it looks up at once.
        sent: What each answer used, in the order in which they were sent.
    """

    order: str = "A-17"
    orders: tuple[str, ...] = ("A-17", "A-18", "A-19")
    sent: list[Tokens] = field(default_factory=list)

    @property
    def tokens(self) -> Tokens:
        """All that it sent."""
        return sum(self.sent, Tokens())

    def __call__(self, request: ModelRequest, nth: int) -> Reply:
        """Reply to one request, and count the tokens of the reply."""
        reply = self._reply(request)
        return reply if reply.response.error else counted(reply, request, self.sent)

    def _reply(self, request: ModelRequest) -> Reply:
        prompt = "\n".join(
            one.text for one in request.messages if one.role in ("system", "developer")
        )
        asked = {call.name for one in request.messages for call in one.tool_calls}
        turns = self._turns(request)
        agent = next((words for words in turns if words in prompt), None)
        if agent is None:
            return fails(400, f"nobody has the prompt {prompt!r}")
        first, last = turns[agent]
        told = asked or told_in_text(request)
        said = last if told & {call.name for call in _calls_in(first)} else first
        return final(said) if FINAL_ANSWER in _names_in(request.tools) else said

    def _turns(self, request: ModelRequest) -> dict[str, tuple[Reply, Reply]]:
        """By prompt: what an agent says until it has asked for its tool, and what afterwards."""
        known = look_up(self.order), says("It was paid twice.")
        known_tools = ("look_up_order", FINAL_ANSWER)
        other = next((name for name in _names_in(request.tools) if name not in known_tools), "")
        target = _TRANSFERS.get(other, {})
        question: dict[str, object] = {_argument_of(request.tools): "May we refund it?"}
        if "'additional_args'" in repr(request.tools):  # smolagents before 1.23 demands them
            question["additional_args"] = {}
        more = look_up(self.order) if request.tools else says("Enough.")
        return {
            DESK: known,
            REFUNDS: known,
            EXPERT: known,
            GATHERER: (look_up(*self.orders), says("All three are known.")),
            TRIAGE: (calls_tool(other, target), says("Somebody else helps you.")),
            LEAD: (calls_tool(other, question), says("The expert agrees.")),
            RUNNER: (look_up(self.order), more),
            WORKER: (says("A word."), says("A word.")),
            CLUMSY: (look_up("Z-99"), says("It is not there.")),
        }

    @contextlib.contextmanager
    def served(
        self, *, chance: random.Random | None = None, numbered: bool = False
    ) -> Iterator[str]:
        """Serve on this machine; give the base URL."""
        late = (0.0, 0.0) if chance is None else (0.0, 0.03)
        with ModelServer(self, chance=chance, latency_s=late, numbered=numbered) as server:
            yield server.url


def told_in_text(request: ModelRequest) -> set[str]:
    """Which tools a conversation says were called, where it says so in words alone."""
    said = "\n".join(
        one.text for one in request.messages if one.role not in ("system", "developer")
    )
    return {*re.findall(r"(?:'name': |executing tool )'(\w+)'", said)}


def final(reply: Reply) -> Reply:
    """Give an answer by the tool that is there for it, beside its words."""
    text = "\n".join(message.text for message in reply.response.messages)
    if not text or any(_calls_in(reply)):
        return reply
    (message,) = reply.response.messages
    (call,) = _calls_in(calls_tool(FINAL_ANSWER, {"answer": text}))
    answer = replace(message, parts=(*message.parts, call))
    return replace(reply, response=replace(reply.response, messages=(answer,)))


def counted(reply: Reply, request: ModelRequest, sent: list[Tokens]) -> Reply:
    """Give a reply that says what it used, by the length of the conversation; note it."""
    said = len(request.messages)
    tokens = Tokens(input=100 + said, output=20 + said, cache_read=10 + said, reasoning=said)
    sent.append(tokens)
    ident = f"said-{said}"
    messages = tuple(_identified(message, ident) for message in reply.response.messages)
    response = replace(reply.response, tokens=tokens, id=ident, messages=messages)
    return replace(reply, response=response, headers={"x-request-id": f"asked-{said}"})


def _identified(message: Message, ident: str) -> Message:
    """Give calls of tools the ids that OpenAI's language has, in every language."""
    parts = (
        replace(part, id=f"call_{ident}_{index}") if isinstance(part, ToolCall) else part
        for index, part in enumerate(message.parts)
    )
    return replace(message, parts=tuple(parts))


def _calls_in(reply: Reply) -> Iterator[ToolCall]:
    for message in reply.response.messages:
        yield from message.tool_calls


def _argument_of(tools: object) -> str:
    """What the question to an expert is called: `question`, or as the framework has it."""
    known = repr(tools)
    return next((name for name in ("question", "request", "task") if f"'{name}'" in known), "input")


def _names_in(tools: object) -> Iterator[str]:
    """The names of tools, in whatever language they are defined."""
    if isinstance(tools, list | tuple):
        for tool in tools:
            yield from _names_in(tool)
    elif isinstance(tools, Mapping):
        name = tools.get("name")
        if isinstance(name, str):
            yield name
        else:
            for inner in tools.values():
                yield from _names_in(inner)

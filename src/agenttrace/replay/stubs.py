"""Stubs: answers that a test writes itself, for tools and models; each is used, or named.

A test says them before its agent runs. Who answers with them is `stubbed.Stubbed`, a `Source`; so
they stand alone, or before a recording.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from agenttrace.causal.site import site
from agenttrace.errors import UsageError
from agenttrace.model.failure import exception_of, failure_of
from agenttrace.model.message import Part, Text, ToolCall
from agenttrace.model.values import Value, canonical, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Which calls a stub is for.

    Attributes:
        kind: `tool` or `llm`.
        name: The tool's name; empty for a model.
        agent: Only calls of the agent of this id or name.
        lane: Only calls in the task or thread of this label, such as `worker#1`, or below it.
        given: Only calls with these arguments, canonical, by name.
    """

    kind: str
    name: str = ""
    agent: str | None = None
    lane: str | None = None
    given: tuple[tuple[str, Value], ...] = ()

    def __str__(self) -> str:
        """As a test says it, after `agent_stubs`."""
        who = [f'{key}="{value}"' for key in ("agent", "lane") if (value := getattr(self, key))]
        only = ", ".join(f"{key}={plain(value)!r}" for key, value in self.given)
        given = f".given({only})" if only else ""
        if self.kind == "tool":
            named = ", ".join([json.dumps(self.name), *who])
            return f".tool({named}){given}"
        return f".llm({', '.join(who)})" if who else ".llm"

    @property
    def closeness(self) -> int:
        """How much it says; of two stubs for one call, the closer one answers."""
        return (self.agent is not None) + 2 * (self.lane is not None) + 4 * bool(self.given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What one stub says.

    Attributes:
        how: `returns`, `raises`, `streams` of a tool; `says`, `calls`, `fails`, `raises` of a
            model.
        values: What it gives: one value, those of a stream, or none.
        parts: What a model says.
        error: What is raised.
        status: The HTTP status of a model's error.
        message: Its words.
    """

    how: str
    values: tuple[Any, ...] = ()
    parts: tuple[Part, ...] = ()
    error: BaseException | None = None
    status: int = 0
    message: str = ""


@dataclass(slots=True, kw_only=True)
class Stub:
    """One answer, for the calls that an aim names.

    Attributes:
        aim: Which calls.
        saying: What they are answered.
        on_call: Only the nth; None: every one.
        site: Where the test says it.
        used: Whether a call was answered with it.
    """

    aim: Aim
    saying: Saying
    on_call: int | None = None
    site: str | None = None
    used: bool = False

    def __str__(self) -> str:
        nth = "" if self.on_call is None else f", call {self.on_call}"
        return f"{self.aim}.{self.saying.how}(…){nth}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUse:
    """A model asks for a tool; what `tool("pay", amount=5)` makes."""

    name: str
    arguments: Mapping[str, object] = field(default_factory=dict)

    @property
    def part(self) -> ToolCall:
        """The same as part of a message."""
        return ToolCall(name=self.name, arguments=json.dumps(dict(self.arguments)))


def tool(name: str, /, **arguments: object) -> ToolUse:
    """Say that a model asks for a tool, with these arguments."""
    return ToolUse(name=name, arguments=arguments)


class Stubs:
    """The answers that a test writes itself.

    Attributes:
        all: Every stub, in the order in which they were said.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.all: list[Stub] = []

    def tool(self, name: str, *, agent: str | None = None, lane: str | None = None) -> ToolStub:
        """Begin what a tool answers.

        Args:
            name: The tool's name; of a method also `Desk.pay`.
            agent: Only when this agent calls it.
            lane: Only when it is called in this task or thread, as traces name it: `worker#1`.
        """
        return ToolStub(self, Aim(kind="tool", name=name, agent=agent, lane=lane))

    @property
    def llm(self) -> ModelStub:
        """What models answer; `llm(agent="critic")`: the model of one agent."""
        return ModelStub(self, Aim(kind="llm"))

    def unused(self) -> tuple[Stub, ...]:
        """Those that no call was answered with."""
        return tuple(stub for stub in self.all if not stub.used)

    def add(self, aim: Aim, saying: Saying, on_call: int | None) -> None:
        """Keep one.

        Raises:
            UsageError: Calls are counted from 1.
        """
        if on_call is not None and on_call < 1:
            raise UsageError(f"on_call={on_call}: calls are counted from 1")
        self.all.append(Stub(aim=aim, saying=saying, on_call=on_call, site=site()))


class ToolStub:
    """What a tool answers: the same to every call, or to the nth."""

    def __init__(self, stubs: Stubs, aim: Aim) -> None:
        """Made by `Stubs.tool`."""
        self._stubs, self._aim = stubs, aim

    def given(self, **arguments: object) -> ToolStub:
        """Only for calls with these arguments, by their names; others may have any value."""
        wanted = tuple((name, canonical(value)) for name, value in sorted(arguments.items()))
        aim = self._aim
        narrower = Aim(kind=aim.kind, name=aim.name, agent=aim.agent, lane=aim.lane, given=wanted)
        return ToolStub(self._stubs, narrower)

    def returns(self, value: object, *, on_call: int | None = None) -> Self:
        """Answer with a value; a dict will do for a dataclass or a model that the tool returns."""
        return self._add(Saying(how="returns", values=(value,)), on_call)

    def raises(
        self, error: BaseException | type[BaseException], *, on_call: int | None = None
    ) -> Self:
        """Fail with an exception.

        Raises:
            UsageError: It could not be raised again as what it is.
        """
        return self._add(Saying(how="raises", error=_raisable(error)), on_call)

    def streams(self, values: Iterable[object], *, on_call: int | None = None) -> Self:
        """Yield values one by one, as a generator does."""
        return self._add(Saying(how="streams", values=tuple(values)), on_call)

    def _add(self, saying: Saying, on_call: int | None) -> Self:
        self._stubs.add(self._aim, saying, on_call)
        return self


class ModelStub:
    """What a model answers: one answer after the other, each of them once."""

    def __init__(self, stubs: Stubs, aim: Aim) -> None:
        """Made by `Stubs.llm`."""
        self._stubs, self._aim = stubs, aim

    def __call__(self, *, agent: str | None = None, lane: str | None = None) -> ModelStub:
        """Only for the requests of one agent, or of one task or thread."""
        return ModelStub(self._stubs, Aim(kind="llm", agent=agent, lane=lane))

    def says(self, text: str) -> Self:
        """Answer with words."""
        return self._add(Saying(how="says", parts=(Text(content=text),)))

    def calls(self, name: str, /, **arguments: object) -> Self:
        """Ask for a tool."""
        return self.then(tool(name, **arguments))

    def fails(self, status: int, message: str = "") -> Self:
        """Answer with an HTTP error: 429, 500, …."""
        return self._add(Saying(how="fails", status=status, message=message or f"stub {status}"))

    def raises(self, error: BaseException | type[BaseException]) -> Self:
        """Break off before there is an answer, with an exception of the transport's.

        Raises:
            UsageError: It could not be raised again as what it is.
        """
        return self._add(Saying(how="raises", error=_raisable(error)))

    def then(self, *said: str | ToolUse) -> Self:
        """Answer the next request: with words, with tools to call, or with both.

        Raises:
            UsageError: Nothing is said, or something that is neither.
        """
        if not said or not all(isinstance(one, str | ToolUse) for one in said):
            raise UsageError(
                f"then{said!r}: an answer is words, or tools to call",
                detail='  .then("Done.")    .then(tool("pay", amount=5))\n'
                "  `tool` is agenttrace.testing.tool",
            )
        parts = tuple(Text(content=one) if isinstance(one, str) else one.part for one in said)
        asks = any(isinstance(part, ToolCall) for part in parts)
        return self._add(Saying(how="calls" if asks else "says", parts=parts))

    def _add(self, saying: Saying) -> Self:
        said = sum(stub.aim == self._aim for stub in self._stubs.all)
        self._stubs.add(self._aim, saying, said + 1)
        return self


def _raisable(error: BaseException | type[BaseException]) -> BaseException:
    one = error() if isinstance(error, type) else error
    if type(exception_of(failure_of(one))) is not type(one):
        raise UsageError(
            f"{type(one).__name__} could not be raised again",
            detail="  An answer is kept as values, and its class found among the loaded modules.\n"
            "  Define the class at the top of a module, as an `Exception`.",
        )
    return one

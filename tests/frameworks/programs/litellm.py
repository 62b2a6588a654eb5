"""LiteLLM: a client and no framework, so the agents are said by agenttrace's own verbs."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else loading it asks the network

import litellm

import agenttrace
from tests.frameworks import scenes
from tests.frameworks.scenes import ASKED, Found, Stage, Troupe


class TooManyTurnsError(Exception):
    """The loop's own limit."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One agent: what it is told, and which tools it has, by name."""

    stage: Stage
    name: str
    prompt: str
    tools: Sequence[Callable[..., Any]] = ()
    turns: int = 9
    after: Any = None

    def acting(self) -> Any:
        """Say who acts."""
        return agenttrace.agent(self.name, type="llm", model={"model": "gpt-4o"})

    def begun(self) -> list[Any]:
        """What the conversation begins with."""
        return [
            {"role": "system", "content": self.stage.prompt(self.prompt)},
            {"role": "user", "content": ASKED},
        ]

    def asks(self, messages: list[Any], **options: Any) -> dict[str, Any]:
        """What LiteLLM is asked."""
        return {
            "model": "openai/gpt-4o",
            "api_base": self.stage.url,
            "api_key": "none",
            "messages": messages,
            **({"tools": [_described(tool) for tool in self.tools]} if self.tools else {}),
            **options,
        }

    def called(self, call: Any) -> Any:
        """Call a tool; give its result, which may have to be awaited."""
        (tool,) = (tool for tool in self.tools if tool.__name__ == call.function.name)
        return tool(**json.loads(call.function.arguments))

    def limited(self) -> Iterator[int]:
        """Count turns; when there were too many, say so and raise."""
        yield from range(self.turns)
        agenttrace.status("TOOL_LIMIT_EXCEEDED", f"{self.turns} turns")
        raise TooManyTurnsError


def _described(tool: Callable[..., Any]) -> dict[str, Any]:
    (given,) = (name for name in tool.__annotations__ if name != "return")
    parameters = {
        "type": "object",
        "properties": {given: {"type": "string"}},
        "required": [given],
    }
    about = {"name": tool.__name__, "description": tool.__doc__, "parameters": parameters}
    return {"type": "function", "function": about}


def _answer(call: Any, result: object) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call.id, "content": str(result)}


# -- the loops ----------------------------------------------------------------------------------
def _run(desk: Desk) -> str:
    """One agent, without a loop; what it asks for at once goes to threads."""
    with desk.acting():
        messages = desk.begun()
        for _ in desk.limited():
            said = litellm.completion(**desk.asks(messages)).choices[0].message
            if not said.tool_calls:
                return str(said.content)
            messages.append(said.model_dump(exclude_none=True))
            if len(said.tool_calls) == 1:
                results = [desk.called(said.tool_calls[0])]
            else:
                with ThreadPoolExecutor(max_workers=len(said.tool_calls)) as pool:
                    jobs = [
                        pool.submit(copy_context().run, desk.called, call)
                        for call in said.tool_calls
                    ]
                    results = [job.result() for job in jobs]
            messages += map(_answer, said.tool_calls, results)
    raise AssertionError


async def _arun(
    desk: Desk,
    ask: Callable[..., Any] = litellm.acompletion,
    *,
    remember: bool = False,
    notes: list[Any] | None = None,
) -> str:
    """One agent in a loop; what it asks for at once goes to tasks."""
    with desk.acting():
        if desk.after is not None:
            agenttrace.link(desk.after, "handoff")
        messages = desk.begun()
        for _ in desk.limited():
            said = (await ask(**desk.asks(messages))).choices[0].message
            messages.append(said.model_dump(exclude_none=True))
            if not said.tool_calls:
                if remember:
                    agenttrace.snapshot(working_memory=messages)
                return str(said.content)
            results = await asyncio.gather(*(_called(desk, call) for call in said.tool_calls))
            messages += map(_answer, said.tool_calls, results)
            if notes is not None:
                notes += results
    raise AssertionError


async def _called(desk: Desk, call: Any) -> Any:
    try:
        result = desk.called(call)
        return await result if asyncio.iscoroutine(result) else result
    except LookupError as error:
        return f"failed: {error}"


def _looks_up(stage: Stage) -> Callable[..., Any]:
    @agenttrace.tool(name="look_up_order")
    def look_up_order(order: str) -> str:
        """Look an order up."""
        return stage.look_up(order)

    return look_up_order


def _desk(stage: Stage, name: str = "desk", prompt: str = scenes.DESK, **more: Any) -> Desk:
    tools = more.pop("tools", [_looks_up(stage)])
    return Desk(stage=stage, name=name, prompt=prompt, tools=tools, **more)


# -- the scenes ---------------------------------------------------------------------------------
def sync(stage: Stage) -> Any:
    """`completion`."""
    return _run(_desk(stage))


def in_a_loop(stage: Stage) -> Any:
    """`acompletion` of a `Router`."""
    given = {"model": "openai/gpt-4o", "api_base": stage.url, "api_key": "none"}
    router = litellm.Router([{"model_name": "openai/gpt-4o", "litellm_params": given}])
    return asyncio.run(_arun(_desk(stage), router.acompletion))


def stream(stage: Stage) -> Any:
    """Pieces of `completion` and of `acompletion`, put together by LiteLLM."""
    options = {"stream": True, "stream_options": {"include_usage": True}}

    async def ask(**given: Any) -> Any:
        if given["messages"][-1]["role"] == "tool":
            pieces = list(litellm.completion(**given, **options))
        else:
            pieces = [piece async for piece in await litellm.acompletion(**given, **options)]
        return litellm.stream_chunk_builder(pieces, messages=given["messages"])

    return asyncio.run(_arun(_desk(stage), ask))


def parallel(stage: Stage) -> Any:
    """Three tools in threads."""
    return _run(_desk(stage, "gatherer", scenes.GATHERER))


def handoff(stage: Stage) -> Any:
    """A link that the loop draws itself, when the model has chosen."""
    return _transfer(stage, "refunds")


def plan(stage: Stage) -> Any:
    """The same, to one of two."""
    return _transfer(stage, "refunds", "shipping")


def _transfer(stage: Stage, *others: str) -> Any:
    def transfers(name: str) -> Callable[..., Any]:
        def transfer(reason: str) -> str:
            """Hand over."""
            return name

        transfer.__name__ = f"transfer_to_{name}"
        return transfer

    async def main() -> Any:
        triage = _desk(stage, "triage", scenes.TRIAGE, tools=[transfers(name) for name in others])
        with triage.acting() as before:
            said = await litellm.acompletion(**triage.asks(triage.begun()))
            (call,) = said.choices[0].message.tool_calls
            chosen = call.function.name.removeprefix("transfer_to_")
            agenttrace.event("planning", chosen=chosen, candidates=[*others])
        return await _arun(_desk(stage, chosen, scenes.REFUNDS, after=before))

    return asyncio.run(main())


def delegation(stage: Stage) -> Any:
    """A tool that is agent code."""

    @agenttrace.tool(name="ask_expert")
    async def ask_expert(question: str) -> str:
        """Ask the expert."""
        return await _arun(_desk(stage, "expert", scenes.EXPERT))

    return asyncio.run(_arun(_desk(stage, "lead", scenes.LEAD, tools=[ask_expert])))


def twins(stage: Stage) -> Any:
    """Three agents at once."""

    async def main() -> Any:
        workers = (_desk(stage, "worker", scenes.WORKER, tools=[]) for _ in range(3))
        return list(await asyncio.gather(*map(_arun, workers)))

    return asyncio.run(main())


def limit(stage: Stage) -> Any:
    """The loop's own."""
    return _run(_desk(stage, "runner", scenes.RUNNER, turns=3))


def failing(stage: Stage) -> Any:
    """The loop tells the model what was raised."""
    return asyncio.run(_arun(_desk(stage, "clumsy", scenes.CLUMSY)))


def typed(stage: Stage) -> Any:
    """The loop gets the object itself."""

    @agenttrace.tool(name="look_up_order")
    def look_up_order(order: str) -> Found:
        """Look an order up."""
        return stage.find(order)

    found: list[Any] = []
    said = asyncio.run(_arun(_desk(stage, tools=[look_up_order]), notes=found))
    return [said, [type(one).__name__ for one in found], [str(one) for one in found]]


def state(stage: Stage) -> Any:
    """The conversation, which the loop keeps by `agenttrace.snapshot`."""
    return asyncio.run(_arun(_desk(stage), remember=True))


def nothing(stage: Stage) -> Any:
    """The loop tells the model so."""

    @agenttrace.tool(name="look_up_order")
    def look_up_order(order: str) -> None:
        """Look an order up."""
        stage.visit(order)

    return asyncio.run(_arun(_desk(stage, tools=[look_up_order])))


def opaque(stage: Stage) -> Any:
    """The loop would write anything as text for the model."""

    @agenttrace.tool(name="look_up_order")
    def look_up_order(order: str) -> object:
        """Look an order up."""
        return stage.opaque(order)

    return asyncio.run(_arun(_desk(stage, tools=[look_up_order])))


def cancelled(stage: Stage) -> Any:
    """A tool in a task."""

    @agenttrace.tool(name="look_up_order")
    async def look_up_order(order: str) -> str:
        """Look an order up."""
        return await stage.hang(order)

    return asyncio.run(scenes.given_up(stage, _arun(_desk(stage, tools=[look_up_order]))))


def notebook(stage: Stage) -> Any:
    """`acompletion`."""
    return _arun(_desk(stage))


TROUPE = Troupe(
    framework="litellm",
    programs={
        "sync": sync,
        "async": in_a_loop,
        "stream": stream,
        "parallel": parallel,
        "handoff": handoff,
        "delegation": delegation,
        "twins": twins,
        "limit": limit,
        "failing": failing,
        "typed": typed,
        "state": state,
    },
    limit=TooManyTurnsError,
    more={
        "plan": plan,
        "nothing": nothing,
        "opaque": opaque,
        "cancelled": cancelled,
        "notebook": notebook,
    },
    warns=(DeprecationWarning,),  # streams read a pydantic attribute by its old way
    calls=False,
)

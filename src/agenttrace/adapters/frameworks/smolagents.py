"""smolagents: agents, managed agents, tools, plans, the limit of steps, memories.

An agent is a generator of steps, whether its caller reads them or not. A tool is answered where its
`forward` is called, so what the framework makes of arguments and results it makes in a replay, too.
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.frameworks.acting import LIMIT, an_agent, lasting, reflect, remember
from agenttrace.adapters.frameworks.framework import Framework
from agenttrace.adapters.frameworks.tools import ToolCall, answered, plainly
from agenttrace.adapters.plain.doing import Doing, Opening
from agenttrace.adapters.plain.notes import event, status
from agenttrace.adapters.plain.steps import driven
from agenttrace.causal import current
from agenttrace.causal.spawn.patching import Seam
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import FrameType, ModuleType

_FINAL_ANSWER = "final_answer"
"""The tool by which an agent ends its run: it steers the framework, and runs."""

_CALLER = "process_single_tool_call"
"""The function of the framework's that has the model's call, with its id, as `tool_call`."""

_NEAR = 3
"""How many callers stand between a tool and that function, at most."""


# -- agents -------------------------------------------------------------------------------------
def _run_stream(real: Any) -> Any:
    @functools.wraps(real)
    def run_stream(self: Any, *args: Any, **options: Any) -> Any:
        source = real(self, *args, **options)
        return source if current.frame() is None else _acting(self, source)

    return run_stream


def _acting(agent: Any, source: Any) -> Generator[Any, Any, Any]:
    doing = Doing(_opening(agent))
    with lasting(doing):
        try:
            yield from driven(source, doing.step)
        except Exception:
            with doing.step():
                _remember(agent)
            raise
        with doing.step():
            _remember(agent)


def _opening(agent: Any) -> Opening:
    writes_code = any(kind.__name__ == "CodeAgent" for kind in type(agent).__mro__)
    name = getattr(agent, "name", None) or type(agent).__name__
    return an_agent(name, type="code" if writes_code else "llm", model=_model_of(agent.model))


def _model_of(model: Any) -> dict[str, object]:
    given = getattr(model, "kwargs", None)
    return {"model": getattr(model, "model_id", None), **(given if isinstance(given, dict) else {})}


def _remember(agent: Any) -> None:
    said = [
        {"role": str(getattr(one.role, "value", one.role)), "content": plainly(one.content)}
        for one in agent.write_memory_to_messages()
    ]
    remember(plainly(said), goal=agent.task, state=plainly(agent.state))


def _finalize_step(real: Any) -> Any:
    """A step is over; what went wrong in it the model is told, unless it was the last one."""

    @functools.wraps(real)
    def finalize_step(self: Any, memory_step: Any) -> Any:
        error = getattr(memory_step, "error", None)
        kind = type(error).__name__
        if kind == "AgentMaxStepsError":
            status(LIMIT, kind)
        elif error is not None:
            reflect(f"{kind}: {error}")
        return real(self, memory_step)

    return finalize_step


def _generate_planning_step(real: Any) -> Any:
    @functools.wraps(real)
    def generate_planning_step(self: Any, *args: Any, **options: Any) -> Any:
        source = real(self, *args, **options)
        return source if current.frame() is None else _planning(source)

    return generate_planning_step


def _planning(source: Any) -> Generator[Any, Any, Any]:
    doing = Doing(Opening(kind=SpanKind.PLAN, name="plan", step="plan"))
    with lasting(doing):
        yield from driven(_told(source), doing.step)


def _told(source: Any) -> Generator[Any, Any, Any]:
    """Pass a plan's pieces on; the last one is the plan."""
    for piece in source:
        if hasattr(piece, "plan"):
            event("planning", chosen=piece.model_output_message.content)
        yield piece


# -- tools --------------------------------------------------------------------------------------
def _call_tool(real: Any) -> Any:
    @functools.wraps(real)
    def call(self: Any, *args: Any, **given: Any) -> Any:
        if not current.entered or self.name == _FINAL_ANSWER:
            return real(self, *args, **given)
        return real(_Asking(self, _call_id()), *args, **given)

    return call


class _Asking:
    """Stands for a tool while it is called: its `forward` asks at the door.

    A tool that is answered from the recording is not set up.
    """

    is_initialized = True

    def __init__(self, tool: Any, call_id: str | None) -> None:
        self._tool, self._call_id = tool, call_id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tool, name)

    def forward(self, *args: Any, **given: Any) -> Any:
        """Give what the tool returned, from the world or from the recording."""
        tool = self._tool
        call = ToolCall(
            name=tool.name,
            arguments={**dict(zip(tool.inputs, args, strict=False)), **given},
            id=self._call_id,
            fn=tool.forward,
        )
        return answered(call, lambda: self._live(*args, **given))

    def _live(self, *args: Any, **given: Any) -> Any:
        tool = self._tool
        if not tool.is_initialized:
            tool.setup()
        return tool.forward(*args, **given)


def _call_agent(real: Any) -> Any:
    """A managed agent is called like a tool, by the agent that it works for."""

    @functools.wraps(real)
    def call(self: Any, task: str, **given: Any) -> Any:
        if not current.entered:
            return real(self, task, **given)
        return answered(
            ToolCall(
                name=self.name or type(self).__name__,
                arguments={"task": task, **given},
                id=_call_id(),
            ),
            lambda: real(self, task, **given),
        )

    return call


def _call_id() -> str | None:
    """What the provider called the call; in a code agent's code there is no such id."""
    frame: FrameType | None = sys._getframe(2)
    for _ in range(_NEAR):
        if frame is None:
            break
        if frame.f_code.co_name == _CALLER:
            found = getattr(frame.f_locals.get("tool_call"), "id", None)
            return found if isinstance(found, str) else None
        frame = frame.f_back
    return None


# -- where they stand ---------------------------------------------------------------------------
def _seams_of_agents(module: ModuleType) -> list[Seam]:
    owner = vars(module)["MultiStepAgent"]
    around: dict[str, Callable[[Any], Any]] = {
        "_run_stream": _run_stream,
        "_finalize_step": _finalize_step,
        "_generate_planning_step": _generate_planning_step,
        "__call__": _call_agent,
    }
    return [Seam(owner=owner, name=name, around=seam) for name, seam in around.items()]


def _seams_of_tools(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [Seam(owner=names.Tool, name="__call__", around=_call_tool)]


FRAMEWORK = Framework(
    name="smolagents",
    oldest="1.22.0",
    newest="1.26.0",
    late={
        "smolagents.agents": _seams_of_agents,
        "smolagents.tools": _seams_of_tools,
    },
)

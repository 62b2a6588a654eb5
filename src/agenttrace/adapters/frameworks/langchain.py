"""LangChain: tools, whoever calls them: an agent, a node of a graph, a chain of the user's.

The function of a tool is answered, not the tool: callbacks around it see what they always do. One
that is said to return a `Command` steers a graph; it is no question to the world, and runs.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.frameworks.framework import Framework
from agenttrace.adapters.frameworks.tools import ToolCall, answered, answered_async
from agenttrace.causal import current
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


_OF_MCP = "langchain_mcp_adapters.tools"
"""Where the functions are from by which LangChain calls tools of MCP servers."""


def _tool_run(real: Any) -> Any:
    @functools.wraps(real)
    def run(self: Any, tool_input: Any, *args: Any, **options: Any) -> Any:
        tool = _asking(self, tool_input, options)
        return real(tool, tool_input, *args, **options)

    return run


def _tool_arun(real: Any) -> Any:
    @functools.wraps(real)
    async def arun(self: Any, tool_input: Any, *args: Any, **options: Any) -> Any:
        tool = _asking(self, tool_input, options)
        return await real(tool, tool_input, *args, **options)

    return arun


def _asking(tool: Any, tool_input: Any, options: dict[str, Any]) -> Any:
    if current.frame() is None or isinstance(tool, _Asking) or _steers(tool):
        return tool
    return _Asking(tool, tool_input, options.get("tool_call_id"))


def _steers(tool: Any) -> bool:
    """Whether a tool is said to steer the graph: its result is no answer of the world."""
    said = getattr(_function_of(tool), "__annotations__", {}).get("return", "")
    return "Command" in (said if isinstance(said, str) else getattr(said, "__name__", str(said)))


class _Asking:
    """A tool whose own function asks at the door; callbacks around it see what they always do."""

    def __init__(self, tool: Any, tool_input: Any, call_id: str | None) -> None:
        self._tool = tool
        fn = _function_of(tool)
        self._call = ToolCall(
            name=tool.name,
            arguments=_said_by_model(tool, tool_input),
            id=call_id,
            fn=fn,
            mcp=getattr(fn, "__module__", "") == _OF_MCP,
        )

    @property  # type: ignore[misc] # as `unittest.mock` does
    def __class__(self) -> type:
        return type(self._tool)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tool, name)

    @property
    def _run(self) -> Callable[..., Any]:
        real = self._tool._run

        @functools.wraps(real)
        def run(*args: Any, **options: Any) -> Any:
            return answered(self._call, lambda: real(*args, **options))

        return run

    @property
    def _arun(self) -> Callable[..., Any]:
        real = self._tool._arun

        @functools.wraps(real)
        async def arun(*args: Any, **options: Any) -> Any:
            return await answered_async(self._call, lambda: real(*args, **options))

        return arun


def _said_by_model(tool: Any, tool_input: Any) -> Any:
    """What the model gave, without what the framework puts in: the graph's state, a store."""
    if isinstance(tool_input, dict) and hasattr(tool, "_filter_injected_args"):
        return tool._filter_injected_args(tool_input)
    return tool_input


def _function_of(tool: Any) -> Any:
    return getattr(tool, "func", None) or getattr(tool, "coroutine", None) or tool._run


# -- where they stand ---------------------------------------------------------------------------
def _seams_of_tools(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [
        Seam(owner=names.BaseTool, name="run", around=_tool_run),
        Seam(owner=names.BaseTool, name="arun", around=_tool_arun),
    ]


FRAMEWORK = Framework(
    name="langchain-core",
    oldest="1.7.2",
    newest="1.7.2",
    late={"langchain_core.tools.base": _seams_of_tools},
)

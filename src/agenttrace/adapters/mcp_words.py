"""MCP's words: a request as a question, a result as an answer, an error as it was."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from agenttrace.boundary import Packed
from agenttrace.causal import propagation
from agenttrace.causal.position import trace_id
from agenttrace.causal.propagation import Propagated, TraceParent
from agenttrace.causal.site import site
from agenttrace.model import names
from agenttrace.model.call import Question
from agenttrace.model.failure import exception_of
from agenttrace.model.values import canonical, pack, plain, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenttrace.causal.current import Frame
    from agenttrace.model.call import Failure
    from agenttrace.model.values import Value

called_as: ContextVar[str | None] = ContextVar("agenttrace_mcp_called_as", default=None)
"""What the model's provider called the tool call that is made here, where a framework makes it."""

_CALL, _READ, _PROMPT = "tools/call", "resources/read", "prompts/get"
_SHAKES = frozenset({"initialize", "server/discover"})
_CARRIED = frozenset({"traceparent", "tracestate", "baggage", "progressToken"})
_OF_THE_PROTOCOL = "io.modelcontextprotocol/"
_ERRORS = "mcp.shared.exceptions"


def question_of(method: str, params: Mapping[str, Any] | None, *, live: bool) -> Question:
    """Say a request as a question.

    A tool is called by its name, as any other; what the SDK says of itself does not count, nor who
    carries the request. (Names and attributes: "Semantic conventions for MCP", 2026.)

    Args:
        method: `tools/call`, …
        params: As JSON.
        live: Whether the server is asked whatever was recorded.
    """
    said = _said(method, params)
    name = str(said.get("name", ""))
    attributes: dict[str, Value] = {names.MCP_METHOD: method}
    kind, operation, title = "internal", method, method
    body: Value = canonical(said)
    if method == _CALL:
        kind, operation, title = "tool", name, name
        attributes |= {names.OPERATION: "execute_tool", names.TOOL_NAME: name}
        if (call_id := called_as.get()) is not None:
            attributes[names.TOOL_CALL_ID] = call_id
        body = canonical(said.get("arguments") or {})
        if "_meta" in said and isinstance(body, dict):
            body = {**body, "_meta": canonical(said["_meta"])}
    elif method == _READ:
        kind = "retrieval"
        attributes[names.MCP_RESOURCE] = str(said.get("uri", ""))
        title = f"{method} {said.get('uri', '')}"
    elif method == _PROMPT:
        kind, title = "retrieval", f"{method} {name}"
    return Question(
        kind=kind,
        operation=operation,
        title=title,
        body=body,
        attributes=attributes,
        site=site(),
        stub=kind == "internal" and not live,
        live=live,
    )


def _said(method: str, params: Mapping[str, Any] | None) -> dict[str, Any]:
    """What of the parameters somebody meant: not who the SDK is, and which versions it speaks."""
    said = dict(params or {})
    if method in _SHAKES:
        return {}
    meta = {
        key: value
        for key, value in dict(said.pop("_meta", None) or {}).items()
        if key not in _CARRIED and not key.startswith(_OF_THE_PROTOCOL)
    }
    return {**said, "_meta": meta} if meta else said


def with_context(params: Mapping[str, Any] | None, run: str, frame: Frame | None) -> dict[str, Any]:
    """Put who asks into `params._meta`, unprefixed, beside what is there (SEP-414)."""
    said = dict(params or {})
    if frame is None or frame.span is None:
        return said
    cause = Propagated(parent=TraceParent(trace=trace_id(run), span=frame.span))
    carried = propagation.inject(dict[str, str](), cause)
    return {**said, "_meta": {**carried, **dict(said.get("_meta") or {})}}


class Raw:
    """The shape of a result: JSON, as it came."""

    def pack(self, native: Any) -> Packed:
        """Write it."""
        return Packed(data=pack(canonical(native)))

    def unpack(self, packed: Packed) -> Any:
        """Read it afresh; what a stub says in plain words becomes a tool's result."""
        said = plain(unpack(packed.data))
        if isinstance(said, dict):
            return said
        return {"content": [{"type": "text", "text": str(said)}], "isError": False}


def tool_failed(result: Any) -> bool:
    """Whether a result is that of a tool that failed."""
    return isinstance(result, dict) and result.get("isError") is True


def error_of(failure: Failure) -> BaseException:
    """Build an error of the SDK's again, by its name among them."""
    home, _, name = failure.type.rpartition(".")
    module: Any = sys.modules.get(_ERRORS)
    kind: Any = getattr(module, name, None) if home == _ERRORS else None
    if not (isinstance(kind, type) and issubclass(kind, module.MCPError)):
        return exception_of(failure)
    error: BaseException = Exception.__new__(kind)
    module.MCPError.__init__(error, *map(plain, failure.args))
    return error

"""A2A's words: a request as a question, its messages as answers. They are protocol buffers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from agenttrace.boundary import Packed
from agenttrace.causal import propagation
from agenttrace.causal.position import trace_id
from agenttrace.causal.propagation import Propagated, TraceParent
from agenttrace.causal.site import site
from agenttrace.model import names
from agenttrace.model.call import Question
from agenttrace.model.values import canonical, pack, plain, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenttrace.causal.current import Frame
    from agenttrace.model.values import Value

WORDS = "a2a.types.a2a_pb2"
"""The module of the messages; nobody had any before it was loaded."""

UNARY: Mapping[str, str] = {
    "send_message": "SendMessage",
    "get_task": "GetTask",
    "list_tasks": "ListTasks",
    "cancel_task": "CancelTask",
    "create_task_push_notification_config": "CreateTaskPushNotificationConfig",
    "get_task_push_notification_config": "GetTaskPushNotificationConfig",
    "list_task_push_notification_configs": "ListTaskPushNotificationConfigs",
    "delete_task_push_notification_config": "DeleteTaskPushNotificationConfig",
    "get_extended_agent_card": "GetExtendedAgentCard",
}
STREAMED: Mapping[str, str] = {
    "send_message_streaming": "SendStreamingMessage",
    "subscribe": "SubscribeToTask",
}
"""What a transport's methods are called on the wire (A2A 1.0, 5.3)."""

_ANSWERS = frozenset(
    {
        "AgentCard",
        "ListTaskPushNotificationConfigsResponse",
        "ListTasksResponse",
        "SendMessageResponse",
        "StreamResponse",
        "Task",
        "TaskPushNotificationConfig",
    }
)


def question_of(method: str, request: Any, agent: str, *, live: bool) -> Question:
    """Say a request as a question to another agent.

    The id that the client gives its message counts for nothing: it is another each time.

    Args:
        method: Its name on the wire.
        request: The message.
        agent: What the other agent is called.
        live: Whether it is asked whatever was recorded.
    """
    said = _said(request)
    message = said.get("message")
    if isinstance(message, dict):
        message.pop("messageId", None)
    attributes: dict[str, Value] = {names.OPERATION: "invoke_agent", names.A2A_METHOD: method}
    context = message.get("contextId") if isinstance(message, dict) else None
    if context:
        attributes[names.CONVERSATION_ID] = str(context)
    return Question(
        kind="agent",
        operation=method,
        title=f"{method} {agent}",
        body=canonical(said),
        attributes=attributes,
        site=site(),
        stub=not live,
        live=live,
    )


def with_context(context: Any, run: str, frame: Frame | None) -> Any:
    """Put who asks into the headers that a call is sent with, beside what is there."""
    if frame is None or frame.span is None:
        return context
    from a2a.client.client import ClientCallContext

    cause = Propagated(parent=TraceParent(trace=trace_id(run), span=frame.span))
    carried = propagation.inject(dict[str, str](), cause)
    own: Any = context if context is not None else ClientCallContext()
    return own.model_copy(
        update={"service_parameters": {**carried, **(own.service_parameters or {})}}
    )


class Messages:
    """The shape of an answer: the kind of message that it is, and what it says."""

    def pack(self, native: Any) -> Packed:
        """Write it."""
        said = None if native is None else {"type": type(native).__name__, "says": _said(native)}
        return Packed(data=pack(canonical(said)))

    def unpack(self, packed: Packed) -> Any:
        """Read it afresh, as one of the messages that an agent answers with.

        Raises:
            ValueError: It is none of them.
        """
        said = plain(unpack(packed.data))
        if said is None:
            return None
        kind = said.get("type") if isinstance(said, dict) else None
        if not isinstance(said, dict) or kind not in _ANSWERS:
            raise ValueError(f"{kind!r} is no answer of an A2A agent's")
        from google.protobuf.json_format import ParseDict

        words: Any = sys.modules[WORDS]
        message = getattr(words, str(kind))()
        return ParseDict(said.get("says") or {}, message, ignore_unknown_fields=True)


def _said(message: Any) -> dict[str, Any]:
    from google.protobuf.json_format import MessageToDict

    said: dict[str, Any] = MessageToDict(message)
    return said

"""Testing: what people's own tests need beside the recordings.

A model server on this machine, stubs, and the recorded peers of a service.
"""

from agenttrace.replay.stubs import Stubs, ToolUse, tool
from agenttrace.testing.model_server import ModelServer, Received
from agenttrace.testing.peers import Message, Request, messages_to, requests_to
from agenttrace.testing.replies import (
    Reply,
    Team,
    calls_tool,
    cuts_after,
    fails,
    in_turn,
    says,
    slow,
)
from agenttrace.testing.stubbed import stubbed

__all__ = [
    "Message",
    "ModelServer",
    "Received",
    "Reply",
    "Request",
    "Stubs",
    "Team",
    "ToolUse",
    "calls_tool",
    "cuts_after",
    "fails",
    "in_turn",
    "messages_to",
    "requests_to",
    "says",
    "slow",
    "stubbed",
    "tool",
]

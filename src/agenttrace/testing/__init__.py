"""Testing: what people's own tests need beside the recordings.

A model server on this machine, stubs, the recorded peers of a service, and a run to look at.
"""

from agenttrace.replay.stubs import Stubs, ToolUse, tool
from agenttrace.testing.model_server import ModelServer, Received
from agenttrace.testing.peers import Message, Request, messages_to, requests_to
from agenttrace.testing.recorded import Recorded, recorded
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
    "Recorded",
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
    "recorded",
    "requests_to",
    "says",
    "slow",
    "stubbed",
    "tool",
]

"""Testing: what people's own tests need beside the recordings: a model server, stubs."""

from agenttrace.replay.stubs import Stubs, ToolUse, tool
from agenttrace.testing.model_server import ModelServer, Received
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
    "ModelServer",
    "Received",
    "Reply",
    "Stubs",
    "Team",
    "ToolUse",
    "calls_tool",
    "cuts_after",
    "fails",
    "in_turn",
    "says",
    "slow",
    "stubbed",
    "tool",
]

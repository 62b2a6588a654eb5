"""Testing: what people's own tests need beside the recordings: a model server on this machine."""

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

__all__ = [
    "ModelServer",
    "Received",
    "Reply",
    "Team",
    "calls_tool",
    "cuts_after",
    "fails",
    "in_turn",
    "says",
    "slow",
]

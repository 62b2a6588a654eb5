"""Incident: answers for today's code from a trace that somebody else recorded.

Such a trace has no positions and often not all that was said, so a call is known by who asks, what
is asked, and what came before: never by how many calls went before it in time.
"""

from agenttrace.replay.incident.known import Calls, Known
from agenttrace.replay.incident.source import Incident, Wishes

__all__ = ["Calls", "Incident", "Known", "Wishes"]

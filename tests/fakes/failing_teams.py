"""Teams that fail in every way that a trace can show: in statuses, tries, events, results, time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from agenttrace.model.call import Answer, Chunk, Failure
from agenttrace.model.span import Event, Span, Status
from agenttrace.model.trace import Trace
from agenttrace.model.values import Value, pack
from tests.fakes.made_teams import a_team

DOWN = Answer(failure=Failure(type="builtins.OSError", message="down"))
BROKEN = Answer(end="cut")
SAID: Sequence[Value] = (
    "fine",
    "Error: no such order",
    " Error: not at the begin",
    "errors are rare",
    "it ran\nTraceback (most recent call last):\n  File ...",
    {"error": "no such order"},
    {"error": ""},
    {"error": None, "exception": "late"},
    {"errors": []},
    {"errors": ["bad"]},
    {"isError": True},
    {"isError": "true"},
    {"is_error": False},
    {"ok": False},
    {"ok": None},
    {"success": True, "status": "done"},
    {"status": "Failed"},
    {"status": "failures"},
    ["error"],
    7,
)
CODES = ("OK", "OK", "OK", "UNSET", "UNSET", "ERROR", "TOOL_LIMIT_EXCEEDED")
TOLD = ("error", "exception", "reflection", "planning")


def a_failing_team(seed: int, *, deeds: int = 40, foreign: bool = False) -> Trace:
    """A made team of whose spans some fail; `foreign`: as another system tells of it."""
    chance = random.Random(seed)
    trace = a_team(seed, deeds=deeds, distinct=foreign)
    spans = tuple(_failing(span, chance) for span in trace.spans)
    if foreign:
        bare = tuple(replace(span, lane=(), position=(), seq=0, end_seq=0) for span in spans)
        return replace(trace, spans=bare, lanes=(), deliveries=(), snapshots=())
    return replace(trace, spans=spans)


def _failing(span: Span, chance: random.Random) -> Span:
    """The same span, now and then with what shows a failure."""
    answers = span.answers
    if answers and chance.random() < 0.4:
        tried = [DOWN, BROKEN, Answer(chunks=(Chunk(data=pack(chance.choice(SAID))),))]
        answers = tuple(chance.choice(tried) for _ in range(chance.randint(1, 3)))
    events = span.events
    if chance.random() < 0.1:
        events = (*events, Event(name=chance.choice(TOLD), at_ns=span.start_ns, seq=span.seq))
    code = chance.choice(CODES) if chance.random() < 0.5 else "OK"
    return replace(span, answers=answers, events=events, status=Status(code=code))

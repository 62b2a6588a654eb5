"""What can have been known at the end of a span, of which steps and of which ends."""

from __future__ import annotations

import random
from collections import Counter

from agenttrace.causal.moments import known_at_end
from agenttrace.model.span import Event
from tests.fakes.campaign import times
from tests.fakes.made_teams import ACTIONS, Team, a_team
from tests.oracles.waiting import Past

QUEUES_AND_JOINS = {**ACTIONS, Team._spawn: 6, Team._join: 6, Team._put: 5, Team._get: 5}


def test_what_is_known_at_an_end_is_what_ways_lead_to_it_from() -> None:
    """By spawns, joins, messages of queues and links; a span knows what it spawned and awaited."""
    seen: Counter[str] = Counter()
    for seed in range(times(60, 1_500)):
        trace = a_team(seed, deeds=60, actions=QUEUES_AND_JOINS)
        at = random.Random(seed).choice([trace.spans[0], *trace.spans])
        past, known = Past.of(trace, at), known_at_end(trace, at)
        for one in trace.spans:
            step = known.steps.get(one.lane, -1)
            where = seed, at.id, one.id
            assert past.has_begun(one) == (one.seq <= step), where
            assert past.has_ended(one) == (one.id in known.ended), where
            is_over = one.seq + 1 <= step or one.id in known.ended
            assert past.has_said(one, Event(name="said", seq=one.seq)) == is_over, where
            seen[f"{one.seq <= step} {one.id in known.ended}"] += one.lane != at.lane
    assert min(seen[it] for it in ("True True", "True False", "False False")) > 0

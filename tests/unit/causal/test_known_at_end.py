"""What can have been known at the end of a span, of which steps and of which ends."""

from __future__ import annotations

import random
from collections import Counter

from agenttrace.causal.known_at_end import known_at_end
from agenttrace.model.span import Event
from tests.fakes.campaign import times
from tests.fakes.made_teams import ACTIONS, Team, a_team
from tests.oracles.waiting import Past

QUEUES = {**ACTIONS, Team._spawn: 6, Team._join: 0, Team._put: 6, Team._get: 6}
JOINS = {**ACTIONS, Team._spawn: 8, Team._join: 8, Team._put: 0, Team._get: 0}


def test_what_is_known_at_an_end_is_what_ways_lead_to_it_from() -> None:
    """By spawns, joins, messages of queues and links; a span knows what it spawned and awaited."""
    seen: Counter[str] = Counter()
    for seed in range(times(40, 1_000)):
        trace = a_team(seed, deeds=50, actions=JOINS if seed % 2 else QUEUES)
        chance = random.Random(seed)
        for at in {trace.spans[0].id, *chance.sample([one.id for one in trace.spans], 8)}:
            past = Past.of(trace, trace.span(at))
            known = known_at_end(trace, trace.span(at))
            for one in trace.spans:
                step = known.steps.get(one.lane, -1)
                where = seed, at, one.id
                assert past.has_begun(one) == (one.seq <= step), where
                assert past.has_ended(one) == (one.id in known.ended), where
                is_over = one.seq + 1 <= step or one.id in known.ended
                assert past.has_said(one, Event(name="said", seq=one.seq)) == is_over, where
                seen[f"{one.seq <= step} {one.id in known.ended}"] += 1
    assert min(seen[it] for it in ("True True", "True False", "False False")) > 0

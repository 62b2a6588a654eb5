"""Holding: where a run's clock and chance begin: now, or where its golden says that it began.

Both stand beside a golden's timing, which is never compared: a recording at another time of day is
the same golden.
"""

from __future__ import annotations

import functools
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agenttrace.causal.clock import utc_offset_s, wall_clock_text
from agenttrace.determinism import entropy, sources
from agenttrace.determinism.clock import RECORDED
from agenttrace.determinism.instant import REAL
from agenttrace.determinism.instant import Instant as StartInstant
from agenttrace.model.trace import TIME, VIRTUAL
from agenttrace.model.values import Value
from agenttrace.record.recorder import Recorder
from agenttrace.replay.pace import Instant, Recorded, Serving

if TYPE_CHECKING:
    from agenttrace.boundary import Pace
    from agenttrace.causal.current import Run
    from agenttrace.model.trace import Trace
    from agenttrace.session.plan import Plan
    from agenttrace.session.world import World

_LAST = 5
"""How many of a run's last calls are told of."""

SEED, OFFSET, READS = "seed", "utc_offset_s", "reads"
"""What a run's environment says of its chance, of local time, and to the doctor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where a run begins.

    Attributes:
        started: The wall clock, ISO 8601 in UTC.
        environment: What the run depends on and is not compared.
        instant: Where its wall clock is held; None: nowhere.
        seed: What its chance is made from; None: chance is left alone.
    """

    started: str
    environment: Mapping[str, Value] = field(default_factory=dict)
    instant: StartInstant | None = None
    seed: str | None = None


def start_of(plan: Plan, golden: Trace | None) -> Start:
    """Say where a run begins: a replay, where its golden did.

    Chance is made from the name of the golden, so a second recording draws what the first one drew;
    the golden keeps it, so that one that is moved still replays.
    """
    from agenttrace import __version__

    held = None
    if golden is not None and not plan.is_live and plan.clock != REAL:
        held = StartInstant.of(golden.started, golden.environment.get(OFFSET, utc_offset_s()))
    kept = None if golden is None else golden.environment.get(SEED)
    seed: str | None = kept if isinstance(kept, str) else plan.shown
    if plan.seed is not None:
        seed = None if plan.seed is False else str(plan.seed)
    environment: dict[str, Value] = {
        "agenttrace": __version__,
        "hash_seed": os.environ.get("PYTHONHASHSEED", "random"),
        "python": ".".join(platform.python_version_tuple()[:2]),
        OFFSET: utc_offset_s() if held is None else int(held.offset.total_seconds()),
    }
    if seed is not None:
        environment[SEED] = seed
    if plan.is_virtual:
        environment[TIME] = VIRTUAL
    if sources.disturbance():
        environment[READS] = sources.notes()
    started = wall_clock_text() if held is None or golden is None else golden.started
    return Start(started=started, environment=environment, instant=held, seed=seed)


def hold(run: Run, world: World, plan: Plan, start: Start) -> None:
    """Let a run begin there.

    Raises:
        UsageError: What is to hold the clock is not installed.
    """
    if start.seed is not None:
        entropy.begin(run, start.seed, secrets=plan.secrets)
    if start.instant is not None:
        world.hold_wall(start.instant, plan.clock)


def pace_of(run: Run, world: World, plan: Plan) -> Pace:
    """Say when answers arrive in a run, and give it its time.

    Raises:
        UsageError: Another run of this process is being replayed.
    """
    if plan.is_live:
        return Instant()
    if plan.is_virtual:
        clock = world.hold(run)
        budget = clock.heap.budget
        budget.limit_steps = plan.limit_steps
        budget.limit_ns = round(plan.limit_virtual_s * 1_000_000_000)
        budget.last = functools.partial(_last_of, run)
        return Serving(Recorded(clock))
    timeline = world.pass_time(run)
    return Serving(Recorded(timeline)) if plan.time == RECORDED else Instant()


def _last_of(run: Run) -> list[str]:
    """What a run did last, for people: when, what kind of thing, its name."""
    recorder = run.listener
    if not isinstance(recorder, Recorder):
        return []
    spans = sorted(recorder.raw(complete=False).calls, key=lambda span: span.start_ns)[-_LAST:]
    return [
        f"{span.start_ns / 1_000_000_000:>12,.3f} s  {span.kind.value}  {span.name}"
        for span in spans
    ]

"""Plan: how one run is to go, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from agenttrace.causal.joining import Identity
from agenttrace.check.budget import Budget
from agenttrace.check.vary import NOTHING_VARIES, Vary
from agenttrace.determinism.budget import LIMIT_STEPS, LIMIT_VIRTUAL_S
from agenttrace.determinism.clock import VIRTUAL
from agenttrace.determinism.instant import FREEZEGUN
from agenttrace.redact import NO_WISHES, Wishes
from agenttrace.replay.matching import STRICT
from agenttrace.replay.replayer import EVERYTHING
from agenttrace.session.rehearsal import Rehearsal

REPLAY, RECORD, REWRITE, VERIFY, OFF = "replay", "record", "rewrite", "verify", "off"
"""Replay; record what has no golden, replay the rest; record all; live and compared; not at all."""

KEEP_FAILED, KEEP_ALL, KEEP_NONE = "failed", "all", "none"
"""Keep journals of recordings that became no golden; of all; of none, and no `.new` file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """What a person types to go on; each is printed where it helps."""

    record: str = "pytest --agenttrace=record"
    rewrite: str = "pytest --agenttrace=rewrite"
    update: str = "pytest --agenttrace-update"
    lenient: str = "pytest --agenttrace-match=lenient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one run is to go.

    Attributes:
        name: The run's name: the test's id.
        golden: Where its golden lies.
        shown: The same, as a person would type it.
        journal: Where its journal goes while it is recorded.
        mode: `replay`, `record`, `rewrite` or `verify`.
        match: `strict` or `lenient`.
        stub: The kinds of call that a replay answers; others run live.
        vary: What may differ from run to run.
        compare: Whether a replay is held against the golden by itself.
        budget: What the run may use, at most; None: as much as it likes.
        diff: What of its differences is shown: `first`, `structure` or `full`.
        update: Whether a changed replay replaces the golden, where its answers are the world's.
        keep: Which journals and `.new` files stay: `failed`, `all` or `none`.
        run_dir: Where a copy of the run's trace goes, too; None: nowhere.
        allowed_hosts: What a replay may reach, past every adapter.
        commands: What a person types to go on.
        alone: Whether calls that another process of the run served are answered from the golden,
            whatever that process asked; else it is agent code, and runs.
        time: How a replay's time goes: `virtual`, `recorded` or `real`.
        limit_steps: How many steps of virtual time it may take.
        limit_virtual_s: How many virtual seconds.
        clock: By which means the wall clock is held in a replay; `real`: not at all.
        seed: What the run's chance is made from; None: its golden says; False: it is left alone.
        secrets: Whether `secrets` and `random.SystemRandom` draw from the seed, too.
        within: Of a child process: which part of the run it is; it journals in every mode.
        redact: What is taken out beside the secrets that are known.
        rehearsal: What a replay does otherwise than its golden says; None: nothing.
        key: By which the processes of a run tell secrets of a kind apart; empty: a fresh one.
    """

    name: str
    golden: Path
    shown: str
    journal: Path
    mode: str = REPLAY
    match: str = STRICT
    stub: frozenset[str] = EVERYTHING
    vary: Vary = NOTHING_VARIES
    compare: bool = True
    budget: Budget | None = None
    diff: str = "first"
    update: bool = False
    keep: str = KEEP_FAILED
    run_dir: Path | None = None
    allowed_hosts: tuple[str, ...] = ()
    commands: Commands = field(default_factory=Commands)
    alone: bool = False
    time: str = VIRTUAL
    limit_steps: int = LIMIT_STEPS
    limit_virtual_s: float = LIMIT_VIRTUAL_S
    clock: str = FREEZEGUN
    seed: str | int | bool | None = None
    secrets: bool = False
    within: Identity | None = None
    redact: Wishes = NO_WISHES
    rehearsal: Rehearsal | None = None
    key: bytes = b""

    @property
    def records(self) -> bool:
        """Whether the run goes to the world, to become a golden."""
        return self.mode == REWRITE or (self.mode == RECORD and not self.golden.exists())

    @property
    def is_live(self) -> bool:
        """Whether the run's calls go to the world."""
        return self.records or self.mode == VERIFY

    @property
    def is_virtual(self) -> bool:
        """Whether the run's time is virtual."""
        return not self.is_live and self.time == VIRTUAL

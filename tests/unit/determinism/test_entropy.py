"""Chance in a run: from its seed, by lane, and the world's again afterwards."""

from __future__ import annotations

import asyncio
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import randrange
from types import SimpleNamespace
from uuid import UUID, uuid4

import numpy as np
import pytest

from agenttrace.causal import current, spawn
from agenttrace.causal.spawn.installing import Installation
from agenttrace.determinism import entropy

NUMPY = Installation({"numpy.random": entropy.seams_of_numpy})
REAL = SimpleNamespace(
    all=(random.random, random.choice, random.seed, np.random.rand, uuid.uuid4.__code__, randrange)
)
"""In an object, where nobody looks for what a module holds."""


@contextmanager
def running(seed: str = "a golden", *, secrets: bool = False) -> Iterator[current.Run]:
    """A run with a seed, and nothing else of a session."""
    run = current.Run("a run")
    with spawn.installed(), entropy.seeded(), NUMPY.installed():
        entropy.begin(run, seed, secrets=secrets)
        token = current.enter(run)
        try:
            yield run
        finally:
            current.leave(run, token)


def drawn() -> tuple[object, ...]:
    """One draw from each generator that a run holds."""
    return (
        random.random(),
        random.choice("abcdef"),
        randrange(10**9),
        random.gauss(0, 1),
        uuid.uuid4(),
        uuid4(),
        float(np.random.rand()),
        int(np.random.randint(10**9)),
    )


def test_one_seed_gives_one_sequence_and_another_another() -> None:
    """What a run draws is made from its golden's name and from nothing else."""
    said = []
    for seed in ("a", "a", "b"):
        random.seed()
        with running(seed):
            said.append((drawn(), drawn()))

    assert said[0] == said[1]
    assert said[0] != said[2]
    assert said[0][0] != said[0][1]


def test_a_uuid_is_a_proper_one() -> None:
    """Version 4, variant RFC 4122: it is checked by databases."""
    with running():
        made = uuid4()

    assert isinstance(made, UUID)
    assert (made.version, made.variant) == (4, uuid.RFC_4122)


def test_afterwards_the_world_draws_as_it_would_have() -> None:
    """Restored to the letter: the functions, and where each generator stood."""
    random.seed(5)
    np.random.seed(5)
    expected = (random.random(), float(np.random.rand()))
    random.seed(5)
    np.random.seed(5)

    with running():
        drawn()
        random.seed(8)
        np.random.seed(8)
        drawn()

    assert (random.random(), float(np.random.rand())) == expected
    assert (
        random.random,
        random.choice,
        random.seed,
        np.random.rand,
        uuid.uuid4.__code__,
        randrange,
    ) == REAL.all
    assert uuid4() != uuid4()


def threads(work: Callable[[int], None]) -> None:
    """Four threads of a pool, and four plain ones."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    plain = [threading.Thread(target=work, args=(4 + i,)) for i in range(4)]
    for thread in plain:
        thread.start()
    for thread in plain:
        thread.join()


def tasks(work: Callable[[int], None]) -> None:
    """Eight tasks, which draw in the order of their sleeps."""

    async def one(name: int) -> None:
        await asyncio.sleep(random.SystemRandom().random() / 100)
        work(name)

    async def everybody() -> None:
        await asyncio.gather(*(one(name) for name in range(8)))

    asyncio.run(everybody())


@pytest.mark.parametrize("parallel", [threads, tasks], ids=["threads", "tasks"])
def test_parallel_lanes_draw_the_same_whatever_the_order(
    parallel: Callable[[Callable[[int], None]], None],
) -> None:
    """With one stream for all, whoever is late gets another's ticket number."""
    sleeps = random.SystemRandom()
    found: list[dict[int, list[object]]] = []
    for _ in range(5):
        said: dict[int, list[object]] = {}

        def work(name: int, said: dict[int, list[object]] = said) -> None:
            for _ in range(3):
                time.sleep(sleeps.random() / 500)
                said.setdefault(name, []).append(drawn())

        with running():
            parallel(work)
        found.append(said)

    assert all(one == found[0] for one in found)
    assert len({str(draws) for draws in found[0].values()}) == 8


def test_code_that_seeds_itself_gets_what_python_promises() -> None:
    """A golden of an agent that calls `random.seed(42)` replays as it did before."""
    random.seed(42)
    np.random.seed(42)
    expected = [random.random(), random.random(), float(np.random.rand())]

    with running():
        random.random()
        random.seed(42)
        np.random.seed(42)
        assert [random.random(), random.random(), float(np.random.rand())] == expected


def test_a_seed_from_the_operating_system_changes_nothing() -> None:
    """`random.seed()` asks for chance that nobody can repeat; the run has some that can be."""
    with running():
        expected = [random.random(), random.random()]
    with running():
        first = random.random()
        random.seed()
        assert [first, random.random()] == expected


def test_outside_every_run_chance_is_the_worlds() -> None:
    """A plugin's thread that draws while a run goes on takes nothing from it."""
    with running():
        expected = random.random()
    with running():
        before = current.stand(None)
        assert random.random() != expected
        assert uuid.uuid4() != uuid.uuid4()
        current.reset(before)
        assert random.random() == expected


def test_generators_without_a_seed_are_named_with_their_line() -> None:
    """They draw from the operating system; a replay cannot hold them."""
    with running() as run:
        np.random.default_rng()
        random.Random()
        np.random.default_rng(3)
        random.Random(3)

    assert [warning.partition(" without")[0] for warning in run.warnings] == [
        "numpy.random.default_rng()",
        "random.Random()",
    ]
    assert all("test_entropy.py:" in warning for warning in run.warnings)


def test_secrets_are_held_only_where_the_test_says_so() -> None:
    """A token in a prompt can be held; a key must not be predictable by accident."""
    import secrets

    said = []
    for held in (True, True, False):
        with running(secrets=held):
            said.append((secrets.token_hex(8), secrets.choice(range(10**9))))

    assert said[0] == said[1] != said[2]

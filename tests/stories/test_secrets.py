"""Secrets: an agent that gets tokens and sends them on replays, though no file holds any."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import agenttrace
from agenttrace.errors import ReplayDiverged
from tests.fakes.secrets import leaking, samples
from tests.fakes.sessions import Desk

TOKENS = [
    sample
    for seed in ("one", "two", "three")
    for sample in samples(seed)
    if sample.kind == "github-token"
][::3]


@agenttrace.tool
def log_in(user: str) -> dict[str, str]:
    """Give a token of a known form, and one that is known by its name alone."""
    nth = int(user[-1])
    return {"token": TOKENS[nth].secret, "refresh_token": f"opaque-{nth}-{'x7' * 8}"}


@agenttrace.tool
def fetch(what: str) -> str:
    """Ask for something, with a token in it."""
    return f"{what} is fine"


def work(user: str) -> list[str]:
    """Log in, and send both tokens on, in places that say nothing about them."""
    tokens = log_in(user)
    return [fetch(f"page of {tokens['token']}"), fetch(tokens["refresh_token"])]


def team() -> tuple[int, int]:
    """Work for three users at once; give how many tokens there are, and how many pages."""
    with ThreadPoolExecutor(3) as pool:
        pages = [page for found in pool.map(work, ["u0", "u1", "u2"]) for page in found]
    by_token = {log_in(f"u{nth}")["token"]: nth for nth in range(3)}
    return len(by_token), len(set(pages))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A place for one golden."""
    return Desk(tmp_path)


def test_tokens_that_were_returned_are_sent_on_in_a_replay_without_drift(desk: Desk) -> None:
    """The agent works with the true ones once, and with markers from then on: as many of them."""
    recorded = desk.record(team)

    assert recorded == (3, 6)
    assert leaking(desk.golden.parent, tuple(TOKENS)) == {}
    assert b"opaque" not in desk.golden.read_bytes()
    assert desk.replay(team) == recorded


def test_recording_again_with_other_secrets_leaves_the_golden_alone(desk: Desk) -> None:
    """A key that was rotated is no change of the agent's behaviour."""
    desk.record(team)
    before = desk.golden.read_bytes()

    TOKENS.reverse()
    desk.rewrite(team)

    assert desk.golden.read_bytes() == before


def test_words_around_a_secret_still_count(desk: Desk) -> None:
    """Only the secret goes out of a question; what is asked about it is compared."""
    key = TOKENS[0].secret
    desk.record(lambda: fetch(f"revoke {key}"))

    with pytest.raises(ReplayDiverged, match="revoke <github-token>"):
        desk.replay(lambda: fetch(f"rotate {key}"))

"""The garbage collector while much is made: it rests, and comes back as it was."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from agenttrace.model.collector import resting


@pytest.fixture
def collecting() -> Iterator[None]:
    """A collector at work, whatever was before."""
    was = gc.isenabled()
    gc.enable()
    yield
    if not was:
        gc.disable()


@pytest.mark.usefixtures("collecting")
def test_what_was_made_while_it_rested_is_old() -> None:
    """It is searched through with everything else that lasts, and not at once."""
    with resting():
        assert not gc.isenabled()
        made: list[object] = [[]]

    assert gc.isenabled()
    assert any(it is made for it in gc.get_objects(generation=2))


@pytest.mark.usefixtures("collecting")
def test_what_a_program_froze_stays_frozen() -> None:
    """A server that freezes before it forks does it for its memory; an import undoes nothing."""
    gc.freeze()
    try:
        with resting():
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()

"""Starting: a test that runs today's code from a moment of a kept trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agenttrace.model.trace import Trace
    from agenttrace.session.starting import Start

_OURS = ("agent_trace", "agent_stubs")


@pytest.fixture
def agent_start(request: pytest.FixtureRequest) -> Callable[..., Start]:
    """Run code from a moment of a kept trace: `agent_start("incidents/desk.trace", "#5")`."""
    item = request.node
    taken = [name for name in _OURS if name in item.fixturenames]
    if taken or item.get_closest_marker("agent_trace") is not None:
        raise pytest.UsageError(
            f"{item.nodeid} takes agent_start beside {taken[0] if taken else 'the marker'}: its "
            "runs are answered by the kept trace, and by no golden. Let it be a test of its own.  "
            "[usage]"
        )

    def start(trace: Trace | Path | str, at: str = "last-good") -> Start:
        """Find the moment; a path is relative to the root of the tests."""
        from agenttrace.model.trace import Trace
        from agenttrace.session.starting import start_from

        found = trace if isinstance(trace, Trace) else request.config.rootpath / trace
        return start_from(found, at, name=item.nodeid)

    return start

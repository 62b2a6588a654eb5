"""MCP inside a framework: a server's tool is asked once, and its server is gone in a replay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agenttrace.model import names
from agenttrace.model.span import SpanKind
from tests.frameworks import office
from tests.frameworks.theatre import Theatre, troupes


@pytest.mark.parametrize("port", [False, True], ids=["pipes", "http"])
def test_a_tool_of_an_mcp_server_counts_once(file: str, tmp_path: Path, *, port: bool) -> None:
    """The framework calls a tool, and MCP calls a tool: for a person that is one call."""
    if "mcp" not in troupes()[file].more:
        pytest.skip(f"{troupes()[file].framework} has no mcp")
    theatre = Theatre(troupes()[file], "mcp", tmp_path)
    with office.opened(tmp_path / "office", port=port) as here:
        recorded = theatre.record(office=here)
    told = here.lines
    replayed = theatre.replay(office=here)
    (tool,) = (span for span in recorded.trace.spans if span.kind is SpanKind.TOOL)

    assert told == ["started", "A-17"]
    assert here.lines == told
    assert (tool.name, tool.agent, tool.question) == ("look_up_order", "desk", {"order": "A-17"})
    assert tool.attributes[names.TOOL_CALL_ID] == "call_said-2_0"
    assert (replayed.said, replayed.content) == (recorded.said, recorded.content)
    assert recorded.model is not None
    assert recorded.tokens == recorded.model.tokens


@pytest.mark.parametrize("port", [False, True], ids=["pipes", "http"])
def test_a_replay_needs_no_mcp_server(file: str, tmp_path: Path, *, port: bool) -> None:
    """Neither its program nor its port: nothing is started, nothing is asked."""
    if "mcp" not in troupes()[file].more:
        pytest.skip(f"{troupes()[file].framework} has no mcp")
    theatre = Theatre(troupes()[file], "mcp", tmp_path)
    with office.opened(tmp_path / "office", port=port) as here:
        recorded = theatre.record(office=here)
    gone = replace(here, command=(str(tmp_path / "nothing"), "here"), url=here.url and NOWHERE)

    assert theatre.replay(office=gone).said == recorded.said


NOWHERE = "http://127.0.0.1:9/mcp"

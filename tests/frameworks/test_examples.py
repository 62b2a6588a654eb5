"""The examples: their goldens replay without a key, and are what recording them again makes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import pytest

from agenttrace.adapters.frameworks.catalog import all_frameworks
from agenttrace.formats import native
from agenttrace.model.message import ModelRequest
from agenttrace.model.usage import Tokens, total
from agenttrace.testing import ModelServer, Reply, calls_tool, says
from tests.frameworks.scenes import counted
from tests.frameworks.theatre import troupes

EXAMPLES = Path(__file__).parents[2] / "examples"

LOOKS_UP = calls_tool("look_up_order", {"order": "A-17"})

SAYS = {
    "You decide who serves": (calls_tool("transfer_to_refunds", {}), says("Somebody else does.")),
    "You receive customers": (
        calls_tool("transfer_to_agent", {"agent_name": "refunds"}),
        says("Somebody else does."),
    ),
    "You grant refunds": (LOOKS_UP, says("We refund A-17.")),
    "You lead": (calls_tool("ask_expert", {"question": "A-17?"}), says("We refund it.")),
    "You know refunds": (LOOKS_UP, says("It was paid twice.")),
    "You find out what is true": (
        calls_tool("look_up_report", {"topic": "rain"}),
        says("It rains until Friday."),
    ),
    "You fill the page": (says("Rain until Friday."),) * 2,
    "You are a reporter": (says("All is well."),) * 2,
    "You write the page": (says("All is well, everywhere."),) * 2,
}
"""By prompt: what an agent says until it has asked for its tool, and what afterwards."""


class Script:
    """What the model says to the agents of the examples, and what it sent."""

    def __init__(self) -> None:
        """Say nothing yet."""
        self.sent: list[Tokens] = []

    def __call__(self, request: ModelRequest, nth: int) -> Reply:
        """Reply to one request."""
        prompt = request.messages[0].text
        first, last = next(said for words, said in SAYS.items() if words in prompt)
        asked = {call.name for one in request.messages for call in one.tool_calls}
        wanted = {call.name for one in first.response.messages for call in one.tool_calls}
        return counted(last if wanted & asked else first, request, self.sent)


def _at(server: ModelServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": server.url, "GOOGLE_GEMINI_BASE_URL": server.host}


def _pytest(
    folder: Path, *words: str, model: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    hidden = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "GOOGLE_GEMINI_BASE_URL", "CI", "PYTEST_ADDOPTS")
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", *words],
        cwd=folder,
        env={**environment, **(model or {})},
        capture_output=True,
        text=True,
        check=False,
    )


def _there(file: str) -> Path:
    """Where the example is; it was recorded with the newest release."""
    if not (EXAMPLES / file).is_dir():
        pytest.skip(f"there is no example of {file}")
    name = troupes()[file].framework
    (known,) = (one for one in all_frameworks() if one.name == name)
    if version(name) != known.newest:
        pytest.skip(f"the example was recorded with {name} {known.newest}")
    return EXAMPLES / file


def test_an_example_replays_without_a_key(file: str) -> None:
    """Whoever has just cloned the project runs it, offline."""
    assert file in troupes()
    done = _pytest(_there(file))

    assert done.returncode == 0, done.stdout
    assert "1 replayed" in done.stdout


def test_recording_an_example_again_changes_nothing(file: str, tmp_path: Path) -> None:
    """The committed golden, outline included, is byte for byte what a recording makes.

    Its usage is what the model sent, to the token.
    """
    folder = tmp_path / file
    shutil.copytree(_there(file), folder, ignore=shutil.ignore_patterns("__pycache__"))
    script = Script()
    with ModelServer(script) as server:
        done = _pytest(folder, "--agenttrace=rewrite", model=_at(server))
    assert done.returncode == 0, done.stdout
    (golden,) = folder.glob("golden/**/*.trace")
    kept = EXAMPLES / file / golden.relative_to(folder)
    trace = native.read(golden.read_bytes())
    usages = [span.usage for span in trace.spans if span.usage is not None]

    assert native.content_bytes(trace) == native.content_bytes(native.read(kept.read_bytes()))
    assert Path(f"{golden}.txt").read_text() == Path(f"{kept}.txt").read_text()
    assert total(usages).tokens == sum(script.sent, Tokens())

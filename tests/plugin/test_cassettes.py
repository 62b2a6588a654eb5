"""A cassette becomes the golden of a test, and pytest replays from it."""

from __future__ import annotations

import json
import os

import pytest
from click.testing import CliRunner

from agenttrace.cli import main
from agenttrace.model.message import Message, ModelResponse, Text
from agenttrace.providers.openai_chat import OpenAIChat
from tests.fakes.refund_project import GOLDEN, RefundProject


def cassette() -> str:
    """Two questions to a model, as vcrpy keeps them in JSON."""

    def exchange(prompt: str, said: str) -> object:
        message = Message(role="assistant", parts=(Text(content=said),), finish_reason="stop")
        answer = OpenAIChat().write_response(ModelResponse(model="gpt-4o", messages=(message,)))
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": prompt}]}
        return {
            "request": {
                "method": "POST",
                "uri": "https://api.example.com/v1/chat/completions",
                "headers": {"Content-Type": ["application/json"]},
                "body": json.dumps(body),
            },
            "response": {
                "status": {"code": 200, "message": "OK"},
                "headers": {"Content-Type": ["application/json"]},
                "body": {"string": answer.decode()},
            },
        }

    exchanges = [exchange("One?", "first"), exchange("Two?", "second")]
    return json.dumps({"interactions": exchanges, "version": 1})


@pytest.mark.parametrize(
    ("words", "marker"),
    [
        (["--for", "test_refund.py::test_refund"], ""),
        ([], '@pytest.mark.agent_trace(golden="cassettes::desk")'),
    ],
    ids=["for-a-test", "by-name"],
)
def test_a_test_replays_from_an_imported_cassette(
    pytester: pytest.Pytester, words: list[str], marker: str
) -> None:
    """The host of the cassette and of the test differ, as they do between a proxy and a laptop."""
    project = RefundProject(pytester)
    (project.path / "desk.json").write_text(cassette())
    (project.path / "test_refund.py").write_text(
        f"import pytest, agent\n{marker}\ndef test_refund(agent_trace):\n"
        '    assert [agent.chat("One?"), agent.chat("Two?")] == ["first", "second"]\n'
    )

    imported = CliRunner().invoke(main, ["import", "desk.json", *words])

    assert imported.exit_code == 0, imported.output
    if words:
        assert imported.output == f"written  {GOLDEN}  (2 calls, 2 of them to models)\n"
    else:
        assert marker in imported.output
    assert "MODEL_URL" not in os.environ
    project.run().assert_outcomes(passed=1)

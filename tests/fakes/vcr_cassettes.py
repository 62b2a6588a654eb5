"""Real cassettes, imported, and a program that makes their requests again, one after the other."""

from __future__ import annotations

from pathlib import Path

import httpx2
from click.testing import CliRunner, Result

from agenttrace.cli import main
from agenttrace.formats import vcr
from agenttrace.session import Plan, Session, World
from agenttrace.verdict import Verdict

CASSETTES = Path(__file__).parents[1] / "data" / "cassettes"
CODEX = "https://chatgpt.com/backend-api/codex/responses"
"""The address that LangChain took out of its Codex cassettes."""

OBJECTS = "yaml-python-tags/anthropic_v1_messages_beta_true_post_1913e018.yaml"
WEBSOCKET = "websocket/test_tool_call_round.yaml"
NAMELESS = "langchain-gz/TestChatOpenAICodexStandard.test_agent_loop_model0_.yaml.gz"


def all_cassettes(root: Path = CASSETTES) -> list[str]:
    """Every cassette's path below the folder."""
    return sorted(str(file.relative_to(root)) for file in root.rglob("*.*") if file.is_file())


def imported(cassette: Path, golden: Path, *more: str) -> Result:
    """Import one as a person does."""
    return CliRunner().invoke(main, ["import", str(cassette), "--to", str(golden), *more])


def asked_again(exchanges: tuple[vcr.Exchange, ...]) -> list[tuple[int, bytes]]:
    """Make the requests of a cassette; give each answer's status and body."""
    found = []
    with httpx2.Client() as client:
        for one in exchanges:
            headers = {"content-type": one.content_type} if "/" in one.content_type else {}
            answer = client.request(one.method, one.url, content=one.body, headers=headers)
            found.append((answer.status_code, answer.content))
    return found


def replayed(exchanges: tuple[vcr.Exchange, ...], golden: Path) -> tuple[object, Verdict]:
    """Run that program against a golden, offline; give its answers, and the verdict."""
    plan = Plan(name="a test", golden=golden, shown=golden.name, journal=golden.with_suffix(".j"))
    with World(live=False) as world:
        session = Session(plan, world)
        with session:
            answers = asked_again(exchanges)
        return answers, session.settle(passed=True)

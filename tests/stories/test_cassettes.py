"""A team that has vcrpy's cassettes has goldens after one command."""

from __future__ import annotations

import json
from pathlib import Path

import openai
import pytest

from agenttrace.formats import vcr
from agenttrace.session import Plan, Session, World, load_golden
from agenttrace.session.imported import is_report
from tests.fakes.vcr_cassettes import (
    CASSETTES,
    CODEX,
    NAMELESS,
    OBJECTS,
    WEBSOCKET,
    all_cassettes,
    imported,
    replayed,
)

REFUSED = {
    OBJECTS: ":7: the tag !!python/object/apply:multidict._multidict.istr would make an object",
    WEBSOCKET: ":3: an interaction has no request (it is a message",
    NAMELESS: ":2: the request's address was taken out of the cassette",
    NAMELESS.replace("model0", "model1"): ":2: the request's address was taken out",
}


@pytest.mark.parametrize("name", [name for name in all_cassettes() if name not in REFUSED])
def test_a_program_that_makes_the_same_requests_replays_from_a_real_cassette(
    name: str, tmp_path: Path
) -> None:
    """Every status and every byte of every answer comes back, and none is left over."""
    golden = tmp_path / "golden" / "it.trace"
    exchanges = tuple(
        one for one in vcr.read((CASSETTES / name).read_bytes()) if not is_report(one)
    )

    assert imported(CASSETTES / name, golden).exit_code == 0
    answers, verdict = replayed(exchanges, golden)

    assert answers == [(one.status, one.answer) for one in exchanges]
    assert (verdict.problems, verdict.counts.answered) == ((), len(exchanges))


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_imported_is_refused_with_file_and_line(name: str, tmp_path: Path) -> None:
    """No object is made of a file, and no golden of half a cassette."""
    golden = tmp_path / "it.trace"

    result = imported(CASSETTES / name, golden)

    assert result.exit_code == 4
    assert f"CassetteUnreadable: {CASSETTES / name}{REFUSED[name]}" in result.output
    assert not golden.exists()


def test_an_address_that_was_taken_out_is_given_by_hand(tmp_path: Path) -> None:
    """Cleaned cassettes are common, and the address is no secret to their owner."""
    golden = tmp_path / "it.trace"
    exchanges = vcr.read((CASSETTES / NAMELESS).read_bytes(), url=CODEX)

    assert imported(CASSETTES / NAMELESS, golden, "--url", CODEX).exit_code == 0
    answers, verdict = replayed(exchanges, golden)

    assert answers == [(one.status, one.answer) for one in exchanges]
    assert verdict.problems == ()


def test_importing_twice_changes_nothing_and_another_golden_is_not_replaced(
    tmp_path: Path,
) -> None:
    """A typing error in a path costs nobody a recording."""
    golden = tmp_path / "it.trace"
    first, second = (
        CASSETTES / "openai-chat" / name
        for name in (
            "test_dbos_agent_with_hitl_tool.yaml",
            "test_run_stream_sync_streams_real_model.yaml",
        )
    )

    written = imported(first, golden)
    before = golden.read_bytes()
    again, other = imported(first, golden), imported(second, golden)
    kept = golden.read_bytes()
    forced = imported(second, golden, "--force")

    assert written.output == f"written  {golden}  (2 calls, 2 of them to models)\n"
    assert again.output == f"unchanged  {golden}  (2 calls, 2 of them to models)\n"
    assert (other.exit_code, kept == before) == (2, True)
    assert (forced.exit_code, golden.read_bytes() == before) == (0, False)


def test_the_sdk_that_made_a_cassette_replays_from_it(tmp_path: Path) -> None:
    """Three tries after 429 are one call, and the SDK raises its own error at the end."""
    cassette = CASSETTES / "other" / "test_openrouter_errors_raised.yaml"
    golden = tmp_path / "it.trace"
    imported(cassette, golden)
    body = json.loads(vcr.read(cassette.read_bytes())[0].body)
    plan = Plan(name="a test", golden=golden, shown="it", journal=tmp_path / "j")

    with World(live=False) as world:
        session = Session(plan, world)
        with session, pytest.raises(openai.RateLimitError):
            client = openai.OpenAI(base_url="https://openrouter.ai/api/v1", api_key="none")
            client.chat.completions.create(**body)
        verdict = session.settle(passed=True)

    trace = load_golden(plan)
    assert verdict.problems == ()
    assert trace is not None
    assert [len(call.answers) for call in trace.calls] == [3]

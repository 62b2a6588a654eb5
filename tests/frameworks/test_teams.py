"""What holds of the teams that a framework puts together: chats, workflows, plans, swarms."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import pkgutil
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from agenttrace.causal.order import Order
from agenttrace.model import names
from agenttrace.model.span import Event, Span, SpanKind
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, total
from tests.fakes.campaign import times
from tests.frameworks import teams
from tests.frameworks.scenes import Program, Troupe
from tests.frameworks.teams.model import WORKERS, TeamModel
from tests.frameworks.theatre import Played, Theatre, troupes

Recorded = Callable[[str, str], tuple[Theatre, Played]]

LIMITS = {
    ("agent_framework", "rounds"): "max_rounds",
    ("agent_framework", "endless"): "WorkflowConvergenceException",
    ("autogen", "rounds"): "max_turns",
    ("autogen", "counted"): "MaxMessageTermination",
    ("autogen", "tool"): "max_turns",
}
"""By team, which limit of the framework's ends it."""


def _teams_of(house: str) -> dict[str, Program]:
    name = f"{teams.__name__}.{house}"
    if importlib.util.find_spec(name) is None:
        return {}
    found: dict[str, Program] = importlib.import_module(name).TEAMS
    return found


ALL = [
    (module.name, team)
    for module in pkgutil.iter_modules(teams.__path__)
    if module.name in troupes()
    for team in _teams_of(module.name)
]

every_team = pytest.mark.parametrize(("house", "team"), ALL, ids=lambda one: one)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Give the golden of a team, and how it was recorded."""

    @functools.cache
    def record(house: str, team: str) -> tuple[Theatre, Played]:
        folder = tmp_path_factory.getbasetemp() / "teams" / house / team
        theatre = _theatre(house, team, folder)
        return theatre, theatre.record(TeamModel())

    return record


def _theatre(house: str, team: str, folder: Path) -> Theatre:
    return Theatre(Troupe(framework=house, programs=_teams_of(house)), team, folder)


@every_team
def test_a_team_replays_without_a_model(recorded: Recorded, house: str, team: str) -> None:
    """The model is gone, and every agent says what it said, in its turn."""
    theatre, first = recorded(house, team)
    again = theatre.replay()

    assert (again.said, again.content) == (first.said, first.content)


@every_team
def test_a_team_is_recorded_alike_whoever_is_done_first(
    recorded: Recorded, tmp_path: Path, house: str, team: str
) -> None:
    """Answers that come in another order make the same content, byte for byte."""
    if (house, team) == ("autogen", "graph"):
        pytest.skip("its judge is told in the order in which the others were done")
    _, first = recorded(house, team)
    theatre = _theatre(house, team, tmp_path)
    contents = {
        theatre.record(TeamModel(), chance=random.Random(seed)).content
        for seed in range(times(2, 100))
    }

    assert contents == {first.content}


@every_team
def test_a_team_is_orchestration_and_agents_that_ask(
    recorded: Recorded, house: str, team: str
) -> None:
    """One span is the team; each question is an agent's, and its tokens are counted once."""
    _, played = recorded(house, team)
    trace = played.trace
    assert played.model is not None
    usages = [span.usage for span in trace.spans if span.usage is not None]
    spans = {span.id: span for span in trace.spans}
    (whole,) = (span for span in trace.spans if _is_team(spans, span))

    assert whole.attributes[names.ORCHESTRATION_PATTERN]
    assert {span.agent for span in trace.calls} <= {agent.id for agent in trace.agents}
    assert total(usages).tokens == sum(played.model.sent, Tokens())
    assert [lane.path for lane in trace.lanes if lane.ragged] == []


def _is_team(spans: dict[str, Span], span: Span) -> bool:
    above = None if span.parent is None else spans[span.parent]
    outermost = above is not None and above.kind is SpanKind.RUN
    return span.kind is SpanKind.ORCHESTRATION and outermost


@every_team
def test_an_agent_of_a_team_is_one_agent_in_all_its_turns(
    recorded: Recorded, house: str, team: str
) -> None:
    """Whoever speaks again is known by the same id; nobody is counted as another one."""
    if (house, team) == ("agent_framework", "graph"):
        pytest.skip("two executors of the user's share each agent there")
    trace = recorded(house, team)[1].trace

    assert [agent.id for agent in trace.agents] == [agent.name for agent in trace.agents]


@every_team
def test_who_is_done_comes_before_who_is_next(recorded: Recorded, house: str, team: str) -> None:
    """A team's last question comes after its first, unless all were asked at once."""
    if team == "concurrent":
        pytest.skip("all are asked at once there")
    trace = recorded(house, team)[1].trace
    asked = sorted(
        (span for span in trace.spans if span.kind is SpanKind.LLM), key=lambda span: span.start_ns
    )

    assert Order(trace).happens_before(asked[0], asked[-1])


@pytest.mark.parametrize(
    ("house", "team"), [one for one in ALL if one in LIMITS], ids=lambda one: one
)
def test_a_limit_ends_a_team(recorded: Recorded, house: str, team: str) -> None:
    """The team's span says which one, whether the framework raises or goes on."""
    trace = recorded(house, team)[1].trace
    (whole,) = (span for span in trace.spans if span.status.code == "TOOL_LIMIT_EXCEEDED")

    assert whole.kind is SpanKind.ORCHESTRATION
    assert whole.status.message == LIMITS[house, team]


@pytest.mark.parametrize(("house", "team"), [one for one in ALL if one[1] in ("chat", "planned")])
def test_who_is_next_is_a_choice(recorded: Recorded, house: str, team: str) -> None:
    """Who was chosen, among whom, and why where the framework is told."""
    trace = recorded(house, team)[1].trace
    (choice,) = _events(trace, "planning")

    assert choice.attributes[names.EVENT_CHOSEN] == "ben"
    assert set(WORKERS) == set(choice.attributes[names.EVENT_CANDIDATES])  # type: ignore[arg-type]


@pytest.mark.parametrize("house", [house for house, team in ALL if team == "endless"])
def test_a_manager_plans_in_spans_of_their_own(recorded: Recorded, house: str) -> None:
    """What its model is asked for a plan stands below the plan."""
    trace = recorded(house, "planned")[1].trace
    plans = {span.id: span for span in trace.spans if span.kind is SpanKind.PLAN}
    below = {span.parent for span in trace.spans}

    assert len(plans) == 3
    assert plans.keys() <= below


def _events(trace: Trace, name: str) -> list[Event]:
    return [event for span in trace.spans for event in span.events if event.name == name]

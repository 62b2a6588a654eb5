"""What CrewAI alone has: tasks, coworkers, a manager, plans, guardrails, and flows with a state."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agenttrace.causal.order import Order
from agenttrace.model import names
from agenttrace.model.message import ModelRequest
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.trace import Trace
from agenttrace.testing import Reply, calls_tool, says
from tests.frameworks import scenes
from tests.frameworks.scenes import ASKED, Model, Stage, Troupe, look_up
from tests.frameworks.theatre import Played, Theatre, troupes

if "crewai" not in troupes():
    pytest.skip("crewai is not installed here", allow_module_level=True)

from crewai import Agent, Crew, Process, Task
from crewai.flow.flow import Flow, listen, router, start
from crewai.tools import BaseTool, tool
from pydantic import Field

crewai = importlib.import_module("tests.frameworks.programs.crewai")

Answer = Callable[[ModelRequest], Reply]


@dataclass
class Script(Model):
    """What a model says: the answer of the first words that are anywhere in the conversation."""

    answers: tuple[tuple[str, Answer], ...] = ()

    def _reply(self, request: ModelRequest) -> Reply:
        words = "\n".join(one.text for one in request.messages)
        return next(answer for key, answer in self.answers if key in words)(request)


def _script(**answers: Answer | Reply) -> Script:
    def always(reply: Answer | Reply) -> Answer:
        return reply if callable(reply) else lambda _: reply

    return Script(answers=tuple((key, always(said)) for key, said in answers.items()))


def _then(first: Reply, last: Reply) -> Answer:
    """Say one thing until a tool has answered, and another afterwards."""
    return lambda request: last if any(one.role == "tool" for one in request.messages) else first


def _played(program: Callable[[Stage], Any], script: Script, folder: Path) -> Played:
    """Record a program and replay it; both must be alike."""
    troupe = Troupe(framework="crewai", programs={"it": program}, warns=(DeprecationWarning,))
    theatre = Theatre(troupe, "it", folder)
    recorded = theatre.record(script)
    replayed = theatre.replay()

    assert (replayed.said, replayed.content) == (recorded.said, recorded.content)
    assert replayed.stage.visits == []
    return recorded


def _agent(stage: Stage, name: str, **more: Any) -> Agent:
    made: Agent = crewai._agent(stage, name, f"I am {name}.", **{"tools": [], **more})
    return made


def _task(name: str, agent: Agent | None, **more: Any) -> Task:
    return Task(name=name, description=f"Do {name}.", expected_output="Text.", agent=agent, **more)


def _spans(trace: Trace, kind: SpanKind) -> list[Span]:
    return [span for span in trace.spans if span.kind is kind]


def _named(trace: Trace, name: str) -> Span:
    (span,) = (span for span in trace.spans if span.name == name)
    return span


def _above(trace: Trace, span: Span) -> list[str]:
    spans, found = {each.id: each for each in trace.spans}, []
    while span.parent is not None:
        span = spans[span.parent]
        found.append(span.name)
    return found


def test_tasks_wait_are_given_to_agents_and_point_to_what_they_build_on(tmp_path: Path) -> None:
    """Two tasks run at once; a third is given both outputs, and comes after both."""

    def program(stage: Stage) -> Any:
        reporter, writer = _agent(stage, "reporter"), _agent(stage, "writer")
        rain = _task("rain", reporter, async_execution=True)
        sun = _task("sun", reporter, async_execution=True)
        # one agent at two tasks at once would be a race of the program's: each has its own
        sun.agent = _agent(stage, "stringer")
        page = _task("page", writer, context=[rain, sun])
        crew = Crew(agents=[reporter, sun.agent, writer], tasks=[rain, sun, page], name="paper")
        return crew.kickoff().raw

    trace = _played(program, _script(**{"I am": says("All is well.")}), tmp_path).trace
    order = Order(trace)
    rain, sun, page = (_named(trace, name) for name in ("rain", "sun", "page"))
    paper = _named(trace, "paper")

    assert [(event.name, event.attributes.get("task")) for event in paper.events] == [
        *(("enqueued", name) for name in ("rain", "sun", "page")),
        *((word, name) for name in ("rain", "sun", "page") for word in ("assigned", "dequeued")),
        ("heartbeat", None),
    ]
    assert paper.attributes[names.ORCHESTRATION_PATTERN] == "sequential"
    assert [(link.span, link.relationship) for link in page.links] == [
        (rain.id, "triggered_by"),
        (sun.id, "triggered_by"),
    ]
    assert order.concurrent(rain, sun)
    assert order.happens_before(rain, page)
    assert order.happens_before(sun, page)
    assert [(agent.name, agent.role) for agent in trace.agents] == [
        (name, name) for name in ("reporter", "stringer", "writer")
    ]


def test_a_manager_delegates_to_a_coworker(tmp_path: Path) -> None:
    """The coworker stands below the tool that asks it; whom the manager chose is an event."""
    asks = calls_tool(
        "delegate_work_to_coworker", {"task": "Find out.", "context": "-", "coworker": "expert"}
    )

    def program(stage: Stage) -> Any:
        expert, clerk = _agent(stage, "expert"), _agent(stage, "clerk")
        manager = _agent(stage, "manager", tools=[], allow_delegation=True)
        crew = Crew(
            agents=[expert, clerk],
            tasks=[_task("answer", None)],
            process=Process.hierarchical,
            manager_agent=manager,
        )
        return crew.kickoff().raw

    script = _script(
        **{"I am manager": _then(asks, says("It is done.")), "I am expert": says("It rains.")}
    )
    played = _played(program, script, tmp_path)
    trace = played.trace
    (planning,) = (
        event for span in trace.spans for event in span.events if event.name == "planning"
    )

    assert played.said == "It is done."
    assert _named(trace, "crew").attributes[names.ORCHESTRATION_PATTERN] == "hierarchy"
    assert _above(trace, _named(trace, "expert"))[:2] == ["delegate_work_to_coworker", "manager"]
    assert planning.attributes == {
        names.EVENT_CHOSEN: "expert",
        names.EVENT_CANDIDATES: ["expert", "clerk"],
    }


def test_what_a_crew_plans_is_a_span(tmp_path: Path) -> None:
    """`planning=True`: the plan for each task is known, and who made it."""
    plans = {"list_of_plans_per_task": [{"task_number": 1, "task": "answer", "plan": "Just ask."}]}

    def program(stage: Stage) -> Any:
        desk = crewai._agent(stage, "desk", "I am desk.")  # with a tool, which the planner is told
        crew = Crew(
            agents=[desk],
            tasks=[_task("answer", desk)],
            planning=True,
            planning_llm=crewai._llm(stage),
        )
        return crew.kickoff().raw

    script = _script(**{"Planner": says(json.dumps(plans)), "I am desk": says("It rains.")})
    trace = _played(program, script, tmp_path).trace
    plan = _named(trace, "plan")

    assert plan.kind is SpanKind.PLAN
    assert [event.attributes for event in plan.events] == [{names.EVENT_CHOSEN: {"1": "Just ask."}}]
    asked = [repr(span.question) for span in trace.spans if span.agent == "Task Execution Planner"]
    assert "look_up_order" in asked[-1]
    assert not any(" at 0x" in question for question in asked)


def test_what_an_agent_plans_is_a_span(tmp_path: Path) -> None:
    """`planning=True` of an agent: its steps are known before it takes them."""

    def program(stage: Stage) -> Any:
        desk = _agent(stage, "desk", planning=True)
        return Crew(agents=[desk], tasks=[_task("answer", desk)]).kickoff().raw

    steps = [{"step_number": 1, "description": "Ask.", "tool_to_use": None, "depends_on": []}]
    planned = calls_tool(
        "create_reasoning_plan", {"plan": "Ask somebody.", "steps": steps, "ready": True}
    )

    def answer(request: ModelRequest) -> Reply:
        return planned if "create_reasoning_plan" in repr(request.tools) else says("It rains.")

    trace = _played(program, _script(**{"": answer}), tmp_path).trace
    plan = _named(trace, "plan")

    assert plan.kind is SpanKind.PLAN
    assert [event.attributes[names.EVENT_CHOSEN] for event in plan.events] == [["Ask."]]
    assert plan.agent == "desk"


def _friendly(said: str) -> tuple[bool, str]:
    return ("please" in said, said if "please" in said else "Be friendly.")


def test_an_output_that_is_sent_back_is_a_reflection(tmp_path: Path) -> None:
    """A guardrail says why, and the agent tries again."""

    def program(stage: Stage) -> Any:
        desk = _agent(stage, "desk")
        task = _task("answer", desk, guardrail=lambda output: _friendly(output.raw))
        return Crew(agents=[desk], tasks=[task]).kickoff().raw

    def answer(request: ModelRequest) -> Reply:
        return says("please" if "Be friendly." in repr(request.messages) else "no")

    played = _played(program, _script(**{"": answer}), tmp_path)

    assert played.said == "please"
    assert [
        (event.name, event.attributes[names.EVENT_REASON])
        for event in _named(played.trace, "answer").events
    ] == [("reflection", "Be friendly.")]
    assert [span.name for span in _spans(played.trace, SpanKind.AGENT)] == ["desk", "desk"]
    assert [agent.id for agent in played.trace.agents] == ["desk"]


def test_tools_of_every_making_are_answered(tmp_path: Path) -> None:
    """A class with `_run`, and a coroutine function, replay as what was decorated does."""

    class Shelf(BaseTool):
        name: str = "Look Up Shelf"
        description: str = "Look a shelf up."
        visits: list[str] = Field(default_factory=list)

        def _run(self, shelf: str) -> str:
            self.visits.append(shelf)
            return f"{shelf} is empty"

    def program(stage: Stage) -> Any:
        @tool("count_boxes")
        async def count_boxes(shelf: str) -> int:
            """Count the boxes."""
            stage.visits.append(shelf)
            return 7

        desk = _agent(stage, "desk", tools=[Shelf(visits=stage.visits), count_boxes])
        return Crew(agents=[desk], tasks=[_task("answer", desk)]).kickoff().raw

    both = calls_tool("look_up_shelf", {"shelf": "B"}, ("count_boxes", {"shelf": "C"}))
    trace = _played(program, _script(**{"": _then(both, says("Empty."))}), tmp_path).trace

    assert [(span.name, span.question) for span in _spans(trace, SpanKind.TOOL)] == [
        ("look_up_shelf", {"shelf": "B"}),
        ("count_boxes", {"shelf": "C"}),
    ]


def test_a_model_that_only_writes_has_its_tools_answered_too(tmp_path: Path) -> None:
    """CrewAI reads the call out of the text."""

    def program(stage: Stage) -> Any:
        llm = crewai._llm(stage)
        llm.supports_function_calling = lambda: False
        desk = crewai._agent(stage, "desk", scenes.DESK, llm=llm)
        return Crew(agents=[desk], tasks=[_task("answer", desk)]).kickoff().raw

    def answer(request: ModelRequest) -> Reply:
        if "Observation: paid twice" in repr(request.messages):
            return says("Thought: I know it.\nFinal Answer: It was paid twice.")
        return says('Thought: I ask.\nAction: look_up_order\nAction Input: {"order": "A-17"}')

    played = _played(program, _script(**{"": answer}), tmp_path)

    assert played.said == "It was paid twice."
    assert [span.question for span in _spans(played.trace, SpanKind.TOOL)] == [{"order": "A-17"}]


class _Trip(Flow[dict[str, Any]]):
    """A flow with a route."""

    stage: Any = None

    @start()
    def ask(self) -> str:
        """Ask an agent."""
        self.state["asked"] = ASKED
        self.state["weather"] = _agent(self.stage, "forecaster").kickoff(ASKED).raw
        return str(self.state["weather"])

    @router(ask)
    def plan(self) -> str:
        """Choose by the weather."""
        return "wet" if "rains" in self.state["weather"] else "dry"

    @listen("wet")
    def stay(self) -> str:
        """Stay."""
        self.state["where"] = "home"
        return "at home"


def test_a_flow_keeps_its_state_after_each_of_its_methods(tmp_path: Path) -> None:
    """What the flow knows by then, and which way it chose."""

    def program(stage: Stage) -> Any:
        trip = _Trip()
        trip.stage = stage
        return trip.kickoff()

    played = _played(program, _script(**{"I am": says("It rains.")}), tmp_path)
    trace = played.trace
    states = [shot for shot in trace.snapshots if shot.agent == "_Trip"]

    assert played.said == "at home"
    assert [(agent.id, agent.type) for agent in trace.agents] == [
        ("_Trip", "flow"),
        ("forecaster", "llm"),
    ]
    assert [shot.working_memory for shot in states] == [
        {"asked": ASKED, "weather": "It rains."},
        {"asked": ASKED, "weather": "It rains."},
        {"asked": ASKED, "weather": "It rains.", "where": "home"},
    ]
    assert [event.attributes[names.EVENT_CHOSEN] for event in _named(trace, "plan").events] == [
        "wet"
    ]
    assert _above(trace, _named(trace, "forecaster"))[:2] == ["ask", "_Trip"]


def test_a_tool_that_times_out_is_no_limit_of_the_agent(tmp_path: Path) -> None:
    """The agent has a limit of time as well, which it has not reached."""

    def program(stage: Stage) -> Any:
        @tool("look_up_order")
        def look_up_order(order: str) -> str:
            """Look an order up."""
            raise TimeoutError(f"no word of {order}")

        desk = _agent(stage, "desk", tools=[look_up_order], max_execution_time=30)
        return Crew(agents=[desk], tasks=[_task("answer", desk)]).kickoff().raw

    script = _script(**{"": _then(look_up("A-17"), says("Nobody knows."))})
    trace = _played(program, script, tmp_path).trace

    assert [span.status.code for span in _spans(trace, SpanKind.AGENT)] == ["OK"]
    assert [span.status.message for span in _spans(trace, SpanKind.TOOL)] == ["TimeoutError"]


def test_what_crewai_reports_of_itself_is_no_part_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its spans and its telemetry are there where somebody allows them, and not elsewhere."""
    theatre = Theatre(troupes()["crewai"], "sync", tmp_path)
    monkeypatch.setenv("CREWAI_DISABLE_TELEMETRY", "false")
    monkeypatch.setenv("CREWAI_TRACING_ENABLED", "true")
    recorded = theatre.record()
    monkeypatch.setenv("CREWAI_TRACING_ENABLED", "false")
    monkeypatch.setenv("CREWAI_DISABLE_TELEMETRY", "true")

    assert theatre.replay().content == recorded.content
    assert {span.name for span in recorded.trace.spans} == {
        *("sync", "shop", "answer", "desk", "chat gpt-4o", "look_up_order")
    }

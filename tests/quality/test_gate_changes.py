"""A gate names every change as a person would: sixty by hand, five hundred by chance."""

import random
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from agenttrace.explore.mutations import MUTATIONS, mutated
from agenttrace.explore.programs import Act, Ask, Deed, Note, played
from agenttrace.formats import native
from agenttrace.gate.findings import Whereabouts
from agenttrace.gate.goldens import Both, Judge
from agenttrace.gate.opening import decoded
from agenttrace.gate.policy import Policy
from agenttrace.golden.outline import outline
from agenttrace.golden.run_results import RunResult
from agenttrace.model.agent import Agent
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.difference import CLASSES
from agenttrace.model.span import Event, Link, Status
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage
from agenttrace.verdict import GateFinding, Movement, Outcome
from tests.fakes.campaign import times
from tests.fakes.gated import TEST, GatedRepository, path_of
from tests.fakes.made_traces import a_trace

SLOTS: dict[str, Deed] = {
    "goal": Note(value={"goal": "refund"}),
    "planning": Note(event="planning", value="look up"),
    "plan": Ask(body="plan the refund", answer="look it up"),
    "look_up": Ask(tool="look_up", body={"order": "A-17", "region": "eu"}, answer={"paid": 2}),
    "check": Ask(tool="check", body={"rule": "twice"}, answer=True),
    "pay": Ask(tool="pay", body={"amount": 12}, answer="done"),
    "letter": Ask(body="write to ada", answer="dear ada", after=0),
    "mail": Ask(tool="mail", body={"to": "ada"}, answer="sent", after=1),
    "belief": Note(value={"paid": True}),
    "done": Note(event="reflection", value="fine"),
}
PLANNER = ("goal", "planning", "plan", "look_up", "check")
PAYER = ("pay", "letter", "mail", "belief", "done")
AGENTS = (("planner", PLANNER), ("payer", PAYER))
Said = Deed | tuple[Deed, ...]


def desk(
    *, planner: tuple[str, ...] = PLANNER, payer: tuple[str, ...] = PAYER, **slots: Said
) -> Trace:
    """A refund desk of a planner and a payer; a slot can hold another deed, many, or none."""
    agents = zip(("planner", "payer"), (planner, payer), strict=True)
    acts = [Act(agent=who, deeds=filled(names, slots)) for who, names in agents]
    return played(tuple(acts), TEST)


def turned() -> Trace:
    """The desk, the payer at work before the planner."""
    acts = [Act(agent=who, deeds=filled(names, {})) for who, names in AGENTS]
    return played(tuple(reversed(acts)), TEST)


def filled(names: tuple[str, ...], slots: dict[str, Said]) -> tuple[Deed, ...]:
    """The deeds in some slots."""
    said = [slots.get(name, SLOTS.get(name, ())) for name in names]
    return tuple(deed for one in said for deed in (one if isinstance(one, tuple) else (one,)))


def ask(slot: str, **fields: object) -> Ask:
    """The call in a slot, with other fields."""
    return replace(SLOTS[slot], **fields)  # type: ignore[arg-type, return-value, type-var]


def edited(name: str, **fields: object) -> Trace:
    """The desk, one span of which has other fields."""
    spans = [replace(it, **fields) if it.name == name else it for it in BEFORE.spans]  # type: ignore[arg-type]
    return replace(BEFORE, spans=tuple(spans))


def span_id(name: str) -> str:
    """The id of the first span of a name."""
    return next(it.id for it in BEFORE.spans if it.name == name)


def answered(data: bytes) -> tuple[Answer, ...]:
    """One answer, at the time of every one."""
    return (Answer(chunks=(Chunk(data=data),), ended_ns=1_000),)


def noted(event: str, value: object) -> Note:
    """An event."""
    return Note(event=event, value=value)  # type: ignore[arg-type]


BEFORE = desk()
CHAT = BEFORE.spans[[it.name for it in BEFORE.spans].index("chat")]
AUDITOR = Act(agent="auditor", deeds=(ask("check"),))


def used(tokens: int, usd: str | None) -> Usage:
    """What a model call took."""
    price = None if usd is None else Decimal(usd)
    return Usage(models={"m-1": Tokens(input=tokens, output=9)}, cost_usd=price)


def model(**config: object) -> Trace:
    """The desk, its planner configured otherwise."""
    agents = [
        replace(it, model=config) if it.id == "planner" else it  # type: ignore[arg-type]
        for it in BEFORE.agents
    ]
    return replace(BEFORE, agents=tuple(agents))


def planner(**fields: str) -> Trace:
    """The desk, its planner described otherwise."""
    known = Agent(id="planner", name="planner")
    others = [it for it in BEFORE.agents if it.id != "planner"]
    return replace(BEFORE, agents=(replace(known, **fields), *others))  # type: ignore[arg-type]


def linked(relationship: str, to: str = "pay") -> Trace:
    """The desk, its letter triggered by something else."""
    return edited("mail", links=(Link(span=span_id(to), relationship=relationship),))


# What the desk does now, the class, the severity under the defaults where a run proves the golden,
# and the name of what changed; each line written by hand.
CHANGES: dict[str, tuple[Trace, str, str, str]] = {
    "a call twice": (desk(mail=(ask("mail"), ask("mail"))), "structure", "review", "mail"),
    "no letter": (desk(payer=("pay", "mail", "belief", "done")), "structure", "review", "chat"),
    "no mail": (desk(mail=()), "structure", "review", "mail"),
    "an agent more": (desk(done=(SLOTS["done"], AUDITOR)), "structure", "review", "auditor"),
    "a call inside": (
        desk(mail=ask("mail", inside=(Ask(tool="queue", body=1, answer=1),))),
        "structure",
        "review",
        "queue",
    ),
    "check first": (
        desk(planner=("goal", "planning", "plan", "check", "look_up")),
        "order",
        "review",
        "look_up",
    ),
    "look up before the plan": (
        desk(planner=("goal", "planning", "look_up", "plan", "check")),
        "order",
        "review",
        "chat",
    ),
    "check before the plan": (
        desk(planner=("goal", "planning", "check", "plan", "look_up")),
        "order",
        "review",
        "check",
    ),
    "plan last": (
        desk(planner=("goal", "planning", "look_up", "check", "plan")),
        "order",
        "review",
        "chat",
    ),
    "payer first": (turned(), "order", "review", "planner"),
    "handed over": (linked("handoff", "look_up"), "link", "review", "mail"),
    "a message": (linked("message", "chat"), "link", "review", "mail"),
    "no link": (edited("mail", links=()), "link", "review", "mail"),
    "another cause": (desk(mail=ask("mail", after=0)), "link", "review", "mail"),
    "a link more": (
        edited("pay", links=(Link(span=span_id("look_up"), relationship="triggered_by"),)),
        "link",
        "review",
        "pay",
    ),
    "another order": (
        desk(look_up=ask("look_up", body={"order": "A-18", "region": "eu"})),
        "tool_args",
        "review",
        "look_up",
    ),
    "no region": (
        desk(look_up=ask("look_up", body={"order": "A-17"})),
        "tool_args",
        "review",
        "look_up",
    ),
    "more money": (desk(pay=ask("pay", body={"amount": 1200})), "tool_args", "review", "pay"),
    "a text for a number": (
        desk(pay=ask("pay", body={"amount": "12"})),
        "tool_args",
        "review",
        "pay",
    ),
    "to everybody": (
        desk(mail=ask("mail", body={"to": "everybody"})),
        "tool_args",
        "review",
        "mail",
    ),
    "paid once": (
        desk(look_up=ask("look_up", answer={"paid": 1})),
        "tool_result",
        "warn",
        "look_up",
    ),
    "a key more": (
        desk(look_up=ask("look_up", answer={"paid": 2, "at": 9})),
        "tool_result",
        "warn",
        "look_up",
    ),
    "no answer": (desk(check=ask("check", answer=None)), "tool_result", "warn", "check"),
    "false": (desk(check=ask("check", answer=False)), "tool_result", "warn", "check"),
    "an empty text": (desk(mail=ask("mail", answer="")), "tool_result", "warn", "mail"),
    "please": (desk(plan=ask("plan", body="plan a refund, please")), "llm_input", "warn", "chat"),
    "another name": (desk(letter=ask("letter", body="write to bob")), "llm_input", "warn", "chat"),
    "no prompt": (desk(plan=ask("plan", body="")), "llm_input", "warn", "chat"),
    "a list": (desk(plan=ask("plan", body=["plan", "it"])), "llm_input", "warn", "chat"),
    "a space": (desk(letter=ask("letter", body="write to  ada")), "llm_input", "warn", "chat"),
    "said as long": (desk(plan=ask("plan", answer="look up it")), "llm_output", "allow", "chat"),
    "said in capitals": (
        desk(plan=ask("plan", answer="LOOK IT UP")),
        "llm_output",
        "allow",
        "chat",
    ),
    "said to bob": (desk(letter=ask("letter", answer="dear bob")), "llm_output", "allow", "chat"),
    "said longer": (
        desk(letter=ask("letter", answer="dear old ada")),
        "llm_output",
        "warn",
        "chat",
    ),
    "said nothing": (desk(plan=ask("plan", answer="")), "llm_output", "warn", "chat"),
    "another goal": (
        desk(goal=Note(value={"goal": "keep it"})),
        "state",
        "review",
        "state of planner",
    ),
    "a belief more": (
        desk(belief=Note(value={"paid": True, "at": 9})),
        "state",
        "review",
        "state of payer",
    ),
    "not paid": (desk(belief=Note(value={"paid": False})), "state", "review", "state of payer"),
    "no belief": (desk(belief=()), "state", "review", "state of payer"),
    "two beliefs": (
        desk(belief=(SLOTS["belief"], Note(value={"sure": 1}))),
        "state",
        "review",
        "state of payer",
    ),
    "another plan": (desk(planning=noted("planning", "pay")), "event", "warn", "planner"),
    "no plan": (desk(planning=()), "event", "warn", "planner"),
    "an event more": (desk(done=(SLOTS["done"], noted("mark", 1))), "event", "warn", "payer"),
    "not fine": (desk(done=noted("reflection", "sorry")), "event", "warn", "payer"),
    "an event of a call": (
        edited("pay", events=(Event(name="log", attributes={"line": "x"}),)),
        "event",
        "warn",
        "pay",
    ),
    "pay fails": (edited("pay", status=Status(code="ERROR")), "status", "review", "pay"),
    "mail fails": (
        edited("mail", status=Status(code="ERROR", message="bounced")),
        "status",
        "review",
        "mail",
    ),
    "too many tools": (
        edited("planner", status=Status(code="TOOL_LIMIT_EXCEEDED")),
        "status",
        "review",
        "planner",
    ),
    "check ends well": (edited("check", status=Status(code="OK")), "status", "review", "check"),
    "cancelled": (
        edited("look_up", status=Status(code="CANCELLED")),
        "status",
        "review",
        "look_up",
    ),
    "more tokens": (edited("chat", usage=used(900, "0.000025")), "cost", "warn", "chat: usage"),
    "dearer": (edited("chat", usage=used(31, "0.25")), "cost", "warn", "chat: usage"),
    "no price": (edited("chat", usage=used(31, None)), "cost", "warn", "chat: usage"),
    "no usage": (edited("chat", usage=None), "cost", "warn", "chat: usage"),
    "a tool costs": (
        edited("pay", usage=Usage(tool_cost_usd=Decimal("0.1"))),
        "cost",
        "warn",
        "pay: usage",
    ),
    "a warmer model": (model(temperature=1), "metadata", "warn", "agent planner"),
    "another model": (model(name="m-2"), "metadata", "warn", "agent planner"),
    "another role": (planner(role="critic"), "metadata", "warn", "agent planner"),
    "another version": (planner(version="2"), "metadata", "warn", "agent planner"),
    "an attribute": (
        edited(
            "pay",
            attributes={**next(s.attributes for s in BEFORE.spans if s.name == "pay"), "shop": 7},
        ),
        "metadata",
        "warn",
        "pay",
    ),
}


def judged(before: Trace, after: Trace) -> tuple[GateFinding, ...]:
    """What the gate finds, where a run shows that the golden is true."""
    new = decoded(native.write(after), "new")
    both = Both(
        where=Whereabouts(path=path_of(TEST), test=before.name),
        base=decoded(native.write(before), "old"),
        head=new,
        outline=outline(after).encode("utf-8", "backslashreplace"),
        result=RunResult(
            run=before.name, outcome=Outcome.REPLAYED, golden="x", held=new.digest, trace=new.digest
        ),
    )
    golden = Judge(Policy()).judged(both)
    assert golden.movement is Movement.INTENDED
    return golden.findings


def test_there_are_sixty_changes_five_of_a_class() -> None:
    """All classes but one: times are never compared."""
    kinds = [kind for _, kind, _, _ in CHANGES.values()]

    assert {kind: kinds.count(kind) for kind in kinds} == dict.fromkeys(
        [it for it in CLASSES if it != "latency"], 5
    )


@pytest.mark.parametrize("change", [pytest.param(it, id=it) for it in CHANGES])
def test_a_change_is_one_finding_of_its_class_and_severity(change: str) -> None:
    """As written by hand: one question for a reviewer, however much follows from it."""
    after, kind, severity, title = CHANGES[change]

    found = judged(BEFORE, after)

    assert [(it.kind, str(it.severity), it.title) for it in found] == [(kind, severity, title)]


# -- by chance ------------------------------------------------------------------------------------
SEEDED = times(40, 500)


def test_a_change_by_chance_is_one_finding_with_one_id() -> None:
    """One class, one severity, and the same id whenever, and on whatever branch, it is compared."""
    wrong: list[object] = []
    tried, seed = 0, 0
    names = sorted(MUTATIONS)
    while tried < SEEDED:
        chance = random.Random(seed)
        trace, name = a_trace(chance), names[seed % len(names)]
        mutation = mutated(trace, name, chance.randrange)
        seed += 1
        if mutation is None:
            continue
        tried += 1
        first, again = judged(trace, mutation.trace), judged(trace, later(mutation.trace))
        if [it.kind for it in first] != [mutation.kind] or (
            [(it.id, it.severity) for it in first] != [(it.id, it.severity) for it in again]
        ):
            wrong.append((seed, name, [it.kind for it in first]))

    assert wrong == []
    assert tried == SEEDED


def later(trace: Trace) -> Trace:
    """The same run on another day."""
    return replace(trace, started="2026-05-05T05:05:05Z", environment={"python": "3.12"})


def test_two_changes_have_two_ids() -> None:
    """An approval of one is none of another, not even of one that looks much like it."""
    ids = [one.id for after, *_ in CHANGES.values() for one in judged(BEFORE, after)]

    assert len(set(ids)) == len(ids) == 60


def test_the_same_change_on_two_branches_has_one_id(tmp_path: Path) -> None:
    """Whoever makes it, on top of whatever else, it is the same question."""
    repo = GatedRepository.begun(tmp_path / "repo")
    repo.golden(BEFORE)
    repo.commit()
    ids = []
    for branch in ("one", "two"):
        repo.branch(branch, "main")
        repo.write(f"{branch}.py", "x = 1\n")
        repo.commit()
        repo.golden(desk(mail=()))
        repo.commit(branch)
        ids.append([one.id for one in repo.judged().findings])

    assert ids[0] == ids[1]
    assert len(ids[0]) == 1

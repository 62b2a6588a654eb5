"""Selections: which spans are meant, what is said of them, and every failure's own words."""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import Callable

import pytest
from dirty_equals import IsInt, IsPartialDict, IsStr
from hypothesis import given
from hypothesis import strategies as st

import agenttrace
from agenttrace.analysis.selecting import spans_of
from agenttrace.check.expect import fits
from agenttrace.check.select import Selection
from agenttrace.check.selector import Selector
from agenttrace.errors import NothingSelected, OrderBroken, SelectionFailed, UsageError
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.trace import Trace
from agenttrace.model.values import Value, canonical
from agenttrace.testing import recorded
from tests.fakes.desk import desk, desk_trace

Question = Callable[[Selection], object]

HELD: dict[str, Question] = {
    "once with args": lambda t: t.tool("look_up_order").once().with_args(order="A-17"),
    "args first, then a count": lambda t: t.tool("pay").with_args(amount=5).once(),
    "a matcher": lambda t: t.tool("pay").times(2).with_args(order=IsStr(regex="A-.*")),
    "a result": lambda t: t.tool("look_up_order").returned({"order": "A-17", "status": IsStr()}),
    "a part of a result": lambda t: t.tool("look_up_order").returned(IsPartialDict(order="A-17")),
    "none is a value": lambda t: t.tool("pay").returned(None).once().with_args(amount=0),
    "a model's words": lambda t: t.llm_calls(agent="writer").returned("It is on its way."),
    "a model's parameters": lambda t: t.llm_calls.with_args(model="gpt-4o").once(),
    "wildcards": lambda t: t.tools.named("look_up_*").once(),
    "a model by wildcard": lambda t: t.spans_of_kind("llm", model="gpt-4o*").times(2),
    "never": lambda t: t.tool("delete_*").never(),
    "never with args": lambda t: t.tool("pay", args={"amount": None}).never(),
    "at least, at most": lambda t: t.tool("ask").at_least(5).at_most(5),
    "of an agent": lambda t: t.agent("payer").tool("pay").times(2),
    "by status": lambda t: t(kind="tool", status="OK").times(8),
    "by attribute": lambda t: t(where={"gen_ai.provider.name": "openai"}).times(2),
    "by question": lambda t: t(where=lambda span: span.name.startswith("pay") and span.seq == 6),
    "children": lambda t: t(kind="agent", name="payer").children().times(2),
    "descendants": lambda t: t(kind="run").descendants(kind="tool").times(8),
    "ancestors": lambda t: t.tool("look_up_order").ancestors(kind="run").once(),
    "parents": lambda t: t.tool("pay").parents(kind="agent", name="payer").once(),
    "in order, with gaps": lambda t: t.tools.in_order("look_up_order", "pay", "ask"),
    "in order, a set": lambda t: t.tools.in_order({"look_up_order", "pay"}, "ask"),
    "in order, by dicts": lambda t: t.tools.in_order(
        {"name": "ask", "args": {"who": "ann"}}, {"name": "ask", "args": {"who": "eve"}}
    ),
    "exactly": lambda t: t.agent("payer").tools.exactly("pay", "pay"),
    "before": lambda t: t.tool("look_up_order").happens_before(t.tool("pay")),
    "all of an agent before all of another": lambda t: t.agent("planner").happens_before(
        t.agent("writer")
    ),
    "agents in order": lambda t: t(kind="agent").in_order("planner", "payer", "writer"),
    "before one span": lambda t: t.tool("look_up_order").happens_before(t.tool("pay")[0]),
    "concurrent": lambda t: t.tool("ask", args={"who": "ann"}).concurrent_with(
        t.tool("ask", args={"who": "bob"})
    ),
    "triggered by an agent": lambda t: t.tool("pay").triggered_by(agent="payer"),
    "triggered by a model's wish": lambda t: t.tool("look_up_order").triggered_by(kind="llm"),
    "causes": lambda t: t.tool("pay").causes_of(kind="tool").named("look_up_order").once(),
    "consequences": lambda t: t.tool("look_up_order").consequences_of().llm_calls.once(),
    "events": lambda t: t.events("planning").once().having(planning__chosen="look_up_order"),
    "events of an agent": lambda t: t.agent("payer").events().once().having(said="done"),
    "no events": lambda t: t.agent("writer").events().never(),
}


class Asked(Selection):
    """A selection with one more word, so that the table above reads as sentences."""

    def spans_of_kind(self, kind: str, **more: object) -> Selection:
        """Those of a kind."""
        return self(kind=SpanKind(kind), **more)


@pytest.mark.parametrize("question", HELD.values(), ids=HELD)
def test_what_is_so_passes_and_is_true(question: Question) -> None:
    """Each assertion can stand after `assert`, and alone."""
    whole = desk()

    assert question(Asked(whole._source, whole.selector))


NEVER = "\n\n  It is meant not to be: .never()\n  More: agenttrace explain nothing-selected"
BROKEN = "\n\n  More: agenttrace explain order-broken"
FAILED = "\n\n  More: agenttrace explain selection-failed"
AT = "tests/fakes/desk.py:LINE"

BROKEN_ONES: dict[str, tuple[Question, type[Exception], str]] = {
    "a name with a typo": (
        lambda t: t.agent("payer").tool("pya").once(),
        NothingSelected,
        "no span is {'kind': 'tool', 'name': 'pya', 'agent': 'payer'}  [nothing-selected]\n\n"
        f"  nearest   tool   pay(order='A-17', amount=5)   at payer/tool:pay#0, {AT}\n"
        "                   name is 'pay', not 'pya'\n"
        f"            tool   pay(order='A-17', amount=0)   at payer/tool:pay#1, {AT}\n"
        "                   name is 'pay', not 'pya'\n"
        f"            agent  payer   at payer, {AT}\n"
        "                   kind is 'agent', not 'tool'; name is 'payer', not 'pya'\n"
        f"            tool   ask(who='ann')   at ask#0/tool:ask#0, {AT}\n"
        "                   name is 'ask', not 'pya'; agent is not said, not 'payer'" + NEVER,
    ),
    "arguments that no call has": (
        lambda t: t.agent("payer").tool("pay").with_args(amount=None),
        NothingSelected,
        (
            "no span is {'kind': 'tool', 'name': 'pay', 'agent': 'payer', "
            "'args': {'amount': None}}  [nothing-selected]\n\n"
            f"  nearest   tool   pay(order='A-17', amount=5)   at payer/tool:pay#0, {AT}\n"
            "                   amount is 5, not None\n"
            f"            tool   pay(order='A-17', amount=0)   at payer/tool:pay#1, {AT}\n"
            "                   amount is 0, not None\n"
            f"            agent  payer   at payer, {AT}\n"
            "                   kind is 'agent', not 'tool'; name is 'payer', not 'pay'; "
            "amount is not there, and None is wanted\n"
            f"            tool   ask(who='ann')   at ask#0/tool:ask#0, {AT}\n"
            "                   name is 'ask', not 'pay'; agent is not said, not 'payer'; "
            "amount is not there, and None is wanted\n\n"
            "  It is meant not to be: agent_trace.select({'kind': 'tool', 'name': 'pay', "
            "'agent': 'payer', 'args': {'amount': None}}).never()\n"
            "  More: agenttrace explain nothing-selected"
        ),
    ),
    "too often": (
        lambda t: t.tool("pay").once(),
        SelectionFailed,
        "{'kind': 'tool', 'name': 'pay'}: 2 times, not once  [selection-failed]\n\n"
        f"  found     tool   pay(order='A-17', amount=5)   at payer/tool:pay#0, {AT}\n"
        f"            tool   pay(order='A-17', amount=0)   at payer/tool:pay#1, {AT}" + FAILED,
    ),
    "not never": (
        lambda t: t.tool("look_up_order").never(),
        SelectionFailed,
        "{'kind': 'tool', 'name': 'look_up_order'}: once, not never  [selection-failed]\n\n"
        "  found     tool   look_up_order(order='A-17', region='eu')   "
        f"at planner/tool:look_up_order#0, {AT}" + FAILED,
    ),
    "not each time": (
        lambda t: t.tool("pay").times(2).with_args(amount=5),
        SelectionFailed,
        "{'kind': 'tool', 'name': 'pay', 'args': {'amount': 5}}: 1 of 2 are not so  "
        "[selection-failed]\n\n"
        f"  found     tool   pay(order='A-17', amount=0)   at payer/tool:pay#1, {AT}\n"
        "                   amount is 0, not 5" + FAILED,
    ),
    "another result": (
        lambda t: t.tool("look_up_order").once().returned({"order": "A-17", "status": "ok"}),
        SelectionFailed,
        "{'kind': 'tool', 'name': 'look_up_order', 'returned': {'order': 'A-17', 'status': 'ok'}}:"
        " 1 of 1 are not so  [selection-failed]\n\n"
        "  found     tool   look_up_order(order='A-17', region='eu')   "
        f"at planner/tool:look_up_order#0, {AT}\n"
        '                   what it returned is {"order": "A-17", "status": "paid twice"}, '
        "not {'order': 'A-17', 'status': 'ok'}" + FAILED,
    ),
    "the other way round": (
        lambda t: t.tool("pay").happens_before(t.tool("look_up_order")),
        OrderBroken,
        "pay does not happen before look_up_order  [order-broken]\n\n"
        f"  this      tool   pay(order='A-17', amount=5)   at payer/tool:pay#0, {AT}\n"
        "  that      tool   look_up_order(order='A-17', region='eu')   "
        f"at planner/tool:look_up_order#0, {AT}\n"
        "  because   pay (payer/tool:pay#0) comes after "
        "look_up_order (planner/tool:look_up_order#0)" + BROKEN,
    ),
    "a race": (
        lambda t: t.tool("ask", args={"who": "cay"}).happens_before(
            t.tool("ask", args={"who": "eve"})
        ),
        OrderBroken,
        "ask does not happen before ask  [order-broken]\n\n"
        f"  this      tool   ask(who='cay')   at ask#2/tool:ask#0, {AT}\n"
        f"  that      tool   ask(who='eve')   at tool:ask#0, {AT}\n"
        "  because   ask (ask#2/tool:ask#0) and ask (tool:ask#0) are concurrent: ask#2 took part "
        "in a race (a wait for the first to end, a done-callback, a timeout), so only leaving its "
        "task group or pool would tell that it has ended" + BROKEN,
    ),
    "ordered, and not concurrent": (
        lambda t: t.tool("look_up_order").concurrent_with(t.tool("pay")),
        OrderBroken,
        "look_up_order is not concurrent with pay  [order-broken]\n\n"
        "  this      tool   look_up_order(order='A-17', region='eu')   "
        f"at planner/tool:look_up_order#0, {AT}\n"
        f"  that      tool   pay(order='A-17', amount=5)   at payer/tool:pay#0, {AT}\n"
        "  because   look_up_order had ended when pay began, and what began it knew of that"
        + BROKEN,
    ),
    "came before, and led to nothing": (
        lambda t: t(kind="llm", agent="writer").triggered_by(t.tool("look_up_order")),
        OrderBroken,
        "chat gpt-4o-mini was not triggered by {'kind': 'tool', 'name': 'look_up_order'}  "
        "[order-broken]\n\n"
        f"  this      llm    chat gpt-4o-mini   at writer/llm:chat#0, {AT}\n"
        f"  triggers  agent  writer   at writer, {AT}\n"
        "            run    refund   at /\n"
        "  wanted    tool   look_up_order(order='A-17', region='eu')   "
        f"at planner/tool:look_up_order#0, {AT}" + BROKEN,
    ),
    "not in this order": (
        lambda t: t.tools.in_order("pay", "look_up_order"),
        OrderBroken,
        "not in the order pay, look_up_order: no look_up_order comes after pay  [order-broken]\n\n"
        f"  before    tool   pay(order='A-17', amount=5)   at payer/tool:pay#0, {AT}\n"
        f"            tool   pay(order='A-17', amount=0)   at payer/tool:pay#1, {AT}\n"
        "  after     tool   look_up_order(order='A-17', region='eu')   "
        f"at planner/tool:look_up_order#0, {AT}\n"
        "  because   pay (payer/tool:pay#0) comes after "
        "look_up_order (planner/tool:look_up_order#0)" + BROKEN,
    ),
    "one more than exactly": (
        lambda t: t.agent("payer").tools.exactly("pay"),
        SelectionFailed,
        "{'kind': 'tool', 'agent': 'payer'}: not exactly pay  [selection-failed]\n\n"
        f"  found     tool   pay(order='A-17', amount=5)   at payer/tool:pay#0, {AT}\n"
        f"            tool   pay(order='A-17', amount=0)   at payer/tool:pay#1, {AT}\n"
        f"  extra     tool   pay(order='A-17', amount=0)   at payer/tool:pay#1, {AT}" + FAILED,
    ),
    "exactly, and concurrent": (
        lambda t: t.tools(where=lambda span: "'ann'" in str(span) or "'bob'" in str(span)).exactly(
            "ask", "ask"
        ),
        OrderBroken,
        "ask does not happen before ask  [order-broken]\n\n"
        f"  this      tool   ask(who='ann')   at ask#0/tool:ask#0, {AT}\n"
        f"  that      tool   ask(who='bob')   at ask#1/tool:ask#0, {AT}\n"
        "  because   ask (ask#0/tool:ask#0) and ask (ask#1/tool:ask#0) are concurrent: nothing "
        "that was spawned, awaited, sent or linked leads from ask#0 to it" + BROKEN,
    ),
    "an event with a typo": (
        lambda t: t.agent("payer").events("reflexion").once(),
        NothingSelected,
        "no event is {'event': 'reflexion', 'inside': {'agent': 'payer'}}  [nothing-selected]\n\n"
        '  there are planning  {"planning.candidates": ["pay"], "planning.chosen": "look_u…   '
        "in planner\n"
        '            reflection  {"said": "done"}   in payer' + NEVER,
    ),
    "events too often": (
        lambda t: t.events().once(),
        SelectionFailed,
        "{}: 2 times, not once  [selection-failed]\n\n"
        '  found     planning  {"planning.candidates": ["pay"], "planning.chosen": "look_u…   '
        "in planner\n"
        '            reflection  {"said": "done"}   in payer' + FAILED,
    ),
    "an event that is otherwise": (
        lambda t: t.events("reflection").once().having(said="more"),
        SelectionFailed,
        "{'event': 'reflection', 'with': {'said': 'more'}}: 1 of 1 are not so  "
        "[selection-failed]\n\n"
        '  found     reflection  {"said": "done"}   in payer' + FAILED,
    ),
    "a criterion with a typo": (
        lambda t: t(knd="tool"),
        UsageError,
        (
            "a selector has no criterion 'knd'  [usage]\n\n  nearest   kind\n  there are kind, "
            "name, agent, model, status, id, args, returned, raised, where, child_of, "
            "descendant_of, parent_of, ancestor_of, cause_of, consequence_of"
        ),
    ),
    "a kind with a typo": (
        lambda t: t(kind="tol"),
        UsageError,
        (
            "no span is of the kind 'tol'  [usage]\n\n  nearest   tool\n  there are run, agent, "
            "llm, tool, retrieval, message, orchestration, plan, http, internal"
        ),
    ),
    "times nothing": (
        lambda t: t.tool("pay").times(0),
        UsageError,
        "times(0): it is a number from 1; for none, say never()  [usage]",
    ),
    "triggered by nobody": (
        lambda t: t.tool("pay").triggered_by(),
        UsageError,
        "triggered_by() needs to be told by what: triggered_by(agent='planner')  [usage]",
    ),
    "an order of nothing": (
        lambda t: t.tools.in_order(),
        UsageError,
        "an order needs steps: in_order('look_up_order', 'pay')  [usage]",
    ),
}


@pytest.mark.parametrize(("question", "kind", "text"), BROKEN_ONES.values(), ids=BROKEN_ONES)
def test_what_is_not_so_fails_in_these_words(
    question: Question, kind: type[Exception], text: str
) -> None:
    """A message shows what was wanted, what was found, where, and how to go on."""
    with pytest.raises(kind) as failed:
        question(desk())

    assert re.sub(r"(desk\.py:)\d+", r"\1LINE", str(failed.value)) == text


def test_a_loop_over_nothing_fails_where_a_list_would_pass() -> None:
    """`for span in ...: assert ...` says nothing when the name is misspelt."""
    nothing = desk().tool("pya")

    assert (len(nothing), nothing.spans, bool(nothing)) == (0, (), False)
    for look in (iter, lambda found: found[0]):
        with pytest.raises(NothingSelected):
            look(nothing)


def test_spans_come_in_the_order_in_which_they_were_begun() -> None:
    """A neighbour's span tree gives "depth-first order" reversed."""
    found = [(span.name, span.kind.value) for span in desk().agent("p*")]

    assert found == [
        ("planner", "agent"),
        ("chat gpt-4o", "llm"),
        ("look_up_order", "tool"),
        ("payer", "agent"),
        ("pay", "tool"),
        ("pay", "tool"),
    ]


def test_some_and_none_never_both_hold() -> None:
    """A neighbour's cached generator lets "some a" and "no b" both pass on a tree that has b."""
    pays = desk().tool("pay")

    assert pays.at_least(1)
    for _ in range(2):
        with pytest.raises(SelectionFailed):
            pays.never()
        assert pays.at_least(1)


plain_dicts = st.recursive(
    st.fixed_dictionaries(
        {},
        optional={
            "kind": st.sampled_from([kind.value for kind in SpanKind]),
            "name": st.text(max_size=8),
            "agent": st.text(max_size=8),
            "args": st.dictionaries(st.text(max_size=3), st.none() | st.integers(), max_size=2),
            "returned": st.none() | st.integers() | st.text(max_size=5),
            "where": st.dictionaries(st.text(max_size=3), st.booleans(), max_size=2),
        },
    ),
    lambda inner: st.dictionaries(
        st.sampled_from(["child_of", "descendant_of", "cause_of"]), inner, max_size=2
    ),
    max_leaves=3,
)


@given(criteria=plain_dicts)
def test_a_selector_is_built_from_the_plain_dict_that_it_prints_as(
    criteria: dict[str, object],
) -> None:
    """A selection can be stored, sent and typed again."""
    selector = Selector.of(criteria)

    assert selector.as_dict() == criteria
    assert Selector.of(ast.literal_eval(str(selector))) == selector


def test_a_selection_prints_as_its_selector_and_is_built_from_it() -> None:
    """What a failure prints can be pasted."""
    pays = desk().agent("payer").tool("pay")

    assert repr(pays) == "{'kind': 'tool', 'name': 'pay', 'agent': 'payer'}"
    assert spans_of(desk_trace(), ast.literal_eval(repr(pays))).spans == pays.spans


@pytest.mark.parametrize(
    ("expected", "actual", "is_so"),
    [
        pytest.param(0, None, False, id="zero is not none"),
        pytest.param(None, 0, False, id="none is not zero"),
        pytest.param(0, False, False, id="zero is not false"),
        pytest.param(True, 1, False, id="true is not one"),
        pytest.param(1, 1.0, True, id="one is one"),
        pytest.param("", None, False, id="empty is not none"),
        pytest.param({"a": 0}, {"a": None}, False, id="inside a dict"),
        pytest.param({"a": None}, {}, False, id="a missing key is not none"),
        pytest.param((1, 2), [1, 2], True, id="a tuple was kept as a list"),
        pytest.param([1, False], [1, 0], False, id="inside a list"),
        pytest.param({"a": [IsInt()]}, {"a": [3]}, True, id="a matcher deep inside"),
        pytest.param({"a": IsInt()}, {"a": "3"}, False, id="a matcher that says no"),
        pytest.param({1, 2}, canonical({2, 1}), True, id="a set in its canonical form"),
        pytest.param({1, 2}, canonical({2}), False, id="another set"),
    ],
)
def test_zero_false_and_none_are_three_values(expected: object, actual: Value, is_so: bool) -> None:
    """A limit of 0 and a result of None are what a test most often means by them."""
    assert fits(expected, actual) is is_so


def test_an_order_made_from_clocks_says_so() -> None:
    """A trace of another system has no lanes; its clocks are all there is."""
    spans = tuple(
        Span(
            id=f"{n:016x}",
            name=name,
            operation=name,
            kind=SpanKind.TOOL,
            seq=n,
            start_ns=start,
            end_ns=start + 10,
        )
        for n, (name, start) in enumerate((("look_up", 0), ("pay", 5), ("write", 20)), 1)
    )
    foreign = spans_of(Trace(id="1" * 32, name="foreign", spans=spans))

    assert foreign.tool("look_up").happens_before(foreign.tool("write"))
    with pytest.raises(OrderBroken) as broken:
        foreign.tool("look_up").happens_before(foreign.tool("pay"))
    assert str(broken.value) == (
        "look_up does not happen before pay  [order-broken]\n\n"
        "  this      tool   look_up   at 0000000000000001\n"
        "  that      tool   pay   at 0000000000000002\n"
        "  because   look_up and pay overlap in time, and no link orders them\n"
        "  the trace has no lanes, so its order was inferred from clocks and links" + BROKEN
    )


@agenttrace.tool
def ask(who: str) -> str:
    """Ask somebody."""
    return f"{who} agrees"


def by_nothing() -> None:
    """The writer asks after the planner, and of itself."""
    with agenttrace.agent("planner"):
        ask("ann")
    with agenttrace.agent("writer"):
        ask("bob")


def by_message() -> None:
    """The planner sends, the writer receives and asks."""
    with agenttrace.agent("planner"):
        ask("ann")
        sent = agenttrace.send("orders", "ask bob", to="writer")
    with agenttrace.agent("writer"):
        agenttrace.receive(sent)
        ask("bob")


async def by_queue() -> None:
    """The planner asks and puts, the writer gets and asks."""
    queue: asyncio.Queue[str] = asyncio.Queue()

    async def planner() -> None:
        with agenttrace.agent("planner"):
            await queue.put(ask("ann"))

    async def writer() -> None:
        with agenttrace.agent("writer"):
            await queue.get()
            ask("bob")

    await asyncio.gather(planner(), writer())


def test_a_message_triggers_what_its_receiver_does_next() -> None:
    """By a verb of ours, or through a queue; what merely came before triggers nothing."""
    with recorded("message") as message:
        by_message()
    with recorded("queue") as queue:
        asyncio.run(by_queue())
    with recorded("nothing") as nothing:
        by_nothing()

    for run in (message, queue):
        assert run.spans.tool("ask", agent="writer").triggered_by(agent="planner")
    with pytest.raises(OrderBroken, match="was not triggered by"):
        nothing.spans.tool("ask", agent="writer").triggered_by(agent="planner")


@agenttrace.tool
def charge(amount: int) -> None:
    """A bank that is slow for large amounts."""
    if amount > 5:
        raise TimeoutError("slow")


def test_a_call_that_failed_returned_nothing_not_even_none() -> None:
    """`returned(None)` must not pass on a tool that raised."""
    with recorded() as run:
        charge(5)
        with pytest.raises(TimeoutError):
            charge(6)

    charges = run.spans.tool("charge")
    assert charges.returned(None).once().with_args(amount=5)
    assert charges.raised(TimeoutError).once().with_args(amount=6)
    assert charges(raised="Time*").once()
    with pytest.raises(SelectionFailed) as failed:
        charges.times(2).returned(None)
    assert "it raised TimeoutError, and None is wanted" in str(failed.value)
    with pytest.raises(NothingSelected, match="raised is 'TimeoutError', not 'ValueError'"):
        charges.raised(ValueError)

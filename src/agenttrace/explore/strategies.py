"""Strategies: traces, spans, links, changes and equivalents, for property tests with Hypothesis.

@given(traces())
def test_a_report_names_every_tool(trace): ...
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from agenttrace.explore.equivalents import equivalent
from agenttrace.explore.mutations import MUTATIONS, Mutation, mutated
from agenttrace.explore.programs import Act, Ask, AtOnce, Deed, Note, played
from agenttrace.model.agent import Agent
from agenttrace.model.span import Link

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenttrace.explore.mutations import Pick
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace
    from agenttrace.model.values import Value

WORDS = ("refund", "A-17", "eu", "paid twice", "naïve ☂", "\x1b[31m\u202ered", "{not json", "")
"""What agents say in made-up traces: few words, so that calls are alike as often as not."""

_TOOLS = ("look_up_order", "pay", "notify")
_AGENTS = ("planner", "critic")
_RELATIONSHIPS = ("triggered_by", "handoff", "message", "blackboard", "retry_of")
_BACK = 6
"""How far back a link points at most."""


def values() -> st.SearchStrategy[Value]:
    """What a tool is asked and answers: small JSON-like values."""
    leaves = (
        st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(WORDS) | st.floats(0, 1)
    )
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(("order", "n", "items")), inner, max_size=3)
        ),
        max_leaves=5,
    )


def programs(*, most_deeds: int = 12) -> st.SearchStrategy[tuple[Deed, ...]]:
    """What a team of agents does: calls, agents, work at once, states and events.

    Args:
        most_deeds: About how many there are at most, all told.
    """
    questions = st.dictionaries(st.sampled_from(("order", "n", "items")), values(), max_size=3)
    after = st.none() | st.integers(0, _BACK)
    told = st.builds(
        Note, event=st.sampled_from(("", "planning", "reflection", "error")), value=values()
    )
    # said in one choice: a shrinker deletes at most five at a time, and this is the plainest deed
    said = st.sampled_from([*product(WORDS, WORDS)])
    model = st.builds(
        lambda said, after: Ask(body=said[0], answer=said[1], after=after), said, after
    )
    tool = st.builds(
        Ask, tool=st.sampled_from(_TOOLS), body=questions, answer=values(), after=after
    )

    def around(inner: st.SearchStrategy[Deed]) -> st.SearchStrategy[Deed]:
        several = st.lists(inner, max_size=4).map(tuple)
        twice = several.map(lambda deeds: (deeds, deeds))
        branches = twice | st.lists(several, min_size=2, max_size=3).map(tuple)
        return (
            st.builds(Act, agent=st.sampled_from(_AGENTS), deeds=several)
            | st.builds(AtOnce, branches=branches, waits=st.booleans())
            | st.builds(
                Ask, tool=st.sampled_from(_TOOLS), body=questions, answer=values(), inside=several
            )
        )

    deeds = st.recursive(model | tool | told, around, max_leaves=most_deeds)
    return st.lists(deeds, min_size=1, max_size=4).map(tuple)


def traces(*, most_deeds: int = 12) -> st.SearchStrategy[Trace]:
    """Traces that a recording could have made: positions, lanes, joins and all.

    Args:
        most_deeds: About how much happens in one at most.
    """
    return programs(most_deeds=most_deeds).map(played)


def spans() -> st.SearchStrategy[Span]:
    """Spans of such traces."""
    return traces().flatmap(lambda trace: st.sampled_from(trace.spans))


def agents() -> st.SearchStrategy[Agent]:
    """Members of a team: named, with a role, a version and a model, or without."""
    words = st.sampled_from(("", "1", "v2"))
    ordinals = st.integers(0, 3)
    return st.builds(
        lambda name, ordinal, **more: Agent(
            id=name if ordinal == 0 else f"{name}#{ordinal}", name=name, **more
        ),
        name=st.sampled_from(_AGENTS),
        ordinal=ordinals,
        type=st.sampled_from(("", "llm", "human")),
        role=st.sampled_from(("", *_AGENTS)),
        version=words,
        model=st.dictionaries(st.sampled_from(("name", "temperature")), values(), max_size=2),
    )


def links(trace: Trace | None = None) -> st.SearchStrategy[Link]:
    """Links to spans of a trace, and some that lead out of it.

    Args:
        trace: Where they lead; by default they lead to any span of any trace.
    """
    ids = st.integers(1, 2**64 - 1).map(lambda number: f"{number:016x}")
    inside = ids if trace is None else st.sampled_from([span.id for span in trace.spans])
    relationship = st.sampled_from(_RELATIONSHIPS)
    outside = st.integers(1, 2**128 - 1).map(lambda number: f"{number:032x}")
    return st.builds(Link, span=inside, relationship=relationship) | st.builds(
        Link, span=inside, relationship=relationship, trace=outside
    )


@st.composite
def mutations(draw: st.DrawFn, trace: Trace, names: Iterable[str] = MUTATIONS) -> Mutation:
    """Changes to one trace, each with the class and the place at which it must be found.

    Args:
        draw: Hypothesis's.
        trace: Any trace with a span.
        names: Which of `agenttrace.explore.mutations.MUTATIONS`.
    """
    name = draw(st.sampled_from(sorted(names)))
    found = mutated(trace, name, _pick(draw))
    return found if found is not None else draw(st.nothing())


@st.composite
def equivalents(draw: st.DrawFn, trace: Trace) -> Trace:
    """The same run as other days would have recorded it: nothing that counts is otherwise."""
    return equivalent(trace, _pick(draw))


def _pick(draw: st.DrawFn) -> Pick:
    return lambda count: draw(st.integers(0, count - 1))

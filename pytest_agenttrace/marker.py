"""Marker: what a test's `agent_trace` marker says, and the plan that comes of it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import pytest

from pytest_agenttrace.exploring import schedule_of
from pytest_agenttrace.options import CLOCKS, TIMES, said

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agenttrace.check.budget import Budget
    from agenttrace.session import Plan

MARKER = (
    "agent_trace(golden=None, stub=None, compare=True, vary=[], budget=None, alone=False, "
    "time='virtual', clock=None, seed=None, secrets=False, limit_steps=None, "
    "limit_virtual_s=None, redact=None): record this test's agents once, and replay them offline "
    "from then on. golden: another name than the test's; stub: the kinds of call that a replay "
    "answers ('llm', 'tool', …; all by default); "
    "compare: hold the replay against the golden; vary: what may differ from run to run, as "
    "OPERATION.PATH, OPERATION.PATH:KIND, OPERATION->PATH or <RULE>, each with a matcher if you "
    "like; budget: what the run may use at most, as a dict or a "
    "`Budget`; alone: answer what other processes of the run served, "
    "whatever they asked; time: how a replay's time goes ('virtual': nobody waits; 'recorded': as "
    "long as it took; 'real': timers wait, answers come at once); clock: what holds the wall clock "
    "in a replay ('freezegun', 'time-machine' or 'real': nothing; by default the option "
    "agenttrace_clock); seed: what chance is made from (by default the golden's name; False "
    "leaves chance alone); secrets: let `secrets` and SystemRandom draw from the seed, too; "
    "limit_steps: how many steps of virtual time a replay may take; limit_virtual_s: how many "
    "virtual seconds; redact: a function that gives each text as it may be written down."
)
MARKED = frozenset(
    {
        "golden",
        "stub",
        "compare",
        "vary",
        "budget",
        "alone",
        "time",
        "clock",
        "seed",
        "secrets",
        "limit_steps",
        "limit_virtual_s",
        "redact",
    }
)


def marked(item: pytest.Item) -> dict[str, Any]:
    """What the test's marker says.

    Raises:
        pytest.UsageError: The marker has an argument that it does not know.
    """
    marker = item.get_closest_marker("agent_trace")
    if marker is None:
        return {}
    unknown = set(marker.kwargs) - MARKED
    if unknown or marker.args:
        what = ", ".join(sorted(unknown)) or "an argument without a name"
        raise pytest.UsageError(
            f"{item.nodeid}: agent_trace has no {what}; it has {', '.join(sorted(MARKED))}  [usage]"
        )
    return dict(marker.kwargs)


def _golden_id(name: str | None) -> str:
    """A test id whose golden is the one that a marker names: `support/refund`, or a test's id."""
    if name is not None and "::" in name:
        return name
    folder, _, last = (name or "").strip("/").removesuffix(".trace").rpartition("/")
    return f"{folder}::{last}" if last else ""


def _kinds(item: pytest.Item, said: Any, known: frozenset[str]) -> frozenset[str]:  # noqa: ANN401 - a user's value
    """The kinds of call that a marker says a replay answers.

    Raises:
        pytest.UsageError: It names one that there is not.
    """
    kinds = known if said is None else frozenset([said] if isinstance(said, str) else said)
    if kinds - known:
        strange = ", ".join(sorted(map(repr, kinds - known)))
        raise pytest.UsageError(
            f"{item.nodeid}: stub={strange}: calls are of the kinds {', '.join(sorted(known))}  "
            "[usage]"
        )
    return kinds


def _clock(item: pytest.Item, given: Any) -> str:  # noqa: ANN401 - a user's value
    """What holds the wall clock in a test.

    Raises:
        pytest.UsageError: The marker names something else.
    """
    if given is None:
        return said(item.config, "agenttrace_clock")
    if given not in CLOCKS:
        raise pytest.UsageError(
            f"{item.nodeid}: clock={given!r}: it is one of {', '.join(CLOCKS)}  [usage]"
        )
    return str(given)


def _times(item: pytest.Item, marker: dict[str, Any]) -> dict[str, Any]:
    """What a marker says of time, as a plan's words.

    Raises:
        pytest.UsageError: It says what cannot be.
    """
    said_of: dict[str, Any] = {"clock": _clock(item, marker.get("clock"))}
    if (time := marker.get("time")) is not None:
        if time not in TIMES:
            raise pytest.UsageError(
                f"{item.nodeid}: time={time!r}: it is one of {', '.join(TIMES)}  [usage]"
            )
        said_of["time"] = time
    for name in ("limit_steps", "limit_virtual_s"):
        limit = marker.get(name)
        if limit is None:
            continue
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not limit > 0:
            raise pytest.UsageError(
                f"{item.nodeid}: {name}={limit!r}: it is a number above 0  [usage]"
            )
        said_of[name] = limit
    return said_of


def _seed(item: pytest.Item, given: Any) -> str | int | bool | None:  # noqa: ANN401 - as above
    """What chance is made from in a test.

    Raises:
        pytest.UsageError: The marker says something else.
    """
    if given is None or given is False or (isinstance(given, str | int) and given is not True):
        return given
    raise pytest.UsageError(
        f"{item.nodeid}: seed={given!r}: it is a number, a text, None or False  [usage]"
    )


def refuse_collisions(items: list[pytest.Item]) -> None:
    """Refuse tests whose goldens would be one file; one with stubs writes none.

    Raises:
        pytest.UsageError: There are such tests; they are named.
    """
    from agenttrace.errors import GoldenCollision
    from agenttrace.golden import place

    try:
        place.refuse_collisions(
            [_named_golden(item) or item.nodeid for item in items if not takes_stubs(item)]
        )
    except GoldenCollision as error:
        raise pytest.UsageError(str(error)) from None


def _named_golden(item: pytest.Item) -> str:
    marker = item.get_closest_marker("agent_trace")
    return _golden_id(marker.kwargs.get("golden")) if marker is not None else ""


def takes_stubs(item: pytest.Item) -> bool:
    """Whether a test answers some calls itself; it is never recorded then."""
    return "agent_stubs" in getattr(item, "fixturenames", ())


def _budget(item: pytest.Item, said: Any) -> Budget | None:  # noqa: ANN401 - a user's value
    """What a run may use: what its marker says, then what the ini file says.

    Raises:
        pytest.UsageError: One of them says what is no limit.
    """
    lines = item.config.getini("agenttrace_budget")
    if said is None and not lines:
        return None
    from agenttrace.check.budget import Budget
    from agenttrace.errors import UsageError

    try:
        general = Budget.of_lines(lines)
        return general if said is None else Budget.of(said).over(general)
    except UsageError as error:
        raise pytest.UsageError(f"{item.nodeid}: {error}") from None


def plan_for(
    item: pytest.Item, *, name: str | None, nth: int, redact: Callable[[str], str] | None = None
) -> Plan:
    """Make the plan of a test's nth run."""
    from agenttrace.check.vary import Vary
    from agenttrace.golden import place
    from agenttrace.redact import Wishes
    from agenttrace.replay.replayer import EVERYTHING
    from agenttrace.session import Commands, Plan

    config, marker = item.config, marked(item)
    root: Path = config.rootpath
    test_id = _golden_id(marker.get("golden")) or item.nodeid
    relative = place.golden_path(test_id, run=name or "", ordinal=nth)
    run = name or (str(nth) if nth > 1 else "")
    folder = said(config, "agenttrace_golden")
    stubs = _kinds(item, marker.get("stub"), EVERYTHING)
    test = shlex.quote(item.nodeid)
    alone = bool(marker.get("alone", False))
    whose = test_id if alone else item.nodeid  # the peers of a process know the run by its name
    plan = Plan(
        name=f"{whose} ({run})" if run else whose,
        golden=root / folder / relative,
        shown=(folder + "/" + relative.as_posix()),
        journal=root / ".agenttrace" / "journals" / relative.with_suffix(".journal"),
        mode="replay" if takes_stubs(item) else said(config, "agenttrace"),
        match=said(config, "agenttrace_match"),
        stub=stubs,
        vary=Vary.of(marker.get("vary", ())),
        compare=bool(marker.get("compare", True)),
        budget=_budget(item, marker.get("budget")),
        diff=said(config, "agenttrace_diff"),
        alone=alone,
        **_times(item, marker),
        seed=_seed(item, marker.get("seed")),
        secrets=bool(marker.get("secrets", False)),
        update=bool(config.getoption("--agenttrace-update")),
        keep=said(config, "agenttrace_keep"),
        run_dir=root / run_dir if (run_dir := said(config, "agenttrace_run_dir")) else None,
        allowed_hosts=tuple(config.getini("agenttrace_allowed_hosts")),
        redact=Wishes.of(config.getini("agenttrace_redact"), redact or marker.get("redact")),
        commands=Commands(
            record=f"pytest {test} --agenttrace=record",
            rewrite=f"pytest {test} --agenttrace=rewrite",
            update=f"pytest {test} --agenttrace-update",
            lenient=f"pytest {test} --agenttrace-match=lenient",
        ),
    )
    text = schedule_of(item)
    if not text:
        return plan
    from agenttrace.session.rehearsing import of_text

    return of_text(plan, text)

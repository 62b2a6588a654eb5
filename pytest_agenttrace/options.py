"""Options: what may be said on the command line, in the ini file and in the marker."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agenttrace.session import Plan

MODES = ("replay", "record", "rewrite", "verify", "off")
MATCHES = ("strict", "lenient")
KEEPS = ("failed", "all", "none")

MARKER = (
    "agent_trace(golden=None, stub=None, compare=True, vary=[], alone=False, redact=None): record "
    "this test's agents once, and replay them offline from then on. golden: another name than the "
    "test's; stub: the kinds of call that a replay answers ('llm', 'tool', …; all by default); "
    "compare: hold the replay against the golden; vary: what may differ from run to run, as "
    "OPERATION.PATH; alone: answer what other processes of the run served, whatever they asked; "
    "redact: a function that gives each text as it may be written down."
)
MARKED = frozenset({"golden", "stub", "compare", "vary", "alone", "redact"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option: its flag, its choices, its ini twin's default, and its help."""

    flag: str
    ini: str
    default: str
    help: str
    choices: tuple[str, ...] = ()
    is_switch: bool = False
    is_list: bool = False


OPTIONS = (
    Option(
        flag="--agenttrace",
        ini="agenttrace",
        default="replay",
        choices=MODES,
        help="replay goldens; record tests that have none, and replay the others; rewrite: record "
        "all; verify: run live and compare, write nothing; off",
    ),
    Option(
        flag="--agenttrace-match",
        ini="agenttrace_match",
        default="strict",
        choices=MATCHES,
        help="strict: a call that was not recorded stops the run; lenient: answer what can be "
        "answered, and show everything that differs at once",
    ),
    Option(
        flag="--agenttrace-update",
        ini="",
        default="",
        is_switch=True,
        help="accept replays that changed, where every answer in them is the world's; name the "
        "tests that need rewrite instead",
    ),
    Option(
        flag="--agenttrace-allow-record",
        ini="",
        default="",
        is_switch=True,
        help="record although CI is set",
    ),
    Option(
        flag="--agenttrace-keep",
        ini="agenttrace_keep",
        default="failed",
        choices=KEEPS,
        help="failed: keep the journals of recordings that became no golden, and the .new files of "
        "replays that changed; all: every journal; none: neither",
    ),
    Option(
        flag="--agenttrace-run-dir",
        ini="agenttrace_run_dir",
        default="",
        help="also write each run's trace into this folder",
    ),
    Option(
        flag="",
        ini="agenttrace_golden",
        default="golden",
        help="the folder of the goldens, from the root of the tests",
    ),
    Option(
        flag="",
        ini="agenttrace_allowed_hosts",
        default="",
        is_list=True,
        help="hosts that a replay may reach past every recorded call, one a line; `*` stands for "
        "any characters, `unix:PATH` for a socket. This machine is allowed unless `!loopback` is "
        "one of them",
    ),
    Option(
        flag="",
        ini="agenttrace_redact",
        default="",
        is_list=True,
        help="more kinds of secret that are never written down, one a line, as `name = regular "
        "expression`; `!kind` leaves a known kind in",
    ),
)


def add(parser: pytest.Parser) -> None:
    """Register every option, and its twin in the ini file."""
    group = parser.getgroup("agenttrace", "agenttrace: record agents once, replay them offline")
    for option in OPTIONS:
        if option.flag and option.is_switch:
            group.addoption(option.flag, action="store_true", default=False, help=option.help)
        elif option.flag:
            choices = option.choices or None
            group.addoption(
                option.flag,
                default=None,
                choices=choices,
                metavar="MODE" if choices else "DIR",
                help=option.help,
            )
        if option.is_list:
            parser.addini(option.ini, option.help, type="linelist", default=[])
        elif option.ini:
            parser.addini(option.ini, option.help, default=option.default)


def said(config: pytest.Config, ini: str) -> str:
    """What the command line says of an option, else the ini file, else its default.

    Raises:
        pytest.UsageError: The ini file says something that the option cannot be.
    """
    option = next(option for option in OPTIONS if option.ini == ini)
    given = config.getoption(option.flag) if option.flag else None
    value = str(given if given is not None else config.getini(ini) or option.default)
    if option.choices and value not in option.choices:
        raise pytest.UsageError(
            f"{ini} = {value!r} in the ini file; it is one of {', '.join(option.choices)}  [usage]"
        )
    return value


def refuse_in_ci(config: pytest.Config) -> None:
    """Refuse to record where `CI` is set.

    Raises:
        pytest.UsageError: The mode records, and nobody said that it may.
    """
    mode = said(config, "agenttrace")
    in_ci = os.environ.get("CI", "").lower() not in ("", "0", "false")
    if (
        mode in ("record", "rewrite")
        and in_ci
        and not config.getoption("--agenttrace-allow-record")
    ):
        raise pytest.UsageError(
            f"--agenttrace={mode} is refused, because CI is set: a pipeline that records can "
            f"neither fail nor be trusted.  [record-refused]\n"
            f"  Record on your own machine and commit the golden; or, if it is meant:\n"
            f"      pytest --agenttrace={mode} --agenttrace-allow-record\n"
            f"  More: agenttrace explain record-refused"
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
    return Plan(
        name=f"{whose} ({run})" if run else whose,
        golden=root / folder / relative,
        shown=(folder + "/" + relative.as_posix()),
        journal=root / ".agenttrace" / "journals" / relative.with_suffix(".journal"),
        mode="replay" if takes_stubs(item) else said(config, "agenttrace"),
        match=said(config, "agenttrace_match"),
        stub=stubs,
        vary=Vary.of(marker.get("vary", ())),
        compare=bool(marker.get("compare", True)),
        alone=alone,
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

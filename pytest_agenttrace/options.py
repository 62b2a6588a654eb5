"""Options: what may be said on the command line, and in the ini file."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest

MODES = ("replay", "record", "rewrite", "verify", "off")
MATCHES = ("strict", "lenient")
KEEPS = ("failed", "all", "none")
DIFFS = ("first", "structure", "full")

TIMES = ("virtual", "recorded", "real")
CLOCKS = ("freezegun", "time-machine", "real")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option: its flag, what it takes, its ini twin's default, and its help."""

    flag: str
    ini: str
    default: str
    help: str
    choices: tuple[str, ...] = ()
    is_switch: bool = False
    is_list: bool = False
    metavar: str = "DIR"


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
        flag="--agenttrace-diff",
        ini="agenttrace_diff",
        default="first",
        choices=DIFFS,
        help="first: show the first causes of what differs, and count what follows; structure: "
        "only what was called, in which order and led by what; full: show what follows as well",
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
        help="also write each run's trace, and what became of it, into this folder: for "
        "`agenttrace gate --run`",
    ),
    Option(
        flag="--agenttrace-report",
        ini="agenttrace_report",
        default="",
        is_list=True,
        metavar="PATH",
        help="write what the runs of the session say to this path, in the form that its end names: "
        ".html, .md, .json or .xml (JUnit). May be given again",
    ),
    Option(
        flag="--agenttrace-explore",
        ini="",
        default="",
        metavar="TIME",
        help="how long each search of `agent_trace.explore` goes on, whatever the test says: 60s, "
        "5m, '1000 schedules'",
    ),
    Option(
        flag="--agenttrace-schedule",
        ini="",
        default="",
        metavar="SCHEDULE",
        help="replay under a schedule that a search printed: its answers come when it says",
    ),
    Option(
        flag="--agenttrace-clock",
        ini="agenttrace_clock",
        default="freezegun",
        choices=CLOCKS,
        help="what holds the wall clock in a replay, from the instant of the recording on; real: "
        "nothing does",
    ),
    Option(
        flag="",
        ini="agenttrace_golden",
        default="golden",
        help="the folder of the goldens, from the root of the tests",
    ),
    Option(
        flag="",
        ini="agenttrace_budget",
        default="",
        is_list=True,
        help="what each run may use at most, one limit a line: `usd = 0.05`, "
        "`tokens.gpt-* = 8000`, `llm_calls = +5%`. A test's marker counts before it",
    ),
    Option(
        flag="",
        ini="agenttrace_slo",
        default="",
        is_list=True,
        help="objectives over all runs of a session, one a line: `99.9% of workflows succeed`, "
        "`95% of tool look_up* within 2s`. A whole session that misses one fails",
    ),
    Option(
        flag="",
        ini="agenttrace_slo_over",
        default="",
        is_list=True,
        help="files and folders of traces, one a line, from the root of the tests: the objectives "
        "speak of these, and not of the goldens of the session's runs",
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
        elif option.flag and option.is_list:
            group.addoption(option.flag, action="append", metavar=option.metavar, help=option.help)
        elif option.flag:
            choices = option.choices or None
            group.addoption(
                option.flag,
                default=None,
                choices=choices,
                metavar="MODE" if choices else option.metavar,
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

"""`agenttrace show --view` and `--agent`: a trace at a glance, in 80 columns."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from agenttrace.cli import main, tables
from agenttrace.cli.span_text import SpanText
from agenttrace.formats import native
from agenttrace.model.span import ERROR, Span, SpanKind, Status
from agenttrace.model.trace import Trace
from tests.fakes.desk import desk_trace

MS = 1_000_000
BAR = 44


def still() -> Trace:
    """The desk's trace, each call a millisecond after the one before, the times always the same."""
    order = [span.id for span, _ in SpanText(desk_trace()).tree]
    spans = []
    for span in desk_trace().spans:
        at = order.index(span.id)
        inside = [n for n, one in enumerate(order) if n >= at and _is_inside(one, span.id)]
        spans.append(replace(span, start_ns=at * MS, end_ns=(max(inside) + 1) * MS))
    return replace(desk_trace(), spans=tuple(spans), started="2026-03-01T09:00:00Z")


def _is_inside(inner: str | None, outer: str) -> bool:
    while inner is not None:
        if inner == outer:
            return True
        inner = desk_trace().span(inner).parent
    return False


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file with the trace; the terminal is 80 columns wide."""
    monkeypatch.setenv("COLUMNS", "80")
    file = tmp_path / "desk.trace"
    file.write_bytes(native.write(still()))
    return str(file)


def show(*words: str) -> str:
    """What the command prints, as pipes see it."""
    result = CliRunner().invoke(main, ["show", *words])
    assert result.exit_code == 0, result.output
    return "\n".join(line.rstrip() for line in result.output.splitlines())


TREE = """\
 # span                                                    took tokens      cost
 1 run refund                                             14 ms
 2   agent planner                                         3 ms
 3     llm chat gpt-4o by planner                          1 ms     10 $0.000085
 4     tool look_up_order(order='A-17', region='eu') by …  1 ms
 5   agent payer                                           3 ms
 6     tool pay(amount=5, order='A-17') by payer           1 ms            $0.25
 7     tool pay(amount=0, order='A-17') by payer           1 ms            $0.25
 8   tool ask(who='ann')                                   1 ms
 9   tool ask(who='bob')                                   1 ms
10   tool ask(who='cay')                                   1 ms
11   tool ask(who='dan')                                   1 ms
12   tool ask(who='eve')                                   1 ms
13   agent writer                                          2 ms
14     llm chat gpt-4o-mini by writer                      1 ms     10 $0.000004"""

WATERFALL = """\
 # span                                     when                            took
 1 run refund                               ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░ 14 ms
 2   agent planner                            ░░░░░░░                       3 ms"""

USAGE = """\
model       calls in cached out      cost
gpt-4o          1  2      0   8 $0.000085
gpt-4o-mini     1  5      0   5 $0.000004

agent    calls in cached out      cost
(nobody)     5  0      0   0
payer        2  0      0   0      $0.5
planner      2  2      0   8 $0.000085
writer       1  5      0   5 $0.000004

tool          calls in cached out cost
ask               5
look_up_order     1
pay               2               $0.5

in all 10 calls, 20 tokens, $0.500089"""

STORY = """\
payer
  did       3 spans, 0 model calls, 2 tool calls
  used      0 tokens: in 0, out 0

    #5 agent  payer  OK  after 4 ms, took 3 ms
        at       agent:payer#0, steps 4 to 6 of /, DESK
        event    reflection at step 6  said='done'
      #6 tool   pay  by payer  OK  after 5 ms, took 1 ms
          at       agent:payer#0/tool:pay#0, step 5 of /, DESK
          asked    pay(amount=5, order='A-17')
          answer   5  (complete, TIME)
          used     the tool cost $0.25
      #7 tool   pay  by payer  OK  after 6 ms, took 1 ms
          at       agent:payer#0/tool:pay#1, step 6 of /, DESK
          asked    pay(amount=0, order='A-17')
          answer   None  (complete, TIME)
          used     the tool cost $0.25"""


def test_the_tree_has_a_line_a_span_with_time_tokens_and_cost(shown: str) -> None:
    """And fits into 80 columns."""
    told = show(shown, "--view", "tree")

    assert told == TREE
    assert max(map(len, told.splitlines())) <= 80


def test_the_waterfall_shows_when_each_span_ran_by_patterns(shown: str) -> None:
    """A model, a tool and all else are told apart without any colour."""
    told = show(shown, "--view", "waterfall").splitlines()

    assert max(map(len, told)) <= 80
    assert "\n".join(told[:3]) == WATERFALL
    bars = [line[BAR : BAR + 30] for line in told[1:-1]]
    assert [set(bar) - {" "} for bar in bars[:4]] == [{"░"}, {"░"}, {"█"}, {"▓"}]
    begins = [len(bar) - len(bar.lstrip()) for bar in bars[1:]]
    assert begins == sorted(begins)
    assert told[-1] == "█ model  ▓ tool  ▒ message  ░ other  in all 14 ms"


def test_the_bill_is_by_model_agent_and_tool(shown: str) -> None:
    """Each call counts once in the sum."""
    assert show(shown, "--view", "usage") == USAGE


def test_a_price_that_nobody_knows_is_said_and_no_sum_is_made(tmp_path: Path) -> None:
    """Not even of the part that is known."""
    trace = still()
    spans = tuple(
        replace(one, usage=replace(one.usage, models={"mine": one.usage.tokens}))
        if one.usage is not None and one.agent == "writer"
        else one
        for one in trace.spans
    )
    (file := tmp_path / "desk.trace").write_bytes(native.write(replace(trace, spans=spans)))

    told = show(str(file), "--view", "usage")

    assert "mine       1  5      0   5 cost not known" in told
    assert told.endswith("in all 10 calls, 20 tokens, cost not known")


def test_tokens_that_nobody_recorded_are_no_0_in_any_view(tmp_path: Path) -> None:
    """The bill, the page and an agent's story say it in the words of `agenttrace stats`."""
    why = "not recorded: 1 of its model calls does not say"
    (file := tmp_path / "log.json").write_text(
        '{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]}'
    )

    bill = show(str(file), "--view", "usage").splitlines()

    assert bill[:2] == [
        "model      calls in cached out           cost",
        "(not said)     1 0+     0+  0+ cost not known",
    ]
    assert bill[-1] == f"in all 1 call, tokens {why}, cost not known"
    assert f"  used      tokens {why}; models cost not known, tools" in show(str(file))
    assert f"  used      tokens {why}\n" in show(str(file), "--agent", "assistant")
    assert f"tokens: {why}" in CliRunner().invoke(main, ["stats", str(file)]).output


def test_of_tokens_that_some_calls_tell_a_plus_says_that_there_are_more(tmp_path: Path) -> None:
    """What is known is shown, and is no sum."""
    spans = tuple(
        replace(one, usage=None) if one.agent == "writer" else one for one in still().spans
    )
    (file := tmp_path / "desk.trace").write_bytes(native.write(replace(still(), spans=spans)))
    said = "10+ tokens (not recorded: 1 of its model calls does not say)"

    assert show(str(file), "--view", "usage").endswith(f"in all 10 calls, {said}, cost not known")
    assert f"  used      {said}: in 2, out 8; models cost not known" in show(str(file))


def test_a_run_without_a_model_has_used_0_tokens_for_nothing(tmp_path: Path) -> None:
    """Where no token was used no price is needed, and no comma stands before nothing."""
    spans = tuple(replace(one, usage=None) for one in still().spans if one.kind is not SpanKind.LLM)
    (file := tmp_path / "desk.trace").write_bytes(native.write(replace(still(), spans=spans)))

    assert show(str(file), "--view", "usage").endswith("\nin all 8 calls, 0 tokens")
    assert "  used      0 tokens: in 0, out 0; models cost $0, tools" in show(str(file))


def test_one_agents_story_is_its_own_spans_with_the_numbers_of_the_page(shown: str) -> None:
    """What it did, was told and knew; nobody else's."""
    told = show(shown, "--agent", "pay*")

    told = re.sub(r"tests/fakes/desk\.py:\d+", "DESK", told)
    assert re.sub(r"[\d.]+ [µm]s\)", "TIME)", told) == STORY


def test_an_agent_that_there_is_not_gets_the_nearest_names(shown: str) -> None:
    """A typo is no empty story."""
    result = CliRunner().invoke(main, ["show", shown, "--agent", "palnner"])

    assert (result.exit_code, result.output) == (
        2,
        (
            "UsageError: no agent is called 'palnner'  [usage]\n\n"
            "  nearest   planner, payer\n"
            "  there are payer, planner, writer\n"
        ),
    )


def test_a_log_without_times_is_told_by_its_steps() -> None:
    """A chat log says what came after what, and not when."""
    file = Path(__file__).parents[2] / "data" / "tau-bench" / "gpt-4o-airline-113.json"

    told = show(str(file), "--view", "waterfall")

    assert told.endswith("in all 32 steps; it has no times")


def test_a_log_without_times_has_no_durations_in_any_view() -> None:
    """Nobody looked at a clock, so nothing took 0 ms."""
    file = Path(__file__).parents[2] / "data" / "multi-agent-failures"
    log = str(file / "whowhen-hand-crafted-6.json")
    took = re.compile(r"\b\d+ [nµm]?s\b")

    assert took.search("took 0 ms")
    for view in ("page", "tree"):
        rows = [line for line in show(log, "--view", view).splitlines() if " llm " in line]
        assert rows
        assert not [row for row in rows if took.search(row)]


def test_a_call_that_says_not_what_it_asked_is_counted(shown: str, tmp_path: Path) -> None:
    """A system that keeps no content has calls all the same; there were said to be none."""
    spans = [replace(it, question=None, digest=b"", answers=()) for it in still().spans]
    file = tmp_path / "silent.trace"
    file.write_bytes(native.write(replace(still(), spans=tuple(spans))))

    for words in [(), ("--agent", "planner")]:
        held = [
            next(line for line in show(name, *words).splitlines() if " call" in line)
            for name in (shown, str(file))
        ]
        assert held[0] == held[1]


@pytest.mark.parametrize("view", ["tree", "waterfall", "usage"])
def test_hostile_names_are_escaped_in_every_view(view: str, tmp_path: Path) -> None:
    """Neither colour, nor a new line, nor text that runs the other way, nor rich's own markup."""
    evil = "\x1b[31m\u202e[bold]\nx"
    trace = still()
    spans = tuple(replace(one, name=evil, operation=evil, agent=evil) for one in trace.spans)
    spans = (*spans[:-1], replace(spans[-1], status=Status(code=f"{ERROR}{evil}")))
    (file := tmp_path / "evil.trace").write_bytes(native.write(replace(trace, spans=spans)))

    told = show(str(file), "--view", view)

    assert told.replace("\n", "").isprintable()
    assert "\\x1b[31m\\u202e[bold]\\x0ax" in told


def test_a_terminal_without_unicode_gets_plain_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no crash."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    monkeypatch.setattr(sys, "stdout", out)
    short = replace(still(), spans=still().spans[:4])

    tables.waterfall(short, SpanText(short))

    out.seek(0)
    assert out.read().rstrip().endswith("# model  = tool  ~ message  - other  in all 14 ms")


def test_what_colour_says_a_word_says_too(shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the same text has colours; in a pipe it has none."""
    piped = show(shown, "--view", "tree")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLORTERM", "truecolor")  # styles remember the first console's colours
    monkeypatch.setenv("TERM", "xterm-256color")
    coloured = show(shown, "--view", "tree")

    assert "\x1b[" not in piped
    assert "\x1b[" in coloured
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in plain.splitlines()] == piped.splitlines()


def test_a_tree_that_is_deeper_than_the_page_says_how_deep(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A thousand levels are no thousand blanks."""
    monkeypatch.setenv("COLUMNS", "80")
    spans = tuple(
        Span(
            id=f"{n + 1:016x}",
            parent=f"{n:016x}" if n else None,
            name=f"level {n}",
            kind=SpanKind.INTERNAL,
            seq=n,
        )
        for n in range(300)
    )
    deep = Trace(id="1" * 32, name="deep", spans=spans)

    tables.tree(deep, SpanText(deep))

    last = capsys.readouterr().out.splitlines()[-1]
    assert f"{'  ' * 12}(299) internal level 299" in last


def test_a_span_with_a_hundred_thousand_attributes_is_one_bounded_line() -> None:
    """And says how many were left out; so do a name without end and a chain without end."""
    many = {f"k{n:06}": "v" * 1000 for n in range(100_000)}
    spans = tuple(
        Span(
            id=f"{n + 1:016x}",
            parent=f"{n:016x}" if n else None,
            name="n" * 100_000,
            kind=SpanKind.INTERNAL,
            seq=n,
            attributes=many if n == 0 else {},
        )
        for n in range(200)
    )

    page = SpanText(Trace(id="1" * 32, name="big", spans=spans)).lines()

    assert max(map(len, page)) < 25_000
    assert any(line.endswith("and 99800 more") for line in page)
    assert any("(199) #200 internal nnn" in line for line in page)

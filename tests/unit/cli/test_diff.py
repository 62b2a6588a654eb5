"""`agenttrace diff`, `check`, `pending`, `accept`, `reject`: what they say, and how they end."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from agenttrace.check.diff import diff
from agenttrace.cli import main
from agenttrace.cli.diff_text import Page
from agenttrace.explore.programs import Act, Ask, AtOnce, Deed, Note, played
from agenttrace.formats.native import write
from agenttrace.golden import pending, store
from agenttrace.model.span import Link
from agenttrace.model.trace import Trace

LOOK = Ask(tool="look_up_order", body={"order": "A-17"}, answer="paid twice")
PAY = Ask(tool="pay", body={"order": "A-17", "amount": 10}, answer="ok")
OLD = (Act(agent="planner", deeds=(LOOK, PAY, Note(value="paid"))),)
NEW = (
    Act(
        agent="planner",
        deeds=(
            LOOK,
            Ask(tool="pay", body={"order": "A-17", "amount": 100}, answer="card declined"),
            Note(value="failed"),
        ),
    ),
)
SAID = """\
tool_args  pay: changed
    at      planner/tool:pay#0
    in      amount
    old     10
    new     100
              ^
    so also tool_result of pay, state of planner

1 difference, and 2 that follow: tool_args 1, tool_result 1, state 1
"""


def run(*words: object, stdin: bytes | None = None) -> Result:
    """Run a command, 80 columns wide, into a pipe."""
    return CliRunner(env={"COLUMNS": "80"}).invoke(main, [str(word) for word in words], input=stdin)


def written(folder: Path, name: str, program: tuple[Deed, ...] | Trace) -> Path:
    """A golden of a program, in a file."""
    path = folder / name
    path.write_bytes(write(program if isinstance(program, Trace) else played(program)))
    return path


def test_the_first_cause_is_told_with_both_values(tmp_path: Path) -> None:
    """And in a line what follows from it; plain, since it goes into a pipe."""
    old, new = written(tmp_path, "old.trace", OLD), written(tmp_path, "new.trace", NEW)
    found = run("diff", old, new)

    assert (found.stdout, found.exit_code) == (SAID, 1)
    assert run("diff", old, "-", stdin=new.read_bytes()).stdout == SAID
    assert [run("diff", old, old).stdout, run("diff", old, old).exit_code] == ["no difference\n", 0]


def test_all_of_it_can_be_asked_for(tmp_path: Path) -> None:
    """What follows stands below its cause, with its own values."""
    old, new = written(tmp_path, "old.trace", OLD), written(tmp_path, "new.trace", NEW)
    lines = run("diff", "--all", old, new).stdout.splitlines()

    assert [line for line in lines if ": changed" in line] == [
        "tool_args  pay: changed",
        "    tool_result  pay: changed",
        "    state  state of planner: changed",
    ]
    assert "        old     'ok'" in lines


def test_what_may_vary_and_classes_that_do_not_matter_are_left_out(tmp_path: Path) -> None:
    """Named as in the marker."""
    old, new = written(tmp_path, "old.trace", OLD), written(tmp_path, "new.trace", NEW)
    words = ["--vary", "pay.amount", "--overlook", "tool_result", "--overlook", "state"]

    left = run("diff", "--overlook", "tool_args", old, new).stdout
    assert left.startswith("tool_result  pay: changed\n")
    assert run("diff", *words, old, new).exit_code == 0
    assert run("diff", "--vary", "pay", old, new).exit_code == 2
    assert run("diff", "--vary", "<uid>", old, new).exit_code == 2
    assert run("diff", "-", "-").exit_code == 2
    (tmp_path / "no.trace").write_bytes(b"\x00")
    assert run("diff", old, tmp_path / "no.trace").exit_code == 4


def test_two_programs_versions_and_cut_runs_are_said_first(tmp_path: Path) -> None:
    """Before a person reads on, they know that these are not two runs of one thing."""
    golden = replace(played(OLD, "test_a"), environment={"agenttrace": "1", "python": "3.11"})
    other = replace(played(OLD, "test_b"), environment={"agenttrace": "2"}, complete=False)
    old, new = written(tmp_path, "old.trace", golden), written(tmp_path, "new.trace", other)

    assert run("diff", old, new).stdout.splitlines() == [
        "note    two programs: test_a and test_b",
        "note    two versions of agenttrace: 1 and 2",
        "note    the new trace did not end: what is missing at its end may be missing for that",
        "no difference",
    ]


@pytest.mark.parametrize("width", [80, 40])
def test_hostile_and_huge_values_stay_on_their_lines(width: int) -> None:
    """Escapes, bidirectional overrides, a text of megabytes, a hundred thousand attributes."""
    evil = "\x1b[2J\u202e\n\u200b"
    golden = Ask(tool=f"pay{evil}", body={evil: "x" * 5_000_000 + evil + "a"})
    again = Ask(tool=f"pay{evil}", body={evil: "x" * 5_000_000 + evil + "b"})
    many = played((golden,))
    wide = {f"a{number}": number for number in range(100_000)}
    spans = tuple(replace(span, attributes=wide) for span in many.spans)
    changed = tuple(
        replace(span, attributes={**wide, "a7": "other"}) for span in played((again,)).spans
    )
    found = diff(replace(many, spans=spans), replace(played((again,)), spans=changed))
    screen = io.StringIO()
    Page(Console(file=screen, width=width, color_system=None)).differences(found, everything=True)
    text = screen.getvalue()

    assert {it.kind for it in found} == {"tool_args", "metadata"}
    assert max(len(line) for line in text.splitlines()) <= width + 40
    assert not [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf")]
    assert "\\x1b[2J\\u202e" in text


def test_a_terminal_gets_colours_that_every_eye_tells_apart() -> None:
    """Orange and blue, and the words before them say the same."""
    screen = io.StringIO()
    console = Console(
        file=screen, width=80, force_terminal=True, color_system="truecolor", no_color=False
    )
    Page(console).differences(diff(played(OLD), played(NEW)), everything=False)

    assert "\x1b[38;2;230;159;0m10\x1b[0m" in screen.getvalue()
    assert "\x1b[38;2;86;180;233m100\x1b[0m" in screen.getvalue()


def test_gone_moved_and_come_are_told_in_their_own_words(tmp_path: Path) -> None:
    """With how much went along, and from where to where."""
    old = written(tmp_path, "old.trace", (LOOK, Act(agent="critic", deeds=(PAY, PAY))))
    new = written(tmp_path, "new.trace", (LOOK, AtOnce(branches=((LOOK,), (LOOK,)))))
    swapped = written(tmp_path, "swapped.trace", (Act(agent="critic", deeds=(PAY, PAY)), LOOK))

    told = run("diff", old, new).stdout
    moved = run("diff", old, swapped).stdout

    assert "structure  critic: missing\n" in told
    assert "    old     'agent critic', with 2 spans inside\n" in told
    assert "moved\n    at      " in moved
    assert moved.endswith("1 difference: order 1\n")


def test_a_trace_that_cannot_be_so_is_named(tmp_path: Path) -> None:
    """And a golden whose outline is another's."""
    trace = played(OLD)
    broken = replace(trace, spans=(*trace.spans[:-1], replace(trace.spans[-1], parent="a" * 16)))
    path = written(tmp_path, "broken.trace", broken)
    good = tmp_path / "good.trace"
    store.save(good, trace)

    assert run("check", good).stdout == f"{good}  holds\n"
    (tmp_path / "good.trace.txt").write_text("old\n")
    found = run("check", good, path)
    assert found.exit_code == 1
    assert f"{good}  1 violated\n    outline  the one beside it is not" in found.stdout
    assert "    one_root  pay (planner/tool:pay#0) is an orphan: its parent aaaa" in found.stdout


def test_what_waits_is_listed_accepted_and_rejected(tmp_path: Path) -> None:
    """By golden, by `.new` file, by folder; nothing else is touched."""
    first, second, third = (tmp_path / f"{name}.trace" for name in "abc")
    for golden in (first, second):
        store.save(golden, played(OLD))
        pending.propose(golden, played(NEW))
    pending.propose(third, played(NEW))

    listed = run("pending", tmp_path)
    assert listed.exit_code == 1
    assert listed.stdout.splitlines()[:3] == [
        f"{first}  1 difference, and 2 that follow (tool_args 1)",
        f"{second}  1 difference, and 2 that follow (tool_args 1)",
        f"{third}  new",
    ]
    assert run("accept").exit_code == 2
    assert run("accept", tmp_path / "d.trace").exit_code == 1
    assert run("accept", f"{first}.new").stdout.startswith(f"accepted  {first}  1 difference")
    assert run("reject", tmp_path).stdout == f"rejected  {second}\nrejected  {third}\n"
    assert run("pending", tmp_path).stdout == "nothing waits\n"
    assert run("accept", tmp_path).stdout == run("reject", tmp_path).stdout == "nothing waits\n"


def test_a_lent_answer_is_never_accepted(tmp_path: Path) -> None:
    """Only the world knows what it would have said."""
    golden = tmp_path / "a.trace"
    trace = played(NEW)
    lent = tuple(replace(it, mark="lent") if it.name == "pay" else it for it in trace.spans)
    pending.propose(golden, replace(trace, spans=lent))

    found = run("accept", golden)

    assert found.exit_code == 1
    assert found.stderr.startswith("AnswersLent: ")
    assert "    lent  pay  at planner/tool:pay#0" in found.stderr
    assert not golden.exists()


def test_a_link_that_leads_elsewhere_is_told_by_place(tmp_path: Path) -> None:
    """Never by an id."""
    trace = played(OLD)
    pay, look = (next(it for it in trace if it.name == name) for name in ("pay", "look_up_order"))
    linked = replace(pay, links=(Link(span=look.id),))
    spans = tuple(linked if it is pay else it for it in trace.spans)
    old = written(tmp_path, "old.trace", trace)
    new = written(tmp_path, "new.trace", replace(trace, spans=spans))

    assert (
        "new     [['triggered_by', 'planner/tool:look_up_order#0']]" in run("diff", old, new).stdout
    )

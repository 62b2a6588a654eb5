"""A golden's life under pytest: recorded from a passing test, replayed, changed, accepted."""

import pytest

from agenttrace.formats import native
from agenttrace.golden import run_results
from tests.fakes.refund_project import GOLDEN, RefundProject, command_in, message_in

MISSING = """\
GoldenMissing: test_refund.py::test_refund has no golden.  [golden-missing]

    expected  golden/test_refund/test_refund.trace

  Record it once; the agent then talks to the real model and tools:
      pytest test_refund.py::test_refund --agenttrace=record
  More: agenttrace explain golden-missing"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> RefundProject:
    """A project of a user's, nothing recorded yet."""
    return RefundProject(pytester)


def write_test(project: RefundProject, body: str, before: str = "") -> None:
    """Put another test in the place of the project's own."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    source = f"import pytest, agent, agenttrace\n{before}\ndef test_refund(agent_trace):\n{lines}"
    (project.path / "test_refund.py").write_text(source)


def test_a_missing_golden_fails_and_names_the_command_that_records_it(
    project: RefundProject,
) -> None:
    """A deleted golden must never turn a gate green."""
    result = project.run()

    result.assert_outcomes(failed=1)
    assert message_in(result) == MISSING
    result.stdout.fnmatch_lines(["1 unrecorded; calls: 1 asked, 0 answered, 0 echoed, 0 live"])
    with project.model() as model:
        project.paste(command_in(MISSING)).assert_outcomes(passed=1)
        assert model.count == 3
    project.run().assert_outcomes(passed=1)


def test_a_replay_needs_no_model_and_says_who_answered(project: RefundProject) -> None:
    """The section counts what was asked, answered, echoed and live; the model hears nothing."""
    project.recorded()
    with project.model() as model:
        result = project.run()

    assert model.count == 0
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["1 replayed; calls: 6 asked, 5 answered, 0 echoed, 1 live"],
    )


def test_recording_twice_leaves_the_golden_alone(project: RefundProject) -> None:
    """Equal content is not written again, so `git status` stays clean."""
    project.recorded()
    before = {path: path.read_bytes() for path in project.path.glob("golden/**/*.trace*")}
    with project.model():
        project.run("--agenttrace=rewrite").assert_outcomes(passed=1)

    assert {path: path.read_bytes() for path in project.path.glob("golden/**/*.trace*")} == before
    assert sorted(path.name for path in before) == ["test_refund.trace", "test_refund.trace.txt"]


def test_record_replays_what_has_a_golden(project: RefundProject) -> None:
    """`record` asks the model only for tests that have none."""
    project.recorded()
    with project.model() as model:
        project.run("--agenttrace=record").assert_outcomes(passed=1)

    assert model.count == 0


def test_a_failed_recording_becomes_no_golden_and_its_journal_is_named(
    project: RefundProject,
) -> None:
    """A golden comes only from a test that passed; what was recorded is kept all the same."""
    write_test(project, 'agent.refund_desk("A-17")\nassert 1 == 2')
    with project.model():
        result = project.run("--agenttrace=record")

    result.assert_outcomes(failed=1)
    assert not (project.path / GOLDEN).exists()
    result.stdout.fnmatch_lines(["kept      *test_refund.journal  (no golden: *did not pass)"])
    assert list(project.path.glob(".agenttrace/**/*.journal"))


@pytest.mark.parametrize(
    ("keep", "ends", "journals", "waiting"),
    [
        ("failed", "passed", 0, 0),
        ("failed", "failed", 1, 0),
        ("all", "passed", 1, 0),
        ("none", "failed", 0, 0),
    ],
)
def test_what_is_kept_of_a_recording_can_be_said(
    project: RefundProject, keep: str, ends: str, journals: int, waiting: int
) -> None:
    """Journals pile up only where somebody wants them, and never in version control's sight."""
    if ends == "failed":
        write_test(project, 'agent.chat("one")\nassert 1 == 2')
    with project.model():
        project.run("--agenttrace=record", f"--agenttrace-keep={keep}")

    assert len(list(project.path.glob(".agenttrace/**/*.journal"))) == journals
    assert len(list(project.path.glob(".agenttrace/.gitignore"))) == journals
    assert len(list(project.path.glob("golden/**/*.new"))) == waiting


def test_each_runs_trace_can_be_had_in_a_folder(project: RefundProject) -> None:
    """CI collects what happened, beside what should have."""
    project.recorded()

    project.run("--agenttrace-run-dir=runs").assert_outcomes(passed=1)

    copy = native.read((project.path / "runs" / GOLDEN).read_bytes())
    golden = native.read((project.path / GOLDEN).read_bytes())
    assert native.content_bytes(copy) == native.content_bytes(golden)


def test_each_run_says_in_the_folder_what_became_of_it(project: RefundProject) -> None:
    """A gate reads there which golden a run was held against, and whether it agreed."""
    project.recorded()
    data = (project.path / GOLDEN).read_bytes()
    project.change("Write the answer.", "Write a letter.")

    project.run("--agenttrace-run-dir=runs").assert_outcomes(failed=1)

    [(result, trace)] = run_results.read_all(project.path / "runs")
    assert (result.run, result.outcome) == ("test_refund.py::test_refund", "diverged")
    assert (result.golden, result.held) == (GOLDEN, native.content_digest(data).hex())
    assert result.trace == native.content_digest(trace.read_bytes()).hex() != result.held
    assert result.problems == ("replay-diverged",)
    assert result.counts["asked"] == 6


def test_an_interrupted_recording_becomes_no_golden(project: RefundProject) -> None:
    """Ctrl-C in the middle keeps the journal and writes no golden."""
    write_test(project, 'agent.chat("one")\nraise KeyboardInterrupt')
    with project.model(), pytest.MonkeyPatch.context() as patch:
        patch.delenv("CI", raising=False)
        project.pytester.runpytest_subprocess("--agenttrace=record")

    assert not (project.path / GOLDEN).exists()
    assert list(project.path.glob(".agenttrace/**/*.journal"))


def test_recording_is_refused_where_ci_is_set(
    project: RefundProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipeline that records by mistake stops before any test, with the way on."""
    monkeypatch.setenv("CI", "true")
    with project.model():
        refused = project.pytester.runpytest_inprocess("--agenttrace=record")
        meant = project.pytester.runpytest_inprocess(
            "--agenttrace=record", "--agenttrace-allow-record"
        )

    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines(
        [
            "ERROR: --agenttrace=record is refused, because CI is set: *[[]record-refused[]]",
            "      pytest --agenttrace=record --agenttrace-allow-record",
        ]
    )
    meant.assert_outcomes(passed=1)


EXPLICIT = 'with agent_trace.run():\n    agent.refund_desk("A-17")\n{}'
COMPARES = "agent_trace.assert_matches_golden()"


@pytest.mark.parametrize("ends", ["", COMPARES], ids=["at its end", "where the test says"])
def test_a_changed_replay_leaves_a_new_trace_beside_the_golden_until_it_is_accepted(
    project: RefundProject, ends: str
) -> None:
    """Code that runs in every replay changed: the golden is not touched before a person says so."""
    write_test(project, EXPLICIT.format(ends))
    project.recorded()
    project.change(
        '        notify("started")\n',
        '        notify("started")\n        agenttrace.event("reflection", text="hm")\n',
    )
    golden = project.path / GOLDEN
    before = golden.read_bytes()

    changed = project.run()

    changed.assert_outcomes(failed=1)
    assert message_in(changed).splitlines()[0] == (
        "GoldenMismatch: test_refund.py::test_refund: the run is not the golden's: 1 difference.  "
        "[golden-mismatch]"
    )
    changed.stdout.fnmatch_lines(["changed   golden/test_refund/test_refund.trace.new"])
    assert golden.read_bytes() == before
    assert golden.with_suffix(".trace.new").exists()

    accepted = project.paste(command_in(message_in(changed)))
    accepted.assert_outcomes(passed=1)
    accepted.stdout.fnmatch_lines(["updated  golden/test_refund/test_refund.trace"])
    assert golden.read_bytes() != before
    assert not golden.with_suffix(".trace.new").exists()
    project.run().assert_outcomes(passed=1)


def test_update_goes_on_where_a_test_compares_and_accepts_nothing_of_one_that_fails(
    project: RefundProject,
) -> None:
    """What stands below the comparison is part of the test."""
    write_test(project, EXPLICIT.format(COMPARES))
    project.recorded()
    before = (project.path / GOLDEN).read_bytes()
    project.change('        notify("started")\n', '        agenttrace.event("reflection")\n')
    write_test(project, EXPLICIT.format(f"{COMPARES}\nassert 'below' == 'the comparison'"))

    result = project.run("--agenttrace-update")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*assert 'below' == 'the comparison'"])
    assert (project.path / GOLDEN).read_bytes() == before


def test_update_does_not_accept_an_answer_that_was_lent(project: RefundProject) -> None:
    """A golden holds only pairs that the world gave."""
    project.recorded()
    project.change("Plan the refund", "Plan a refund")
    before = (project.path / GOLDEN).read_bytes()

    result = project.run("--agenttrace-match=lenient", "--agenttrace-update")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["      pytest test_refund.py::test_refund --agenttrace=rewrite"])
    assert (project.path / GOLDEN).read_bytes() == before


def test_no_xfail_excuses_a_divergence(project: RefundProject) -> None:
    """An expected failure is one of the agent's, not one of the replay."""
    project.recorded()
    write_test(project, 'agent.refund_desk("A-18")', before='@pytest.mark.xfail(reason="flaky")')

    result = project.run()

    result.assert_outcomes(failed=1)
    assert "[replay-diverged]" in message_in(result)


def test_a_test_that_asks_nothing_fails(project: RefundProject) -> None:
    """Nothing compared is not a pass."""
    write_test(project, "pass")
    with project.model():
        result = project.run("--agenttrace=record")

    result.assert_outcomes(failed=1)
    assert "[nothing-asked]" in message_in(result)
    assert not (project.path / GOLDEN).exists()


def test_a_damaged_golden_fails_as_itself(project: RefundProject) -> None:
    """A golden cut short says so, rather than being recorded over or passed."""
    project.recorded()
    golden = project.path / GOLDEN
    golden.write_bytes(golden.read_bytes()[:-20])

    result = project.run()

    result.assert_outcomes(errors=1)
    assert "[golden-unreadable]" in message_in(result)


def test_several_runs_of_a_test_have_a_golden_each(project: RefundProject) -> None:
    """Runs are numbered, or named; each is replayed from its own."""
    write_test(
        project,
        'with agent_trace.run():\n    agent.chat("one")\n'
        'with agent_trace.run():\n    agent.chat("two")\n'
        'with agent_trace.run(name="last"):\n    agent.chat("three")\n'
        "agent_trace.assert_matches_golden()",
    )
    with project.model():
        project.run("--agenttrace=record").assert_outcomes(passed=1)

    names = sorted(path.name for path in project.path.glob("golden/**/*.trace"))
    assert names == ["test_refund.2.trace", "test_refund.last.trace", "test_refund.trace"]
    replayed = project.run()
    replayed.assert_outcomes(passed=1)
    replayed.stdout.fnmatch_lines(["3 replayed; calls: 3 asked, 3 answered, 0 echoed, 0 live"])


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        ('with agent_trace.run():\n    agent.chat("one")\nagent.chat("two")', "call-outside-run"),
        ('agent.chat("zero")\nwith agent_trace.run():\n    agent.chat("one")', "usage"),
        ("with agent_trace.run():\n    with agent_trace.run():\n        pass", "usage"),
        (
            (
                'with agent_trace.run("a"):\n    agent.chat("1")\n'
                'with agent_trace.run("a"):\n    agent.chat("2")'
            ),
            "golden-collision",
        ),
    ],
    ids=["a call after the run", "a call before it", "nested runs", "one name twice"],
)
def test_a_call_that_belongs_to_no_run_is_an_error_of_its_own(
    project: RefundProject, body: str, slug: str
) -> None:
    """Where a test says where its runs are, everything else is refused rather than sent."""
    write_test(project, body)
    with project.model():
        result = project.run("--agenttrace=record")

    result.assert_outcomes(failed=1)
    assert f"[{slug}]" in message_in(result)


def test_off_runs_the_test_as_if_we_were_not_there(project: RefundProject) -> None:
    """No golden, no journal, no section: the agent talks to its model."""
    with project.model() as model:
        result = project.run("--agenttrace=off")
        assert model.count == 3

    result.assert_outcomes(passed=1)
    assert "agenttrace ==" not in result.stdout.str()
    assert not (project.path / "golden").exists()
    assert not (project.path / ".agenttrace").exists()


def test_verify_runs_live_and_compares_and_writes_nothing(project: RefundProject) -> None:
    """A nightly run finds that the model says something else today."""
    project.recorded()
    before = (project.path / GOLDEN).read_bytes()
    with project.model() as model:
        same = project.run("--agenttrace=verify")
        assert model.count == 3
        other = project.run("--agenttrace=verify")

    same.assert_outcomes(passed=1)
    other.assert_outcomes(failed=1)
    assert "llm_output  chat gpt-4o: changed" in message_in(other)
    assert (project.path / GOLDEN).read_bytes() == before
    assert not list(project.path.glob("golden/**/*.new"))


def test_the_marker_alone_makes_a_test_a_run(project: RefundProject) -> None:
    """A test need not take the fixture."""
    (project.path / "test_refund.py").write_text(
        "import pytest, agent\n"
        "@pytest.mark.agent_trace\n"
        "def test_refund():\n"
        '    agent.refund_desk("A-17")\n'
    )
    project.recorded()

    project.run().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "marker", ["agent_trace(golder='x')", "agent_trace('x')", "agent_trace(vary=['order'])"]
)
def test_a_marker_that_says_nothing_sensible_is_refused(
    project: RefundProject, marker: str
) -> None:
    """A typing error in a marker must not be a silent default."""
    write_test(project, 'agent.chat("one")', before=f"@pytest.mark.{marker}")

    result = project.run()

    result.assert_outcomes(errors=1)
    assert "[usage]" in result.stdout.str()


def test_under_xdist_the_counts_reach_the_terminal(project: RefundProject) -> None:
    """Two processes replay, one section says so."""
    project.recorded()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CI", raising=False)
        result = project.pytester.runpytest_subprocess("-n", "2")

    result.stdout.fnmatch_lines(["1 replayed; calls: 6 asked, 5 answered, 0 echoed, 1 live"])


def test_an_unknown_value_in_the_ini_file_is_refused(project: RefundProject) -> None:
    """`agenttrace = replya` must not mean the default."""
    ini = project.path / "tox.ini"
    ini.write_text(f"{ini.read_text()}\nagenttrace = replya\n")

    result = project.run()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: agenttrace = 'replya' in the ini file; it is one of *"])


def test_tests_that_would_share_a_golden_are_refused_before_any_runs(
    project: RefundProject,
) -> None:
    """On a file system without upper and lower case, the second would overwrite the first."""
    (project.path / "test_refund.py").write_text(
        "import agent\n"
        "def test_refund(agent_trace):\n    agent.chat('one')\n"
        "def test_Refund(agent_trace):\n    agent.chat('two')\n"
    )

    result = project.run()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "ERROR: 2 tests would write the same golden, *[[]golden-collision[]]",
            "      test_refund.py::test_refund",
            "      test_refund.py::test_Refund",
        ]
    )

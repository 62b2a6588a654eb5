"""The message that a changed agent gets, to the letter, and the command in it, pasted."""

import pytest

from tests.fakes.refund_project import RefundProject, command_in, message_in

REWRITE = "pytest test_refund.py::test_refund --agenttrace=rewrite"
ON = f"""
  The agent is right, and the recording is old:
      {REWRITE}
"""
MORE = "  More: agenttrace explain replay-diverged"
LENIENT = f"""  To see everything that differs at once:
      pytest test_refund.py::test_refund --agenttrace-match=lenient
{MORE}"""
PROMPT_VARIES = f"""  `messages[0].content` may differ from run to run:
      @pytest.mark.agent_trace(vary=["chat.messages[0].content"])
{MORE}"""


def around(inside: str, so_far: str) -> str:
    """The lines that say where it happened and what was done so far."""
    return f"""
  inside    {inside}
  golden    golden/test_refund/test_refund.trace, schema 1
  so far    {so_far}; nothing was sent anywhere
"""


NONE_YET = "no call was answered yet"
DRIFT = "is not the one that was recorded.  [replay-diverged]"

CHANGED_PROMPT = f"""\
ReplayDiverged: test_refund.py::test_refund: call 1 of 6 {DRIFT}

    golden    llm  chat gpt-4o  messages[0].content = 'Plan the refund of A-17.'
    this run  llm  chat gpt-4o  messages[0].content = 'Plan a refund of A-17.'      agent.py:12
                                                            ^ messages[0].content differs; \
5 of 6 values agree
{around("planner", NONE_YET)}{ON}{PROMPT_VARIES}"""

CHANGED_MODEL = f"""\
ReplayDiverged: test_refund.py::test_refund: call 1 of 6 {DRIFT}

    golden    llm  chat gpt-4o  model      = 'gpt-4o'
    this run  llm  chat gpt-4o-mini  model = 'gpt-4o-mini'      agent.py:12
                                                    ^^^^^ model differs; 5 of 6 values agree
{around("planner", NONE_YET)}{ON}  `model` may differ from run to run:
      @pytest.mark.agent_trace(vary=["chat.model"])
{MORE}"""

CHANGED_ARGUMENT = f"""\
ReplayDiverged: test_refund.py::test_refund: call 3 of 6 {DRIFT}

    golden    tool  look_up_order(order='A-17', region='eu')
    this run  tool  look_up_order(order='A-17', region='us')      agent.py:35
                                                       ^^^^ region differs; 1 of 2 arguments agree
{around("planner", "2 calls were answered from the recording")}{ON}\
  `region` may differ from run to run:
      @pytest.mark.agent_trace(vary=["look_up_order.region"])
{MORE}"""

DROPPED_CALL = """\
AnswersUnused: test_refund.py::test_refund: 1 recorded answer was never asked for.  \
[answers-unused]

    call 2 of 6  notify  at planner/tool:notify#0

  golden    golden/test_refund/test_refund.trace

  The agent is right, and the golden is old:
      pytest test_refund.py::test_refund --agenttrace-update
  More: agenttrace explain answers-unused"""

INSERTED_CALL = f"""\
ReplayDiverged: test_refund.py::test_refund: a call was not recorded: notify.  [replay-diverged]

    golden    (no call at this place)
    this run  tool  notify(text='done')      agent.py:37
{around("planner", "4 calls were answered from the recording")}{ON}{LENIENT}"""

SWAPPED_CALLS = f"""\
ReplayDiverged: test_refund.py::test_refund: call 6 of 6 comes at another place than recorded.  \
[replay-diverged]

    golden    llm  chat gpt-4o  messages[0] = 'Plan the refund of A-17.'
    this run  llm  chat gpt-4o  messages[0] = 'Write the answer.'      agent.py:12

    recorded as call 6 of 6, inside planner
{around("planner", NONE_YET)}{ON}{LENIENT}"""

SUB_AGENT_PROMPT = f"""\
ReplayDiverged: test_refund.py::test_refund: call 5 of 6 {DRIFT}

    golden    llm  chat gpt-4o  messages[0].content = 'You are an expert. May we refund it?'
    this run  llm  chat gpt-4o  messages[0].content = 'You are a lawyer. May we refund it?'      \
agent.py:12
                                                                ^^^^^^^ messages[0].content \
differs; 5 of 6 values agree
{around("planner > ask_expert", "3 calls were answered from the recording")}{ON}{PROMPT_VARIES}"""

PLAN = '        chat(f"Plan the refund of {order}.")\n'
SWALLOWED = (
    "        try:\n"
    '            chat(f"Plan a refund of {order}.")\n'
    "        except Exception:\n"
    '            return "sorry"\n'
)

CHANGES = {
    "changed prompt": ([("Plan the refund", "Plan a refund")], CHANGED_PROMPT),
    "changed model": ([("gpt-4o", "gpt-4o-mini")], CHANGED_MODEL),
    "changed tool argument": (
        [("look_up_order(order)", 'look_up_order(order, region="us")')],
        CHANGED_ARGUMENT,
    ),
    "dropped call": ([('        notify("started")\n', "")], DROPPED_CALL),
    "inserted call": (
        [("        return chat(", '        notify("done")\n        return chat(')],
        INSERTED_CALL,
    ),
    "swapped calls": (
        [
            ('return chat("Write the answer.")', 'return chat(f"Plan the refund of {order}.")'),
            (PLAN, '        chat("Write the answer.")\n'),
        ],
        SWAPPED_CALLS,
    ),
    "swallowed divergence": ([(PLAN, SWALLOWED)], CHANGED_PROMPT),
    "changed prompt of a sub-agent": (
        [("You are an expert", "You are a lawyer")],
        SUB_AGENT_PROMPT,
    ),
}


@pytest.mark.parametrize(("edits", "message"), CHANGES.values(), ids=CHANGES)
def test_a_changed_agent_is_told_what_where_and_what_to_do(
    pytester: pytest.Pytester, edits: list[tuple[str, str]], message: str
) -> None:
    """Both sides, the place, and the command that goes on, which then does go on."""
    project = RefundProject(pytester).recorded()
    for before, after in edits:
        project.change(before, after)

    changed = project.run()

    changed.assert_outcomes(failed=1)
    assert message_in(changed) == message
    with project.model():
        project.paste(command_in(message)).assert_outcomes(passed=1)
    project.run().assert_outcomes(passed=1)


def test_what_may_vary_does_not_stop_a_replay(pytester: pytest.Pytester) -> None:
    """The second way on that a drift prints works as it is printed."""
    project = RefundProject(pytester).recorded()
    project.change("Plan the refund", "Plan a refund")
    varies = next(line.strip() for line in CHANGED_PROMPT.splitlines() if "@pytest.mark" in line)
    test = project.path / "test_refund.py"
    test.write_text(
        test.read_text()
        .replace("def test_refund", f"{varies}\ndef test_refund")
        .replace("import agent\n", "import agent\nimport pytest\n")
    )

    project.run().assert_outcomes(passed=1)


def test_lenient_matching_shows_everything_at_once(pytester: pytest.Pytester) -> None:
    """Swapped calls both get their answers, and the test still fails with both named."""
    project = RefundProject(pytester).recorded()
    for before, after in CHANGES["swapped calls"][0]:
        project.change(before, after)

    result = project.paste("pytest test_refund.py::test_refund --agenttrace-match=lenient")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "GoldenMismatch: test_refund.py::test_refund: the run is not the golden's: *",
            (
                "warning   test_refund.py::test_refund: chat gpt-4o at planner/llm:chat#0 was "
                "moved from planner/llm:chat#1"
            ),
        ]
    )

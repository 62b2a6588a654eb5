"""Ways on: for each error, what a person types or changes next."""

from __future__ import annotations

WAYS_ON: dict[str, tuple[str, ...]] = {
    "replay-diverged": (
        "The agent is right, and the recording is old. Record this test again:",
        "    pytest TEST --agenttrace=rewrite",
        "The value may differ from run to run. Say where it stands:",
        '    @pytest.mark.agent_trace(vary=["look_up_order.order"])',
        "You want to see every divergence at once:",
        "    pytest TEST --agenttrace-match=lenient",
    ),
    "egress-refused": (
        "The call belongs to the test. Give it a door, and record again:",
        "    @agenttrace.tool",
        "    def fetch(url: str) -> str: ...",
        "It may go out in a replay. Say so in the ini file:",
        "    agenttrace_allowed_hosts = db.internal",
    ),
    "deadlock": (
        "Read who waits on whom in the message; the way out is in the code under test.",
        "If the golden was made by other code, record again:",
        "    pytest TEST --agenttrace=rewrite",
    ),
    "never-answered": (
        "See how the answer ended when it was recorded:",
        "    agenttrace show GOLDEN",
        "Nobody is meant to cancel it any more. Record again:",
        "    pytest TEST --agenttrace=rewrite",
    ),
    "message-never-came": (
        "See who sent the message when it was recorded:",
        "    agenttrace show GOLDEN",
        "The sender is meant to be silent now. Record again:",
        "    pytest TEST --agenttrace=rewrite",
    ),
    "incident-silent": (
        "You know what the world said, or what it would say. Say it:",
        "    agenttrace replay TRACE --entry app:handle --override '#4=...'",
        "A tool may be answered alike each time:",
        "    agenttrace replay TRACE --entry app:handle --stub look_up_order='...'",
        "See what the trace holds, and what it lacks:",
        "    agenttrace show TRACE",
    ),
    "stopped-there": (
        "It was asked for. To see the states of the agents at that call:",
        "    agenttrace show TRACE --at '#4'",
        "To go on:",
        "    agenttrace replay TRACE --entry app:handle",
    ),
    "cut-not-reached": (
        "See what the run asked on its way, and where it departs:",
        "    agenttrace replay TRACE --entry app:handle",
        "Start sooner, or at a call that is still asked:",
        "    agenttrace replay TRACE --entry app:handle --from '#2'",
        "Let code begin there that takes the agents' states:",
        "    agenttrace replay TRACE --entry app:carry_on --from '#4' --states-as states",
    ),
    "states-unlike": (
        "See what the agents knew then:",
        "    agenttrace show TRACE --at '#3'",
        "Start sooner, where they still are alike:",
        "    agenttrace replay TRACE --entry app:handle --from '#2'",
        "Let code begin there that takes the agents' states:",
        "    agenttrace replay TRACE --entry app:carry_on --from '#4' --states-as states",
    ),
    "stream-read-past": (
        "The agent is meant to read on. Record again:",
        "    pytest TEST --agenttrace=rewrite",
    ),
    "run-never-ends": (
        "The message names who goes on and where. End it, or give the run more:",
        "    @pytest.mark.agent_trace(limit_steps=5_000_000, limit_virtual_s=30 * 86_400)",
    ),
    "run-ended": (
        "Wait for the thread or task inside the run: `await task`, `thread.join()`,",
        "`with ThreadPoolExecutor() as pool:`.",
    ),
    "call-outside-run": (
        "Let the block hold everything that the agent does:",
        "    with agent_trace.run():",
        "        my_agent()",
    ),
    "not-stubbed": (
        "Say what it answers, before the agent runs:",
        '    agent_stubs.tool("look_up_order").returns("paid twice")',
        '    agent_stubs.llm.says("It was paid twice.")',
    ),
    "stub-unfit": (
        "The message shows the stub, and what the tool or the request says. Change the stub:",
        '    agent_stubs.tool("pay").returns(Receipt(id="r-1"))',
    ),
    "not-canonical": (
        "Say how the value is written down and built again:",
        "    @agenttrace.tool(encode=to_json_like, decode=from_json_like)",
    ),
    "not-rebuildable": (
        "Annotate what the tool returns:",
        "    @agenttrace.tool",
        "    def look_up(order: str) -> Order: ...",
        "The annotation cannot say it. Say how it is written down and built again:",
        "    @agenttrace.tool(encode=to_json_like, decode=from_json_like)",
    ),
    "argument-changed": (
        "Return what the tool now puts into its argument.",
        "It is to run in every replay:",
        "    @agenttrace.tool(live=True)",
    ),
    "stream-left-open": (
        "Close what is not read to its end:",
        "    with client.chat.completions.create(..., stream=True) as stream: ...",
    ),
    "no-run": (
        "Ask after the run, inside the test that owns it:",
        "    with agent_trace.run():",
        "        my_agent()",
        "    agent_trace.assert_matches_golden()",
    ),
    "golden-missing": (
        "Record it, against the world, and commit what it writes:",
        "    pytest TEST --agenttrace=record",
    ),
    "golden-unreadable": (
        "Take back the one under version control:",
        "    git checkout -- GOLDEN",
        "There is none. Record again:",
        "    pytest TEST --agenttrace=rewrite",
    ),
    "golden-too-new": (
        "Install the version that wrote it, or a later one:",
        "    pip install --upgrade pytest-agenttrace",
    ),
    "golden-collision": (
        "Rename one of the two tests; or give one of the two runs a name:",
        '    with agent_trace.run(name="second"): ...',
    ),
    "golden-not-written": (
        "Make room, or make the folder writable, and record again:",
        "    pytest TEST --agenttrace=record",
    ),
    "secret-in-golden": (
        "Say how the secret looks, in the ini file, and record again:",
        "    agenttrace_redact =",
        "        customer-number = C-[0-9]{8}",
        "It is no secret. Leave its kind in, by the name in the message:",
        "    agenttrace_redact =",
        "        !jwt",
    ),
    "journal-unreadable": (
        "Look at its first bytes; a journal of ours ends in .journal:",
        "    head -c 64 FILE | xxd",
    ),
    "unknown-format": (
        "Name the golden itself, which ends in .trace:",
        "    agenttrace show golden/tests/test_refund/test_refund.trace",
    ),
    "invalid-span": (
        "The file came from another system: the fault is there. The message names the span.",
    ),
    "invalid-trace": (
        "The file came from another system: the fault is there. The message names the place.",
    ),
    "golden-mismatch": (
        "The agent is right. Accept what this run did, where all its answers are the world's:",
        "    pytest TEST --agenttrace-update",
        "It is not. The message names the first change; the rest mostly follows from it.",
    ),
    "answers-unused": (
        "The agent is meant to ask less. Accept what it does now; no model is asked:",
        "    pytest TEST --agenttrace-update",
    ),
    "answers-lent": (
        "Only the world knows what it would have answered. Record the test again:",
        "    pytest TEST --agenttrace=rewrite",
    ),
    "nothing-asked": (
        "Give the agent's calls a door:",
        "    @agenttrace.tool",
        "    def look_up_order(order: str) -> str: ...",
    ),
    "record-refused": (
        "Record where a person sees it, and commit the golden:",
        "    pytest TEST --agenttrace=record",
        "It is meant:",
        "    pytest TEST --agenttrace=record --agenttrace-allow-record",
    ),
    "recording-failed": (
        "Mend the test, and record again. What was recorded so far can be read:",
        "    agenttrace show JOURNAL",
    ),
    "stubs-unused": (
        "Remove the stub, or name what the agent calls:",
        '    agent_stubs.tool("look_up_order").returns("paid twice")',
    ),
    "cassette-unreadable": (
        "The message names the file and the line. Record the cassette again, or name the address:",
        "    agenttrace import CASSETTE --to GOLDEN --url https://api.anthropic.com/v1/messages",
    ),
    "nothing-selected": (
        "See what the run did:",
        "    agenttrace show GOLDEN",
        "It is meant not to happen. Say so:",
        '    agent_trace.tool("pay").never()',
    ),
    "selection-failed": (
        "The agent is right, and the assertion is old. Change the assertion; see what was done:",
        "    agenttrace show GOLDEN",
        "A value may differ. Put a matcher in its place, such as one of dirty-equals:",
        '    agent_trace.tool("pay").with_args(id=IsStr())',
    ),
    "order-broken": (
        "See what led to the later one, and what stands between them:",
        "    agenttrace show GOLDEN --why SPAN",
        "They may come in either order. Say so:",
        "    a.concurrent_with(b)",
    ),
    "cascade-spread": (
        "See where it began, and what followed:",
        "    agenttrace show GOLDEN --view cascade",
        "Hold it where it begins: catch it in the agent, and go on without the answer:",
        "    try: price = quote(order)",
        "    except TimeoutError: price = last_known(order)",
    ),
    "delegation-broken": (
        "See each step, who took it, and what it follows:",
        "    agenttrace show GOLDEN --view tree",
        "Name the agent that an award answers as it named itself when it bid:",
        '    agenttrace.delegation("translate", phase="award", to="carol")',
    ),
    "orchestration-broken": (
        "See when what was put into which queue, and who took it out:",
        "    agenttrace show GOLDEN",
        "It was taken out, and nobody said so. Say it where it is:",
        '    agenttrace.event("dequeued", task=task, queue="orders")',
    ),
    "team-stuck": (
        "See what each of the agents that are named did last:",
        "    agenttrace show GOLDEN --agent NAME",
        "A wait ends by itself after a while. Say so:",
        '    agenttrace.event("waiting", agents=["critic"], timeout=30)',
        "The steps repeat, and bring the team on. Keep what they change:",
        "    agenttrace.snapshot(memory)",
    ),
    "propagation-broken": (
        "Pass on what came, in both directions:",
        "    with agenttrace.extract(request.headers):",
        "        httpx.post(url, headers=agenttrace.inject())",
        "See what led to the span that is named:",
        "    agenttrace show GOLDEN --why SPAN",
    ),
    "budget-broken": (
        "The message lists what spent it. It is worth that much. Raise the limit:",
        "    @pytest.mark.agent_trace(budget=dict(usd=0.05))",
        "It is relative to an old golden. Record again:",
        "    pytest TEST --agenttrace=rewrite",
    ),
    "trace-unreadable": (
        "Look at its first bytes, and export it again from where it came:",
        "    head -c 200 FILE",
    ),
    "export-refused": (
        "Say where it listens, and what it wants to know of you:",
        "    agenttrace export TRACE --to otlp-protobuf --endpoint URL --header NAME=VALUE",
        "It is down for longer:",
        "    agenttrace export TRACE --to otlp-protobuf --endpoint URL --wait 600",
    ),
    "several-traces": (
        "Name the one that is meant; the message lists them:",
        "    agenttrace show FILE --trace ID",
    ),
    "usage-unknown": (
        "Let the stream say what it used:",
        '    client.chat.completions.create(..., stream_options={"include_usage": True})',
        "Or budget what is known: llm_calls=, steps=.",
    ),
    "price-unknown": (
        "Install the price list:",
        "    pip install 'pytest-agenttrace[prices]'",
        "Or name the price, in USD for a million tokens read and written:",
        '    Budget(usd=0.05, prices={"my-model": (0.5, 1.5)})',
    ),
    "nothing-to-compare": (
        "Record the test first; what is recorded is what the next run is held against:",
        "    pytest TEST --agenttrace=record",
        "Or say a plain number instead of a percentage.",
    ),
    "team-failed": (
        "The message names the spans. See the whole of one:",
        "    agenttrace show GOLDEN --agent NAME",
        "The team is right, and the test is old: say what holds now.",
    ),
    "objective-missed": (
        "See a bad one, and why it is:",
        "    agenttrace show TRACE",
        "See which agents took the time:",
        "    agenttrace stats TRACE --times",
    ),
    "not-recorded": (
        "Let the agents say it; the verbs are listed with what they keep:",
        "    agenttrace.agent, send, receive, blackboard, delegation, orchestration",
        "See what the trace holds:",
        "    agenttrace show GOLDEN",
    ),
    "not-deterministic": (
        "The message names the source, the line that reads it, and what to do. Look again:",
        "    agenttrace doctor TEST",
    ),
    "invariant-broken": (
        "Run it again under the schedule that the message prints, with a debugger if you like:",
        "    pytest TEST --agenttrace-schedule=1.eNo…",
        "Keep what is read and written together in one lock, or read again before you write.",
    ),
    "invariant-raised": (
        "Let the invariant return True or False, or assert; it gets what the program returned:",
        "    agent_trace.explore(desk, invariant=lambda refunds: refunds <= 1)",
    ),
    "nothing-to-explore": (
        "Let agents work at the same time, or let something go wrong:",
        '    agent_trace.explore(desk, faults=["rate-limit", "timeout"])',
        "Where every schedule leaves the recording, let tools run, or say what they answer:",
        '    agent_trace.explore(desk, lend=["summarize"])',
    ),
    "search-unsteady": (
        "Let the program make its own state: it is called once a schedule.",
        "Where it does, look for what no run holds:",
        "    agenttrace doctor TEST",
    ),
    "schedule-unfit": (
        "Paste the whole word that was printed, behind the test that it was printed for.",
        "Where the test was recorded again since, search again:",
        "    pytest TEST",
    ),
    "search-went-live": (
        "Let the golden answer models and services; tools of your own may run:",
        '    @pytest.mark.agent_trace(stub=["llm", "http", "retrieval"])',
    ),
    "usage": (
        "The message names the option and the values that it can have:",
        "    pytest --help",
        "    agenttrace --help",
    ),
    "git-failed": (
        "Run it in the root of the tests, inside the repository, with git on PATH:",
        "    git status",
    ),
    "revision-unknown": (
        "Fetch the base, and name it:",
        "    git fetch origin main",
        "    agenttrace gate --base origin/main",
    ),
    "no-merge-base": (
        "Name a base that the head grew from:",
        "    agenttrace gate --base REVISION",
    ),
    "git-incomplete": (
        "Fetch the whole history; in a pipeline, check out with depth 0:",
        "    git fetch --unshallow origin",
        "Of a partial clone, fetch the contents:",
        "    git fetch --refetch origin",
    ),
    "policy-invalid": (
        "See the policy that holds, and every class that it can speak of:",
        "    agenttrace gate --explain",
    ),
    "approvals-invalid": (
        "Restore the file of approvals, and accept again:",
        "    git checkout -- golden/approvals.toml",
        "    agenttrace accept ID --reason WHY",
    ),
    "finding-unknown": (
        "List what waits now, with ids:",
        "    agenttrace pending --base origin/main",
    ),
}
"""By slug, lines for a terminal; TEST, GOLDEN and JOURNAL are what the message names."""

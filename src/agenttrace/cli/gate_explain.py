"""The policy of a gate in words: all of it, or as it applies to one golden."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agenttrace.check.sides import safe
from agenttrace.model import amounts
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.gate.policy import Policy
    from agenttrace.model.trace import Trace


def explained(golden: str, head: str) -> list[str]:
    """Say the policy of a revision; of a golden on disk, as it applies to it.

    Args:
        golden: The golden's path; `.`: none.
        head: The revision whose policy it is.

    Raises:
        AgentTraceError: There is no such revision, policy or golden.
    """
    from agenttrace.formats.files import trace_at
    from agenttrace.gate.compare import policy_at
    from agenttrace.gate.git import Repository
    from agenttrace.gate.policy import Subject

    with Repository.at(Path.cwd()) as repository:
        policy = policy_at(repository, repository.commit(head))
        if golden == ".":
            lines = [policy.source, "", *policy.explained(), *_rules(policy)]
        else:
            trace, _ = trace_at(Path(golden))
            subject = Subject("", repository.prefix + golden, trace.name)
            lines = [f"{golden} under {policy.source}", "", *policy.explained(subject)]
            lines += _inside(trace, subject.path, policy)
    return [safe(line) for line in lines]


TOLD = {
    "structure": "calls, agents or lanes that came, went or moved; a golden that is new",
    "order": "the same work in another causal order",
    "link": "what was triggered by what",
    "tool_args": "what a tool was asked",
    "tool_result": "what a tool gave back",
    "llm_input": "what a model was asked",
    "llm_output": "what a model said",
    "state": "goals, beliefs, memory of an agent",
    "event": "planning, reflection, and events of your own",
    "status": "how a call ended, and how often it was tried",
    "cost": "tokens and money",
    "latency": "times, where they count",
    "metadata": "the configuration of agents, attributes",
    "unreadable": "a golden that is none: conflict marks, a pointer, a link, a submodule",
    "schema": "a golden of a newer schema than this version reads",
    "secret": "a secret in a golden",
    "forged": "a golden that its own run contradicts; an approval that says another thing",
    "conflict": "golden and run moved, each its own way",
    "stale": "a golden whose run did not move; an outline that says another thing",
    "lent": "an answer that the world gave to another question",
    "simulated": "an answer that a person gave in the world's place, in a promoted incident",
    "missing": "a golden that is gone, and its test is not",
    "unused": "a golden that no test replays any more; answers that no run asked for",
    "budget": "a limit that a changed golden breaks",
    "policy": "the change changes the policy",
}
"""What each class is about."""


def table() -> str:
    """Every class with its default, as a table for the docs."""
    from agenttrace.gate.policy import DEFAULTS

    rows = [f"| `{kind}` | `{DEFAULTS[kind]}` | {about} |" for kind, about in TOLD.items()]
    return "\n".join(["| class | default | what it is |", "|---|---|---|", *rows])


def _rules(policy: Policy) -> Iterator[str]:
    for number, rule in enumerate(policy.rules, 1):
        said = ", ".join(f"{kind} {severity}" for kind, severity in rule.classes.items())
        yield f"rule {number}: {rule}: {said}"
    for budget in policy.budgets:
        for (what, name), limit in budget.limits().items():
            sign = f"{limit.at_most:+}%" if limit.relative else f"{limit.at_most}"
            yield f"budget: {what}{f' {name}' if name else ''} {sign}"
    yield f"approvals: {policy.approvals}, for at most {amounts.counted(policy.expire_days, 'day')}"


def _inside(trace: Trace, path: str, policy: Policy) -> Iterator[str]:
    """Say which agents and tools of a trace have rules of their own."""
    from agenttrace.gate.policy import Subject

    whole = Subject("", path, trace.name)
    for agent, tool in sorted(
        {
            (span.agent or "", span.operation if span.kind is SpanKind.TOOL else "")
            for span in trace.spans
        }
    ):
        for number, rule in enumerate(policy.rules, 1):
            subject = whole._replace(agent=agent, tool=tool)
            if (rule.agent or rule.tool) and rule.fits(subject):
                said = ", ".join(f"{kind} {severity}" for kind, severity in rule.classes.items())
                what = " ".join(filter(None, (agent and f"agent {agent}", tool and f"tool {tool}")))
                yield f"{what}: {said} (rule {number})"

"""The policy of a gate in words: all of it, or as it applies to one golden."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agenttrace.check.sides import safe
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
    from agenttrace.cli.show import read
    from agenttrace.gate.compare import policy_at
    from agenttrace.gate.git import Repository
    from agenttrace.gate.policy import Subject

    with Repository.at(Path.cwd()) as repository:
        policy = policy_at(repository, repository.commit(head))
        if golden == ".":
            lines = [policy.source, "", *policy.explained(), *_rules(policy)]
        else:
            trace, _ = read(Path(golden))
            subject = Subject("", repository.prefix + golden, trace.name)
            lines = [f"{golden} under {policy.source}", "", *policy.explained(subject)]
            lines += _inside(trace, subject.path, policy)
    return [safe(line) for line in lines]


def _rules(policy: Policy) -> Iterator[str]:
    for number, rule in enumerate(policy.rules, 1):
        said = ", ".join(f"{kind} {severity}" for kind, severity in rule.classes.items())
        yield f"rule {number}: {rule}: {said}"
    for budget in policy.budgets:
        for (what, name), limit in budget.limits().items():
            sign = f"{limit.at_most:+}%" if limit.relative else f"{limit.at_most}"
            yield f"budget: {what}{f' {name}' if name else ''} {sign}"
    yield f"approvals: {policy.approvals}, for at most {policy.expire_days} days"


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

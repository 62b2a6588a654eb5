"""`agenttrace blame`: which failures of an incident vanish if one call is answered otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agenttrace.cli.options import ENTRY, FROM, INPUT, OVERRIDE, SET, STUB, TRACE
from agenttrace.errors import Deadlock, RunStopped, StubUnfit, UsageError

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from agenttrace.model.trace import Trace
    from agenttrace.session.rerun import Rerun

_END = "the end"
"""The place of what ended a run."""


@click.command("blame")
@TRACE
@ENTRY
@INPUT
@SET
@OVERRIDE
@STUB
@FROM
def command(
    trace: Path,
    entry: str,
    inputs: tuple[str, ...],
    named: tuple[str, ...],
    override: tuple[str, ...],
    stub: tuple[str, ...],
    start: str | None,
) -> None:
    """Run today's code against an incident twice, once with other answers; say what vanishes.

    Both runs are answered by the incident, and lent the likeliest answer where they depart from it,
    as `agenttrace replay --match lenient` does; nothing is asked of any model or tool. The second
    one is given your answers for the calls that --override names, by the numbers that
    `agenttrace show TRACE` prints. What vanishes does so under these answers: nothing is said of
    others, nor of who is to blame. A failure whose answer was lent is not known: another question
    was asked, and what --stub says answers that, in both runs. With --from both go on from a
    moment, as a replay does.

    Where a run had to be stopped, nothing is known of what would have come, so nothing is said to
    vanish; why it was stopped is told in full. Nor does a failure vanish that follows a call which
    the first run asked otherwise than the incident.

    Exit codes: 0 a failure vanished, 1 none did, or a run was stopped, or asked nothing, 2 usage,
    also an answer that its tool could not have given, 4 the trace could not be read.
    """
    from agenttrace.cli import incident
    from agenttrace.cli.entry import Input, called
    from agenttrace.formats.files import trace_at
    from agenttrace.session.rerun import rerun
    from agenttrace.session.starting import calls_of

    if not override:
        raise click.UsageError("what should have been answered? --override '#N=VALUE'")
    calls = calls_of(trace_at(trace)[0])
    runs = []
    for wanted in ((), override):
        code = called(entry, Input.of(inputs, named))
        wishes = incident.wishes_of(calls, wanted, lend=True, start=start)
        became = rerun(calls, code, name=entry, wishes=wishes, stubs=incident.stubs_of(stub))
        incident.require_questions(became, entry)
        _require_fit(became, wishes.override)
        if became.stopped is not None and became.incident.is_ahead:
            raise became.stopped
        runs.append(became)
    before, after = _Went.of(runs[0], as_was=True), _Went.of(runs[1], as_was=False)
    doubts = _doubts(before, after)
    gone = before.failures.keys() - after.failures.keys() - doubts.keys()
    for head, keys, told in (
        ("vanished", gone, before.failures),
        ("still", before.failures.keys() & after.failures.keys() - doubts.keys(), after.failures),
        ("new", after.failures.keys() - before.failures.keys() - doubts.keys(), after.failures),
        ("not known", doubts.keys(), doubts),
    ):
        for key in (one for one in told if one in keys):
            click.echo(f"{head:9} {told[key]}")
    click.echo("\n".join([*_notes(*runs), "under these answers alone; of others nothing is known"]))
    for stop in (before.stop, after.stop):
        if stop is not None:
            raise stop
    if not gone:
        click.get_current_context().exit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Went:
    """What went wrong in a run, by place.

    Attributes:
        failures: What went wrong, what ended the run among them.
        lent: Those of them whose answer was lent. It is the incident's to another question: that it
            tells of a failure says nothing of what this question would have been answered.
        shaken: The places that follow a call at which the run was another one than the incident's.
        stop: Why the run was not let go on; None: it came to its own end.
    """

    failures: dict[str, str]
    lent: frozenset[str]
    shaken: frozenset[str]
    stop: RunStopped | None

    @classmethod
    def of(cls, became: Rerun, *, as_was: bool) -> _Went:
        """Look what a run did; as it was, it is shaken by each answer that it was lent."""
        from agenttrace.analysis.cascade import cascade
        from agenttrace.cli import words
        from agenttrace.model.lane import label_of

        stop, trace = _stop_of(became), became.trace
        at = None if stop is None else stop.facts.get("position")
        roots = [
            one.id for one in trace.spans if one.position == at or (as_was and one.mark == "lent")
        ]
        led = _led_by(trace, roots)
        failed = [one for one in cascade(trace, timed=False).failures if one.is_error]
        found = {label_of(one.span.position): words.line(str(one)) for one in failed}
        shaken = {label_of(one.span.position) for one in failed if one.span.id in led}
        ended = became.raised if became.stopped is None else became.stopped
        if ended is not None and stop is None:
            said = ended.headline if isinstance(ended, RunStopped) else ended
            found[_END] = words.line(f"the run ended in {type(ended).__name__}: {said}")
        return cls(
            failures=found,
            lent=frozenset(
                label_of(one.span.position) for one in failed if one.span.mark == "lent"
            ),
            shaken=frozenset(shaken | ({_END} & found.keys() if roots else set())),
            stop=stop,
        )


def _doubts(before: _Went, after: _Went) -> dict[str, str]:
    """By place, the failures of which nothing is known, each with why."""
    gone = before.failures.keys() - after.failures.keys()
    came = after.failures.keys() - before.failures.keys()
    stopped = before.stop is not None or after.stop is not None
    lent, unseen = "asked otherwise, and lent the incident's answer", "a run was stopped"
    follows = "it follows what was asked otherwise than in the incident"
    found: dict[str, str] = {}
    for run, keys, why in (
        (after, after.lent, lent),
        (before, gone & before.lent, lent),
        (after, after.shaken, unseen),
        (after, came if before.stop is not None else (), unseen),
        (before, gone if stopped else (), unseen),
        (before, gone & before.shaken, follows),
    ):
        for key in (one for one in run.failures if one in keys):
            found.setdefault(key, f"{run.failures[key]}: {why}")
    return found


def _led_by(trace: Trace, roots: Iterable[str]) -> set[str]:
    """Spans that can have come of others: themselves, what came after, what stands around."""
    from agenttrace.causal.order import Order

    roots = set(roots)
    if not roots:
        return roots
    parents = {one.id: one.parent for one in trace.spans}
    led, ahead = set(), [*roots, *Order(trace).after_any(roots)]
    while ahead:
        one = ahead.pop()
        around = parents.get(one)
        led.add(one)
        if around is not None and around not in led:
            ahead.append(around)
    return led


def _stop_of(became: Rerun) -> RunStopped | None:
    """Why a run was not let go on; a deadlock is the code's own end."""
    return None if isinstance(became.stopped, Deadlock) else became.stopped


def _require_fit(became: Rerun, overridden: Container[str]) -> None:
    """Refuse an answer of the person's that the tool, or the model, could not have given.

    Raises:
        UsageError: There is one; it says all that the stop says.
    """
    stop = became.stopped
    if stop is None:
        return
    if isinstance(stop, StubUnfit) or stop.facts.get("unfit") in overridden:
        raise UsageError(stop.headline, detail=stop.detail)


def _notes(before: Rerun, after: Rerun) -> Iterator[str]:
    """What a person should know of both runs: where they went other ways, and unused stubs."""
    from agenttrace.check.sides import safe

    departures = before.incident.departures
    if departures:
        yield f"departs   as it was: {safe(departures[0].headline)}"
    for said, became in (("as it was", before), ("with these answers", after)):
        stop = _stop_of(became)
        if stop is not None:
            yield f"stopped   {said}: {safe(stop.headline)}"
    for name in before.unused_stubs:
        if name in after.unused_stubs:
            yield f"unused    --stub {safe(name)}: nothing asked for it"

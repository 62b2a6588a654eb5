"""Divergence: why a replay stopped, told so that a person can go on from there.

The first line is enough for a log. Then both sides, aligned, with what is equal kept quiet; where
it happened; what was done so far; and the commands that go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agenttrace.causal import loops
from agenttrace.check.looks import varying
from agenttrace.check.sides import Unlike, arguments, cut, first_unlike, safe, shown
from agenttrace.check.vary import NOTHING_VARIES, Vary, body_of
from agenttrace.errors import ReplayDiverged
from agenttrace.model import amounts
from agenttrace.model.call import Call
from agenttrace.model.lane import LANE_KINDS, Position, Step
from agenttrace.replay.matching import Recording, Unanswered

if TYPE_CHECKING:
    from agenttrace.model.span import Span
    from agenttrace.model.values import Value


_MOST_LANES = 5
"""How many lanes a message names; it says how many more there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retelling:
    """What a message needs to know about the run.

    Attributes:
        run: The run's name: the test's id.
        golden: Where the golden lies, as a person would type it.
        rewrite: The command that records the run again.
        lenient: The command that shows all divergences at once.
        schema: The schema of the golden.
        vary: What may differ, and so is not what differs.
    """

    run: str
    golden: str = "the recording"
    rewrite: str = ""
    lenient: str = ""
    schema: int = 1
    vary: Vary = NOTHING_VARIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The call that the recording does not answer, and what is known around it."""

    call: Call
    decision: Unanswered
    answered: int
    sent: int
    never_entered: tuple[Position, ...]
    recording: Recording


def diverged(asked: Asked, retelling: Retelling) -> ReplayDiverged:
    """Make the error for a call that the recording does not answer."""
    headline = safe(f"{retelling.run}: {_headline(asked)}")
    blocks = [
        *_sides(asked, retelling.vary),
        "",
        *_around(asked, retelling),
        "",
        *_ways_on(asked, retelling),
        "  More: agenttrace explain replay-diverged",
    ]
    golden = asked.decision.golden
    return ReplayDiverged(
        headline,
        detail="\n".join(map(safe, blocks)),
        why=asked.decision.why,
        position=asked.call.position,
        golden=None if golden is None else golden.question,
        this_run=asked.call.question.body,
        site=asked.call.question.site,
    )


def _headline(asked: Asked) -> str:
    golden, candidates = asked.decision.golden, asked.decision.candidates
    which = _which(asked, candidates[0] if candidates else golden)
    match asked.decision.why:
        case "drift":
            return f"{which} is not the one that was recorded."
        case "moved":
            return f"{which} comes at another place than recorded."
        case "ambiguous":
            could = f"{len(candidates)} recorded calls could be meant"
            return f"a call comes at another place than recorded, and {could}."
        case "again":
            return f"{which} is asked again, and was recorded once."
        case "attempt":
            tries = 0 if golden is None else len(golden.answers)
            before = f"was tried {tries} when it was recorded"
            return f"{which} is tried {tries + 1} times, and {before}."
        case _:
            return f"a call was not recorded: {asked.call.question.title}."


def _sides(asked: Asked, vary: Vary) -> list[str]:
    call, decision = asked.call, asked.decision
    site = f"      {call.question.site}" if call.question.site else ""
    if decision.why == "drift" and decision.golden is not None:
        golden = decision.golden
        unlike = _unlike(asked, golden.question, call.question.body, vary)
        if golden.kind == "tool":
            return _tool_sides(golden, call, unlike, site)
        return _other_sides(golden, call, unlike, site)
    this = (
        f"    this run  {_line(call.question.kind, call.question.title, call.question.body)}{site}"
    )
    if decision.why in ("moved", "ambiguous"):
        expected = decision.golden
        first = (
            [f"    golden    {_line(expected.kind, expected.name, expected.question)}"]
            if expected is not None
            else []
        )
        if expected is None:
            first = ["    golden    (no call at this place)"]
        return [
            *first,
            this,
            "",
            *(
                f"    recorded as {_which(asked, span)}, {_place(span)}"
                for span in decision.candidates
            ),
        ]
    if decision.why in ("again", "attempt") and decision.golden is not None:
        golden = decision.golden
        return [f"    golden    {_line(golden.kind, golden.name, golden.question)}", this]
    lines = ["    golden    (no call at this place)", this]
    if asked.never_entered:
        lines += ["", "    recorded, and not entered yet:"]
        lines += [f"              {_words(lane)}" for lane in asked.never_entered[:_MOST_LANES]]
        if len(asked.never_entered) > _MOST_LANES:
            lines.append(f"              … and {len(asked.never_entered) - _MOST_LANES} more")
    return lines


def _unlike(asked: Asked, golden: Value, run: Value, vary: Vary) -> Unlike | None:
    """Where two questions differ first, but for what may vary."""
    operation = asked.call.question.operation
    if vary.names(operation):
        return first_unlike(vary.blanked(operation, golden), vary.blanked(operation, run))
    return first_unlike(golden, run)


def _tool_sides(golden: Span, call: Call, unlike: Unlike | None, site: str) -> list[str]:
    left = f"    golden    tool  {golden.name}("
    right = f"    this run  tool  {call.question.title}("
    lines = [
        f"{left}{arguments(golden.question)})",
        f"{right}{arguments(call.question.body)}){site}",
    ]
    if unlike is not None and golden.name == call.question.title:
        column, width = _column_of(unlike, call.question.body, len(right))
        lines.append(f"{' ' * column}{'^' * width} {unlike.path} differs; {_agreement(unlike)}")
    return lines


def _other_sides(golden: Span, call: Call, unlike: Unlike | None, site: str) -> list[str]:
    if unlike is None:
        return [
            f"    golden    {golden.kind.value}  {golden.name}",
            f"    this run  {call.question.kind}  {call.question.title}{site}",
        ]
    path = _short(unlike.path)
    left = f"    golden    {golden.kind.value}  {golden.name}  {path} = "
    right = f"    this run  {call.question.kind}  {call.question.title}  {path} = "
    width = max(len(left), len(right))
    left, right = left[:-3].ljust(width - 3) + " = ", right[:-3].ljust(width - 3) + " = "
    start, length = unlike.caret
    return [
        left + unlike.golden,
        right + unlike.run + site,
        f"{' ' * (width + start)}{'^' * length} {path} differs; {_agreement(unlike, 'value')}",
    ]


def _column_of(unlike: Unlike, body: Value, indent: int) -> tuple[int, int]:
    name = unlike.path.partition(".")[0].partition("[")[0]
    column = indent
    if isinstance(body, dict):
        for key, value in body.items():
            text = f"{key}={arguments({key: value})[len(key) + 1 :]}"
            if key == name:
                value_text = text[len(key) + 1 :]
                return column + len(key) + 1, max(1, len(value_text))
            column += len(text) + 2
    return indent, 1


def _agreement(unlike: Unlike, noun: str = "argument") -> str:
    return f"{unlike.agree} of {amounts.counted(unlike.of, noun)} agree"


def _around(asked: Asked, retelling: Retelling) -> list[str]:
    answered = asked.answered
    so_far = (
        "no call was answered yet"
        if answered == 0
        else "call 1 was answered from the recording"
        if answered == 1
        else f"{answered} calls were answered from the recording"
    )
    return [
        f"  inside    {_words(asked.call.position[:-1])}",
        f"  golden    {retelling.golden}, schema {retelling.schema}",
        f"  so far    {so_far}; {_sent(asked.sent)}",
        *_hash_seed(asked),
        *_loop(),
    ]


def _sent(count: int) -> str:
    if count == 0:
        return "nothing was sent anywhere"
    return f"{amounts.counted(count, 'call')} ran live, as this run says"


def _hash_seed(asked: Asked) -> list[str]:
    import os

    recorded = asked.recording.trace.environment.get("hash_seed")
    now = os.environ.get("PYTHONHASHSEED", "random")
    if not isinstance(recorded, str) or recorded in ("random", now):
        return []
    return [
        f"  hash seed PYTHONHASHSEED was {recorded} when it was recorded, and is {now} now:",
        "            the order of a set may differ",
    ]


def _loop() -> list[str]:
    said = loops.advice(loops.running())
    if not said:
        return []
    first, _, rest = said.partition(": ")
    return [f"  loop      {first}:", f"            {rest}"]


def _ways_on(asked: Asked, retelling: Retelling) -> list[str]:
    lines = []
    if retelling.rewrite:
        lines += ["  The agent is right, and the recording is old:", f"      {retelling.rewrite}"]
    lines += _hint(asked, retelling.vary)
    if retelling.lenient and asked.decision.why != "drift":
        lines += ["  To see everything that differs at once:", f"      {retelling.lenient}"]
    return lines


def _hint(asked: Asked, vary: Vary) -> list[str]:
    """What to say where the value that differs may do so from run to run."""
    golden = asked.decision.golden
    if (
        asked.decision.why != "drift"
        or golden is None
        or golden.operation != asked.call.question.operation
    ):
        return []
    unlike = _unlike(asked, body_of(golden.question), body_of(asked.call.question.body), vary)
    if unlike is None or unlike.path == "the value" or "(nothing)" in (unlike.golden, unlike.run):
        return []
    return varying(unlike.path, golden.operation, unlike.values)


def _line(kind: str, title: str, question: Value) -> str:
    if kind == "tool":
        return f"tool  {title}({arguments(question)})"
    return f"{kind}  {title}  {_gist(question)}"


def _gist(question: Value) -> str:
    """What tells one request from another at a glance: the last thing said in it."""
    body = body_of(question)
    if isinstance(body, dict):
        for key in ("messages", "input", "contents"):
            said = body.get(key)
            if isinstance(said, list) and said and isinstance(said[-1], dict):
                last = said[-1]
                words = last.get("content", last.get("parts", last))
                return f"{key}[{len(said) - 1}] = {cut(shown(words))}"
    return cut(shown(body))


def _short(path: str) -> str:
    return path.removeprefix("body.")


def _which(asked: Asked, span: Span | None) -> str:
    if span is None:
        return "a call"
    calls = list(asked.recording.by_position)
    return f"call {calls.index(span.position) + 1} of {len(calls)}"


def _place(span: Span) -> str:
    return f"inside {_words(span.position[:-1])}"


def _words(position: Position) -> str:
    """Say where something stands: `planner > worker (2nd)`; the run itself is `the run`."""
    return " > ".join(_word(step) for step in position) or "the run"


def _word(step: Step) -> str:
    name = step.name.rpartition(".")[2]
    kind = "" if step.kind == "agent" else f"{step.kind} " if step.kind in LANE_KINDS else ""
    return f"{kind}{name}" if step.occurrence == 0 else f"{kind}{name} #{step.occurrence}"

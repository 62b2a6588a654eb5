"""What goes wrong with stubs, told so that a person can go on from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.check.nearest import nearest
from agenttrace.check.sides import arguments, cut, safe, shown
from agenttrace.check.vary import body_of
from agenttrace.errors import NotStubbed, StubsUnused, StubUnfit
from agenttrace.model import amounts
from agenttrace.model.lane import label_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from agenttrace.model.call import Call
    from agenttrace.model.values import Value
    from agenttrace.replay.stubs import Aim, Stub

_MOST = 10
"""How many stubs or calls a message lists; it says how many more there are."""
_LIKE = 0.6
"""How like a name must be to be the one that was meant: a single guess is made."""

_TOOLS = ("tool", "retrieval")


def not_stubbed(
    run: str, call: Call, tried: Mapping[Aim, int], stubs: Sequence[Stub]
) -> NotStubbed:
    """Make the error for a call that no stub answers, where there is nothing else to ask.

    Args:
        run: The run's name.
        call: The call.
        tried: The aims that name it, each with the call's number there.
        stubs: All that the test says.
    """
    title, nth = call.question.title, next(iter(tried.values()), 1)
    if call.question.kind == "llm" and tried:
        said = max(stub.on_call or 0 for stub in stubs if stub.aim in tried)
        why = f"{title} was answered {_times(said)}, and is asked once more."
    elif tried:
        only = ", ".join(str(stub.on_call) for stub in stubs if stub.aim in tried)
        why = f"{title} is stubbed for call {only}; this is call {nth}."
    else:
        why = f"{title} has no stub, and the test has no golden."
    lines = [
        f"    this run  {_line(call)}",
        *_listed("    stubbed   ", [str(stub) for stub in stubs] or ["(nothing)"]),
        "",
        *_ways_on(call, used_up=bool(tried)),
        "  More: agenttrace explain not-stubbed",
    ]
    return NotStubbed(
        safe(f"{run}: {why}"), detail="\n".join(map(safe, lines)), position=call.position
    )


def unused(run: str, stubs: Sequence[Stub], asked: Iterable[Call]) -> StubsUnused:
    """Make the error for stubs that no call was answered with."""
    calls = list(asked)
    tools = sorted({call.question.title for call in calls if call.question.kind in _TOOLS})
    lines = []
    for stub in stubs[:_MOST]:
        site = f"      {stub.site}" if stub.site else ""
        lines.append(f"    unused    agent_stubs{stub}{site}")
        close = nearest(stub.aim.name, tools, most=1, likeness=_LIKE) if stub.aim.name else ()
        if close and stub.aim.name not in tools:
            lines.append(f"              no tool of this name was called; is it {close[0]!r}?")
    if len(stubs) > _MOST:
        lines.append(f"    … and {len(stubs) - _MOST} more")
    called = [f"{call.question.title}  at {label_of(call.position)}" for call in calls]
    lines += ["", *_listed("    called    ", called or ["(nothing)"]), ""]
    lines += [
        "  Remove the stub, or name what the agent calls. `on_call=` counts along what led to a",
        "  call: calls at the same time have the same number; `given`, `agent=` and `lane=` tell",
        "  them apart.",
        "  More: agenttrace explain stubs-unused",
    ]
    count = len(stubs)
    return StubsUnused(
        safe(f"{run}: {amounts.counted(count, 'stub was', 'stubs were')} never asked for."),
        detail="\n".join(map(safe, lines)),
        stubs=tuple(map(str, stubs)),
    )


def misfit(call: Call, stub: Stub, *, annotated: str, why: str, way_on: str) -> StubUnfit:
    """Make the error for a stub that is not what its tool gives."""
    values = stub.saying.values
    told = shown_native(values[0] if stub.saying.how == "returns" else list(values))
    return _unfit(
        f"{call.question.title}: {why}",
        [
            f"    annotated {annotated}",
            f"    stub      {told}{_site(stub)}",
            "",
            f"  {way_on}",
        ],
        call,
    )


def unknown_language(call: Call, stub: Stub) -> StubUnfit:
    """Make the error for a model whose language we do not speak."""
    return _unfit(
        f"{call.question.title}: a stub cannot answer it, because its language is not known.",
        [
            f"    this run  {_line(call)}",
            f"    stub      agent_stubs{stub}{_site(stub)}",
            "",
            "  Mark the function around the call with `@agenttrace.tool`, and stub that.",
        ],
        call,
    )


def unknown_tool(call: Call, stub: Stub, name: str, offered: Sequence[str]) -> StubUnfit:
    """Make the error for a model's stub that calls a tool which the agent does not have."""
    close = nearest(name, offered, most=1, likeness=_LIKE)
    return _unfit(
        f"{call.question.title}: the stub calls a tool that the model is not offered: {name}.",
        [
            f"    offered   {cut(', '.join(offered), 200)}",
            f"    stub      calls {name}{_site(stub)}",
            "",
            f"  Did you mean {close[0]!r}?" if close else "  Give the agent the tool, or name one.",
        ],
        call,
    )


def offered(tools: Iterable[Value]) -> list[str]:
    """The names of the tools that a request offers, in whatever language it is."""
    found: list[str] = []
    for tool in tools:
        if not isinstance(tool, dict):
            continue
        inner = (tool, tool.get("function"), tool.get("toolSpec"))
        more = tool.get("functionDeclarations", tool.get("function_declarations"))
        found += [
            name
            for one in (*inner, *(more if isinstance(more, list) else ()))
            if isinstance(one, dict) and isinstance(name := one.get("name"), str)
        ]
    return found


def shown_native(value: object) -> str:
    """Show a value of the test's own on one line."""
    return cut(safe(repr(value)), 120)


def _unfit(headline: str, lines: list[str], call: Call) -> StubUnfit:
    whole = [*lines, "  More: agenttrace explain stub-unfit"]
    return StubUnfit(safe(headline), detail="\n".join(map(safe, whole)), position=call.position)


def _ways_on(call: Call, *, used_up: bool) -> list[str]:
    title = call.question.title
    match call.question.kind:
        case "llm" if used_up:
            ways = ["  Say what the model answers next:", '      .then("…")']
        case "llm":
            ways = ["  Say what the model answers:", '      agent_stubs.llm.says("…")']
        case "http":
            ways = [
                "  Mark the function around it with `@agenttrace.tool`, and say what it answers:",
                '      agent_stubs.tool("…").returns(…)',
            ]
        case _:
            ways = ["  Say what it answers:", f'      agent_stubs.tool("{title}").returns(…)']
    return [
        *ways,
        "  Or answer the rest from the golden of a test that was recorded:",
        '      @pytest.mark.agent_trace(golden="tests/test_desk.py::test_refund")',
    ]


def _line(call: Call) -> str:
    question = call.question
    site = f"      {question.site}" if question.site else ""
    if question.kind in _TOOLS:
        return f"tool  {question.title}({arguments(question.body)}){site}"
    return f"{question.kind}  {question.title}  {cut(shown(body_of(question.body)))}{site}"


def _listed(label: str, lines: Sequence[str]) -> list[str]:
    most = [*lines[:_MOST], *([f"… and {len(lines) - _MOST} more"] if len(lines) > _MOST else [])]
    return [f"{label if not place else ' ' * len(label)}{line}" for place, line in enumerate(most)]


def _times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"  # noqa: PLR2004 - words


def _site(stub: Stub) -> str:
    return f"      {stub.site}" if stub.site else ""

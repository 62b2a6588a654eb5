"""`agenttrace explain`: what an error means, what causes it, and how to go on."""

from __future__ import annotations

import click

from agenttrace.cli.ways_on import WAYS_ON
from agenttrace.errors import AgentTraceError, RunStopped, UsageError, catalog

_CAUSES = "Common causes:"


@click.command("explain")
@click.argument("slug", required=False)
def command(slug: str | None) -> None:
    """Say what an error means, what commonly causes it, and how to go on.

    SLUG is the word in brackets at the end of an error's first line, such as replay-diverged.
    Without it, every slug is listed.

    Exit codes: 0 explained, 2 no error is called that.
    """
    if slug is None:
        click.echo("\n".join(_listed()))
        return
    word = slug.strip("[]")
    if word not in catalog():
        raise _unknown(word)
    click.echo(page(word))


def page(slug: str) -> str:
    """The page of one error, as text for a terminal."""
    kind = catalog()[slug]
    what, causes = told(kind)
    lines = [f"{slug}   {kind.__name__}", "", *_indented(what)]
    if causes:
        lines += [
            "",
            "  Common causes",
            *(f"    {n}. {cause}" for n, cause in enumerate(causes, 1)),
        ]
    lines += ["", "  The way on", *(f"    {line}" for line in WAYS_ON[slug])]
    return "\n".join(lines)


def markdown() -> str:
    """Every error, as the page `docs/errors.md`."""
    sections = []
    for slug, kind in catalog().items():
        what, causes = told(kind)
        lines = [f"## {slug}", "", f"`{kind.__name__}`{_family(kind)}", "", *what]
        if causes:
            lines += [
                "",
                "Common causes:",
                "",
                *(f"{n}. {cause}" for n, cause in enumerate(causes, 1)),
            ]
        lines += ["", "The way on:", "", "```text", *WAYS_ON[slug], "```"]
        sections.append("\n".join(lines))
    return "\n\n".join(sections)


def told(kind: type[AgentTraceError | RunStopped]) -> tuple[list[str], list[str]]:
    """What an error's docstring says: its paragraphs' lines, and its numbered causes."""
    import inspect

    said = inspect.getdoc(kind) or ""
    what, _, causes = said.partition(_CAUSES)
    found: list[str] = []
    for line in causes.splitlines():
        words = line.strip()
        number, dot, rest = words.partition(". ")
        if dot and number.isdigit():
            found.append(rest)
        elif words and found:
            found[-1] += f" {words}"
    return what.strip().splitlines(), found


def _family(kind: type[AgentTraceError | RunStopped]) -> str:
    return " ends the run." if issubclass(kind, RunStopped) else ""


def _listed() -> list[str]:
    errors = catalog()
    width = max(map(len, errors))
    first = {slug: told(kind)[0][0] for slug, kind in errors.items()}
    return [
        *(f"{slug:{width}}  {what}" for slug, what in first.items()),
        "",
        "agenttrace explain SLUG says more.",
    ]


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" if line else "" for line in lines]


def _unknown(word: str) -> UsageError:
    from agenttrace.check.nearest import nearest_line
    from agenttrace.check.sides import safe

    return UsageError(
        f"no error is called {safe(repr(word))}",
        detail="\n".join([*nearest_line(word, catalog()), "  All of them: agenttrace explain"]),
    )

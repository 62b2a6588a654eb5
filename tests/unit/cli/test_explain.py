"""`agenttrace explain`: every error's page says what it is, what causes it, and how to go on."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from agenttrace.cli import main
from agenttrace.cli.explain import markdown, page, told
from agenttrace.cli.ways_on import WAYS_ON
from agenttrace.errors import catalog


def test_a_page_has_the_meaning_the_numbered_causes_and_the_way_on() -> None:
    """The words of the error's own docstring, so the two cannot differ."""
    assert page("run-ended") == (
        "run-ended   RunEnded\n"
        "\n"
        "  A thread or task asked the world after its run had ended.\n"
        "\n"
        "  Common causes\n"
        "    1. A background thread or task was not waited for. Wait for it inside the run.\n"
        "    2. A library's own export thread outlived the run; its calls are refused and "
        "counted.\n"
        "\n"
        "  The way on\n"
        "    Wait for the thread or task inside the run: `await task`, `thread.join()`,\n"
        "    `with ThreadPoolExecutor() as pool:`."
    )


@pytest.mark.parametrize("slug", catalog())
def test_every_error_has_a_page(slug: str) -> None:
    """An error that prints its slug promises that `explain` knows it."""
    result = CliRunner().invoke(main, ["explain", slug])

    assert (result.exit_code, result.output.split()[0]) == (0, slug)
    assert "The way on" in result.output


def test_every_way_on_belongs_to_an_error() -> None:
    """A renamed error does not leave its page behind."""
    assert set(WAYS_ON) == set(catalog())


@pytest.mark.parametrize("slug", [slug for slug in catalog() if slug != "usage"])
def test_every_error_names_common_causes(slug: str) -> None:
    """Whoever is stuck begins with a list, not with a guess."""
    what, causes = told(catalog()[slug])

    assert what
    assert causes


def test_a_cause_that_goes_over_two_lines_stays_whole() -> None:
    """Docstrings are wrapped; pages are not."""
    _, causes = told(catalog()["argument-changed"])

    assert causes[1].endswith("`@agenttrace.tool(live=True)`.")


def test_without_a_slug_every_slug_is_listed() -> None:
    """One line an error."""
    result = CliRunner().invoke(main, ["explain"])

    assert [line.split()[0] for line in result.output.splitlines() if "  " in line] == list(
        catalog()
    )


def test_an_unknown_slug_is_met_with_the_nearest_ones() -> None:
    """Slugs are typed from memory."""
    result = CliRunner().invoke(main, ["explain", "replay-divergd"])

    assert result.exit_code == 2
    assert "nearest   replay-diverged" in result.stderr


def test_a_slug_may_be_pasted_with_its_brackets() -> None:
    """They come with it from the error's first line."""
    assert CliRunner().invoke(main, ["explain", "[deadlock]"]).exit_code == 0


def test_the_page_of_errors_has_a_heading_for_every_slug() -> None:
    """`docs/errors.md` is what `explain` says; a link to a slug leads somewhere."""
    written = (Path(__file__).parents[3] / "docs" / "errors.md").read_text("utf-8")

    assert markdown() in written
    assert [line[3:] for line in written.splitlines() if line.startswith("## ")] == list(catalog())

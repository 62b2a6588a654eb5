"""Where goldens live."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenttrace.errors import GoldenCollision, UsageError
from agenttrace.golden.place import (
    collisions,
    folder_of,
    golden_of,
    golden_path,
    outline_of,
    pending_of,
    refuse_collisions,
)

DEVICES = {"con", "prn", "aux", "nul", *(f"{it}{n}" for it in ("com", "lpt") for n in range(10))}


@pytest.mark.parametrize(
    ("test_id", "expected"),
    [
        pytest.param(
            "tests/test_refund.py::test_refund", "tests/test_refund/test_refund.trace", id="plain"
        ),
        pytest.param(
            "test_a.py::TestX::TestY::test_b", "test_a/TestX/TestY/test_b.trace", id="classes"
        ),
        pytest.param("test_a.py::test_b[gpt-4.1]", "test_a/test_b[gpt-4.1].trace", id="parameter"),
        pytest.param(
            "test_a.py::test_b[a/b::c]", "test_a/test_b[a%2Fb%3A%3Ac].trace", id="separators"
        ),
        pytest.param("test_a.py::test_b[a\nb]", "test_a/test_b[a%0Ab].trace", id="newline"),
        pytest.param("test_a.py::test_b[ä]", "test_a/test_b[%C3%A4].trace", id="not-ascii"),
        pytest.param("test_a.py::test_b[..]", "test_a/test_b[..].trace", id="dots"),
        pytest.param("../x/test_a.py::test_b", "%2E%2E/x/test_a/test_b.trace", id="upwards"),
        pytest.param("/etc/test_a.py::test_b", "etc/test_a/test_b.trace", id="absolute"),
        pytest.param("c:\\x.py::test_b", "c%3A%5Cx/test_b.trace", id="drive"),
        pytest.param("con/NUL.py::aux", "%63on/%4EUL/%61ux.trace", id="devices"),
        pytest.param("docs/a.txt::a.txt", "docs/a.txt/a%2Etxt.trace", id="doctest"),
    ],
)
def test_a_test_has_one_place_that_names_it(test_id: str, expected: str) -> None:
    """A reviewer finds the test from the golden, on every file system."""
    assert golden_path(test_id) == PurePosixPath(expected)


@pytest.mark.parametrize(
    ("run", "ordinal", "expected"),
    [
        pytest.param("", 1, "test_a/test_b.trace", id="first"),
        pytest.param("", 2, "test_a/test_b.2.trace", id="second"),
        pytest.param("refund", 1, "test_a/test_b.refund.trace", id="named"),
        pytest.param("a.b]/c", 1, "test_a/test_b.a%2Eb%5D%2Fc.trace", id="named-oddly"),
    ],
)
def test_each_run_of_a_test_has_its_own_place(run: str, ordinal: int, expected: str) -> None:
    """Two runs in one test must not write one golden."""
    assert golden_path("test_a.py::test_b", run=run, ordinal=ordinal) == PurePosixPath(expected)


def test_a_run_is_not_named_by_a_number() -> None:
    """`name="2"` would be the second unnamed run."""
    with pytest.raises(UsageError, match=r"a run cannot be named '2': unnamed runs are numbered"):
        golden_path("test_a.py::test_b", run="2")


parameters = st.text(st.characters(codec="utf-8"), max_size=200)


@given(first=parameters, second=parameters)
def test_two_tests_never_share_a_place(first: str, second: str) -> None:
    """Else one test would replay the other's answers."""
    places = {golden_path(f"test_a.py::test_b[{it}]") for it in (first, second)}

    assert len(places) == len({first, second})


@given(test_id=st.text(st.characters(), max_size=300))
def test_whatever_a_test_is_called_its_place_is_inside_the_folder_and_can_be_made(
    test_id: str,
) -> None:
    """Ids come from anybody's parameters; none may write elsewhere."""
    place = golden_path(f"tests/{test_id}::test[{test_id}]")

    assert not place.is_absolute()
    for part in place.parts:
        assert part not in ("", ".", "..")
        assert len(part.encode()) <= 160
        assert part.isascii()
        assert part.isprintable()
        assert part.partition(".")[0].lower() not in DEVICES
        assert not part.endswith((".", " "))
        assert not set(part) & set('<>:"/\\|?*')


def test_what_stands_beside_a_golden_leads_back_to_it() -> None:
    """`agenttrace show` takes any of the three."""
    golden = PurePosixPath("test_a/test_b[x.trace].trace")

    beside = outline_of(golden), pending_of(golden)

    assert beside == (
        PurePosixPath("test_a/test_b[x.trace].trace.txt"),
        PurePosixPath("test_a/test_b[x.trace].trace.new"),
    )
    assert {golden_of(path) for path in (*beside, golden)} == {golden}
    assert folder_of("tests/test_a.py") == PurePosixPath("tests/test_a")


def test_tests_that_differ_by_case_alone_collide() -> None:
    """On two of three systems they are one file."""
    tests = ["t.py::test_a[X]", "t.py::test_a[x]", "t.py::test_b"]

    assert collisions(tests) == (("t.py::test_a[X]", "t.py::test_a[x]"),)
    with pytest.raises(GoldenCollision) as caught:
        refuse_collisions(tests)
    assert str(caught.value) == (
        "2 tests would write the same golden, golden/t/test_a[X].trace  [golden-collision]\n"
        "\n"
        "  tests\n"
        "      t.py::test_a[X]\n"
        "      t.py::test_a[x]\n"
        "  Rename one. More: agenttrace explain golden-collision"
    )


def test_a_class_and_a_folder_of_one_name_collide() -> None:
    """They escape to one path; somebody must rename one."""
    assert collisions(["a/b.py::C::test", "a/b/C.py::test"]) == (
        ("a/b.py::C::test", "a/b/C.py::test"),
    )

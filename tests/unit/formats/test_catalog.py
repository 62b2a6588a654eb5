"""Finding the format of a file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agenttrace.errors import UnknownFormat
from agenttrace.formats import catalog, native

ROOT = Path(__file__).parents[3]


def test_a_file_is_what_its_bytes_say_before_what_it_is_called() -> None:
    """A golden that somebody renamed is a golden."""
    assert catalog.codec_for(path="a.journal", head=native.MAGIC) is native.CODEC


def test_an_outline_is_named_as_what_it_is() -> None:
    """People give the file that they can read."""
    with pytest.raises(UnknownFormat) as caught:
        catalog.codec_for(path="golden/test_a/test_b.trace.txt", head=b"# tests")

    assert str(caught.value) == (
        "golden/test_a/test_b.trace.txt is in no format that we read  [unknown-format]\n"
        "\n"
        "  It is an outline, made for people. The golden is test_b.trace"
    )


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    """A typing error costs no look into the manual."""
    with pytest.raises(UnknownFormat) as caught:
        catalog.codec_for("yaml")

    assert str(caught.value).startswith(
        "no format is called 'yaml'  [unknown-format]\n\n  we read   native, journal"
    )


def test_nothing_beyond_the_standard_library_is_loaded_before_it_is_needed() -> None:
    """Its price, msgpack, waits for the first golden."""
    code = (
        "import sys; sys.path.insert(0, 'src');"
        "import agenttrace.formats.native, agenttrace.formats.journal, agenttrace.record.journal;"
        "import agenttrace.golden.store, agenttrace.golden.pending;"
        "print('msgpack' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )

    assert ran.stdout == "False\n"

"""Pages followed to the letter: the follower itself notices what it is there to notice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fakes.pages import Command, File, follow, matches, steps

PAGE = """
Write `greet.py`:

```python
print("hello")
```

```console
$ python greet.py
hello
$ ls
```

```python
not_a_file = True
```
"""


def test_files_and_commands_come_in_the_order_of_the_page() -> None:
    """A block without a name is no file."""
    assert steps(PAGE) == [
        File(name="greet.py", text='print("hello")\n'),
        Command(line="python greet.py", prints=("hello",)),
        Command(line="ls"),
    ]


def test_a_page_that_lies_is_caught(tmp_path: Path) -> None:
    """What is printed is compared."""
    with pytest.raises(AssertionError, match="the page says"):
        follow(Command(line="echo no", prints=("yes",)), tmp_path, os.environ)


def test_times_and_an_ellipsis_are_not_compared() -> None:
    """All else is."""
    printed = "first\nsecond\nthird\n1 passed in 0.12s\n"

    assert matches(("first", "...", "1 passed in 3.00s"), printed)
    assert not matches(("first", "1 passed in 0.12s"), printed)

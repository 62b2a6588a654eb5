"""Init plan: what a project needs to keep goldens and gate changes, as changes of its files.

Nothing that is there is overwritten: a file is new, or gets lines that it lacks, or is left as it
is. So the plan of a project that has everything is empty.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from agenttrace.errors import UsageError
from agenttrace.golden.place import FOLDER

GITHUB = ".github/workflows/agenttrace.yml"
GITLAB, GITLAB_ROOT = ".gitlab/agenttrace.yml", ".gitlab-ci.yml"
PRE_COMMIT = ".pre-commit-config.yaml"

INCLUDE = "include:\n  - local: .gitlab/agenttrace.yml\n"
"""What makes GitLab read the job that is in a file of its own."""

ATTRIBUTES = (
    "# Goldens are bytes, and never merged; the outline beside each is what a reviewer reads.",
    "/{folder}/**/*.trace      binary",
    "/{folder}/**/*.trace.txt  text eol=lf -merge",
)
IGNORED = ("*.trace.new", "*.trace.new.txt", ".agenttrace/")
SETTING = "agenttrace_golden"

_ALWAYS_PYTESTS = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini")
_SECTIONS = {
    "pytest.toml": ("pytest",),
    ".pytest.toml": ("pytest",),
    "pytest.ini": ("pytest",),
    ".pytest.ini": ("pytest",),
    "pyproject.toml": ("tool.pytest", "tool.pytest.ini_options"),
    "tox.ini": ("pytest",),
    "setup.cfg": ("tool:pytest",),
}
"""Where pytest looks for its settings, in its order, and under which heading (pytest's reference,
"Configuration file formats")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of one file.

    Attributes:
        path: The file, from the root of the project.
        before: Its bytes; None: there is none.
        after: Its bytes then.
    """

    path: str
    before: bytes | None
    after: bytes

    @property
    def diff(self) -> str:
        """The change as a diff."""
        old, new = ((it or b"").decode("utf-8", "replace") for it in (self.before, self.after))
        source = "/dev/null" if self.before is None else f"a/{self.path}"
        sides = old.splitlines(keepends=True), new.splitlines(keepends=True)
        return "".join(difflib.unified_diff(*sides, source, f"b/{self.path}"))


@dataclass(slots=True, kw_only=True)
class Plan:
    """What is to be written, and what a person has to do by hand.

    Attributes:
        root: The root of the project.
        changes: What becomes of which file.
        by_hand: What could not be written without overwriting something.
    """

    root: Path
    changes: list[Change]
    by_hand: list[str]

    def read(self, path: str) -> bytes | None:
        """The bytes of a file; None: there is none.

        Raises:
            UsageError: There is something else, such as a link that leads out of the project.
        """
        place = self.root / path
        if place.is_symlink() or (place.exists() and not place.is_file()):
            raise UsageError(f"{path} is there, and is no file of its own; nothing was written")
        return place.read_bytes() if place.exists() else None

    def new(self, path: str, text: str) -> None:
        """Plan a file, unless there is one."""
        before = self.read(path)
        if before is None:
            self.changes.append(Change(path=path, before=None, after=text.encode()))
        elif before.replace(b"\r\n", b"\n") != text.encode():
            self.by_hand.append(f"{path} is there, and is left as it is")

    def edit(self, path: str, edited: Callable[[str], str]) -> None:
        """Plan an edit of a text; its ends of lines stay what they are.

        Raises:
            UsageError: The file is no text.
        """
        before = self.read(path)
        try:
            text = (before or b"").decode()
        except UnicodeDecodeError:
            raise UsageError(f"{path} is not UTF-8; nothing was written") from None
        ends = "\r\n" if "\r\n" in text else "\n"
        after = edited(text.replace("\r\n", "\n")).replace("\n", ends).encode()
        if after != (before or b""):
            self.changes.append(Change(path=path, before=before, after=after))

    def write(self) -> Iterator[str]:
        """Write what is planned; name each file.

        Raises:
            UsageError: A file is no longer what it was when it was shown; it is left alone.
        """
        for one in self.changes:
            if self.read(one.path) != one.before:
                raise UsageError(f"{one.path} has changed since it was read; it was left alone")
            place = self.root / one.path
            place.parent.mkdir(parents=True, exist_ok=True)
            if one.before is None:
                with place.open("xb") as file:
                    file.write(one.after)
            else:
                place.write_bytes(one.after)
            yield one.path


def planned(root: Path, *, github: bool, gitlab: bool, pre_commit: bool) -> Plan:
    """Plan what a project lacks.

    Args:
        root: The root of its tests.
        github: Whether it gets a workflow for GitHub.
        gitlab: Whether it gets a job for GitLab.
        pre_commit: Whether it gets a hook for pre-commit.

    Raises:
        UsageError: A file that is to be changed is none, or is no text.
    """
    plan = Plan(root=root, changes=[], by_hand=[])
    folder = folder_of(root)
    _settings(plan)
    plan.new(f"{folder}/README.md", _text("golden.md"))
    plan.edit(".gitattributes", lambda text: _with_attributes(text, folder))
    plan.edit(".gitignore", _with_ignored)
    if github:
        plan.new(GITHUB, _text("github.yml"))
    if gitlab:
        _gitlab(plan)
    if pre_commit:
        _pre_commit(plan)
    return plan


def _text(name: str) -> str:
    return (files("agenttrace.cli") / "init_files" / name).read_text("utf-8")


# -- settings of pytest ---------------------------------------------------------------------------
def folder_of(root: Path) -> str:
    """The folder of the goldens, as the settings of a project say."""
    place = root / _settings_file(root)
    text = place.read_text("utf-8", "replace") if place.is_file() else ""
    said = re.search(rf"^{SETTING}\s*=\s*[\"']?([\w./-]+)", text, re.MULTILINE)
    return FOLDER if said is None else said[1].strip("/")


def _settings_file(root: Path) -> str:
    """Which file pytest reads, or would."""
    for path, sections in _SECTIONS.items():
        place = root / path
        text = place.read_text("utf-8", "replace") if place.is_file() else ""
        headings = [_heading(section) for section in sections]
        if place.is_file() and (path in _ALWAYS_PYTESTS or any(it.search(text) for it in headings)):
            return path
    return "pyproject.toml" if (root / "pyproject.toml").is_file() else "pytest.ini"


def _settings(plan: Plan) -> None:
    """Say where the goldens are, in the file that pytest reads."""
    path = _settings_file(plan.root)
    value = f'"{FOLDER}"' if path.endswith(".toml") else FOLDER
    plan.edit(path, lambda text: _with_setting(text, _SECTIONS[path], f"{SETTING} = {value}\n"))


def _with_setting(text: str, sections: tuple[str, ...], line: str) -> str:
    if re.search(rf"^\s*{SETTING}\s*=", text, re.MULTILINE):
        return text
    for section in sections:
        if found := _heading(section).search(text):
            return text[: found.end()] + line + text[found.end() :]
    return f"{_ended(text)}{chr(10) if text else ''}[{sections[-1]}]\n{line}"


def _heading(section: str) -> re.Pattern[str]:
    return re.compile(rf"^\[{re.escape(section)}\][^\n]*(?:\r?\n|\Z)", re.MULTILINE)


# -- git ------------------------------------------------------------------------------------------
def _with_attributes(text: str, folder: str) -> str:
    if re.search(r"^[^#\s]*\*\.trace\s", text, re.MULTILINE):
        return text
    lines = "".join(f"{line.format(folder=folder)}\n" for line in ATTRIBUTES)
    return _ended(text) + ("\n" if text else "") + lines


def _with_ignored(text: str) -> str:
    there = {line.strip().lstrip("/") for line in text.splitlines()}
    lacking = [line for line in IGNORED if line not in there]
    if not lacking:
        return text
    head = "# what a test run leaves for a person to look at"
    return _ended(text) + ("\n" if text else "") + "".join(f"{it}\n" for it in (head, *lacking))


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"


# -- where changes are merged ---------------------------------------------------------------------
def _gitlab(plan: Plan) -> None:
    plan.new(GITLAB, _text("gitlab.yml"))
    there = plan.read(GITLAB_ROOT)
    if there is None:
        plan.new(GITLAB_ROOT, INCLUDE)
    elif b"agenttrace.yml" not in there:
        plan.by_hand.append(f"add to {GITLAB_ROOT}:\n\n{_indented(INCLUDE)}")


def _pre_commit(plan: Plan) -> None:
    """Add a hook at the end of the list of repositories, where that is how the file ends."""
    item = _text("pre-commit.yaml")
    there = plan.read(PRE_COMMIT)
    if there is None:
        plan.new(PRE_COMMIT, f"repos:\n{item}")
        return
    text = there.decode("utf-8", "replace")
    if "agenttrace" in text:
        return
    keys = re.findall(r"^(\w[\w-]*):", text, re.MULTILINE)
    items = re.findall(r"^( *)- repo:", text, re.MULTILINE)
    if keys and keys[-1] == "repos" and items:
        item = re.sub(r"^  ", items[-1], item, flags=re.MULTILINE)
        plan.edit(PRE_COMMIT, lambda text: _ended(text) + item)
    else:
        plan.by_hand.append(f"add to {PRE_COMMIT}, under repos:\n\n{_indented(item)}")


def _indented(text: str) -> str:
    return "".join(f"    {line}" for line in text.splitlines(keepends=True)).rstrip("\n")

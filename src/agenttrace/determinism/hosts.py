"""Hosts: which ones a replay may reach, and which programs are known to reach any."""

from __future__ import annotations

import fnmatch
import ipaddress
import os
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

NO_LOOPBACK = "!loopback"
"""Among the allowed hosts: not even this machine."""

_HERE = frozenset({"", "localhost", "localhost.localdomain", "ip6-localhost"})

_PROGRAMS = frozenset(
    {
        "aria2c",
        "aws",
        "az",
        "curl",
        "ftp",
        "gcloud",
        "gh",
        "grpcurl",
        "http",
        "https",
        "kubectl",
        "nc",
        "ncat",
        "scp",
        "sftp",
        "ssh",
        "telnet",
        "websocat",
        "wget",
        "xh",
    }
)
_GOES_OUT = frozenset({"clone", "fetch", "ls-remote", "pull", "push"})
"""What makes `git` go out."""

_URL = re.compile(r"\b(?:https?|wss?|ftp)://(?:[^/@\s]*@)?(\[[^\]]+\]|[^/:?#\s'\"]+)")
_SHELL = re.compile(r"[;&|()\n]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """Those that may be reached in a replay.

    Attributes:
        patterns: Names, numbers and `unix:PATH`s, with `*` for any characters.
        loopback: Whether this machine is one of them.
    """

    patterns: tuple[str, ...] = ()
    loopback: bool = True

    @classmethod
    def of(cls, allowed: Iterable[str]) -> Hosts:
        """Read what a person allows."""
        said = tuple(one.strip().lower() for one in allowed)
        return cls(
            patterns=tuple(one for one in said if one and one != NO_LOOPBACK),
            loopback=NO_LOOPBACK not in said,
        )

    def has(self, host: str) -> bool:
        """Whether a host may be reached."""
        name = host.lower().rstrip(".").strip("[]")
        if self.loopback and _is_here(name):
            return True
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.patterns)

    @staticmethod
    def is_number(host: str) -> bool:
        """Whether it is an address already."""
        return _number(host) is not None


def program_of(command: Any) -> str | None:
    """Name the program of a command that is known to go out; None where none is."""
    for words in _commands(command):
        name = os.path.basename(words[0]) if words else ""  # noqa: PTH119 - a word of a command line
        if name in _PROGRAMS or (name == "git" and not _GOES_OUT.isdisjoint(words[1:3])):
            return name
    return None


def where_to(command: Any) -> tuple[str, ...]:
    """Name the hosts in the addresses that a command has among its words."""
    text = " ".join(word for words in _commands(command) for word in words)
    return tuple(dict.fromkeys(match[1] for match in _URL.finditer(text)))


def _commands(command: Any) -> list[list[str]]:
    """A command's words; a shell's line has several commands."""
    if isinstance(command, str | bytes | os.PathLike):
        line = os.fsdecode(command)
        return [_words(part) for part in _SHELL.split(line) if part.strip()]
    words = [os.fsdecode(word) for word in command if isinstance(word, str | bytes | os.PathLike)]
    is_shell = len(words) > 2 and os.path.basename(words[0]) in ("sh", "bash") and "-c" in words  # noqa: PTH119, PLR2004 - as above; a shell, `-c`, its line
    return _commands(words[-1]) if is_shell else [words]


def _words(part: str) -> list[str]:
    try:
        return shlex.split(part)
    except ValueError:
        return part.split()


def _is_here(name: str) -> bool:
    if name in _HERE or name.endswith(".localhost"):
        return True
    number = _number(name)
    if number is None:
        return False
    inner = getattr(number, "ipv4_mapped", None) or number
    return bool(inner.is_loopback or inner.is_unspecified)


def _number(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return None

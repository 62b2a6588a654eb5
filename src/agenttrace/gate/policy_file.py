"""Policy file: a policy from `agenttrace.toml` or `pyproject.toml`; misspelt is an error."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from agenttrace.check.budget import Budget
from agenttrace.check.nearest import nearest_line
from agenttrace.check.vary import Vary
from agenttrace.errors import PolicyInvalid, UsageError
from agenttrace.gate.policy import (
    APPROVALS,
    DEFAULTS,
    EXPIRE_DAYS,
    FIXED,
    FOLDERS,
    Policy,
    Rule,
)
from agenttrace.redact import Wishes
from agenttrace.verdict import Severity

OWN, SHARED = "agenttrace.toml", "pyproject.toml"
"""The files that may hold a policy: under `[gate]`, and under `[tool.agenttrace.gate]`."""

CLASSES = tuple(kind for kind in DEFAULTS if kind not in FIXED)
"""Every class that a policy may speak of."""

KEYS = ("approvals", "budgets", "expire_days", "folders", "redact", "rules", "vary")
"""Every other key of a policy."""

PLACES = ("path", "test", "agent", "tool")
"""What a rule may be about."""


def policy_of(files: Mapping[str, bytes | None], where: str) -> Policy:
    """Read the policy that some files hold; the defaults, if none does.

    Args:
        files: `OWN` and `SHARED`, each with its bytes, None where there is no such file.
        where: What the files are part of, for messages: `1a2b3c4d`, `this folder`.

    Raises:
        PolicyInvalid: Two files hold one, it is no TOML, or a key or a value is none of ours.
    """
    found: dict[str, Any] = {}
    for name, sections in ((OWN, ("gate",)), (SHARED, ("tool", "agenttrace", "gate"))):
        data = files.get(name)
        if data is not None and (said := _section(data, sections, name)) is not None:
            found[name] = said
    if len(found) > 1:
        raise _invalid(where, f"both {OWN} and {SHARED} hold a policy; keep one")
    for name, said in found.items():
        return _policy(said, f"{name} in {where}")
    return Policy()


def _section(data: bytes, names: Iterable[str], file: str) -> object | None:
    try:
        said: object = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as problem:
        raise _invalid(file, f"it is no TOML: {problem}") from None
    if file == OWN and isinstance(said, dict) and (others := [*(said.keys() - {"gate"})]):
        raise _unknown(file, others[0], ["gate"])
    for name in names:
        if not isinstance(said, dict) or name not in said:
            return None
        said = said[name]
    return said


def _policy(said: object, source: str) -> Policy:
    table = _table(said, source, "the policy")
    for key in table:
        if key not in CLASSES and key not in KEYS:
            raise _unknown(source, key, (*CLASSES, *KEYS))
    days = table.get("expire_days", EXPIRE_DAYS)
    if type(days) is not int or days < 1:
        raise _invalid(source, f"expire_days = {days!r}: it is a number of days, from 1")
    try:
        return Policy(
            classes=_classes(table, source),
            rules=tuple(_rules(table.get("rules", []), source)),
            budgets=tuple(_budgets(table.get("budgets", {}), source)),
            vary=Vary.of(_texts(table, "vary", (), source)),
            redact=Wishes.of(_texts(table, "redact", (), source)),
            folders=_texts(table, "folders", FOLDERS, source),
            approvals=_text(table, "approvals", APPROVALS, source),
            expire_days=days,
            source=source,
        )
    except UsageError as problem:
        raise PolicyInvalid(f"{source}: {problem.headline}", detail=problem.detail) from None


def _classes(table: Mapping[str, Any], source: str) -> dict[str, Severity]:
    found = {}
    for kind in CLASSES:
        if kind not in table:
            continue
        try:
            found[kind] = Severity(table[kind])
        except ValueError:
            known = ", ".join(Severity)
            raise _invalid(source, f"{kind} = {table[kind]!r}: it is one of {known}") from None
    return found


def _rules(said: object, source: str) -> Iterable[Rule]:
    if not isinstance(said, list):
        raise _invalid(source, "rules are tables: [[tool.agenttrace.gate.rules]]")
    for number, one in enumerate(said, 1):
        whose = f"{source}, rule {number}"
        table = _table(one, whose, "a rule")
        for key in table:
            if key not in CLASSES and key not in PLACES:
                raise _unknown(whose, key, (*PLACES, *CLASSES))
        rule = Rule(
            **{place: _text(table, place, "", whose) for place in PLACES},
            classes=_classes(table, whose),
        )
        if not str(rule) or not rule.classes:
            raise _invalid(
                whose, f"it says where ({', '.join(PLACES)}), and what holds there: a class"
            )
        yield rule


def _budgets(said: object, source: str) -> Iterable[Budget]:
    """Read limits, each one value or a list of them: an absolute one, and a relative one."""
    table = _table(said, source, "budgets")
    lists = {name: one if isinstance(one, list) else [one] for name, one in table.items()}
    for number in range(max(map(len, lists.values()), default=0)):
        limits = {name: ones[number] for name, ones in lists.items() if number < len(ones)}
        yield Budget.of(limits)


def _table(said: object, source: str, what: str) -> Mapping[str, Any]:
    if not isinstance(said, dict):
        raise _invalid(source, f"{what} is a table, not {said!r}")
    return said


def _text(table: Mapping[str, Any], key: str, default: str, source: str) -> str:
    said = table.get(key, default)
    if not isinstance(said, str) or (key in table and not said):
        raise _invalid(source, f"{key} = {said!r}: it is a text")
    return said


def _texts(
    table: Mapping[str, Any], key: str, default: tuple[str, ...], source: str
) -> tuple[str, ...]:
    said = table.get(key, default)
    if not isinstance(said, list | tuple) or not all(isinstance(one, str) for one in said):
        raise _invalid(source, f"{key} = {said!r}: it is a list of texts")
    return tuple(said)


def _unknown(source: str, key: str, known: Iterable[str]) -> PolicyInvalid:
    known = list(known)
    nearest = nearest_line(key, known, likeness=0.5)
    return _invalid(source, f"there is no key {key!r}", *nearest, f"  there are {', '.join(known)}")


def _invalid(source: str, why: str, *lines: str) -> PolicyInvalid:
    more = "  More: agenttrace explain policy-invalid"
    return PolicyInvalid(f"{source}: {why}", detail="\n".join([*lines, more]))

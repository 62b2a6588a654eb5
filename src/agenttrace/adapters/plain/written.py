"""Written: a tool's result as it is kept. Its canonical value, with the order of its dicts.

A canonical value has sorted keys. An agent puts a result into its next prompt with the keys in the
order in which the tool made them, so a replay must hand them on in that order.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, cast

from agenttrace.model.values import TYPE, Value, canonical

UNSET = "!unset"
"""The key under which a pydantic model keeps which of its fields nobody set."""


def written(value: object) -> Value:
    """Write a value down.

    Raises:
        NotCanonical: It has no form that stays equal from run to run.
    """
    return _in_order(value, canonical(value))


def key_of(name: str) -> str:
    """The key under which a name of the user's is kept."""
    return TYPE + name if name.startswith(TYPE) else name


def name_of(key: str) -> str:
    """The name of the user's that is kept under a key."""
    return key.removeprefix(TYPE)


def _in_order(value: Any, form: Value) -> Value:
    if isinstance(form, list):
        return [_in_order(item, inner) for item, inner in zip(value, form, strict=True)]
    if not isinstance(form, dict) or isinstance(value, enum.Enum):
        return form
    if isinstance(value, Mapping):
        if form.get(TYPE) == "dict":
            return {
                TYPE: "dict",
                "items": [[written(key), written(item)] for key, item in value.items()],
            }
        return {key_of(name): _in_order(item, form[key_of(name)]) for name, item in value.items()}
    fields = {
        key: _in_order(getattr(value, name_of(key)), inner)
        for key, inner in form.items()
        if key != TYPE and hasattr(value, name_of(key))
    }
    return {**form, **fields, **_unset(value)}


def _unset(value: object) -> dict[str, Value]:
    given = getattr(value, "__pydantic_fields_set__", None)
    if given is None:
        return {}
    left = sorted(set(cast("Any", type(value)).model_fields) - set(given))
    return {UNSET: list(left)} if left else {}

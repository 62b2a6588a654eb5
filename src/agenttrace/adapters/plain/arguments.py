"""Arguments: what a tool is called with, as a question; and whether it left them as they were."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agenttrace.check.sides import cut, shown
from agenttrace.errors import ArgumentChanged, NotCanonical
from agenttrace.model.values import Value, canonical, plain

Encode = Callable[[Any], object]


class Reading:
    """Reads the arguments of one function's calls."""

    __slots__ = ("_encode", "_signature", "_title")

    def __init__(self, fn: Callable[..., Any], title: str, encode: Mapping[str, Encode]) -> None:
        """Know a function's parameters; `encode` writes some of them in its own way."""
        self._title = title
        self._encode = encode
        try:
            self._signature: inspect.Signature | None = inspect.signature(fn)
        except (ValueError, TypeError):  # a function written in C may have none
            self._signature = None

    def of(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
        """Read one call's arguments by name, defaults put in.

        Raises:
            NotCanonical: One of them has no form that stays equal from run to run.
        """
        native = self._bound(args, kwargs)
        return Arguments(
            title=self._title,
            native=native,
            encode=self._encode,
            body={name: self._written(name, value) for name, value in native.items()},
        )

    def _bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Mapping[str, Any]:
        if self._signature is not None:
            try:
                bound = self._signature.bind(*args, **kwargs)
            except TypeError:  # the function itself says it better
                return {"args": args, "kwargs": kwargs}
            bound.apply_defaults()
            return bound.arguments
        return {"args": args, "kwargs": kwargs}

    def _written(self, name: str, value: Any) -> Value:
        try:
            return _form(name, value, self._encode)
        except NotCanonical as error:
            where = "".join(map(str, error.facts["where"]))  # type: ignore[call-overload]
            raise NotCanonical(
                f"{self._title}: its argument `{name}` cannot be written down; "
                f"{name}{where} is a {error.facts['value_type']}, and {error.facts['why']}",
                detail=(
                    "  Pass what it stands for: a path, an id, a list.\n"
                    "  Or say what stands for it in the question:\n"
                    f'      @agenttrace.tool(encode={{"{name}": lambda {name}: …}})\n'
                    "  More: agenttrace explain not-canonical"
                ),
                **{**error.facts, "tool": self._title, "argument": name},
            ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """The arguments of one call.

    Attributes:
        title: The tool's name.
        native: The arguments themselves, by name.
        encode: What writes some of them in its own way.
        body: Their canonical values, by name, as they were before the call.
    """

    title: str
    native: Mapping[str, Any]
    encode: Mapping[str, Encode] = field(default_factory=dict)
    body: Mapping[str, Value] = field(default_factory=dict)

    def refuse_changes(self) -> None:
        """Hold the arguments against what they were.

        Raises:
            ArgumentChanged: The tool changed one of them in place.
        """
        for name, value in self.native.items():
            try:
                after: Value = _form(name, value, self.encode)
            except NotCanonical as error:
                after = str(error)
            if after != self.body[name]:
                raise self._changed(name, after)

    def _changed(self, name: str, after: Value) -> ArgumentChanged:
        own = name in ("self", "cls")
        way_on = (
            "  Make tools of what the object itself calls, and not of this method."
            if own
            else f"  Return what is new, and let the caller put it into `{name}`."
        )
        return ArgumentChanged(
            f"{self.title}: it changed its argument `{name}` in place",
            detail=(
                f"    before  {name} = {cut(shown(plain(self.body[name])))}\n"
                f"    after   {name} = {cut(shown(plain(after)))}\n\n"
                f"  A replay does not run the tool, so there `{name}` would stay as it was.\n\n"
                f"{way_on}\n"
                "  Let the tool run in every replay:\n"
                "      @agenttrace.tool(live=True)\n"
                f"  Nobody reads what changed in `{name}`; say what stands for it:\n"
                f'      @agenttrace.tool(encode={{"{name}": lambda {name}: …}})\n'
                "  More: agenttrace explain argument-changed"
            ),
            tool=self.title,
            argument=name,
        )


def _form(name: str, value: Any, encode: Mapping[str, Encode]) -> Value:
    writes = encode.get(name)
    return canonical(value if writes is None else writes(value))

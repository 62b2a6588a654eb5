"""Shape: a tool's result as bytes, and back; what would not come back the same is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agenttrace.adapters.plain.annotated import NOT_SAID
from agenttrace.adapters.plain.likeness import Unlike, suggestion, unbuilt, unlike, words
from agenttrace.adapters.plain.rebuilt import CannotBuildError, rebuilt
from agenttrace.adapters.plain.written import written
from agenttrace.boundary import Packed
from agenttrace.check.sides import cut, safe
from agenttrace.errors import NotCanonical, NotRebuildable
from agenttrace.model.values import TYPE, Value, pack, qualified, unpack


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultShape:
    """How one tool's results become bytes and come back.

    Attributes:
        title: The tool's name.
        wanted: What the tool is said to return, or to yield.
        definition: How its definition reads up to the annotation: `def look_up(…)`.
        annotation: The annotation around one value: `{}`, or `Iterator[{}]` for a generator.
        encode: Writes a result as a value; None: as its canonical value.
        decode: Reads it again; None: by the annotation.
        live: The tool runs in every replay, so nothing has to come back.
    """

    title: str
    wanted: object = NOT_SAID
    definition: str = "def tool(…)"
    annotation: str = "{}"
    encode: Callable[[Any], object] | None = None
    decode: Callable[[Any], Any] | None = None
    live: bool = False

    def pack(self, native: Any) -> Packed:
        """Write a result down.

        Raises:
            NotRebuildable: It would not come back the same.
        """
        if self.live:
            return Packed(data=pack(_as_far_as_known(native)))
        try:
            form = written(native if self.encode is None else self.encode(native))
        except NotCanonical as error:
            path = "".join(map(str, error.facts["where"]))  # type: ignore[call-overload]
            kind = str(error.facts["value_type"])
            raise self._refused(
                Unlike(f"result{path}", kind, native), str(error.facts["why"])
            ) from None
        data = pack(form)
        self._refuse_unlike(native, form, data)
        return Packed(data=data)

    def unpack(self, packed: Packed) -> Any:
        """Build a result, afresh each time.

        Raises:
            NotRebuildable: The function now says that it returns something else.
        """
        form = unpack(packed.data)
        try:
            return self._read(form)
        except CannotBuildError:
            raise self._stale(form) from None

    def _read(self, form: Value) -> Any:
        if self.decode is None:
            return rebuilt(form, self.wanted)
        value = form if isinstance(form, dict) and TYPE in form else rebuilt(form, NOT_SAID)
        return self.decode(value)

    def _refuse_unlike(self, native: Any, form: Value, data: bytes) -> None:
        try:
            again = self._read(unpack(data))
        except CannotBuildError:
            raise self._refused(unbuilt(native), "") from None
        found = unlike(native, again, deep=self.encode is None)
        if found is not None:
            raise self._refused(found, "")
        if written(again if self.encode is None else self.encode(again)) != form:
            raise self._refused(
                Unlike("result", qualified(type(native)), native),
                "it comes back with another content",
            )

    def _refused(self, found: Unlike, why: str) -> NotRebuildable:
        kind = found.kind
        said, wanted = words(self.wanted), suggestion(found.whole)
        lines = [f"    returned   {kind}  at {found.where}", f"    annotated  {said}", ""]
        if not why and wanted != said:
            lines += [
                "  Say what it returns:",
                f"      {self.definition} -> {self.annotation.format(wanted)}:",
                "  Say it beside the definition:",
                f"      @agenttrace.tool(returns={wanted})",
            ]
        lines += [
            "  Say how it is written and read:",
            "      @agenttrace.tool(encode=lambda result: …, decode=lambda value: …)",
            "  It is the agent's own code, and may run in every replay:",
            "      @agenttrace.tool(live=True)",
            "  More: agenttrace explain not-rebuildable",
        ]
        place = f"{found.where} is a {kind}" + (f", and {why}" if why else "")
        return NotRebuildable(
            f"{self.title}: a replay could not give its result back; {place}",
            detail="\n".join(lines),
            tool=self.title,
            where=found.where,
            value_type=kind,
        )

    def _stale(self, form: Value) -> NotRebuildable:
        kind = form.get(TYPE, "dict") if isinstance(form, dict) else type(form).__name__
        return NotRebuildable(
            f"{self.title}: the recorded result cannot be built as what the function now returns",
            detail=f"    recorded   {kind!s}\n    annotated  {words(self.wanted)}\n\n"
            "  The new annotation is right, and the recording is old: record again,\n"
            "  with --agenttrace=rewrite\n"
            "  More: agenttrace explain not-rebuildable",
            tool=self.title,
        )


def _as_far_as_known(native: object) -> Value:
    try:
        return written(native)
    except NotCanonical:
        return {TYPE: qualified(type(native)), "text": cut(safe(type(native).__name__))}

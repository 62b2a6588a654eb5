"""pydantic's dates: what pydantic must know before time is frozen, and of freezegun's false types.

pydantic makes its first schema with whatever `datetime` is then. Under a frozen clock that is
freezegun's, and real ones are refused for the rest of the process (pydantic's issue 10287).
"""

from __future__ import annotations

import contextlib
import sys
from typing import Any

HOOK = "__get_pydantic_core_schema__"

_warm = False


def prepare(api: Any) -> None:
    """Teach pydantic freezegun's types, and let it meet the real ones first, if it is loaded.

    Args:
        api: The module `freezegun.api`.
    """
    for fake, schema in ((api.FakeDatetime, "datetime_schema"), (api.FakeDate, "date_schema")):
        if HOOK not in vars(fake):
            setattr(fake, HOOK, classmethod(_hook(schema)))
    if "pydantic" in sys.modules:
        warm()


def warm() -> None:
    """Let pydantic make a schema of real dates, once in a process."""
    global _warm  # noqa: PLW0603 - pydantic keeps what it saw for as long as the process lives
    adapter = getattr(sys.modules.get("pydantic"), "TypeAdapter", None)
    if _warm or adapter is None:
        return
    import datetime as dt

    with contextlib.suppress(Exception):  # a pydantic of another make is left as it is
        adapter(tuple[dt.datetime, dt.date, dt.time, dt.timedelta])
        _warm = True


def _hook(schema: str) -> Any:
    def hook(_cls: type, _source: Any, _handler: Any) -> Any:
        from pydantic_core import core_schema

        return getattr(core_schema, schema)()

    return hook

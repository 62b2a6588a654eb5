"""Freezing: freezegun, so that agents built on pydantic survive it, and so that it is undone.

Left to itself, freezegun asks every module for every name while time is already frozen. That loads
what frameworks load lazily, under a false `datetime`: `import langchain_core.runnables` and a start
is a crash that leaves time frozen (freezegun's issues 480 and 551). So modules are looked through
by `vars()`, which loads nothing; pydantic meets the real types first, and knows the false ones; and
a start that fails undoes itself.

freezegun asks up to five frames who wants the time, which gives real time to whatever a thread runs
directly. Here the caller itself counts.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import sys
from typing import TYPE_CHECKING, Any

from agenttrace.determinism import pydantic_dates
from agenttrace.determinism.thawing import Thawing, thawed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType

    from agenttrace.causal.spawn.patching import Seam
    from agenttrace.determinism.instant import Instant

KNOWN = ("1.5.",)
"""The versions of freezegun whose inside was looked at; others are used by their public face."""

REAL_TIME = (
    "_pytest",
    "agenttrace",
    "anyio",
    "asyncio",
    "concurrent",
    "coverage",
    "execnet",
    "freezegun",
    "hypothesis",
    "multiprocessing",
    "pluggy",
    "pytest_agenttrace",
    "pytest_asyncio",
    "pytest_randomly",
    "pytest_timeout",
    "queue",
    "selectors",
    "socket",
    "ssl",
    "subprocess",
    "threading",
    "uvloop",
    "xdist",
)
"""Who waits for the real world, or measures it, and so keeps real time, with all inside it."""

_INSIDE = (
    "_get_cached_module_attributes",
    "_get_fake_monotonic",
    "_get_fake_monotonic_ns",
    "_should_use_real_time",
    "fake_localtime",
)
_MOST_NS = 1_000_000_000 * 3600 * 24 * 365 * 100
"""A century: where virtual time goes on for longer, the wall clock stands."""


class Freezing:
    """Holds the clock with freezegun.

    Attributes:
        warnings: What a person should know of it.
        ticks: Whether it goes on by itself.
    """

    def __init__(self) -> None:
        """Hold nothing yet."""
        self.warnings: list[str] = []
        self.ticks = False
        self._freezer: Any = None
        self._factory: Any = None
        self._thawing: Thawing | None = None
        self._inside = _Inside(self)

    def hold(self, start: Instant, *, ticks: bool = False) -> None:
        """Let the clock stand at an instant, or go on from it as time does."""
        import freezegun
        from freezegun import api

        self.ticks = ticks
        known = freezegun.__version__.startswith(KNOWN) and all(hasattr(api, it) for it in _INSIDE)
        if not known:
            self.warnings.append(
                f"freezegun {freezegun.__version__} is none that its inside is known of: "
                "it is used as it is, more slowly"
            )
        pydantic_dates.prepare(api)
        self._freezer = freezegun.freeze_time(
            start.at,
            tz_offset=start.offset if known else 0,
            ignore=list(REAL_TIME),
            tick=ticks,
        )
        if known:
            self._freezer.ignore = ()
        try:
            if known:
                self._inside.enter(api)
            self._thawing = Thawing(api, _keeps_real_time)
            self._thawing.enter()
            self._factory = self._freezer.start()
        except BaseException:
            self.release()
            raise

    def move(self, start: Instant, ns: int) -> None:
        """Let it stand that long after an instant."""
        self._inside.moved_ns = ns
        if self._factory is None:
            return
        at = start.at.replace(tzinfo=None) + dt.timedelta(microseconds=min(ns, _MOST_NS) // 1000)
        if self._freezer.tick:
            self._factory.move_to(at)
        else:
            self._factory.time_to_freeze = at

    def release(self) -> None:
        """Let real time go on, whatever state freezegun is in."""
        freezer, self._freezer, self._factory = self._freezer, None, None
        if freezer is None:
            return
        if self._thawing is not None:
            self._thawing.leave()
        try:
            self._inside.restore_new(freezer)
            with contextlib.suppress(IndexError):  # it never came so far as to freeze
                freezer.stop()
        finally:
            self._inside.leave()

    def is_ours(self, factory: object) -> bool:
        """Whether a moment that is asked for is ours to give; a test may freeze on top."""
        return self._factory is None or factory is self._factory


class _Inside:
    """What of freezegun's inside is done otherwise while we hold the clock.

    Attributes:
        moved_ns: How far virtual time has moved since the start.
    """

    def __init__(self, freezing: Freezing) -> None:
        self.moved_ns = 0
        self._freezing = freezing
        self._api: Any = None
        self._base_ns = 0
        self._before: dict[str, Any] = {}
        self._now: Any = None

    def enter(self, api: Any) -> None:
        """Put ours in the place of freezegun's."""
        self._api = api
        self._base_ns = api.real_monotonic_ns()
        self._before = {name: getattr(api, name) for name in _INSIDE}
        self._now = vars(api.FakeDatetime)["now"]
        api._should_use_real_time = self._should_use_real_time
        api._get_fake_monotonic = self._monotonic
        api._get_fake_monotonic_ns = self._monotonic_ns
        api._get_cached_module_attributes = _names_of_time(api._real_time_object_ids)
        api.fake_localtime = _named("fake_localtime", self._localtime)
        api.FakeDatetime.now = classmethod(_named("now", self._now_in))

    def _is_theirs(self) -> bool:
        return not self._freezing.is_ours(self._api.freeze_factories[-1])

    def _should_use_real_time(self) -> bool:
        if not self._api.ignore_lists:
            return True
        if self._is_theirs():
            return bool(self._before["_should_use_real_time"]())
        return _keeps_real_time(sys._getframe(2).f_globals.get("__name__") or "")

    def _monotonic_ns(self) -> int:
        """Time since the start, on top of what the clock said then; freezegun jumps 50 years."""
        if self._is_theirs():
            return int(self._before["_get_fake_monotonic_ns"]())
        return self._base_ns + self._elapsed_ns()

    def _monotonic(self) -> float:
        if self._is_theirs():
            return float(self._before["_get_fake_monotonic"]())
        return (self._base_ns + self._elapsed_ns()) / 1e9

    def _elapsed_ns(self) -> int:
        if self._freezing.ticks:
            return int(self._api.real_monotonic_ns()) - self._base_ns
        return self.moved_ns

    def _localtime(self, seconds: float | None = None) -> Any:
        """Local time where the run was recorded; freezegun's is this machine's, in winter."""
        api = self._api
        if seconds is not None or self._is_theirs():
            return self._before["fake_localtime"](seconds)
        caller = sys._getframe(2).f_globals.get("__name__") or ""
        if not api.ignore_lists or _keeps_real_time(caller):
            return api.real_localtime()
        return (api.get_current_time() + api.tz_offsets[-1]).timetuple()

    def _now_in(self, cls: Any, tz: dt.tzinfo | None = None) -> Any:
        """Now in a zone; freezegun adds the offset of local time to every other zone, too."""
        if tz is None or self._is_theirs():
            return self._now.__func__(cls, tz)
        now = cls._time_to_freeze().replace(tzinfo=tz)
        return self._api.datetime_to_fakedatetime(tz.fromutc(now))

    def restore_new(self, freezer: Any) -> None:
        """Give real time to modules that were loaded meanwhile, without loading any more."""
        reals = getattr(freezer, "reals", None)
        if not self._before or reals is None:
            return
        for name in sys.modules.copy().keys() - freezer.modules_at_start:
            names = getattr(sys.modules.get(name), "__dict__", None)
            if type(names) is dict and name not in ("datetime", "time", "freezegun.api"):
                for key, value in list(names.items()):
                    real = reals.get(id(value))
                    if real is not None:
                        names[key] = real
        freezer.modules_at_start = set(sys.modules)

    def leave(self) -> None:
        """Put freezegun's own back."""
        for name, value in self._before.items():
            setattr(self._api, name, value)
        if self._now is not None:
            self._api.FakeDatetime.now = self._now
            self._now = None
        self._before = {}


_seen: dict[str, tuple[int, int, list[tuple[str, Any]]]] = {}
"""By module, which of its names are functions or types of time; looked up again when it grows."""


def _names_of_time(ids: set[int]) -> Callable[[ModuleType], list[tuple[str, Any]]]:
    def look(module: ModuleType) -> list[tuple[str, Any]]:
        names = getattr(module, "__dict__", None)
        if type(names) is not dict:
            return []
        key = str(names.get("__name__"))
        seen = _seen.get(key)
        if seen is not None and seen[0] == id(module) and seen[1] == len(names):
            return seen[2]
        found = (
            [] if _keeps_real_time(key) else [it for it in list(names.items()) if id(it[1]) in ids]
        )
        _seen[key] = (id(module), len(names), found)
        return found

    return look


def _named(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A plain function, by which freezegun and `classmethod` can know a method of ours."""

    def called(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    called.__name__ = name
    return called


def _keeps_real_time(module: str) -> bool:
    return module.partition(".")[0] in REAL_TIME


def seams_of_pydantic(_module: ModuleType) -> Iterable[Seam]:
    """Let pydantic, loaded in the middle of a run, meet the real types first; patch nothing."""
    api = sys.modules.get("freezegun.api")
    if getattr(api, "freeze_factories", None):
        with thawed(api):
            pydantic_dates.warm()
    return ()

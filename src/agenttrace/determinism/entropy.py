"""Entropy: chance in a run comes from its seed, and each lane draws from a stream of its own.

One stream for all would give parallel agents other values whenever they drew in another order; and
a tool that draws while it is recorded, and is not run in a replay, would shift everybody's. So the
module's functions look up who draws. Code outside every run draws as ever.

`uuid4` is held by classes and defaults as well as by modules, so its code is exchanged, and not its
name. `os.urandom` is left alone: keys and TLS must not become predictable.
"""

from __future__ import annotations

import contextlib
import functools
import random
import sys
import uuid
from types import FunctionType
from typing import TYPE_CHECKING, Any

from agenttrace.causal import current
from agenttrace.causal.site import is_users, site, through
from agenttrace.causal.spawn.patching import Patches, Seam
from agenttrace.determinism import sources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import ModuleType

    from agenttrace.causal.lane import LiveLane, Run

_STATE = frozenset({"seed", "getstate", "setstate", "set_state", "get_state"})
_RESEEDS = "pytest_randomly"
"""The plugin that seeds anew before each part of a test; a run has a seed of its own."""

_real_uuid4 = FunctionType(uuid.uuid4.__code__, vars(uuid), "uuid4")


class Streams:
    """The chance of one run.

    Attributes:
        seed: What all of it is made from.
        secrets: Whether `secrets` and `random.SystemRandom` draw from it as well.
        shared: By module, whether the code under test has seeded it by itself; from then on it is
            one stream for all, as Python's documentation says.
    """

    def __init__(self, seed: str, *, secrets: bool = False) -> None:
        """Begin every lane's stream anew."""
        self.seed = seed
        self.secrets = secrets
        self.shared: set[str] = set()
        self._of_lanes: dict[tuple[str, LiveLane], Any] = {}

    def stream(self, what: str, lane: LiveLane) -> random.Random:
        """Give a lane's stream for one purpose."""
        found = self._of_lanes.get((what, lane))
        if found is None:
            found = self._of_lanes[what, lane] = random.Random(self._key(what, lane))
        stream: random.Random = found
        return stream

    def numpy(self, lane: LiveLane) -> Any:
        """Give a lane's stream as NumPy's legacy generator."""
        found = self._of_lanes.get(("numpy", lane))
        if found is None:
            made = random.Random(self._key("numpy", lane)).getrandbits(32)
            state = sys.modules["numpy.random"].RandomState
            found = self._of_lanes["numpy", lane] = state(made)
        return found

    def _key(self, what: str, lane: LiveLane) -> str:
        return f"{what} {self.seed} {lane.path!r}"


def streams_here() -> tuple[Streams, LiveLane] | None:
    """The chance that the calling code draws from, and its lane; None: the world's."""
    frame = current.carried()
    if frame is None:
        return None
    chance = frame.lane.run.chance
    if not isinstance(chance, Streams) or frame.lane.run.ended:
        return None
    return chance, frame.lane


_patches = Patches()
_entered = 0


@contextlib.contextmanager
def seeded() -> Iterator[None]:
    """While entered, chance in runs that have a seed comes from it.

    On the way out the generators of `random` and NumPy stand where they stood.
    """
    global _entered  # noqa: PLW0603 - the functions of `random` are the process's own
    state = random.getstate()
    _entered += 1
    if _entered == 1:
        _patches.put(
            [*seams_of_random(random), Seam(owner=random, name="_urandom", around=_urandom)]
        )
        uuid.uuid4.__code__ = _uuid4_here.__code__
    legacy = _legacy()
    legacy_state = None if legacy is None else legacy.get_state()
    try:
        yield
    finally:
        _entered -= 1
        if _entered == 0:
            _patches.undo()
            uuid.uuid4.__code__ = _real_uuid4.__code__
        random.setstate(state)
        if legacy is not None:
            legacy.set_state(legacy_state)


def begin(run: Run, seed: str, *, secrets: bool) -> None:
    """Give a run its chance, from the beginning."""
    run.chance = Streams(seed, secrets=secrets)


# -- the seams -----------------------------------------------------------------------------------
def seams_of_random(module: ModuleType) -> Iterable[Seam]:
    """The functions of `random` that draw from its hidden generator, or seed it."""
    hidden = getattr(module, "_inst", None)
    for name, value in list(vars(module).items()):
        if getattr(value, "__self__", None) is hidden and hidden is not None:
            around = functools.partial(_seeding, "random") if name in _STATE else _drawing
            yield Seam(owner=module, name=name, around=around, held=True)
    yield Seam(owner=module.Random, name="__init__", around=_making)


def seams_of_numpy(module: ModuleType) -> Iterable[Seam]:
    """The functions of `numpy.random` that draw from its hidden generator, or seed it."""
    hidden = _legacy()
    if hidden is None:
        return
    for name, value in list(vars(module).items()):
        if getattr(value, "__self__", None) is hidden or name == "seed":  # a plain function there
            around = functools.partial(_seeding, "numpy") if name in _STATE else _drawing_numpy
            yield Seam(owner=module, name=name, around=around, held=True)
    if hasattr(module, "default_rng"):
        yield Seam(owner=module, name="default_rng", around=_generating, held=True)


def _legacy() -> Any:
    return getattr(sys.modules.get("numpy.random.mtrand"), "_rand", None)


def _drawing(real: Callable[..., Any]) -> Callable[..., Any]:
    name = real.__name__

    @functools.wraps(real)
    def draw(*args: Any, **kwargs: Any) -> Any:
        here = streams_here()
        if here is None or "random" in here[0].shared:
            return real(*args, **kwargs)
        return getattr(here[0].stream("random", here[1]), name)(*args, **kwargs)

    return draw


def _drawing_numpy(real: Callable[..., Any]) -> Callable[..., Any]:
    name = real.__name__

    @functools.wraps(real)
    def draw(*args: Any, **kwargs: Any) -> Any:
        here = streams_here()
        if here is None or "numpy" in here[0].shared:
            return real(*args, **kwargs)
        return getattr(here[0].numpy(here[1]), name)(*args, **kwargs)

    return draw


def _seeding(module: str, real: Callable[..., Any]) -> Callable[..., Any]:
    reads = real.__name__ in ("getstate", "get_state")

    @functools.wraps(real)
    def seed(*args: Any, **kwargs: Any) -> Any:
        here = streams_here()
        if here is None or reads:
            return real(*args, **kwargs)
        if not (args or kwargs) or (args and args[0] is None):
            return None  # a seed from the operating system: the run has one
        if sys._getframe(1).f_globals.get("__name__") == _RESEEDS:
            return None
        here[0].shared.add(module)
        return real(*args, **kwargs)

    return seed


def _making(real: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(real)
    def __init__(self: random.Random, x: Any = None) -> None:  # noqa: N807 - it stands for one
        real(self, x)
        mine = is_users(sys._getframe(1))  # a library's own, such as `tempfile`'s, is its own
        if x is None and mine and not isinstance(self, random.SystemRandom):
            sources.note(sources.GENERATOR, "random.Random()")
            _warn("random.Random()")

    return __init__


def _generating(real: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(real)
    def default_rng(seed: Any = None) -> Any:
        if seed is None:
            sources.note(sources.GENERATOR, "numpy.random.default_rng()")
            _warn("numpy.random.default_rng()")
        return real(seed)

    return default_rng


def _warn(what: str) -> None:
    here = streams_here()
    place = site()
    if here is None or place is None or through() is not None:
        return
    warning = (
        f"{what} without a seed at {place}: what it draws differs from run to run. "
        "Give it a seed; or draw from the module, which the run holds"
    )
    if warning not in here[1].run.warnings:
        here[1].run.warnings.append(warning)


def _urandom(real: Callable[[int], bytes]) -> Callable[[int], bytes]:
    def urandom(size: int) -> bytes:
        here = streams_here()
        if here is None or not here[0].secrets:
            sources.note(sources.GENERATOR, "the operating system's chance")
            return real(size)
        return here[0].stream("secrets", here[1]).randbytes(size)

    return urandom


def _uuid4_here() -> Any:  # runs with the names of the module `uuid`
    """Generate a random UUID."""
    from agenttrace.determinism.entropy import drawn_uuid

    return drawn_uuid()


def drawn_uuid() -> uuid.UUID:
    """Draw a uuid for the calling lane; outside every run, from the operating system."""
    here = streams_here()
    if here is None:
        return _real_uuid4()  # type: ignore[no-any-return]
    return uuid.UUID(int=here[0].stream("uuid4", here[1]).getrandbits(128), version=4)

"""Load all of a package: what is loaded before a run in this process is not loaded in each."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType


def everything_of(package: ModuleType, *, but: str = "") -> list[ModuleType]:
    """All modules of a package and of those below it, but the ones of this name."""
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return [importlib.import_module(one.name) for one in found if one.name.split(".")[-1] != but]

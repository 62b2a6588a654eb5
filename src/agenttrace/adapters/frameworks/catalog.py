"""Catalog: the frameworks that there is a file for; a new file is found by itself."""

from __future__ import annotations

import importlib
import pkgutil

from agenttrace.adapters import frameworks
from agenttrace.adapters.frameworks.framework import Framework, Frameworks


def all_frameworks() -> tuple[Framework, ...]:
    """Every framework that a file of this room is about, by name."""
    modules = (
        importlib.import_module(f"{frameworks.__name__}.{found.name}")
        for found in pkgutil.iter_modules(frameworks.__path__)
    )
    found = (getattr(module, "FRAMEWORK", None) for module in modules)
    return tuple(
        sorted((one for one in found if isinstance(one, Framework)), key=lambda one: one.name)
    )


INSTALLED = Frameworks(all_frameworks())
"""The adapters of this process; a world holds them in place."""

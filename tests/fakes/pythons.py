"""Other Pythons of this machine, for claims that must hold on all of them."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from pathlib import Path

VERSIONS = ("3.11", "3.12", "3.13")


@functools.cache
def python(version: str) -> Path | None:
    """An interpreter of this version that runs; None where there is none."""
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        return Path(sys.executable)
    for candidate in (_by_uv(version), shutil.which(f"python{version}"), _by_pyenv(version)):
        if candidate and version_of(candidate) == version:
            return Path(candidate)
    return None


def _by_uv(version: str) -> str:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    return _said([uv, "python", "find", "--offline", version]) if uv else ""


def _by_pyenv(version: str) -> str:
    """What stands on the PATH may be a shim that runs only the version pyenv was told to use."""
    if not shutil.which("pyenv"):
        return ""
    prefix = _said(["pyenv", "prefix", _said(["pyenv", "latest", version])])
    return str(Path(prefix, "bin", f"python{version}")) if prefix else ""


def version_of(interpreter: str | Path) -> str:
    """Which minor an interpreter is, such as 3.12; empty where it does not run."""
    return _said([str(interpreter), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])


def _said(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""

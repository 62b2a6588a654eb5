"""Who vouches for servers: nobody in tests, which speak to loopback; the machine's for installers.

To read the hundred authorities of a machine costs each client a tenth of a second.
"""

from __future__ import annotations

import os
from pathlib import Path

_NAMES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_OF_THE_MACHINE = {name: os.environ[name] for name in _NAMES if name in os.environ}


def leave_out() -> None:
    """Let this process, and what it starts, know of no authority."""
    os.environ.pop("SSL_CERT_FILE", None)
    os.environ["SSL_CERT_DIR"] = str(Path(__file__).parent)  # holds none


def with_authorities() -> dict[str, str]:
    """An environment for a program that speaks to a registry."""
    others = {name: value for name, value in os.environ.items() if name not in _NAMES}
    return {**others, **_OF_THE_MACHINE}

"""Phoenix, without its gRPC server, which listens on every interface whatever it is told.

Run in Phoenix' own environment: the host that `PHOENIX_HOST` names is that of HTTP alone
(`phoenix/server/grpc_server.py` binds `[::]`).
"""

from __future__ import annotations

import sys
from typing import Any

from phoenix.server import grpc_server
from phoenix.server.main import main

made = grpc_server.GrpcServer.__init__


def silent(self: Any, *given: Any, **named: Any) -> None:
    """Make the server as one that does not listen."""
    made(self, *given, **{**named, "disabled": True})


grpc_server.GrpcServer.__init__ = silent
sys.argv = ["phoenix", "serve"]
main()

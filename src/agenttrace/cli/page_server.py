"""Page server: one page for one person on this machine.

It listens on loopback, at a free port, behind a path that nobody can guess. Another page open in
the same browser could still send requests here under a name of its own that leads to loopback (DNS
rebinding), so a request that names another host than ours is refused.
"""

from __future__ import annotations

import hmac
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import click

from agenttrace.causal.position import fresh_key
from agenttrace.report.html.page import policy

_HOST = "127.0.0.1"
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def server(text: str, *, port: int = 0) -> tuple[ThreadingHTTPServer, str]:
    """Make a server of one page, and its address.

    Args:
        text: The page.
        port: Where to listen; 0: any port that is free.

    Raises:
        click.UsageError: The port is taken.
    """
    token, body = fresh_key().hex(), text.encode()
    hosts: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        """Answers for the page's address, and refuses everything else."""

        server_version, sys_version = "agenttrace", ""

        def do_GET(self) -> None:
            if self.headers.get("Host") not in hosts:
                self.send_error(403, "another host is meant")
            elif not hmac.compare_digest(self.path.encode(), f"/{token}/".encode()):
                self.send_error(404, "nothing is here")
            else:
                self.send_response(200)
                for name, value in _HEADERS.items():
                    self.send_header(name, value)
                self.send_header("Content-Security-Policy", f"{policy()}; frame-ancestors 'none'")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            """Say nothing: the address is a secret."""

    try:
        made = ThreadingHTTPServer((_HOST, port), Handler)
    except OSError as problem:
        raise click.UsageError(f"cannot listen on port {port}: {problem.strerror}") from None
    hosts.update(f"{name}:{made.server_port}" for name in (_HOST, "localhost"))
    return made, f"http://{_HOST}:{made.server_port}/{token}/"


def serve(text: str, *, port: int = 0, opened: bool = False) -> None:
    """Serve a page until Ctrl-C."""
    made, address = server(text, port=port)
    with made:
        click.echo(f"serving  {address}\n         this machine alone; Ctrl-C ends it")
        if opened:
            click.launch(address)
        try:
            made.serve_forever(poll_interval=0.1)
        except KeyboardInterrupt:
            click.echo()

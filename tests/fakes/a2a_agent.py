"""A real A2A agent: as an application in this process, or as a program on a port.

It repeats what it is told; `slowly` makes it take its time. It writes one line into its log for
each message that it handles: what it says, and who it says that it comes from.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from a2a.helpers import (
    get_message_text,
    new_task_from_user_message,
    new_text_artifact_update_event,
    new_text_message,
    new_text_status_update_event,
)
from a2a.server.agent_execution import AgentExecutor
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import (
    create_agent_card_routes,
    create_jsonrpc_routes,
    create_rest_routes,
)
from a2a.server.tasks import InMemoryTaskStore
from a2a.types import AgentCapabilities, AgentCard, AgentInterface, TaskState
from starlette.applications import Starlette

from tests.fakes import ports

BINDINGS = {"JSONRPC": "/rpc", "HTTP+JSON": ""}


class Echo(AgentExecutor):
    """Repeats what it is told."""

    def __init__(self, log: Path | None = None, work: Any = None) -> None:
        """Write into a log; do some work of the test's first."""
        self._log = log
        self._work = work

    async def execute(self, context: Any, event_queue: Any) -> None:
        """Answer a message: `task: …` with a task, else with a message."""
        said = get_message_text(context.message)
        if self._log is not None:
            headers = context.call_context.state.get("headers", {})
            with self._log.open("a") as file:
                file.write(f"{said}|{headers.get('traceparent', '')}\n")
        if self._work is not None:
            said = await self._work(said)
        if said == "slowly":
            await asyncio.sleep(60)
        if not said.startswith("task"):
            await event_queue.enqueue_event(new_text_message(f"echo {said}"))
            return
        task = new_task_from_user_message(context.message)
        ids = {"task_id": task.id, "context_id": task.context_id}
        await event_queue.enqueue_event(task)
        await event_queue.enqueue_event(
            new_text_artifact_update_event(name="echo", text=f"echo {said}", **ids)
        )
        await event_queue.enqueue_event(
            new_text_status_update_event(text="done", state=TaskState.TASK_STATE_COMPLETED, **ids)
        )

    async def cancel(self, context: Any, event_queue: Any) -> None:
        """There is nothing to cancel."""


def application(url: str, echo: Echo) -> Starlette:
    """The agent, spoken to over JSON-RPC and REST."""
    card = AgentCard(
        name="echo",
        description="Repeats what it is told.",
        version="1.0.0",
        capabilities=AgentCapabilities(streaming=True),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        supported_interfaces=[
            AgentInterface(url=f"{url}{path}", protocol_binding=binding, protocol_version="1.0")
            for binding, path in BINDINGS.items()
        ],
    )
    handler = DefaultRequestHandler(
        agent_executor=echo, task_store=InMemoryTaskStore(), agent_card=card
    )
    return Starlette(
        routes=[
            *create_agent_card_routes(card),
            *create_jsonrpc_routes(handler, "/rpc"),
            *create_rest_routes(handler),
        ]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """An agent on a port, and what it was told.

    Attributes:
        url: Where it listens.
        log: What it writes into.
    """

    url: str
    log: Path

    @property
    def told(self) -> list[tuple[str, str]]:
        """What it was told, and by whom."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [(line.partition("|")[0], line.partition("|")[2]) for line in lines]


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """The agent as a program; afterwards its port is closed."""
    log = folder / "echo.log"
    root = Path(__file__).parents[2]
    with ports.held() as port:
        command = [sys.executable, "-m", "tests.fakes.a2a_agent", str(port), str(log)]
        agent = subprocess.Popen(command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)})
        try:
            ports.wait_until_listened_at(port, agent)
            yield Served(url=f"http://127.0.0.1:{port}", log=log)
        finally:
            agent.kill()  # it would wait for whom it still answers
            agent.wait()


if __name__ == "__main__":
    PORT = int(sys.argv[1])
    APP = application(f"http://127.0.0.1:{PORT}", Echo(Path(sys.argv[2])))
    uvicorn.run(APP, port=PORT, log_level="error")

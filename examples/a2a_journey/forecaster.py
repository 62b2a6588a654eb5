"""An agent that others ask over A2A: it tells tomorrow's weather, and takes its time."""

import sys

import uvicorn
from a2a.helpers import (
    get_message_text,
    new_task_from_user_message,
    new_text_artifact_update_event,
    new_text_status_update_event,
)
from a2a.server.agent_execution import AgentExecutor
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes
from a2a.server.tasks import InMemoryTaskStore
from a2a.types import (
    AgentCapabilities,
    AgentCard,
    AgentInterface,
    AgentSkill,
    TaskState,
)
from starlette.applications import Starlette

FORECAST = {"Oslo": "rain, 7C", "Rome": "sun, 24C"}


class Forecaster(AgentExecutor):
    """Tells the weather of the city that it is asked for."""

    async def execute(self, context, event_queue):
        """Answer one message."""
        task = context.current_task or new_task_from_user_message(context.message)
        await event_queue.enqueue_event(task)
        ids = {"task_id": task.id, "context_id": task.context_id}
        working = TaskState.TASK_STATE_WORKING
        await event_queue.enqueue_event(
            new_text_status_update_event(text="looking", state=working, **ids)
        )
        city = get_message_text(context.message)
        said = FORECAST.get(city)
        if said is not None:
            await event_queue.enqueue_event(
                new_text_artifact_update_event(name="forecast", text=said, **ids)
            )
        state = TaskState.TASK_STATE_COMPLETED if said else TaskState.TASK_STATE_FAILED
        text = "done" if said else f"there is no city {city}"
        await event_queue.enqueue_event(new_text_status_update_event(text=text, state=state, **ids))

    async def cancel(self, context, event_queue):
        """There is nothing to cancel."""


def app(url):
    """The agent as an application, with its card."""
    card = AgentCard(
        name="forecaster",
        description="Tells tomorrow's weather.",
        version="1.0.0",
        capabilities=AgentCapabilities(streaming=True),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[
            AgentSkill(id="forecast", name="forecast", description="Weather", tags=["weather"])
        ],
        supported_interfaces=[
            AgentInterface(url=f"{url}/rpc", protocol_binding="JSONRPC", protocol_version="1.0")
        ],
    )
    handler = DefaultRequestHandler(
        agent_executor=Forecaster(), task_store=InMemoryTaskStore(), agent_card=card
    )
    routes = [*create_agent_card_routes(card), *create_jsonrpc_routes(handler, "/rpc")]
    return Starlette(routes=routes)


if __name__ == "__main__":
    port = int(sys.argv[1])
    uvicorn.run(app(f"http://127.0.0.1:{port}"), port=port, log_level="warning")

"""An agent that plans a journey, and asks another agent, over A2A, what the weather will be."""

import asyncio
import os

from a2a.client import ClientConfig, create_client
from a2a.helpers import get_stream_response_text, new_text_message
from a2a.types import Role, SendMessageRequest, TaskState

import agenttrace

URL = os.environ.get("FORECASTER_URL", "http://127.0.0.1:8899")


async def weather(forecaster, city):
    """Ask for one city's weather; None: nobody knows it."""
    request = SendMessageRequest(message=new_text_message(city, role=Role.ROLE_USER))
    said = None
    async for event in forecaster.send_message(request):
        if event.HasField("artifact_update"):
            said = get_stream_response_text(event)
        elif event.HasField("status_update"):
            failed = event.status_update.status.state == TaskState.TASK_STATE_FAILED
            said = None if failed else said
    return said


async def plan(*cities):
    """Go where the sun shines, or nowhere."""
    forecaster = await create_client(URL, ClientConfig(streaming=True))
    with agenttrace.agent("planner"):
        said = await asyncio.gather(*(weather(forecaster, city) for city in cities))
        found = dict(zip(cities, said, strict=True))
        agenttrace.snapshot({"weather": found})
    return next((city for city, it in found.items() if it and "sun" in it), "nowhere")


if __name__ == "__main__":
    print(asyncio.run(plan("Oslo", "Rome")))  # noqa: T201 - its output is its result

"""An agent that packs for a journey, with what a weather office says over MCP."""

import asyncio
import sys
from pathlib import Path

from mcp import ClientSession, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client

import agenttrace

SERVER = StdioServerParameters(
    command=sys.executable, args=[str(Path(__file__).with_name("server.py"))]
)
WARM = 20


async def pack(office: ClientSession, city: str) -> list[str]:
    """Pack for one city."""
    with agenttrace.agent("packer", task=f"pack for {city}"):
        result = await office.call_tool("forecast", {"city": city})
        if result.is_error:
            return [f"nothing for {city}: nobody knows its weather"]
        weather = result.structured_content
        worn = await office.read_resource(f"clothes://{weather['sky']}")
        bag = worn.contents[0].text.split(", ")
        agenttrace.snapshot({"bag": bag, "weather": weather})
        if weather["degrees"] < WARM:
            bag.append("coat")
        worded = await office.get_prompt("advice", {"city": city})
        return [worded.messages[0].content.text, *bag]


async def journey(*cities: str) -> list[list[str]]:
    """Pack for several cities at once."""
    async with stdio_client(SERVER) as streams, ClientSession(*streams) as office:
        await office.initialize()
        await office.list_tools()
        try:
            return list(await asyncio.gather(*(pack(office, city) for city in cities)))
        except MCPError as error:
            return [[f"the office refused: {error}"]]


if __name__ == "__main__":
    print(asyncio.run(journey("Oslo", "Rome")))  # noqa: T201 - its output is its result

"""A weather office as an MCP server: a tool, a resource and a prompt."""

from mcp.server import MCPServer

office = MCPServer("weather office", log_level="WARNING")

FORECAST = {"Oslo": ("rain", 7), "Rome": ("sun", 24)}


@office.tool()
def forecast(city: str) -> dict[str, str | int]:
    """Tell tomorrow's weather."""
    sky, degrees = FORECAST[city]
    return {"sky": sky, "degrees": degrees}


@office.resource("clothes://{sky}")
def clothes(sky: str) -> str:
    """Say what people wear under a sky."""
    return {"rain": "boots, umbrella", "sun": "hat"}[sky]


@office.prompt()
def advice(city: str) -> str:
    """Word an advice."""
    return f"Pack this for {city}:"


if __name__ == "__main__":
    office.run()

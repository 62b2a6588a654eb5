"""A newspaper: a reporter looks a topic up, and a writer makes a page of the report."""

from crewai import Agent, Crew, Task
from crewai.tools import tool

REPORTS = {"rain": "It rains until Friday."}


@tool("look_up_report")
def look_up_report(topic: str) -> str:
    """Look up what is known of a topic."""
    return REPORTS[topic]


def newspaper() -> Crew:
    """Put the crew together."""
    reporter = Agent(
        role="reporter",
        goal="Know before others do.",
        backstory="You find out what is true. Look the topic up first.",
        llm="openai/gpt-4o",
        tools=[look_up_report],
    )
    writer = Agent(
        role="writer",
        goal="Write what people read.",
        backstory="You fill the page with what the reporter knows.",
        llm="openai/gpt-4o",
    )
    report = Task(
        name="report",
        description="Report on {topic}.",
        expected_output="Two sentences.",
        agent=reporter,
    )
    page = Task(
        name="page",
        description="Write the page from the report.",
        expected_output="A page.",
        agent=writer,
        context=[report],
    )
    return Crew(name="newspaper", agents=[reporter, writer], tasks=[report, page])

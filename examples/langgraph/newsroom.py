"""A newsroom: an editor sends reporters out, all at once; a writer waits for what they say."""

import operator
from typing import Annotated, Any, TypedDict

from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send

TOPICS = ("rain", "trains")


class Page(TypedDict, total=False):
    """What the newsroom works on."""

    topic: str
    reports: Annotated[list[str], operator.add]
    text: str


def _ask(prompt: str, question: str) -> str:
    said = ChatOpenAI(model="gpt-4o").invoke([("system", prompt), ("user", question)])
    return str(said.content)


def editor(page: Page) -> Command[Any]:
    """Send reporters out, until there are enough reports."""
    missing = TOPICS if not page.get("reports") else ()
    if missing:
        return Command(goto=[Send("reporter", {"topic": topic}) for topic in missing])
    return Command(goto="writer")


def reporter(page: Page) -> Page:
    """Report on one topic."""
    return {"reports": [_ask("You are a reporter.", page["topic"])]}


def writer(page: Page) -> Page:
    """Write the page."""
    return {"text": _ask("You write the page.", " ".join(sorted(page["reports"])))}


def newsroom() -> Any:
    """Put the newsroom together."""
    graph = StateGraph(Page)
    graph.add_node("editor", editor, destinations=("reporter", "writer"))
    graph.add_node("reporter", reporter)
    graph.add_node("writer", writer)
    graph.add_edge(START, "editor")
    graph.add_edge("reporter", "editor")
    graph.add_edge("writer", END)
    return graph.compile(name="newsroom", checkpointer=InMemorySaver())

"""Programs that run in processes of their own, and ask a model on this machine there."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import httpx

import agenttrace

if TYPE_CHECKING:
    from collections.abc import Callable

agenttrace.join()  # a child has joined at the import; this says that it is meant

CHILD = """
import sys
from tests.fakes import workers
print(workers.ask(sys.argv[1], sys.argv[2]))
"""


def ask(url: str, question: str) -> str:
    """Ask the model one question, in this process."""
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": question}]}
    answer = httpx.post(f"{url}/chat/completions", json=body, timeout=60)
    said: str = answer.raise_for_status().json()["choices"][0]["message"]["content"]
    return said


def worker(url: str, number: int, depth: int = 1) -> None:
    """Ask twice; begin a process of its own in between."""
    ask(url, f"{number}: first")
    if depth:
        process = multiprocessing.get_context("spawn").Process(
            target=worker, args=(url, number + 100, 0)
        )
        process.start()
        ask(url, f"{number}: meanwhile")
        process.join()
    ask(url, f"{number}: second")


def said_by_a_child(url: str, question: str) -> str:
    """Ask in a program of its own."""
    return subprocess.run(
        [sys.executable, "-c", CHILD, url, question], check=True, capture_output=True, text=True
    ).stdout.strip()


def family(url: str, method: str = "spawn") -> list[str]:
    """Begin processes of both kinds, at two depths, several at once."""
    context = multiprocessing.get_context(method)
    started = [context.Process(target=worker, args=(url, number)) for number in range(2)]
    for process in started:
        process.start()
    said = [said_by_a_child(url, "from outside"), ask(url, "own")]
    for process in started:
        process.join()
    return [*said, *(str(process.exitcode) for process in started), ask(url, "end")]


def from_threads(url: str) -> list[str]:
    """Several threads begin programs at once: the environment is one, the lanes are not."""
    said: dict[int, str] = {}

    def one(number: int) -> None:
        said[number] = said_by_a_child(url, "the same question")

    in_threads(one, 4)
    return [said[number] for number in range(4)]


def in_threads(work: Callable[[int], None], count: int) -> None:
    """Run a function in several threads at once."""
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

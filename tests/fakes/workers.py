"""Programs that run in processes of their own, and ask a model on this machine there."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import httpx

import agenttrace
from agenttrace.session import Session

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


def ask_and_be_terminated(url: str, question: str) -> None:
    """Ask; whoever began this process terminates it when it has begun to say that it has ended."""
    ask(url, question)
    real = Session.end

    def end(session: Session) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        real(session)

    Session.end = end  # type: ignore[method-assign] # the process is over after it


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


# -- queues ---------------------------------------------------------------------------------------
STOP = None


def serve_jobs(url: str, jobs: Any, results: Any) -> None:
    """Take jobs until told to stop; ask what each says, and pass the answer on."""
    while (job := jobs.get()) is not STOP:
        results.put((job, ask(url, f"do {job}")))
        jobs.task_done()
    jobs.task_done()


def shared_work(url: str, workers: int = 2, jobs: int = 4) -> list[str]:
    """Several processes take jobs from one queue; what comes back first is asked about first."""
    context = multiprocessing.get_context("spawn")
    waiting, results = context.JoinableQueue(), context.SimpleQueue()
    started = [
        context.Process(target=serve_jobs, args=(url, waiting, results)) for _ in range(workers)
    ]
    for process in started:
        process.start()
    for job in [*range(jobs), *[STOP] * workers]:
        waiting.put(job)
    said = [ask(url, f"so far: {results.get()}") for _ in range(jobs)]
    waiting.join()
    for process in started:
        process.join()
    return said


def polled(url: str, results: Any) -> None:
    """Ask, and tell two things."""
    results.put(ask(url, "first"))
    results.put(ask(url, "second"))


def poll(url: str) -> list[str]:
    """Ask a bounded queue again and again, with and without a limit, for what a process tells."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue(1)
    said: list[str] = []
    process = context.Process(target=polled, args=(url, results))
    try:
        results.get_nowait()
    except queue.Empty:
        said.append("nothing yet")
    process.start()
    while len(said) < 3:
        try:
            said.append(results.get(timeout=0.5))
        except queue.Empty:
            ask(url, f"waiting after {len(said)}")
    process.join()
    return said


def tell(url: str, results: Any, *, silent: bool) -> None:
    """Say a word, or none."""
    word = ask(url, "a word")
    if not silent:
        results.put(word)


def heard(url: str, *, silent: bool = False) -> str:
    """Wait for what a process says."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=tell, args=(url, results), kwargs={"silent": silent})
    process.start()
    said: str = results.get(timeout=30)
    process.join()
    return said


def inside(url: str, results: Any) -> None:
    """Share work among threads, over a queue of this process; tell what came back, in order."""
    jobs: queue.Queue[int | None] = queue.Queue()
    done: queue.Queue[str] = queue.Queue()

    def serve(_number: int) -> None:
        while (job := jobs.get()) is not None:
            done.put(ask(url, f"do {job}"))

    for job in [*range(6), None, None]:
        jobs.put(job)
    in_threads(serve, 2)
    results.put([ask(url, f"then {done.get()}") for _ in range(6)])


def told_by(url: str, target: Any, method: str = "spawn") -> Any:
    """Begin a process, and give the one thing that it tells."""
    context = multiprocessing.get_context(method)
    results = context.Queue()
    process = context.Process(target=target, args=(url, results))
    process.start()
    said = results.get()
    process.join()
    return said


def word(url: str, results: Any) -> None:
    """Tell something that nobody had to be asked for."""
    results.put("a word")

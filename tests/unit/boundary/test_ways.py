"""Ways: four ways to wait, one behaviour, live and from the recording."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field

import pytest

from agenttrace.boundary import cross, cross_async, cross_async_iterator, cross_iterator
from agenttrace.errors import StreamReadPast
from tests.fakes.fixed_run import FixedRun, a_chat, a_run, replayer, way

WAY = way(a_chat("hello"))


@dataclass
class ScriptedWorld:
    """Says some pieces, then ends or fails; remembers how it was left."""

    pieces: tuple[str, ...] = ("a", "b", "c")
    failure: Exception | None = None
    visits: int = 0
    left: list[str] = field(default_factory=list)

    def say(self) -> str:
        """All at once."""
        self.visits += 1
        if self.failure is not None:
            raise self.failure
        return "".join(self.pieces)

    def stream(self) -> Iterator[str]:
        """Piece by piece."""
        self.visits += 1
        try:
            yield from self.pieces
            if self.failure is not None:
                raise self.failure
        except GeneratorExit:
            self.left.append("closed")
            raise

    async def astream(self) -> AsyncIterator[str]:
        """Piece by piece, for a coroutine."""
        for piece in self.stream():
            yield piece


def plain(run: FixedRun, world: ScriptedWorld, most: int | None) -> list[str]:
    """A function's call."""
    return [cross(run.door, WAY, world.say)]


def coroutine(run: FixedRun, world: ScriptedWorld, most: int | None) -> list[str]:
    """A coroutine's call."""

    async def say() -> str:
        """Answer at once."""
        return world.say()

    return [asyncio.run(cross_async(run.door, WAY, say))]


def generator(run: FixedRun, world: ScriptedWorld, most: int | None) -> list[str]:
    """A loop over a stream, left after `most` pieces."""
    stream = cross_iterator(run.door, WAY, world.stream)
    heard = []
    for piece in stream:
        heard.append(piece)
        if len(heard) == most:
            stream.close()  # type: ignore[attr-defined]
            break
    return heard


def async_generator(run: FixedRun, world: ScriptedWorld, most: int | None) -> list[str]:
    """The same in a coroutine."""

    async def main() -> list[str]:
        """Read the stream."""
        stream = cross_async_iterator(run.door, WAY, world.astream)
        heard = []
        async for piece in stream:
            heard.append(piece)
            if len(heard) == most:
                await stream.aclose()  # type: ignore[attr-defined]
                break
        return heard

    return asyncio.run(main())


Waiting = Callable[[FixedRun, ScriptedWorld, int | None], list[str]]
ALL, STREAMS = (plain, coroutine, generator, async_generator), (generator, async_generator)


def named(waiting: Waiting) -> str:
    """A test's id."""
    return waiting.__name__


def ends(run: FixedRun) -> list[tuple[str, bytes]]:
    """How each answer ended, and what had come."""
    return [(answer.end, answer.body) for span in run.trace.calls for answer in span.answers]


@pytest.mark.parametrize("waiting", ALL, ids=named)
def test_a_replay_says_the_same_and_leaves_the_world_alone(waiting: Waiting) -> None:
    """The world is visited once, while recording; the two traces are equal."""
    world = ScriptedWorld()
    with a_run() as record:
        said = waiting(record, world, None)
    with a_run(replayer(record.trace)) as replay:
        assert waiting(replay, world, None) == said

    assert world.visits == 1
    assert replay.trace == record.trace
    assert ends(replay) == [("complete", b"abc")]


@pytest.mark.parametrize("waiting", ALL, ids=named)
def test_a_recorded_failure_is_raised_again(waiting: Waiting) -> None:
    """After the pieces that came, the agent sees the exception that it saw then."""
    world = ScriptedWorld(failure=KeyError("gone"))
    with a_run() as record, pytest.raises(KeyError):
        waiting(record, world, None)
    with a_run(replayer(record.trace)) as replay, pytest.raises(KeyError, match="gone"):
        waiting(replay, world, None)

    assert world.visits == 1
    assert replay.trace == record.trace


@pytest.mark.parametrize("waiting", STREAMS, ids=named)
def test_a_stream_left_early_is_left_early_again(waiting: Waiting) -> None:
    """The break is part of what was recorded, and the live stream was closed by it."""
    world = ScriptedWorld()
    with a_run() as record:
        assert waiting(record, world, 2) == ["a", "b"]
    with a_run(replayer(record.trace)) as replay:
        assert waiting(replay, world, 2) == ["a", "b"]

    assert world.left == ["closed"]
    assert replay.trace == record.trace
    assert ends(replay) == [("closed", b"ab")]


@pytest.mark.parametrize("waiting", STREAMS, ids=named)
def test_a_stream_read_past_its_recording_stops_the_run(waiting: Waiting) -> None:
    """Nobody knows the third piece, and an end after the second would be a lie."""
    world = ScriptedWorld()
    with a_run() as record:
        waiting(record, world, 2)
    with a_run(replayer(record.trace)) as replay, pytest.raises(StreamReadPast) as stop:
        waiting(replay, world, 3)

    assert replay.run.stopped is stop.value
    assert "the agent read 2 pieces, then left the stream" in stop.value.detail
    assert "the agent asks for piece 3" in stop.value.detail


@pytest.mark.parametrize("waiting", STREAMS, ids=named)
def test_a_stream_left_earlier_than_recorded_shows_in_the_trace(waiting: Waiting) -> None:
    """The comparison finds it: what was read is what the new trace holds."""
    world = ScriptedWorld()
    with a_run() as record:
        waiting(record, world, None)
    with a_run(replayer(record.trace)) as replay:
        waiting(replay, world, 1)

    assert ends(replay) == [("closed", b"a")]


def test_a_consumer_of_a_live_stream_stands_where_it_stood() -> None:
    """The calls between two pieces are the agent's, not the stream's."""
    with a_run() as run:
        for piece in cross_iterator(run.door, WAY, ScriptedWorld().stream):
            run.tool("use", piece=piece)

    assert {span.lane for span in run.trace.calls} == {()}


def test_a_stream_that_fails_when_it_is_closed_is_ended_all_the_same() -> None:
    """The error goes to the agent, and the call is not left open."""

    def stream() -> Iterator[str]:
        try:
            yield "a"
        finally:
            raise OSError("the socket is gone")

    with a_run() as run:
        crossing = cross_iterator(run.door, WAY, stream)
        next(crossing)
        with pytest.raises(OSError, match="the socket is gone"):
            crossing.close()  # type: ignore[attr-defined]

    assert ends(run) == [("closed", b"a")]


@pytest.mark.parametrize("recorded", [False, True], ids=["live", "replay"])
def test_a_cancelled_wait_is_written_down_as_cancelled(recorded: bool) -> None:
    """A cancelled answer never arrives; whoever cancelled does so again."""

    async def forever() -> str:
        """Never answer."""
        await asyncio.Event().wait()
        return ""

    async def main(run: FixedRun) -> None:
        """Ask, then cancel."""
        task = asyncio.ensure_future(cross_async(run.door, WAY, forever))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with a_run() as run:
        asyncio.run(main(run))
    if recorded:
        source = replayer(run.trace)
        with a_run(source) as run:
            run.door.pace = NeverArrives()
            asyncio.run(main(run))

    assert ends(run) == [("cancelled", b"")]


class NeverArrives:
    """A pace at which nothing ever comes."""

    async def arrive(self, recall: object, chunk: int | None) -> None:
        """Wait."""
        await asyncio.Event().wait()

    def arrive_blocking(self, recall: object, chunk: int | None) -> None:
        """Wait, without a loop: that would be for ever."""
        raise KeyboardInterrupt


@pytest.mark.parametrize("waiting", [plain, generator], ids=named)
def test_an_interrupted_wait_leaves_the_call_open(waiting: Waiting) -> None:
    """Ctrl-C is no answer."""
    with a_run() as record:
        waiting(record, ScriptedWorld(), None)
    with a_run(replayer(record.trace)) as replay, pytest.raises(KeyboardInterrupt):
        replay.door.pace = NeverArrives()
        waiting(replay, ScriptedWorld(), None)

    assert ends(replay) == [("open", b"")]


def test_a_cancelled_stream_keeps_what_had_come() -> None:
    """Two pieces, then the asker was cancelled."""

    async def endless() -> AsyncIterator[str]:
        """Say two pieces, then nothing."""
        yield "a"
        yield "b"
        await asyncio.Event().wait()

    async def main(run: FixedRun) -> None:
        """Ask, then cancel."""

        async def read() -> None:
            """Read on."""
            async for _ in cross_async_iterator(run.door, WAY, endless):
                pass

        task = asyncio.ensure_future(read())
        for _ in range(3):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with a_run() as run:
        asyncio.run(main(run))

    assert ends(run) == [("cancelled", b"ab")]

"""The wall clock held by freezegun: with pydantic's world around it, in threads, undone."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading
import time
import types
from pathlib import Path
from types import SimpleNamespace

import freezegun
import freezegun.api
import pytest
from pydantic import BaseModel

from agenttrace.determinism import freezing
from agenttrace.determinism.freezing import Freezing
from agenttrace.determinism.instant import Instant, WallClock
from agenttrace.determinism.travelling import Travelling
from agenttrace.determinism.wall import Wall

START = Instant(at=dt.datetime(2025, 1, 2, 3, 4, 5, tzinfo=dt.UTC), offset=dt.timedelta(hours=2))
SECOND = 1_000_000_000
REAL = SimpleNamespace(
    all=(dt.datetime, dt.date, time.time, time.monotonic, time.perf_counter, time.strftime)
)
"""In an object, where nobody looks for what a module holds."""


def now() -> tuple[object, ...]:
    """What names time is held by."""
    return (dt.datetime, dt.date, time.time, time.monotonic, time.perf_counter, time.strftime)


@pytest.fixture(autouse=True)
def never_frozen_afterwards() -> object:
    """Whatever a test does, no false time is left behind."""
    yield
    assert now() == REAL.all
    assert freezegun.api.freeze_factories == []


@pytest.fixture(params=[Freezing, Travelling], ids=["freezegun", "time-machine"])
def clock(request: pytest.FixtureRequest) -> object:
    """Each way to hold the clock, let go at the end."""
    made: WallClock = request.param()
    yield made
    made.release()


def test_the_clock_stands_at_its_start_and_moves_with_the_run(clock: WallClock) -> None:
    """Ten virtual minutes are ten minutes on the wall, whoever holds it."""
    clock.hold(START)
    first = dt.datetime.now(dt.UTC), time.time(), dt.date.today()
    clock.move(START, 600 * SECOND)
    later = dt.datetime.now(dt.UTC), time.time()

    assert first[0] == START.at
    assert first[1] == START.at.timestamp()
    assert first[2] == dt.date(2025, 1, 2)
    assert later == (START.at + dt.timedelta(minutes=10), first[1] + 600)


def test_a_release_gives_back_real_time(clock: WallClock) -> None:
    """Twice is once."""
    clock.hold(START)
    clock.release()
    clock.release()

    assert abs(dt.datetime.now(dt.UTC) - dt.datetime.fromtimestamp(time.time(), dt.UTC)).days == 0
    assert dt.datetime.now(dt.UTC).year > 2025


def test_local_time_is_where_it_was_recorded() -> None:
    """An hour in a prompt must not depend on where the replay runs."""
    clock = Freezing()
    clock.hold(START)
    local = dt.datetime.now()
    clock.release()

    assert local == dt.datetime(2025, 1, 2, 5, 4, 5)


def test_a_thread_that_asks_directly_gets_held_time() -> None:
    """The rule of freezegun looks five frames up, finds `threading`, and gives real time."""
    said: list[float] = []
    clock = Freezing()
    clock.hold(START)
    thread = threading.Thread(target=lambda: said.append(time.time()))
    thread.start()
    thread.join()
    clock.release()

    assert said == [START.at.timestamp()]


def test_a_monotonic_clock_goes_on_from_where_it_was() -> None:
    """That of freezegun jumps by fifty years, and every deadline from before has passed."""
    before = time.monotonic(), time.perf_counter_ns()
    clock = Freezing()
    clock.hold(START)
    first = time.monotonic(), time.perf_counter_ns()
    clock.move(START, 5 * SECOND)
    later = time.monotonic(), time.perf_counter_ns()
    clock.release()

    assert first[0] - before[0] < 60
    assert round(later[0] - first[0], 6) == 5
    assert later[1] - first[1] == 5 * SECOND


def test_waits_for_the_real_world_stay_real() -> None:
    """A lock's timeout under a clock that stands would never pass."""
    clock = Freezing()
    clock.hold(START)
    event = threading.Event()
    held = event.wait(0.01)
    clock.release()

    assert held is False


def test_a_test_may_freeze_time_on_top() -> None:
    """Its own freeze is the one that it sees, and ours is there when that is over."""
    clock = Freezing()
    clock.hold(START)
    with freezegun.freeze_time("2030-05-06"):
        clock.move(START, SECOND)
        inner = dt.date.today(), time.time(), time.monotonic_ns()
    outer = dt.datetime.now(dt.UTC)
    clock.release()

    assert inner[0] == dt.date(2030, 5, 6)
    assert outer == START.at + dt.timedelta(seconds=1)


def test_time_that_somebody_holds_already_is_left_to_them() -> None:
    """Two that hold the clock would undo each other; the verdict says whose it is."""
    wall = Wall("freezegun")
    with freezegun.freeze_time("2030-05-06"):
        wall.begin(START, 0)
        wall.begin(START, 0)
        today = dt.date.today()
        wall.end()

    assert today == dt.date(2030, 5, 6)
    assert not wall.is_held
    assert wall.warnings == [
        "time is held by freezegun already, and is left to it: dates are not the golden's"
    ]


def test_a_start_that_fails_leaves_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The start of freezegun leaves time frozen where a module cannot be looked at."""

    class Lazy(types.ModuleType):
        def __setattr__(self, name: str, value: object) -> None:
            raise RuntimeError(name)

    lazy = Lazy("lazy_module")
    vars(lazy)["now"] = time.time
    monkeypatch.setitem(sys.modules, "lazy_module", lazy)

    with pytest.raises(RuntimeError, match="now"):
        Freezing().hold(START)

    assert now() == REAL.all


def test_a_freezegun_whose_inside_is_unknown_is_used_by_its_public_face(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A newer one must be slower, and not wrong."""
    monkeypatch.setattr(freezing, "KNOWN", ("99.",))
    clock = Freezing()
    clock.hold(START)
    clock.move(START, SECOND)
    said = dt.datetime.now(dt.UTC)
    clock.release()

    assert said == START.at + dt.timedelta(seconds=1)
    assert [warning.partition(" is none")[0] for warning in clock.warnings] == [
        f"freezegun {freezegun.__version__}"
    ]


def test_modules_loaded_under_a_held_clock_get_real_time_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module first imported inside a run would else keep false dates for ever."""
    monkeypatch.syspath_prepend(str(tmp_path))
    source = "from datetime import date, datetime\nfrom time import time\n"
    (tmp_path / "loaded_late.py").write_text(source)
    clock = Freezing()
    clock.hold(START)
    import loaded_late  # type: ignore[import-not-found]

    during = loaded_late.date.today(), loaded_late.time()
    clock.release()
    sys.modules.pop("loaded_late")

    assert during == (dt.date(2025, 1, 2), START.at.timestamp())
    assert (loaded_late.date, loaded_late.datetime, loaded_late.time) == (
        dt.date,
        dt.datetime,
        time.time,
    )


def test_a_model_made_under_a_held_clock_takes_real_dates_afterwards() -> None:
    """Issue 10287 of pydantic: broken for the rest of the process."""
    clock = Freezing()
    clock.hold(START)
    frozen = type("Frozen", (BaseModel,), {"__annotations__": {"at": dt.datetime, "on": dt.date}})
    made = frozen(at=dt.datetime.now(), on=dt.date.today())
    clock.release()
    later = type("Later", (BaseModel,), {"__annotations__": {"at": dt.datetime, "on": dt.date}})

    for model in (frozen, later):
        again = model(at=dt.datetime(2026, 1, 1), on=dt.date(2026, 1, 1))
        assert model.model_validate_json(again.model_dump_json()) == again
    assert frozen.model_validate_json(made.model_dump_json()) == made


STACK = """
import datetime as dt
import sys

def load():
    import anthropic, langchain_core.runnables, langchain_core.messages, langchain_core.prompts
    import numpy, openai, pydantic

when = sys.argv[1]
if when == "before":
    load()

from agenttrace.causal.spawn.installing import Installation
from agenttrace.determinism import freezing
from agenttrace.determinism.instant import Instant

START = Instant(at=dt.datetime(2025, 1, 2, 3, 4, 5, tzinfo=dt.UTC))
loaded = len(sys.modules)
with Installation({"pydantic": freezing.seams_of_pydantic}).installed():
    clock = freezing.Freezing()
    clock.hold(START)
    assert len(sys.modules) < loaded + 60, len(sys.modules) - loaded
    load()
    import numpy, openai, anthropic, pydantic
    from langchain_core.runnables import RunnableLambda
    from langchain_core.messages import AIMessage
    from langchain_core.prompts import ChatPromptTemplate
    from openai.types.chat import ChatCompletion
    from anthropic.types import Message

    class Model(pydantic.BaseModel):
        at: dt.datetime
        on: dt.date

    def agent():
        chain = ChatPromptTemplate.from_template("Today is {day}.") | RunnableLambda(
            lambda prompt: AIMessage(content=prompt.to_string())
        )
        said = chain.invoke({"day": dt.date.today()})
        assert Model(at=dt.datetime.now(), on=dt.date.today()).model_dump_json()
        ChatCompletion.model_validate({
            "id": "1", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{"index": 0, "finish_reason": "stop",
                         "message": {"role": "assistant", "content": "yes"}}],
        })
        Message.model_validate({
            "id": "1", "type": "message", "role": "assistant", "model": "m", "content": [],
            "stop_reason": "end_turn", "stop_sequence": None,
            "usage": {"input_tokens": 1, "output_tokens": 1},
        })
        return said.content

    assert agent() == "Human: Today is 2025-01-02.", agent()
    clock.release()

class After(pydantic.BaseModel):
    at: dt.datetime
    on: dt.date

for model in (Model, After):
    model(at=dt.datetime(2026, 1, 1), on=dt.date(2026, 1, 1))
    made = model(at=dt.datetime.now(), on=dt.date.today())
    assert model.model_validate_json(made.model_dump_json())
assert agent().startswith("Human: Today is 202") and "2025-01-02" not in agent()
assert dt.datetime is type(dt.datetime.now()) and dt.datetime.__module__ == "datetime"
print("fine")
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_frameworks_loaded_before_and_after_the_freeze_work_in_it_and_later(when: str) -> None:
    """langchain-core, pydantic, openai, anthropic and NumPy: the crash that plain freezegun has."""
    done = subprocess.run(
        [sys.executable, "-c", STACK, when], capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.returncode) == ("fine\n", 0), done.stderr

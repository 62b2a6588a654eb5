"""Free: the book of a run whose messages go to whoever asks first, as they would in the world.

Under another schedule messages are sent in another order, so the recording cannot say who gets
which. It still says which queues have a pool behind them: what a worker of one does stands under
the message that it took, as in a recording.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.causal.delivery.book import Book
from agenttrace.causal.delivery.turns import turn_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agenttrace.causal.delivery.book import Receipt
    from agenttrace.causal.delivery.box import Box, Message
    from agenttrace.causal.lane import LiveLane, Run
    from agenttrace.model.lane import Delivery, Position


class FreeBook(Book):
    """The deliveries of one run under another schedule."""

    def __init__(
        self, run: Run, recorded: Iterable[Delivery], times: Mapping[Position, int] | None = None
    ) -> None:
        """Begin it.

        Args:
            run: The run.
            recorded: Its recorded deliveries; they say which queues have pools.
            times: How often a message arrives that does not arrive once.
        """
        super().__init__(run, ())
        self._times = times or {}
        self._pools = {one.channel for one in recorded if one.turn}
        self._taken: dict[LiveLane, tuple[int, tuple[Position, ...]]] = {}

    def got(self, receipt: Receipt, message: Message | None, outcome: str = "message") -> None:
        """A receive has ended; a worker of a pool begins a turn."""
        lane = receipt.lane
        if receipt.box.channel in self._pools:
            lane.turn = None
            if message is not None:
                seq, before = self._taken.get(lane, (-1, ()))
                turn = (*(before if seq == lane.seq else ()), message.position)
                lane.turn = turn_path(lane.path, turn)
                self._taken[lane] = (lane.seq + 1, turn)  # the step that the receive itself takes
        super().got(receipt, message, outcome)

    def times(self, box: Box, message: Message) -> int:
        """How often a message is put into its queue: a lost one never, another one twice."""
        times = self._times.get(message.position, 1)
        with self.lock:
            if times == 0:
                box.drop(message)
            for _ in range(times - 1):
                box.add(message)
        return times

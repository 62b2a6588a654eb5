"""Publish and subscribe: a weather station warns whoever listens, and does not know who does."""

import asyncio
from collections import defaultdict

import agenttrace

GALES, HURRICANES = "gales", "hurricanes"


@agenttrace.tool
async def wind(hour: int) -> int:
    """Measure the wind, in knots."""
    await asyncio.sleep(0)
    return {6: 12, 9: 38, 12: 71}[hour]


class Exchange:
    """Carries what is published on a topic to everybody who listens to it."""

    def __init__(self):
        """Nobody listens yet."""
        self.inboxes = defaultdict(list)

    def listen(self, topics):
        """Give the subscriptions to some topics, and the one inbox that they fill."""
        inbox = asyncio.Queue()
        for topic in topics:
            self.inboxes[topic].append(inbox)
        return {topic: agenttrace.subscribe(topic) for topic in topics}, inbox

    def publish(self, topic, warning):
        """Tell everybody who listens to the topic."""
        message = agenttrace.publish(topic, warning)
        for inbox in self.inboxes[topic]:
            inbox.put_nowait(message)

    def close(self):
        """Tell everybody, once, that no more will come."""
        for inbox in dict.fromkeys(inbox for some in self.inboxes.values() for inbox in some):
            inbox.put_nowait(None)


async def station(exchange):
    """Measure three times, and warn of what is strong."""
    with agenttrace.agent("station"):
        for hour in (6, 9, 12):
            knots = await wind(hour)
            if knots >= 34:
                exchange.publish(HURRICANES if knots >= 64 else GALES, {"knots": knots})
        exchange.close()


async def listener(name, exchange, topics):
    """Write down every warning that comes."""
    with agenttrace.agent(name):
        subscriptions, inbox = exchange.listen(topics)
        log = []
        while (message := await inbox.get()) is not None:
            log.append(subscriptions[message.channel].receive(message)["knots"])
        return log


async def harbour(ferry_hears=(GALES, HURRICANES)):
    """A day at the harbour.

    Args:
        ferry_hears: What the ferry listens to. The planted fault leaves a topic out.
    """
    exchange = Exchange()
    pilots = asyncio.create_task(listener("pilots", exchange, (GALES, HURRICANES)))
    ferry = asyncio.create_task(listener("ferry", exchange, ferry_hears))
    await asyncio.sleep(0)
    await station(exchange)
    return await pilots, await ferry

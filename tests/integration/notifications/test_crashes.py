"""PostgreSQL crashes while messages are sent: none is lost, each comes under its id."""

import contextlib
import random
from collections import Counter

import pytest

from meterhouse.kernel.errors import Unavailable
from meterhouse.platform.ids import new_id
from meterhouse.platform.namespaces import add_namespace
from meterhouse.platform.postgres import Database
from tests.integration.crashing import MOMENTS, Crashing, until_done
from tests.integration.notifications.post_room import PostRoom
from tests.integration.notifications.receiver import Receiver

ROUNDS = 6


@pytest.mark.timeout(600)
def test_crashes_of_the_server_lose_no_message_and_send_few_twice(durable: Database, receiver: Receiver) -> None:
    namespace = f"test-{new_id().lower()}"
    add_namespace(durable, namespace)
    room, draw, told = PostRoom(durable, namespace), random.Random(20260301), list[str]()  # noqa: S311 - a seed
    channels = [room.channel(receiver.url(path)) for path in ("/a", "/b")]
    crashes = 0
    for number in range(ROUNDS):
        told += [one for channel in channels for one in room.tell(channel, count=3)]
        # the first commit leases, those after it settle
        crashing = Crashing(room.begin, durable, 1 + number // 2, MOMENTS[number % 3], draw.uniform(0, 0.004))
        with contextlib.suppress(Unavailable):
            room.deliver(receiver, begin=crashing)
        crashing.until_over()
        crashes += crashing.crashed
        room.at(seconds=61)
        until_done(lambda: room.deliver(receiver))

    assert crashes == ROUNDS
    received = Counter(one.message_id for one in receiver.received)
    assert received.keys() == set(told)
    assert max(received.values()) <= 2
    assert room.states() == {"SUCCESS": len(told)}
    assert {len(room.attempts(one)) for one in told} <= {1, 2}

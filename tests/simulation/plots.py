"""What is brought about from rest, for it happens too seldom by itself: some process is slow, and overtaken."""

from meterhouse.metering.model import MeterChange
from tests.simulation.world import GROUPS, NAMESPACE, World


def slow_partition(world: World) -> None:
    """What is written into it first is sunk behind what is written elsewhere after it."""
    world.chance.note("--- a slow partition")
    slow, fast = 0, 1
    for partition, body in zip((slow, fast, fast), world.workload.overtaken(), strict=True):
        world.log.only = partition
        world.send(body)
        world.pause()
    world.log.only = None
    world.sink(fast)
    world.sink(slow)


def slow_sink(world: World) -> None:
    """Before its values land, meters come to read more of events, and another sink stores the same records."""

    def meanwhile() -> None:
        for meter in world.registry.live():
            world.meters.change(NAMESPACE, meter.id, MeterChange(group_by=GROUPS | {"tier": "$.tier"}))
        world.sink(0, 1)

    world.chance.note("--- a slow sink")
    world.send(world.workload.body())
    world.weather.meanwhile["write meter_values"] = meanwhile
    world.sink(0, 1)


def slow_roll_up(world: World) -> None:
    """Before what it computed lands, more is stored in the same hour."""
    world.chance.note("--- a slow roll up")
    first, _, later = world.workload.overtaken()
    world.send(first)
    world.sink(0, 1)
    later = later.replace("overtaken", "overtaking")

    def meanwhile() -> None:
        world.send(later)
        world.sink(0, 1)

    world.weather.meanwhile["write usage_rollups"] = meanwhile
    world.roll_up()


PLOTS = (slow_partition, slow_sink, slow_roll_up)

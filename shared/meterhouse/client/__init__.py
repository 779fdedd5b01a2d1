"""Usage out of a Python program: `Client` tracks events and checks access. The standard library is all it needs."""

from meterhouse.client.access import Access
from meterhouse.client.client import Client
from meterhouse.client.event import Dropped, Event
from meterhouse.client.options import Closed, Full, Options, Unwritable, WhenFull

__all__ = ["Access", "Client", "Closed", "Dropped", "Event", "Full", "Options", "Unwritable", "WhenFull"]

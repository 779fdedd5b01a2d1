"""Changes whose rules reach over several features, plans or add-ons are made one at a time; they are rare."""

from collections.abc import Callable
from datetime import datetime

from meterhouse.catalog.ports import CatalogStore
from meterhouse.platform.work import Work

_LOCK = "catalog"


def alone(work: Work[CatalogStore], now: Callable[[], datetime]) -> datetime:
    """Wait until nobody else changes the catalog; the instant from which on that is so.

    An instant taken before could lie before a change that was waited for: what is on sale would look scheduled.
    """
    work.lock(_LOCK)
    return now()

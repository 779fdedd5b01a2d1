"""What the use cases of this room have in common."""

from collections.abc import Callable
from datetime import datetime

from meterhouse.catalog.ports import CatalogStore
from meterhouse.platform import clock, ids
from meterhouse.platform.work import Begin, Work

_LOCK = "catalog"


class UseCase:
    def __init__(
        self,
        begin: Begin[CatalogStore],
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
    ) -> None:
        self._begin = begin
        self._now = now
        self._new_id = new_id

    def _alone(self, work: Work[CatalogStore]) -> datetime:
        """Wait until nobody else changes the catalog; the instant from which on that is so.

        Changes whose rules reach over several features, plans or add-ons are made one at a time; they are rare. An
        instant taken before the wait could lie before a change that was waited for: what is on sale would look
        scheduled.
        """
        work.lock(_LOCK)
        return self._now()

"""What is used of a key's quotas, and of its namespace's, this month."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from meterhouse.platform.manage_keys import ApiKeys
from meterhouse.platform.namespaces import UNLIMITED, Allowance
from meterhouse.platform.quotas import Quota, Tallies, month_of, name_of


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """`counts` is "requests" or "events"; `used` may be more than `limit`, by what came at the same time."""

    holder: str
    counts: str
    limit: int
    used: int

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)


@dataclass(frozen=True, slots=True)
class MonthlyUse:
    since: datetime
    until: datetime
    uses: tuple[QuotaUse, ...]


class ShowQuota:
    def __init__(self, keys: ApiKeys, allowance: Callable[[str], Allowance | None], tallies: Tallies) -> None:
        self._keys = keys
        self._allowance = allowance
        self._tallies = tallies

    def __call__(self, namespace: str, key_id: str) -> MonthlyUse:
        """Of what has a quota alone; functions add to it a second late.

        Raises:
            NotFound: there is no such key.
            Unavailable: nobody can tell.
        """
        since, until = month_of(self._keys.now())
        key = self._keys.get(namespace, key_id)
        of_all = self._allowance(namespace) or UNLIMITED
        uses = (
            *self._uses("key", key.spec.quota, name_of(since, namespace, key.id)),
            *self._uses("namespace", of_all.quota, name_of(since, namespace)),
        )
        return MonthlyUse(since, until, uses)

    def _uses(self, holder: str, quota: Quota | None, name: str) -> Iterator[QuotaUse]:
        if quota is not None:
            for counts, most, used in quota.of(self._tallies.tally(name)):
                yield QuotaUse(holder, counts, most, used)

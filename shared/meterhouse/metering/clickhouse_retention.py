"""How long events are kept as they came, in ClickHouse: a setting of the deployment, not a migration."""

import re

from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.metering", "retention.sql")
LONGEST_DAYS = 36_500
_TTL = re.compile(r"\bTTL (.+?)(?= SETTINGS |$)")
_DAY_SECONDS = 86_400


def retention_days(setting: str) -> int | None:
    """The setting read: days, or None for ever where it is empty.

    Raises:
        InvalidInput: it is no whole number from 1 to `LONGEST_DAYS`.
    """
    if setting and not (re.fullmatch(r"[1-9]\d{0,4}", setting) and int(setting) <= LONGEST_DAYS):
        fault = Problem("/eventsRetentionDays", "retention", f"a whole number of days, from 1 to {LONGEST_DAYS}")
        raise InvalidInput("the retention of events is no number of days", [fault])
    return int(setting) if setting else None


def keep_events(store: ClickHouse, days: int | None) -> list[str]:
    """Keep raw events `days` from when they occurred, or for ever; what that changed: nothing when it was so before.

    Whole days are dropped, some time after they are due. Identities and values stay whatever is set.
    """
    [(definition,)] = store.query(_SQL["definition"])
    found = _TTL.search(definition)
    end = None if days is None else _SQL["end"].format(seconds=days * _DAY_SECONDS)
    if (found[1] if found else None) == end:
        return []
    store.command(_SQL["drop_parts"])
    store.command(_SQL["forget_the_end"] if end is None else _SQL["set_the_end"].format(end=end))
    return [f"events kept {'for ever' if days is None else f'{days} days'}"]

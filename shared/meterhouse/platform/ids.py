"""The one place that draws ids. An id of something derived comes from `kernel.ids.derived_ulid` instead."""

import os

from meterhouse.kernel import ids
from meterhouse.platform import clock


def new_id() -> str:
    """A fresh ULID, 26 characters of Crockford base 32."""
    return ids.new_ulid(clock.now(), os.urandom(10))

"""The one place that draws ids and keys. An id of something derived comes from `kernel.ids.derived_ulid` instead."""

import os

from meterhouse.kernel import ids
from meterhouse.platform import clock


def new_id() -> str:
    """A fresh ULID, 26 characters of Crockford base 32."""
    return ids.new_ulid(clock.now(), os.urandom(10))


def new_key() -> bytes:
    """A fresh key of 256 bits, to sign with."""
    return os.urandom(32)

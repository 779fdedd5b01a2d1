"""Passwords that change while requests run: what is refused is tried with the secret as it reads by then."""

import time
from collections.abc import Callable
from typing import TypeVar

from meterhouse.kernel.errors import Unavailable
from meterhouse.platform import aws

S = TypeVar("S")
T = TypeVar("T")
PAUSES = (0.0, 0.1, 0.3, 0.6)
"""Seconds: between the store's new password and the secret's new value lies a moment, in either order."""


class CredentialsRefused(Unavailable):
    """The store knows us, and not by this password; nothing was done."""


def with_current(settings: Callable[[], S], attempt: Callable[[S], T]) -> T:
    """What `attempt` comes to with the settings as they are, read anew each time they are refused.

    Raises:
        CredentialsRefused: they were refused for as long as a change takes.
    """
    for pause in PAUSES:
        try:
            return attempt(settings())
        except CredentialsRefused:
            aws.forget_secrets()
            time.sleep(pause)
    return attempt(settings())

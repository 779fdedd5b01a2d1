"""Reading the environment: each capability has a settings class of its own, built from these."""

import os

from meterhouse.kernel.errors import InvariantBroken


def required(name: str) -> str:
    """The variable's value.

    Raises:
        InvariantBroken: it is missing or empty; the deployment is at fault, not the caller.
    """
    value = os.environ.get(name, "")
    if not value:
        raise InvariantBroken(f"environment variable {name} is not set")
    return value


def optional(name: str, default: str) -> str:
    return os.environ.get(name) or default

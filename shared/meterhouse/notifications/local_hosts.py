"""Hosts that may be called wherever they are, over plain HTTP too: of the local stack and its tests, never in AWS."""

from meterhouse.platform.settings import optional


def local_hosts() -> frozenset[str]:
    """Those of the environment, which the AWS target does not set."""
    return frozenset(host for host in optional("WEBHOOK_LOCAL_HOSTS", "").split(",") if host)

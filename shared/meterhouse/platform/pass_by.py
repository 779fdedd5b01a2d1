"""What work of the house's own does where billing is locked: nothing, and it says so."""

from meterhouse.platform.lockdown import locked_namespaces
from meterhouse.platform.logging import logger


def is_passed_by(namespace: str) -> bool:
    """Whether billing work leaves the namespace alone; that is logged."""
    is_locked = namespace in locked_namespaces()
    if is_locked:
        logger.warning("billing of the namespace is locked: it is passed by", extra={"namespace": namespace})
    return is_locked

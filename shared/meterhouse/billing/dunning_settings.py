"""The deployment's rule for invoices that are not paid."""

from datetime import timedelta

from meterhouse.billing.dunning import Dunning
from meterhouse.platform.settings import optional


def dunning_from_environment() -> Dunning:
    """DUNNING_RETRY_DAYS: days after each failure, divided by commas; DUNNING_GIVE_UP_DAYS: days after it was due."""
    days = optional("DUNNING_RETRY_DAYS", "1,3,5,7").split(",")
    give_up = optional("DUNNING_GIVE_UP_DAYS", "30")
    return Dunning(tuple(timedelta(days=int(one)) for one in days), timedelta(days=int(give_up)))

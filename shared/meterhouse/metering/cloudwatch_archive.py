"""What the archive tells CloudWatch."""

from meterhouse.metering.archive_hours import Archiving
from meterhouse.platform.logging import counts


def tell(done: Archiving) -> dict[str, int]:
    """Tell the numbers of a run, and return them."""
    numbers = {
        "HoursArchived": done.archived,
        "HoursUnarchived": done.left,
        "ArchiveLagSeconds": int(done.lag.total_seconds()),
    }
    counts(numbers)
    return numbers

"""What rules are held against: domain events, each to what tells of it."""

from collections.abc import Callable, Mapping
from typing import Any

from meterhouse.notifications import tell_of_balance, tell_of_invoice

Detail = Mapping[str, Any]


def heard(
    of_balance: Callable[[str, Detail], None], of_invoice: Callable[[str, Detail], None]
) -> Callable[[Detail], None]:
    """What takes a domain event as the bus tells it; one that no rule can ask for is left aside."""

    def hear(detail: Detail) -> None:
        if detail["type"] == tell_of_balance.HEARD:
            of_balance(detail["namespace"], detail["data"])
        elif detail["type"].startswith(tell_of_invoice.PREFIX):
            of_invoice(detail["namespace"], detail)

    return hear

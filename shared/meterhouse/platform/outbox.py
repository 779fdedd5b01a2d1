"""Domain events: decided in a use case, written in its transaction, published by the relay."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class DomainEvent:
    """Something we decided, in the past tense.

    Attributes:
        id: derived from the business key where there is one, so that a repeat meets its first writing.
        type: such as `invoice.issued`.
        subject: the resource's path below the namespace, such as `invoice/01J…`.
        data: JSON; ids rather than documents.
    """

    id: str
    type: str
    subject: str
    occurred_at: datetime
    data: Mapping[str, Any]

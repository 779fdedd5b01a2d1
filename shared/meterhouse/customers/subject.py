"""Subjects: producers' names for who used, with what the older contract keeps of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Subject:
    """Who or what an event is about, described by a caller. Deprecated in the contract: customers took its place."""

    id: str
    key: str
    created_at: datetime
    updated_at: datetime
    display_name: str | None = None
    metadata: Mapping[str, Any] | None = None
    stripe_customer_id: str | None = None
    current_period_start: datetime | None = None
    current_period_end: datetime | None = None

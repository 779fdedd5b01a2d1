"""Usage queries on the wire, to the contract."""

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints

from meterhouse.kernel.instant import format_rfc3339
from meterhouse.metering.filter import All, one_of
from meterhouse.metering.filter_schema import Filters
from meterhouse.metering.query_usage import UsageAsked
from meterhouse.metering.usage import CUSTOMER, SUBJECT, UsageRow, WindowSize
from meterhouse.platform.wire import Instant, JsonNumber, Wire

ClientId = Annotated[str, StringConstraints(min_length=1, max_length=36)]
MOST_NAMES = 100
Texts = Annotated[list[str], Field(max_length=MOST_NAMES)]


class MeterQueryRequest(Wire):
    client_id: ClientId | None = None
    from_: Instant | None = Field(default=None, alias="from")
    to: Instant | None = None
    window_size: WindowSize | None = None
    window_time_zone: str = "UTC"
    subject: Texts | None = None
    filter_customer_id: Texts | None = None
    filter_group_by: dict[str, list[str]] | None = None
    advanced_meter_group_by_filters: Filters | None = None
    group_by: Texts | None = None

    def asked(self) -> UsageAsked:
        filters = {name: wanted.filter() for name, wanted in (self.advanced_meter_group_by_filters or {}).items()}
        for name, values in (self.filter_group_by or {}).items():
            simple = one_of(*values)
            filters[name] = All((filters[name], simple)) if name in filters else simple
        return UsageAsked(
            from_=self.from_,
            to=self.to,
            window=self.window_size,
            time_zone=self.window_time_zone,
            subjects=tuple(self.subject) if self.subject else None,
            customer_ids=tuple(self.filter_customer_id) if self.filter_customer_id else None,
            group_by=tuple(self.group_by or ()),
            filters=filters,
        )


class MeterQueryRow(Wire):
    """A row of the contract; `exact_value` says in plain digits what `value` may only be near to (ADR 0007)."""

    nullable: ClassVar[frozenset[str]] = frozenset({"subject"})

    value: JsonNumber
    exact_value: str
    window_start: Instant
    window_end: Instant
    subject: str | None
    customer_id: str | None = None
    group_by: dict[str, str | None]


class MeterQueryResult(Wire):
    from_: Instant | None = Field(default=None, alias="from")
    to: Instant | None = None
    window_size: WindowSize | None = None
    data: list[MeterQueryRow]


def result_wire(request: MeterQueryRequest, rows: Sequence[UsageRow]) -> MeterQueryResult:
    data = [
        MeterQueryRow(
            value=row.value,
            exact_value=plain_digits(row.value),
            window_start=row.window_start,
            window_end=row.window_end,
            subject=row.subject,
            customer_id=row.customer_id,
            group_by=dict(row.group_by),
        )
        for row in rows
    ]
    period: dict[str, Any] = {"from": request.from_, "to": request.to}
    return MeterQueryResult(**period, window_size=request.window_size, data=data)


def result_csv(request: MeterQueryRequest, rows: Sequence[UsageRow]) -> str:
    """One line a row: window, groups in the order asked for, value in plain digits."""
    names = request.asked().groups
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["window_start", "window_end", *names, "value"])
    for row in rows:
        groups = {SUBJECT: row.subject, CUSTOMER: row.customer_id, **row.group_by}
        window = (format_rfc3339(row.window_start), format_rfc3339(row.window_end))
        writer.writerow([*window, *(groups[name] or "" for name in names), plain_digits(row.value)])
    return text.getvalue()


def plain_digits(value: Decimal) -> str:
    """Without exponent and without zeros that say nothing."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text

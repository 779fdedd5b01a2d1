"""What the tests of the catalog give it: meters, which are the room below's, and a clock."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from meterhouse.catalog.postgres import PostgresCatalog
from meterhouse.metering.aggregation import Aggregation
from meterhouse.platform.http import HttpHandler
from meterhouse.platform.postgres_transaction import Transaction
from tests.unit.platform.requests import CONTEXT, request


@dataclass(frozen=True)
class GivenMeter:
    id: str
    slug: str
    group_by: Mapping[str, str]
    aggregation: Aggregation = Aggregation.SUM


class GivenMeters:
    """Four meters, known in every namespace."""

    _METERS = (
        GivenMeter("01HZ00000000000000000000M1", "miles", {"origin": "$.origin", "dest": "$.dest"}),
        GivenMeter("01HZ00000000000000000000M2", "departures", {"origin": "$.origin"}),
        GivenMeter("01HZ00000000000000000000M3", "tokens", {key: f"$.{key}" for key in ("vendor", "model", "kind")}),
        GivenMeter("01HZ00000000000000000000M4", "altitude", {}, Aggregation.MAX),
    )

    def find(self, id_or_slug: str) -> GivenMeter | None:
        return next((meter for meter in self._METERS if id_or_slug in {meter.id, meter.slug}), None)

    def by_ids(self, meter_ids: Collection[str]) -> dict[str, GivenMeter]:
        return {meter.id: meter for meter in self._METERS if meter.id in meter_ids}


def catalog(transaction: Transaction) -> PostgresCatalog:
    return PostgresCatalog(transaction, GivenMeters())


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.at = datetime(2013, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def pass_day(self) -> None:
        self.at += timedelta(days=1)


Call = Callable[..., tuple[int, Any]]


def answering(handler: HttpHandler, namespace: str) -> Call:
    """Sends requests as the namespace, unless told: the status and the document of each answer."""

    def send(method: str, path: str, body: object = None, **more: Any) -> tuple[int, Any]:
        answer = handler(request(method, path, body, **{"namespace": namespace, **more}), CONTEXT)
        text = answer.get("body")
        return answer["statusCode"], json.loads(text) if text else None

    return send

"""A namespace of the real database, filled by the stores themselves."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from meterhouse.catalog.feature import Feature, FeatureSpec
from meterhouse.catalog.postgres import PostgresFeatures
from meterhouse.customers.model import Customer, CustomerDetails
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.metering.model import Meter, MeterSpec, new_meter
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database
from meterhouse.platform.postgres_transaction import Row, Transaction

T = TypeVar("T")


@dataclass
class Stored:
    database: Database
    namespace: str

    def write(self, change: Callable[[Transaction], T]) -> T:
        with self.database.transaction(self.namespace) as transaction:
            done = change(transaction)
            transaction.commit()
        return done

    def rows(self, query: str, **parameters: object) -> list[Row]:
        with self.database.transaction(self.namespace) as transaction:
            return transaction.fetch_all(query, parameters)

    def put_customer(self, details: CustomerDetails, at: datetime) -> Customer:
        made = Customer(new_id(), details, at, at)
        self.write(lambda transaction: PostgresCustomers(transaction).add(made))
        return made

    def put_meter(self, spec: MeterSpec, at: datetime) -> Meter:
        made = new_meter(new_id(), spec, at)
        self.write(lambda transaction: PostgresMeters(transaction).add(made))
        return made

    def put_feature(self, spec: FeatureSpec, at: datetime, meter_id: str | None = None) -> Feature:
        made = Feature(new_id(), spec, at, at, meter_id=meter_id)
        self.write(lambda transaction: PostgresFeatures(transaction).add(made))
        return made

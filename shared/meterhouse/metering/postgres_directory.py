"""The directory's ports on one transaction."""

from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.metering.directory import Directory, DirectoryPorts
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.platform.postgres import Database, begins
from meterhouse.platform.postgres_transaction import Transaction


def directory_of(database: Database) -> Directory:
    return Directory(begins(database, _ports))


def _ports(transaction: Transaction) -> DirectoryPorts:
    return DirectoryPorts(PostgresMeters(transaction), PostgresCustomers(transaction))

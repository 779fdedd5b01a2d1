"""PostgreSQL: one connection a process, opened lazily; one transaction a use case, confined to a namespace."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from meterhouse.kernel.errors import InvariantBroken, Unavailable
from meterhouse.platform import aws
from meterhouse.platform.acting import acting_now
from meterhouse.platform.postgres_read import read_at_once
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.rotation import CredentialsRefused, with_current
from meterhouse.platform.settings import optional, required
from meterhouse.platform.sql import queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import psycopg

    from meterhouse.platform.work import Begin

S = TypeVar("S")
_SQL = queries("meterhouse.platform", "postgres.sql")

_REFUSED = "authentication failed"
"""What the server says; a connection that fails has no SQLSTATE."""

APPLICATION_ROLE = "meterhouse_app"
"""The role of every function but migrations, named in the policies and grants of the migrations."""


@dataclass(frozen=True, slots=True)
class PostgresSettings:
    host: str
    port: int
    database: str
    username: str
    password: str = field(repr=False)
    sslmode: str = "verify-full"
    sslrootcert: str = "system"
    """File of the authorities trusted by `verify-full`; `system` means those of the operating system."""
    connects_within: int = 10
    answers_within: int = 60
    """Seconds for a connection, and for a statement."""

    @classmethod
    def from_environment(cls, secret_variable: str = "POSTGRES_SECRET_ARN") -> PostgresSettings:  # noqa: S107 - a name
        credentials = aws.secret(required(secret_variable))
        return cls(
            host=required("POSTGRES_HOST"),
            port=int(optional("POSTGRES_PORT", "5432")),
            database=optional("POSTGRES_DATABASE", "meterhouse"),
            username=credentials["username"],
            password=credentials["password"],
            sslmode=optional("POSTGRES_SSLMODE", "verify-full"),
            sslrootcert=optional("POSTGRES_SSLROOTCERT", "system"),
        )


def connect(settings: PostgresSettings, *, autocommit: bool = False) -> psycopg.Connection[Row]:
    """Open a connection whose rows are dicts.

    Raises:
        CredentialsRefused: the server refuses the password.
        Unavailable: the server cannot be reached, or refuses us.
    """
    import psycopg  # noqa: PLC0415 - 230-300 ms of import belong to the first connection, not to the cold start
    from psycopg.rows import dict_row  # noqa: PLC0415 - as above

    from meterhouse.platform.text_lists import TextListDumper  # noqa: PLC0415 - as above

    try:
        connection = psycopg.connect(
            host=settings.host,
            port=settings.port,
            dbname=settings.database,
            user=settings.username,
            password=settings.password,
            sslmode=settings.sslmode,
            sslrootcert=settings.sslrootcert if settings.sslmode == "verify-full" else None,
            connect_timeout=settings.connects_within,
            application_name="meterhouse",
            # what a batch stages need not go by way of a file
            options=f"-c statement_timeout={settings.answers_within}s -c timezone=UTC -c temp_buffers=32MB",
            autocommit=autocommit,
            row_factory=dict_row,
        )
    except psycopg.OperationalError as error:
        aws.forget_secrets()  # a password that was changed meanwhile is read anew by the next attempt
        if _REFUSED in str(error):
            raise CredentialsRefused("the database refuses the password") from error
        raise Unavailable("the database cannot be reached") from error
    connection.adapters.register_dumper(list, TextListDumper)
    return connection


class Database:
    """The process's connection. Not shared between threads: a Lambda serves one request at a time."""

    def __init__(self, settings: Callable[[], PostgresSettings]) -> None:
        self._settings = settings
        self._connection: psycopg.Connection[Row] | None = None
        self._open: Transaction | None = None

    @contextmanager
    def transaction(self, namespace: str, **scope: str) -> Iterator[Transaction]:
        """A transaction in `namespace`, rolled back unless `commit()` was called on it.

        One begun inside another joins it: it is saved when the outer one commits, and it must be of the same namespace.
        `scope` sets further `meterhouse.*` variables that policies read.

        Raises:
            Unavailable: the connection was lost, or the server asks to repeat (deadlock, serialisation).
        """
        how = self._begun(namespace, scope) if self._open is None else self._joined(self._open, namespace)
        with _translated_faults(), how as transaction:
            yield transaction

    @contextmanager
    def _begun(self, namespace: str, scope: Mapping[str, str]) -> Iterator[Transaction]:
        connection = self._scoped({"namespace": namespace, **acting_now(), **scope})
        self._open = transaction = Transaction(connection, namespace)
        is_saved = False
        try:
            with transaction.started:
                yield transaction
            if transaction.committed:
                _commit(connection)
                is_saved = True
        finally:
            self._open = None
            try:
                if not connection.closed:
                    connection.rollback()
            finally:
                for action in transaction.afterwards if is_saved else transaction.otherwise:
                    action()

    def afterwards(self, action: Callable[[], object]) -> None:
        """`platform.work.Afterwards`: at once; where a transaction is open once it is saved, and never if it is not."""
        if self._open is None:
            action()
        else:
            self._open.afterwards.append(action)

    def otherwise(self, action: Callable[[], object]) -> None:
        """`platform.work.Otherwise`.

        Raises:
            InvariantBroken: no transaction is open.
        """
        if self._open is None:
            raise InvariantBroken("there is no transaction that could be lost")
        self._open.otherwise.append(action)

    def ended(self, action: Callable[[], object]) -> None:
        """`platform.work.Ended`."""
        outermost = self._open
        self.afterwards(action)
        if outermost is not None:
            outermost.otherwise.append(action)

    @contextmanager
    def _joined(self, outer: Transaction, namespace: str) -> Iterator[Transaction]:
        import psycopg  # noqa: PLC0415 - loaded already by the connection

        if outer.namespace != namespace:
            raise InvariantBroken("a transaction cannot span namespaces")
        inner = outer.inner()
        with outer.savepoint() as savepoint:
            yield inner
            if not inner.committed:
                raise psycopg.Rollback(savepoint)

    def _scoped(self, variables: Mapping[str, str]) -> psycopg.Connection[Row]:
        """A connection in a new transaction with these variables set.

        A connection kept from an earlier request may have died since (a failover, an idle limit): nothing was done
        on it yet, so a new one takes its place.
        """
        import psycopg  # noqa: PLC0415 - loaded already around the transaction

        if self._connection is not None:
            try:
                return _with_variables(self._connection, variables)
            except psycopg.OperationalError:
                self._connection.close()
        self._connection = with_current(self._settings, connect)
        return _with_variables(self._connection, variables)

    def read(self, namespace: str, query: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """The rows of one statement that changes nothing, in one round trip; in a transaction that is open, its own.

        Raises:
            Unavailable: as `transaction` does.
        """
        import psycopg  # noqa: PLC0415 - loaded by whoever connects

        with _translated_faults():
            if self._open is not None:
                with self._joined(self._open, namespace) as transaction:
                    return transaction.fetch_all(query, parameters)
            if self._connection is not None:
                try:
                    return read_at_once(self._connection, namespace, query, parameters)
                except psycopg.OperationalError:
                    if not self._connection.closed:
                        raise
            self._connection = with_current(self._settings, connect)
            return read_at_once(self._connection, namespace, query, parameters)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def _commit(connection: psycopg.Connection[Row]) -> None:
    """Where a statement failed and its fault was passed over, the server would undo it all without a word."""
    from psycopg.pq import TransactionStatus  # noqa: PLC0415 - loaded already by the connection

    if connection.info.transaction_status is TransactionStatus.INERROR:
        raise InvariantBroken("a statement failed: nothing of its transaction can be saved")
    connection.commit()


def _with_variables(connection: psycopg.Connection[Row], variables: Mapping[str, str]) -> psycopg.Connection[Row]:
    connection.execute(_SQL["set_scopes"].encode(), {"names": list(variables), "values": list(variables.values())})
    return connection


@contextmanager
def _translated_faults() -> Iterator[None]:
    import psycopg  # noqa: PLC0415 - whoever begins a transaction needs it anyway

    try:
        yield
    except psycopg.OperationalError as error:
        raise Unavailable("the database asks to try again") from error


class PostgresWork(Generic[S]):
    """`platform.work.Work` on a transaction."""

    def __init__(self, transaction: Transaction, store: S) -> None:
        self.store = store
        self.publish = transaction.publish
        self.lock = transaction.lock
        self.commit = transaction.commit


def begins(database: Database, store: Callable[[Transaction], S]) -> Begin[S]:
    """How a use case begins its unit of work: `begins(database, PostgresMeters)`."""

    @contextmanager
    def begin(namespace: str) -> Iterator[PostgresWork[S]]:
        with database.transaction(namespace) as transaction:
            yield PostgresWork(transaction, store(transaction))

    return begin

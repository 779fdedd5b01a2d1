"""PostgreSQL as a store that migrates: each migration in one transaction with its record."""

from collections.abc import Iterator
from contextlib import contextmanager

from meterhouse.kernel.errors import InvariantBroken
from meterhouse.platform.migrations import Migration
from meterhouse.platform.postgres import APPLICATION_ROLE, PostgresSettings, connect
from meterhouse.platform.sql import queries

_CREATE_ROLE = "CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD {password}"
_ALTER_ROLE = "ALTER ROLE {role} PASSWORD {password}"
"""No attributes: only a superuser may name them here, which the owner of an Aurora database is not."""
_SQL = {name: text.encode() for name, text in queries("meterhouse.platform", "migrations.sql").items()}


class MigratedPostgres:
    """Works as the owner of the tables; creates the application's role, which owns nothing."""

    def __init__(self, owner: PostgresSettings, app: PostgresSettings) -> None:
        self._connection = connect(owner, autocommit=True)
        self._app = app

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait for another migration under way, and keep others waiting; the connection is closed at the end."""
        with self._connection:
            self._connection.execute(_SQL["take_time"])
            self._connection.execute(_SQL["lock"])
            yield

    def create_application_role(self) -> None:
        """Create the role or set its password; it may log in and nothing else.

        Raises:
            InvariantBroken: the application is to connect as another role than the migrations grant to.
        """
        from psycopg import sql  # noqa: PLC0415 - loaded already by the connection

        if self._app.username != APPLICATION_ROLE:
            raise InvariantBroken(f"the application must connect as {APPLICATION_ROLE}, not {self._app.username}")
        # Hashed here: the password itself would stand in the server's statement log.
        secret = self._connection.pgconn.encrypt_password(
            self._app.password.encode(), APPLICATION_ROLE.encode(), b"scram-sha-256"
        )
        exists = self._connection.execute(_SQL["find_role"], {"role": APPLICATION_ROLE}).fetchone()
        statement = sql.SQL(_ALTER_ROLE if exists else _CREATE_ROLE)
        role = sql.Identifier(APPLICATION_ROLE)
        self._connection.execute(statement.format(role=role, password=sql.Literal(secret.decode())))
        self._connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role))

    def applied(self) -> dict[str, str]:
        self._connection.execute(_SQL["create_record"])
        return {row["name"]: row["checksum"] for row in self._connection.execute(_SQL["applied"])}

    def apply(self, migration: Migration) -> None:
        with self._connection.transaction():
            self._connection.execute(migration.sql.encode())
            self._connection.execute(_SQL["record"], {"name": migration.name, "checksum": migration.checksum})

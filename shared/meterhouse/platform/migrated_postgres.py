"""PostgreSQL as a store that migrates: each migration in one transaction with its record."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from meterhouse.kernel.errors import InvariantBroken, Unavailable
from meterhouse.platform.postgres import APPLICATION_ROLE, PostgresSettings, connect
from meterhouse.platform.rotation import CredentialsRefused
from meterhouse.platform.sql import queries

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from meterhouse.platform.migrations import Migration
    from meterhouse.platform.postgres_transaction import Row

_MAINTENANCE = "postgres"
"""A database that every server has, Aurora's too: another is made from there."""
_CREATE_DATABASE = "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C'"
"""Only template0 may be copied into another locale than its own."""
_CREATE_ROLE = "CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD {password}"
_ALTER_ROLE = "ALTER ROLE {role} PASSWORD {password}"
"""No attributes: only a superuser may name them here, which the owner of an Aurora database is not."""
_SQL = {name: text.encode() for name, text in queries("meterhouse.platform", "migrations.sql").items()}


class MigratedPostgres:
    """Works as the owner of the tables; creates the application's role, which owns nothing.

    Args:
        owner: who owns the tables, and the database.
        app: how the functions connect.
        makes_database: True where the deployment is new: a database that is not there is made, with the locale C, so
            that texts are ordered by their code points, as Python orders them, whatever the server's default is. Where
            one was deployed before, an empty one in its place would look like success.

    Raises:
        InvariantBroken: there is no such database, and none is to be made.
        Unavailable: the server cannot be reached, or refuses what is asked; the sentence says which, and why.
    """

    def __init__(self, owner: PostgresSettings, app: PostgresSettings, *, makes_database: bool) -> None:
        self._connection = _connected(owner, makes_database=makes_database)
        self._app = app

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait for another migration under way, and keep others waiting; the connection is closed at the end.

        Raises:
            InvariantBroken: the database was made by somebody else, with another locale than C or not in UTF-8.
        """
        with self._connection:
            self._connection.execute(_SQL["take_time"])
            self._connection.execute(_SQL["lock"])
            _refuse_another_order(self._connection)
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


def _connected(owner: PostgresSettings, *, makes_database: bool) -> psycopg.Connection[Row]:
    try:
        return connect(owner, autocommit=True)
    except CredentialsRefused:
        raise
    except Unavailable as error:
        # A connection that fails has no SQLSTATE: whether the server or the database is missing, the next step finds.
        _find_database(owner, error, makes_database=makes_database)
    with _told(f"the database {_place(owner)} is there and cannot be reached"):
        return connect(owner, autocommit=True)


def _find_database(owner: PostgresSettings, unreached: Unavailable, *, makes_database: bool) -> None:
    from psycopg import sql  # noqa: PLC0415 - loaded already by the connection

    looked_up = f"whether it is there could not be looked up in the database {_MAINTENANCE}"
    with _told(f"the database {_place(owner)} cannot be reached ({_reason(unreached)}), and {looked_up}"):
        opened = connect(replace(owner, database=_MAINTENANCE), autocommit=True)
    with opened as connection:
        connection.execute(_SQL["take_time"])
        connection.execute(_SQL["lock"])
        if connection.execute(_SQL["find_database"], {"name": owner.database}).fetchone() is not None:
            return
        if not makes_database:
            raise InvariantBroken(
                f"there is no database {_place(owner)}, and only a new deployment makes it: look at POSTGRES_DATABASE, "
                "at POSTGRES_HOST, and after a restore at which cluster answers there (docs/deploy.md)"
            )
        making = f"there is no database {_place(owner)}, and {owner.username} could not make it from {_MAINTENANCE}"
        with _told(making):
            connection.execute(sql.SQL(_CREATE_DATABASE).format(name=sql.Identifier(owner.database)))


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Say what was tried, and with which database, before what the server said."""
    import psycopg  # noqa: PLC0415 - loaded already by the connection

    try:
        yield
    except (Unavailable, psycopg.Error) as error:
        raise Unavailable(f"{what}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """In the server's words, which hold no password, on one line."""
    return " ".join(str(error.__cause__ or error).split())


def _place(settings: PostgresSettings) -> str:
    return f"{settings.database} at {settings.host}:{settings.port}"


def _refuse_another_order(connection: psycopg.Connection[Row]) -> None:
    found = connection.execute(_SQL["another_order"]).fetchone()
    if found is not None:
        raise InvariantBroken(
            f"the database {connection.info.dbname} has the collation {found['collation']} ({found['provider']}), the "
            f"classes of characters of {found['classes']} and the encoding {found['encoding']}, and must have "
            "C (libc), C and UTF8: a new deployment makes it so where there is none of this name (docs/deploy.md)"
        )

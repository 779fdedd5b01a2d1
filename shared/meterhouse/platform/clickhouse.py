"""ClickHouse over HTTP(S); one client a process, opened lazily."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from meterhouse.kernel.errors import Unavailable
from meterhouse.platform import aws
from meterhouse.platform.query_comment import query_comment
from meterhouse.platform.rotation import CredentialsRefused, with_current
from meterhouse.platform.settings import optional, required

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from clickhouse_connect.driver.client import Client

T = TypeVar("T")
_SETTINGS = {
    # of several replicas (ClickHouse Cloud) any may answer: each must know what any of them has acknowledged
    "select_sequential_consistency": 1
}

_REFUSED = "AUTHENTICATION_FAILED"
_PARQUET = "Parquet"
_FILE = {"output_format_parquet_compression_method": "zstd", "output_format_parquet_parallel_encoding": 0}
_READ_FILE = {"input_format_skip_unknown_fields": 1, "max_partitions_per_insert_block": 0}


@dataclass(frozen=True, slots=True)
class ClickHouseSettings:
    url: str
    database: str
    username: str
    password: str = field(repr=False)
    connects_within: int = 10
    answers_within: int = 60
    """Seconds for a connection, and for a statement."""

    @classmethod
    def from_environment(cls) -> ClickHouseSettings:
        credentials = aws.secret(required("CLICKHOUSE_SECRET_ARN"))
        return cls(
            url=required("CLICKHOUSE_URL"),
            database=optional("CLICKHOUSE_DATABASE", "meterhouse"),
            username=credentials["username"],
            password=credentials["password"],
        )


def connect(settings: ClickHouseSettings, *, database: str | None = None) -> Client:
    """A client of the ordinary HTTP interface.

    Raises:
        Unavailable: the server cannot be reached or refuses us.
    """
    import clickhouse_connect  # noqa: PLC0415 - 250-330 ms of import belong to the first query, not to the cold start
    from clickhouse_connect.driver.exceptions import Error  # noqa: PLC0415 - as above

    url = urlsplit(settings.url)
    try:
        return clickhouse_connect.get_client(
            host=url.hostname or "",
            port=url.port or (8443 if url.scheme == "https" else 8123),
            secure=url.scheme == "https",
            username=settings.username,
            password=settings.password,
            database=settings.database if database is None else database,
            autogenerate_session_id=False,
            send_receive_timeout=settings.answers_within,
            connect_timeout=settings.connects_within,
            settings=_SETTINGS,
        )
    except Error as error:
        aws.forget_secrets()  # a password that was changed meanwhile is read anew by the next attempt
        if _is_refusal(error):
            raise CredentialsRefused("the usage store refuses the password") from error
        raise Unavailable("the usage store cannot be reached") from error


def _is_refusal(error: Exception) -> bool:
    return _REFUSED in str(error)


class ClickHouse:
    """Queries and column-wise inserts; a fault of the server or of the way to it is `Unavailable`."""

    def __init__(self, settings: Callable[[], ClickHouseSettings]) -> None:
        self._settings = settings
        self._client: Client | None = None

    def query(
        self, sql: str, parameters: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> list[tuple[Any, ...]]:
        """Rows of a SELECT; parameters stand in it as `{name:Type}`, or as `%(name)s` where they may be long.

        While it runs, `system.processes` shows the `query_comment` as its `log_comment`.
        """
        given, chosen = dict(parameters or {}), _commented(settings)
        return self._try(
            lambda client: [tuple(row) for row in client.query(sql, parameters=given, settings=chosen).result_rows]
        )

    def command(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        self._try(lambda client: client.command(sql, parameters=dict(parameters or {})))

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        data: Sequence[Sequence[Any]],
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Insert column-wise: `data` holds one sequence for each of `columns`, all of one length."""
        names, chosen = list(columns), _commented(settings)
        if data and data[0]:
            self._try(
                lambda client: client.insert(table, data, column_names=names, column_oriented=True, settings=chosen)
            )

    def parquet(self, sql: str, parameters: Mapping[str, Any]) -> bytes:
        """The rows of a SELECT as a Parquet file, the same bytes for the same rows."""
        return self._try(
            lambda client: client.raw_query(sql, parameters=dict(parameters), settings=_FILE, fmt=_PARQUET)
        )

    def insert_parquet(self, table: str, columns: Sequence[str], parquet: bytes) -> None:
        """Insert these columns of a Parquet file; what else is in it is left out."""
        self._try(
            lambda client: client.raw_insert(
                table, column_names=columns, insert_block=parquet, settings=_READ_FILE, fmt=_PARQUET
            )
        )

    def _try(self, action: Callable[[Client], T]) -> T:
        """What the action comes to; one that was refused for its password did nothing, and is done with the new one."""
        return with_current(self._settings, lambda settings: self._attempt(settings, action))

    def _attempt(self, settings: ClickHouseSettings, action: Callable[[Client], T]) -> T:
        if self._client is None:
            self._client = connect(settings)
        from clickhouse_connect.driver.exceptions import Error  # noqa: PLC0415 - loaded already by the connection

        try:
            return action(self._client)
        except Error as error:
            self._client.close()
            self._client = None  # it may be refused for ever, by a password of yesterday
            if _is_refusal(error):
                raise CredentialsRefused("the usage store refuses the password") from error
            raise Unavailable("the usage store did not answer as it should") from error


def _commented(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    comment = query_comment()
    return dict(settings or {}) | ({"log_comment": comment} if comment else {})

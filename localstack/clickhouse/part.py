"""The ClickHouse server as a part of the stack."""

import sys
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from localstack.part import Part
from localstack.settings import CLICKHOUSE_LOGIN, HOST, Port


def clickhouse_part(port: Port, data: Path) -> Part:
    """The server over `data`, which it alone may open."""
    return Part(
        name="clickhouse",
        port=port,
        command=(sys.executable, "-m", "localstack.clickhouse", "--path", str(data), "--port", str(port.number)),
        env={"CLICKHOUSE_USER": CLICKHOUSE_LOGIN.username, "CLICKHOUSE_PASSWORD": CLICKHOUSE_LOGIN.password},
        healthy=lambda: _pings(port.number),
    )


def _pings(port: int) -> bool:
    connection = HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().read() == b"Ok.\n"
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()

"""`python -m localstack.demo --rebuild`: after the demo the usage store is thrown away; every number must come back."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from localstack.aws import aws_client
from localstack.demo import offer
from localstack.demo.client import Client
from localstack.settings import CLICKHOUSE_LOGIN
from meterhouse.platform.clickhouse import ClickHouseSettings, connect

_DATABASE = "meterhouse"
_INVOICES = "/api/v1/billing/invoices"
_PAGE = 100
_ROLLED = {"windowSize": "DAY", "windowTimeZone": "America/New_York", "groupBy": ["subject"]}


def run_rebuild(console: Console, stack: Mapping[str, str], client: Client, subjects: Sequence[str]) -> list[str]:
    """Throw the usage store away, rebuild it and compare; what differs."""
    before = _known(client, subjects)
    console.print(f"before: {_told(before)}")
    hours = _invoke(stack, "archive_events", {"openHours": True})
    console.print(f"archived: {hours}")
    settings = ClickHouseSettings(
        stack["CLICKHOUSE_URL"], _DATABASE, CLICKHOUSE_LOGIN.username, CLICKHOUSE_LOGIN.password
    )
    with connect(settings, database="default") as store:
        store.command(f"DROP DATABASE {_DATABASE} SYNC")
    console.print("the usage store is gone")
    subprocess.run([Path(sys.executable).with_name("meterhouse"), "rebuild"], check=True)
    after = _known(client, subjects)
    console.print(f"after:  {_told(after)}")
    return [f"{name} differs after the rebuild" for name, number in before.items() if after[name] != number]


def _known(client: Client, subjects: Sequence[str]) -> dict[str, Any]:
    """Usage of every meter by day and subject, and what every invoice verifies to."""
    known: dict[str, Any] = {}
    for meter in offer.METERS:
        asked = _ROLLED | {"subject": list(subjects), "from": "2013-01-01T05:00:00Z", "to": "2014-01-01T05:00:00Z"}
        known[meter["slug"]] = client.post(f"/api/v1/meters/{meter['slug']}/query", asked)["data"]
    invoices = client.get(f"{_INVOICES}?pageSize={_PAGE}")["items"]
    for invoice in (one for one in invoices if one["status"] != "gathering"):
        found = client.get(f"{_INVOICES}/{invoice['id']}/verify")
        known[f"invoice {invoice['number']}"] = [invoice["totals"]["total"], found]
    return known


def _told(known: Mapping[str, Any]) -> str:
    meters = [f"{meter['slug']} {sum(row['value'] for row in known[meter['slug']]):,}" for meter in offer.METERS]
    invoices = [name for name in known if name.startswith("invoice ")]
    return f"{', '.join(meters)}; {len(invoices)} invoices with the hashes of their lines"


def _invoke(stack: Mapping[str, str], name: str, asked: Mapping[str, Any]) -> str:
    answer = aws_client("lambda", stack).invoke(FunctionName=f"meterhouse-{name}", Payload=json.dumps(asked).encode())
    return str(json.loads(answer["Payload"].read()))

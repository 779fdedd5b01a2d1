"""What the demo proves of its invoices: each is what its pinned inputs come to, and two of them differ for a reason."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from localstack.demo.client import Client

SHOWN = "UA"
_INVOICES = "/api/v1/billing/invoices"


def faults_of(client: Client, invoices: Sequence[Mapping[str, Any]]) -> list[str]:
    """What does not verify of the invoices: every line is rated again, to the hash of its trace."""
    faults = []
    for invoice in invoices:
        found = client.get(f"{_INVOICES}/{invoice['id']}/verify")
        said = [*found["faults"], *(fault for line in found["lines"] for fault in line["faults"])]
        late = [line for line in found["lines"] if Decimal(line.get("usage", {}).get("late", "0"))]
        faults += [f"invoice {invoice['number']}: {fault['message']}" for fault in said]
        faults += [f"invoice {invoice['number']}, {line['name']}: {line['usage']['message']}" for line in late]
    return faults


def print_proofs(
    console: Console, client: Client, names: Mapping[str, str], invoices: Mapping[str, Sequence[Any]]
) -> list[str]:
    """All invoices verified, and why one carrier's bill changed; the faults found."""
    issued = [invoice for own in invoices.values() for invoice in own]
    faults = faults_of(client, issued)
    if not faults:
        lines = sum(len(invoice["lines"]) for invoice in issued)
        console.print(
            f"All {len(issued)} invoices verify: {lines} lines rated again come to the hash they were billed with."
        )
    return [*faults, *_print_diff(console, client, names[SHOWN], invoices[SHOWN])]


def _print_diff(console: Console, client: Client, name: str, invoices: Sequence[Mapping[str, Any]]) -> list[str]:
    old, new = invoices[:2]
    found = client.get(f"{_INVOICES}/{old['id']}/diff/{new['id']}")
    causes = [cause for cause, amount in found["effects"].items() if Decimal(amount) and cause != "total"]
    title = f"{name}: why February's bill is not January's ({found['currency']})"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("", no_wrap=True)
    for heading in ("January", *causes, "February"):
        table.add_column(heading, justify="right", no_wrap=True, min_width=10)
    for line in found["lines"]:
        before, after = (_total(line.get(side)) for side in ("old", "new"))
        table.add_row(line["name"], before, *(_amount(line["effects"][cause]) for cause in causes), after)
    table.add_section()
    sums = (found["old"]["total"], *(found["effects"][cause] for cause in causes), found["new"]["total"])
    table.add_row("all", *map(_amount, sums))
    console.print(table)
    explained = sum((Decimal(found["effects"][cause]) for cause in causes), start=Decimal(0))
    if explained != Decimal(new["totals"]["total"]) - Decimal(old["totals"]["total"]):
        return [f"invoices {old['number']} and {new['number']} differ by other than {explained}"]
    return []


def _total(side: Mapping[str, Any] | None) -> str:
    return "" if side is None else _amount(side["total"])


def _amount(text: str) -> str:
    return f"{Decimal(text):,}"

"""`meterhouse invoices`: how a line came about, whether an invoice is what it was rated from, why a bill changed."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Annotated, Any

import typer

from meterhouse.cli.command import command, commands
from meterhouse.cli.errors import Failed
from meterhouse.cli.http import STRANGER, Endpoint, path_of
from meterhouse.cli.session import Session
from meterhouse.cli.terminal import show_fields, show_lines, show_table

group = commands("Invoices: explained, verified, compared.")
Invoice = Annotated[str, typer.Argument(metavar="INVOICE", help="Its id.")]
_PAGE = 1000
_SIDES = ("old", "new")


@command(group, "explain")
def explain(
    session: Session,
    invoice: Invoice,
    line: Annotated[str, typer.Argument(metavar="LINE", help="Its id.")],
    events: Annotated[int, typer.Option(min=0, help="So many of the events behind it.")] = 20,
) -> None:
    """A line: where its price comes from, its arithmetic, what its meter was asked, and the events that answered."""
    path = path_of("billing", "invoices", invoice, "lines", line, "explain")
    found = _first(session.endpoint, path, events)
    session.answer(found, lambda: _drawn(_explain, found))


@command(group, "verify")
def verify(session: Session, invoice: Invoice) -> None:
    """Every line rated again from its pinned inputs; exit status 1 when one comes to something else."""
    found = session.endpoint.get(path_of("billing", "invoices", invoice, "verify"))
    session.answer(found, lambda: _drawn(_verify, found))
    if not found.get("verified"):
        raise Failed(f"invoice {found.get('number')} is not what it was rated from")


@command(group, "diff")
def diff(
    session: Session, old: Invoice, new: Annotated[str, typer.Argument(metavar="OTHER", help="The later one's id.")]
) -> None:
    """Why one invoice came to another amount than the other: effects that sum exactly to the difference."""
    found = session.endpoint.get(path_of("billing", "invoices", old, "diff", new))
    session.answer(found, lambda: _drawn(_diff, found))


def _first(endpoint: Endpoint, path: str, events: int) -> dict[str, Any]:
    """The explanation with at most so many events, of as many pages as it takes."""
    found = endpoint.get(path, {"limit": min(max(events, 1), _PAGE)})
    behind = found.get("events")
    while behind and len(behind["items"]) < events and (cursor := behind.pop("nextCursor", None)):
        page = endpoint.get(path, {"limit": min(events - len(behind["items"]), _PAGE), "cursor": cursor})["events"]
        behind |= {"items": [*behind["items"], *page["items"]]}
        behind |= {name: page[name] for name in ("nextCursor",) if name in page}
    if behind:
        behind["items"] = behind["items"][:events]
    return found


def _drawn(draw: Callable[[dict[str, Any]], None], found: dict[str, Any]) -> None:
    try:
        draw(found)
    except (KeyError, TypeError, ArithmeticError):
        raise Failed(f"the answer is not of this kind: {STRANGER}") from None


def _explain(found: dict[str, Any]) -> None:
    line, arithmetic, query = found["line"], found["arithmetic"], found.get("meterQuery")
    plan = found["priceVersion"].get("plan")
    show_fields(
        [
            ("line", line["name"]),
            ("total", f"{line['totals']['total']} {line['currency']}"),
            ("price", found["priceVersion"]["item"]),
            ("plan", f"{plan['key']} version {plan['version']}" if plan else None),
            (
                "hash",
                arithmetic["hash"] if arithmetic["isGenuine"] else f"{arithmetic['hash']}, and the trace is another's",
            ),
            ("meter", f"{query['meter']['slug']} ({query['meter']['aggregation']})" if query else None),
            ("subjects", ", ".join(query["subjects"]) if query else None),
            ("period", f"{line['period']['from']} to {line['period']['to']}"),
            ("used", found["usage"].get("quantity")),
            ("used before", found["usage"].get("quantityBefore")),
            ("read at", found["usage"].get("readAt")),
        ]
    )
    show_lines(["", *(step["arithmetic"] for step in arithmetic["trace"]["steps"])])
    if found.get("events"):
        show_lines([""])
        rows = [
            [one["time"], one["subject"], one.get("value", ", ".join(one.get("texts", ()))), _counted(one), one["id"]]
            for one in found["events"]["items"]
        ]
        show_table(("time", "subject", "value", "", "event"), rows, numbers=("value",))
        show_lines(["and more"] if "nextCursor" in found["events"] else [])


def _counted(event: dict[str, Any]) -> str:
    return "" if event["counted"] else "not on this line"


def _verify(found: dict[str, Any]) -> None:
    rows = [
        [
            line["name"],
            line["hashes"]["again"][:16],
            "yes" if line["verified"] else "NO",
            line.get("usage", {}).get("late", ""),
        ]
        for line in found["lines"]
    ]
    show_table(("line", "hash", "verified", "late usage"), rows, numbers=("late usage",))
    faults = [*found["faults"], *(fault for line in found["lines"] for fault in line["faults"])]
    show_lines(["", f"invoice {found['number']}: {found['hash']}", *(fault["message"] for fault in faults)])


def _diff(found: dict[str, Any]) -> None:
    causes = [name for name, amount in found["effects"].items() if name != "total" and Decimal(amount)]
    columns = ("line", "old", *causes, "new")
    show_table(columns, _rows(found, causes), numbers=columns[1:])


def _rows(found: dict[str, Any], causes: Sequence[str]) -> Iterator[list[str]]:
    for line in found["lines"]:
        old, new = (line[side]["total"] if side in line else "" for side in _SIDES)
        yield [line["name"], old, *(line["effects"][name] for name in causes), new]
    if any(Decimal(amount) for amount in found["beside"].values()):
        yield ["beside the lines", "", *(found["beside"][name] for name in causes), ""]
    old, new = (found[side]["total"] for side in _SIDES)
    yield [f"total, {found['currency']}", old, *(found["effects"][name] for name in causes), new]

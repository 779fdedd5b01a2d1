"""A subject's name gives way in every table of a namespace that has one of everything; what was billed stays."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from functions.erase_subjects.handler import ROOMS
from meterhouse.customers.postgres_erasures import NamedRecords
from meterhouse.platform.postgres import Database
from tests.integration.tenancy.belongings import V1, furnish
from tests.integration.tenancy.house import House
from tests.integration.tenancy.test_other_tenants import _TABLES

NAMES = {"acme-app": "erased-1", "acme": "erased-2"}
"""A subject of the customer, and the key of the customer itself."""
OF_SUBJECTS = """
SELECT DISTINCT table_name || '.' || column_name AS name FROM information_schema.columns
WHERE table_schema = 'public' AND strpos(column_name, 'subject') > 0 AND table_name NOT IN ('subject_erasures')
"""
_OF_OTHERS = {"subject_erasures", "llm_prices"}
"""Erasures hold a name while they are under way; a vendor of models may be called as a subject is."""
_ELSEWHERE = {"audit_findings.subject_id", "notification_events.subject_id"}
"""Ids of ours, which derive from names by a hash."""
_RENAMED = {
    "customer_subjects.subject",
    "customers.subject_keys",
    "invoice_lines.subjects",
    "invoices.subject_keys",
    "late_usage.subject",
    "notification_events.subject_key",
    "outbox.subject",
    "portal_tokens.subject",
    "reservations.subject",
}
MORE = (
    "UPDATE outbox SET published_at = now() WHERE namespace = %(namespace)s",
    "INSERT INTO late_usage (namespace, meter_id, subject, earliest) VALUES (%(namespace)s, 'm', 'acme-app', now())",
    """INSERT INTO notification_events (namespace, id, type, rule_id, created_at, payload, is_test, subject_key)
    SELECT namespace, 'told', type, rule_id, created_at,
           '{"data": {"subject": {"key": "acme-app", "displayName": "Jo"}, "n": 1.10}}', false, 'acme-app'
    FROM notification_events WHERE namespace = %(namespace)s LIMIT 1""",
    """UPDATE meter_backfills
    SET cursor = '{"from": "2026-01-01", "to": "2026-01-02", "after": ["acme-app", 1, "s", "i"]}'
    WHERE namespace = %(namespace)s""",
    "UPDATE invoice_lines SET subjects = '{acme-app,other}' WHERE namespace = %(namespace)s",
)


def test_no_row_bears_an_erased_name_and_what_was_billed_is_as_it_was(
    new_house: Callable[[], House], database: Database, unguarded: Database
) -> None:
    mine, theirs = new_house(), new_house()
    made = furnish(mine)
    furnish(theirs)
    mine.made(f"POST {V1}/portal/tokens", body={"subject": "acme-app"})
    for statement in MORE:
        execute(unguarded, mine.namespace, statement)
    before, of_theirs = billed(mine, made), bearing(unguarded, theirs.namespace)
    assert set(bearing(unguarded, mine.namespace)) >= {
        "customers",
        "invoices",
        "audit_log",
        "idempotency_keys",
        "outbox",
    }
    records = NamedRecords(database, ROOMS)
    for name, pseudonym in NAMES.items():
        assert records.rename(mine.namespace, name, pseudonym) > 0
        assert records.rename(mine.namespace, name, pseudonym) == 0
    assert bearing(unguarded, mine.namespace) == {}
    assert bearing(unguarded, theirs.namespace) == of_theirs
    after = billed(mine, made)
    assert renamed(before) == after
    assert after["verified"]["verified"]
    customer = mine.made(f"GET {V1}/customers/{{customerIdOrKey}}", {"customerIdOrKey": "erased-2"})
    assert customer["usageAttribution"] == {"subjectKeys": ["erased-1"]}
    [told] = [row for row in rows(unguarded, mine.namespace, "notification_events") if ",told," in row]
    assert ("1.10" in told, "erased-1" in told, "Jo" in told) == (True, True, False)


def test_an_event_that_waits_for_the_bus_keeps_the_name_until_it_is_published(
    new_house: Callable[[], House], database: Database, unguarded: Database
) -> None:
    mine = new_house()
    name = "acme/app"  # which the audit log joins to other parts of a key by a slash
    mine.made(f"POST {V1}/customers", body={"name": "A", "usageAttribution": {"subjectKeys": [name]}})
    mine.made(f"POST {V1}/subjects", body=[{"key": name}])
    records = NamedRecords(database, ROOMS)
    assert records.rename(mine.namespace, name, "erased-1") > 1
    assert records.rename(mine.namespace, name, "erased-1") > 0
    execute(unguarded, mine.namespace, MORE[0])
    assert records.rename(mine.namespace, name, "erased-1") > 0
    assert bearing(unguarded, mine.namespace) == {}


def test_every_column_that_names_subjects_is_known_to_the_erasure(unguarded: Database) -> None:
    with unguarded.transaction("") as transaction:
        assert {row["name"] for row in transaction.fetch_all(OF_SUBJECTS)} == _RENAMED | _ELSEWHERE


def execute(unguarded: Database, namespace: str, statement: str) -> None:
    with unguarded.transaction(namespace) as transaction:
        transaction.execute(statement)
        transaction.commit()


def rows(unguarded: Database, namespace: str, table: str) -> list[str]:
    with unguarded.transaction(namespace) as transaction:
        text = f"SELECT t::text AS t FROM {table} t WHERE namespace = %(namespace)s"
        return [row["t"] for row in transaction.fetch_all(text)]


def bearing(unguarded: Database, namespace: str) -> dict[str, list[str]]:
    """The rows that hold a name, by table."""
    with unguarded.transaction(namespace) as transaction:
        tables = {row["name"] for row in transaction.fetch_all(_TABLES)} - _OF_OTHERS
    found = {table: [row for row in rows(unguarded, namespace, table) if "acme" in row] for table in tables}
    return {table: held for table, held in found.items() if held}


def billed(house: House, made: Mapping[str, str]) -> dict[str, Any]:
    which = {"invoiceId": made["invoiceId"]}
    invoice = house.made(f"GET {V1}/billing/invoices/{{invoiceId}}", which)
    return {"invoice": invoice, "verified": house.made(f"GET {V1}/billing/invoices/{{invoiceId}}/verify", which)}


def renamed(answer: dict[str, Any]) -> Any:
    text = json.dumps(answer)
    for name, pseudonym in NAMES.items():
        text = text.replace(json.dumps(name), json.dumps(pseudonym))
    return json.loads(text)

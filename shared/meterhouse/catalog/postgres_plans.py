"""Plans in PostgreSQL."""

import json
from typing import Any

from meterhouse.catalog.document import phase_from_document, phase_to_document
from meterhouse.catalog.plan import Plan, PlanSpec, SettlementMode
from meterhouse.catalog.postgres_versions import STORED, PostgresVersions, Table, version_row
from meterhouse.kernel.cadence import Cadence
from meterhouse.platform.postgres_transaction import Row, Transaction


class PostgresPlans(PostgresVersions[PlanSpec]):
    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction, _PLANS)


def plan_of(row: Row) -> Plan:
    spec = PlanSpec(
        name=row["name"],
        description=row["description"],
        currency=row["currency"],
        billing_cadence=Cadence.parse(row["billing_cadence"]),
        phases=tuple(phase_from_document(phase) for phase in row["phases"]),
        is_prorated=row["is_prorated"],
        settlement_mode=SettlementMode(row["settlement_mode"]),
        metadata=row["metadata"],
    )
    return Plan(row["id"], row["key"], row["version"], spec, **{name: row[name] for name in STORED})


def _plan_row(plan: Plan) -> dict[str, Any]:
    spec = plan.spec
    return version_row(plan) | {
        "name": spec.name,
        "description": spec.description,
        "currency": spec.currency,
        "billing_cadence": spec.billing_cadence.iso(),
        "is_prorated": spec.is_prorated,
        "settlement_mode": spec.settlement_mode.value,
        "phases": json.dumps([phase_to_document(phase) for phase in spec.phases]),
        "metadata": json.dumps(spec.metadata),
    }


_PLANS = Table("plans", ("phases", "$[*].rate_cards[*]"), plan_of, _plan_row)

"""What a cold start may load: imports are the better half of its time."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HANDLERS = sorted((ROOT / "functions").glob("*/handler.py"))
HEAVY = frozenset(
    {"aws_lambda_powertools", "boto3", "botocore.session", "clickhouse_connect", "confluent_kafka", "jsonpath"}
    | {"msgspec", "numpy", "psycopg", "pydantic", "stripe", "zstandard"}
    | {"fontTools", "fpdf", "jinja2", "PIL", "jwt"}
)
HTTP = frozenset({"aws_lambda_powertools", "pydantic"})
TASK = frozenset({"aws_lambda_powertools"})
MAY_LOAD = {
    "ingest_events": frozenset({"msgspec", "confluent_kafka", "zstandard"}),
    "sink_events": TASK | {"msgspec", "confluent_kafka", "zstandard", "jsonpath"},
    "backfill_meter": TASK | {"msgspec", "zstandard", "jsonpath"},
    "query_usage": HTTP | {"msgspec", "jsonpath"},
    "manage_meters": HTTP | {"jsonpath"},
    "manage_customers": HTTP,
    "manage_catalog": HTTP,
    "rehearse_catalog": HTTP | {"jsonpath"},
    "manage_entitlements": HTTP,
    "check_access": HTTP,
    "manage_subscriptions": HTTP,
    "manage_invoices": HTTP,
    # fpdf looks for numpy, which is here and in no layer
    "render_invoice": HTTP | {"fontTools", "fpdf", "jinja2", "numpy", "PIL"},
    "manage_backtests": HTTP,
    "preview_subscription": HTTP,
    "manage_credits": HTTP,
    "manage_llm_costs": HTTP | {"jsonpath"},
    "audit_events": TASK | {"msgspec", "zstandard", "jsonpath"},
    "audit_month": TASK | {"msgspec", "zstandard", "jsonpath"},
    "audit_rollups": TASK | {"msgspec", "zstandard", "jsonpath"},
    "inspect_events": HTTP | {"msgspec", "zstandard", "jsonpath"},
    "reserve_usage": HTTP | {"msgspec", "jsonpath"},
    "evaluate_balances": TASK | {"msgspec", "zstandard", "jsonpath"},
    "manage_apps": HTTP,
    "manage_notifications": HTTP,
    "raise_notifications": HTTP,
    "receive_stripe_event": HTTP,
    "open_namespace": HTTP,
    "manage_keys": HTTP,
    "list_audit_log": HTTP,
    "manage_portal_tokens": HTTP,
    "show_portal": HTTP,
    "archive_events": TASK | {"msgspec", "zstandard"},
    "erase_subjects": TASK | {"msgspec", "zstandard", "jsonpath"},
    "rebuild_usage": TASK | {"msgspec", "zstandard", "jsonpath"},
    "await_watermark": TASK | {"msgspec", "zstandard"},
    "describe_api": HTTP | {"jsonpath", "msgspec"},
}
"""What a handler's import may load; drivers not named here are loaded by the first connection. Others: `TASK`."""


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda path: path.parent.name)
def test_a_cold_start_loads_only_what_its_function_may(handler: Path) -> None:
    program = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('handler', {str(handler)!r})\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        f"print(*sorted({set(HEAVY)!r} & set(sys.modules)))\n"
    )
    name = handler.parent.name
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={"POWERTOOLS_SERVICE_NAME": name, "PYTHONPATH": str(ROOT / "shared"), "AWS_REGION": "us-east-1"},
    )
    assert ran.returncode == 0, ran.stderr
    loaded = set(ran.stdout.split())
    assert loaded <= MAY_LOAD.get(name, TASK), loaded

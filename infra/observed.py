"""Which capability each function is told under: few, since each is as many metrics as it has kinds of numbers."""

from __future__ import annotations

VARIABLE = "METERHOUSE_CAPABILITY"
"""As `meterhouse.platform.calls` reads it."""
FUNCTIONS_OF = {
    "authorization": ("authorize_request",),
    "ingest": ("ingest_events",),
    "storing": (
        *("sink_events", "roll_up_usage", "backfill_meter", "resume_backfills"),
        *("archive_events", "rebuild_usage"),
    ),
    "usage": ("query_usage", "inspect_events"),
    "access": ("check_access", "reserve_usage"),
    "balances": (
        *("evaluate_balances", "sweep_entitlements", "list_grant_batches", "announce_grants"),
        *("list_expired_credits", "expire_credits"),
    ),
    "billing": (
        *("await_watermark", "sweep_writings", "list_customer_batches", "bill_customers"),
        *("sync_subscriptions", "collect_invoices", "advance_invoices"),
    ),
    "payments": ("drive_invoice", "receive_stripe_event"),
    "notifications": ("relay_outbox", "raise_notifications", "deliver_webhook", "forget_notifications"),
    "portal": ("show_portal", "render_invoice"),
    "management": (
        *("manage_meters", "manage_customers", "manage_catalog", "rehearse_catalog", "manage_entitlements"),
        *("manage_subscriptions", "preview_subscription", "manage_invoices", "manage_backtests", "manage_credits"),
        *("manage_llm_costs", "manage_apps", "manage_notifications", "manage_portal_tokens", "manage_keys"),
        *("list_audit_log", "describe_api"),
    ),
    "operation": (
        *("audit_books", "audit_events", "audit_month", "audit_rollups", "issue_api_key"),
        "rotate_pepper",
        *("open_namespace", "export_namespace", "erase_subjects", "migrate_databases", "sync_llm_prices"),
        *("list_backtest_batches", "rate_backtest", "finish_backtest"),
    ),
}
CAPABILITY_OF = {name: capability for capability, names in FUNCTIONS_OF.items() for name in names}
SERVING = ("ingest", "usage", "access", "payments", "portal", "management")
"""Those that answer requests, which may be over a limit."""
OF_BATCHES = ("balances", "billing", "notifications", "portal")
"""Those whose calls may fail in parts."""

"""The functions that workflows call, by workflow."""

from __future__ import annotations

from infra.function_spec import (
    CLICKHOUSE,
    KAFKA,
    POSTGRES,
    S3_ARCHIVE,
    SECRETSMANAGER,
    STEPFUNCTIONS,
    STRIPE,
    FunctionSpec,
)

INVOICE_RUN_TASKS = (
    FunctionSpec("await_watermark", (KAFKA, CLICKHOUSE, S3_ARCHIVE), timeout=120),
    FunctionSpec("sweep_writings", (CLICKHOUSE, POSTGRES), timeout=900, memory=1024),
    FunctionSpec("list_customer_batches", (POSTGRES,), timeout=60),
    FunctionSpec(
        "bill_customers", (POSTGRES, CLICKHOUSE, STEPFUNCTIONS), timeout=600, memory=2048, starts="invoice_lifecycle"
    ),
    FunctionSpec("sync_subscriptions", (POSTGRES,), timeout=300, memory=1024),
    FunctionSpec("collect_invoices", (POSTGRES, CLICKHOUSE), timeout=600, memory=2048),
    FunctionSpec("advance_invoices", (POSTGRES, STEPFUNCTIONS), timeout=300, memory=1024, starts="invoice_lifecycle"),
)

INVOICE_RUN_SIZES = {"INVOICE_RUN_BATCH_SIZE": "500", "INVOICE_RUN_PAGE_SIZE": "400"}
"""Customers of a batch, batches of a page: for `list_customer_batches`. One run may ask for smaller ones."""

LIFECYCLE_TASKS = (
    FunctionSpec("drive_invoice", (POSTGRES, CLICKHOUSE, SECRETSMANAGER, STRIPE), timeout=120, memory=1024),
)
"""One invoice of an app that is far away."""
COLLECTS = ("bill_customers", "collect_invoices")
"""What makes invoices of lines in a run."""
WRITES_BILLING = (
    *("bill_customers", "sync_subscriptions", "collect_invoices", "advance_invoices", "drive_invoice"),
    *("list_expired_credits", "manage_invoices", "manage_credits", "manage_apps", "receive_stripe_event"),
)
"""What leaves namespaces alone whose billing is locked."""
DUNNING = ("bill_customers", "advance_invoices", "drive_invoice")
"""What decides when a payment is asked for again, and given up."""

BACKFILL_TASKS = (FunctionSpec("backfill_meter", (CLICKHOUSE, POSTGRES), timeout=300, memory=1024),)

GRANT_TASKS = (
    FunctionSpec("list_grant_batches", (POSTGRES,), timeout=60),
    FunctionSpec("announce_grants", (POSTGRES,), timeout=300, memory=1024),
)

BACKTEST_TASKS = (
    FunctionSpec("list_backtest_batches", (POSTGRES,), timeout=60),
    FunctionSpec("rate_backtest", (POSTGRES, CLICKHOUSE), timeout=600, memory=2048),
    FunctionSpec("finish_backtest", (POSTGRES,), timeout=120, memory=1024),
)

CREDIT_TASKS = (
    FunctionSpec("list_expired_credits", (POSTGRES,), timeout=60),
    FunctionSpec("expire_credits", (POSTGRES,), timeout=300, memory=1024),
)

AUDIT_TASKS = (FunctionSpec("audit_books", (POSTGRES,), timeout=900, memory=1024),)

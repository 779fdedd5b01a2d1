"""Every deployed function, described as data: what it uses, what starts it, how large it is."""

from __future__ import annotations

from infra.function_spec import (
    CLICKHOUSE,
    EVENTBRIDGE,
    GENAI,
    KAFKA,
    PDF,
    POSTGRES,
    S3,
    SECRETSMANAGER_WRITER,
    STEPFUNCTIONS,
    Credential,
    FunctionSpec,
)

_CREDITS = "/api/v3/openmeter/customers/{customerId}/credits"
_LLM_COST = "/api/v3/openmeter/llm-cost"
_RESERVATIONS = "/api/v1/customers/{customerIdOrKey}/entitlements/{featureKey}/reservations"

DOCUMENT_WORKER = FunctionSpec(
    "render_invoice",
    (POSTGRES, S3, PDF),
    routes=("GET /api/v1/billing/invoices/{invoiceId}/document",),
    timeout=120,
    memory=1769,
)

REQUESTS = (
    DOCUMENT_WORKER,
    FunctionSpec("authorize_request", (POSTGRES,), (Credential.API_KEY_PEPPER,), timeout=10),
    # MSK refuses more than about a hundred new connections a second and broker: the cap on ingest keeps a burst
    # of cold starts below that.
    FunctionSpec("ingest_events", (KAFKA,), routes=("POST /api/v1/events",), memory=1024, concurrency=100),
    FunctionSpec(
        "query_usage",
        (CLICKHOUSE, POSTGRES),
        routes=(
            "GET /api/v1/events",
            "GET /api/v2/events",
            "GET /api/v1/debug/metrics",
            "GET /api/v1/info/progress/{id}",
            "GET /api/v1/meters/{meterIdOrSlug}/query",
            "POST /api/v1/meters/{meterIdOrSlug}/query",
            "GET /api/v1/meters/{meterIdOrSlug}/subjects",
            "GET /api/v1/meters/{meterIdOrSlug}/group-by/{groupByKey}/values",
        ),
        memory=1024,
    ),
    FunctionSpec(
        "manage_meters",
        (POSTGRES,),
        routes=(
            "GET /api/v1/meters",
            "POST /api/v1/meters",
            "GET /api/v1/meters/{meterIdOrSlug}",
            "PUT /api/v1/meters/{meterIdOrSlug}",
            "DELETE /api/v1/meters/{meterIdOrSlug}",
            "GET /api/v1/meters/{meterIdOrSlug}/backfill",
        ),
    ),
    FunctionSpec(
        "manage_customers",
        (POSTGRES,),
        routes=(
            "GET /api/v1/customers",
            "POST /api/v1/customers",
            "GET /api/v1/customers/{customerIdOrKey}",
            "PUT /api/v1/customers/{customerIdOrKey}",
            "DELETE /api/v1/customers/{customerIdOrKey}",
            "GET /api/v1/subjects",
            "POST /api/v1/subjects",
            "GET /api/v1/subjects/{subjectIdOrKey}",
            "DELETE /api/v1/subjects/{subjectIdOrKey}",
        ),
    ),
    FunctionSpec(
        "manage_catalog",
        (POSTGRES,),
        routes=(
            "GET /api/v1/info/currencies",
            "GET /api/v3/openmeter/currencies",
            "POST /api/v3/openmeter/currencies/custom",
            "GET /api/v3/openmeter/currencies/custom/{currencyId}",
            "GET /api/v3/openmeter/currencies/custom/{currencyId}/cost-bases",
            "POST /api/v3/openmeter/currencies/custom/{currencyId}/cost-bases",
            "GET /api/v3/openmeter/tax-codes",
            "POST /api/v3/openmeter/tax-codes",
            "GET /api/v3/openmeter/tax-codes/{taxCodeId}",
            "PUT /api/v3/openmeter/tax-codes/{taxCodeId}",
            "DELETE /api/v3/openmeter/tax-codes/{taxCodeId}",
            "GET /api/v3/openmeter/defaults/tax-codes",
            "PUT /api/v3/openmeter/defaults/tax-codes",
            "GET /api/v1/features",
            "POST /api/v1/features",
            "GET /api/v1/features/{featureId}",
            "DELETE /api/v1/features/{featureId}",
            "GET /api/v1/plans",
            "POST /api/v1/plans",
            "GET /api/v1/plans/{planId}",
            "PUT /api/v1/plans/{planId}",
            "DELETE /api/v1/plans/{planId}",
            "POST /api/v1/plans/{planId}/publish",
            "POST /api/v1/plans/{planId}/archive",
            "POST /api/v1/plans/{planIdOrKey}/next",
            "GET /api/v1/addons",
            "POST /api/v1/addons",
            "GET /api/v1/addons/{addonId}",
            "PUT /api/v1/addons/{addonId}",
            "DELETE /api/v1/addons/{addonId}",
            "POST /api/v1/addons/{addonId}/publish",
            "POST /api/v1/addons/{addonId}/archive",
            "GET /api/v1/plans/{planId}/addons",
            "POST /api/v1/plans/{planId}/addons",
            "GET /api/v1/plans/{planId}/addons/{planAddonId}",
            "PUT /api/v1/plans/{planId}/addons/{planAddonId}",
            "DELETE /api/v1/plans/{planId}/addons/{planAddonId}",
        ),
    ),
    FunctionSpec("rehearse_catalog", (POSTGRES,), routes=("POST /api/v1/catalog/rehearsal",)),
    FunctionSpec(
        "manage_entitlements",
        (POSTGRES,),
        routes=(
            "GET /api/v2/customers/{customerIdOrKey}/entitlements",
            "POST /api/v2/customers/{customerIdOrKey}/entitlements",
            "GET /api/v2/customers/{customerIdOrKey}/entitlements/{entitlementIdOrFeatureKey}",
            "DELETE /api/v2/customers/{customerIdOrKey}/entitlements/{entitlementIdOrFeatureKey}",
            "PUT /api/v2/customers/{customerIdOrKey}/entitlements/{entitlementIdOrFeatureKey}/override",
            "POST /api/v2/customers/{customerIdOrKey}/entitlements/{entitlementIdOrFeatureKey}/reset",
            "GET /api/v2/customers/{customerIdOrKey}/entitlements/{entitlementIdOrFeatureKey}/grants",
            "POST /api/v2/customers/{customerIdOrKey}/entitlements/{entitlementIdOrFeatureKey}/grants",
            "GET /api/v2/entitlements",
            "GET /api/v2/entitlements/{entitlementId}",
            "GET /api/v2/grants",
            "GET /api/v1/subjects/{subjectIdOrKey}/entitlements",
            "POST /api/v1/subjects/{subjectIdOrKey}/entitlements",
            "GET /api/v1/subjects/{subjectIdOrKey}/entitlements/{entitlementId}",
            "DELETE /api/v1/subjects/{subjectIdOrKey}/entitlements/{entitlementId}",
            "PUT /api/v1/subjects/{subjectIdOrKey}/entitlements/{entitlementIdOrFeatureKey}/override",
            "POST /api/v1/subjects/{subjectIdOrKey}/entitlements/{entitlementId}/reset",
            "GET /api/v1/subjects/{subjectIdOrKey}/entitlements/{entitlementIdOrFeatureKey}/grants",
            "POST /api/v1/subjects/{subjectIdOrKey}/entitlements/{entitlementIdOrFeatureKey}/grants",
            "GET /api/v1/entitlements",
            "GET /api/v1/entitlements/{entitlementId}",
            "GET /api/v1/grants",
            "DELETE /api/v1/grants/{grantId}",
        ),
    ),
    FunctionSpec(
        "check_access",
        (POSTGRES, CLICKHOUSE),
        routes=(
            "GET /api/v2/customers/{customerIdOrKey}/entitlements/{entitlementIdOrFeatureKey}/value",
            "GET /api/v2/customers/{customerIdOrKey}/entitlements/{entitlementIdOrFeatureKey}/history",
            "GET /api/v1/customers/{customerIdOrKey}/entitlements/{featureKey}/value",
            "GET /api/v1/customers/{customerIdOrKey}/access",
            "GET /api/v1/subjects/{subjectIdOrKey}/entitlements/{entitlementIdOrFeatureKey}/value",
            "GET /api/v1/subjects/{subjectIdOrKey}/entitlements/{entitlementId}/history",
            "GET /api/v3/openmeter/customers/{customerId}/entitlement-access",
            "POST /api/v3/openmeter/entitlement-access/query",
        ),
        memory=1769,
    ),
    FunctionSpec(
        "manage_subscriptions",
        (POSTGRES,),
        routes=(
            "POST /api/v1/subscriptions",
            "GET /api/v1/subscriptions/{subscriptionId}",
            "PATCH /api/v1/subscriptions/{subscriptionId}",
            "DELETE /api/v1/subscriptions/{subscriptionId}",
            "POST /api/v1/subscriptions/{subscriptionId}/cancel",
            "POST /api/v1/subscriptions/{subscriptionId}/change",
            "POST /api/v1/subscriptions/{subscriptionId}/migrate",
            "POST /api/v1/subscriptions/{subscriptionId}/restore",
            "POST /api/v1/subscriptions/{subscriptionId}/unschedule-cancelation",
            "GET /api/v1/subscriptions/{subscriptionId}/addons",
            "POST /api/v1/subscriptions/{subscriptionId}/addons",
            "GET /api/v1/subscriptions/{subscriptionId}/addons/{subscriptionAddonId}",
            "PATCH /api/v1/subscriptions/{subscriptionId}/addons/{subscriptionAddonId}",
            "GET /api/v1/customers/{customerIdOrKey}/subscriptions",
            "GET /api/v1/plans/{planId}/subscriptions",
            "GET /api/v1/subscription-settings",
            "PUT /api/v1/subscription-settings",
        ),
    ),
    FunctionSpec(
        "preview_subscription",
        (POSTGRES, CLICKHOUSE),
        routes=(
            "POST /api/v1/subscriptions/preview",
            "POST /api/v1/subscriptions/{subscriptionId}/preview",
        ),
        memory=1024,
    ),
    FunctionSpec(
        "manage_invoices",
        (POSTGRES, CLICKHOUSE),
        routes=(
            "GET /api/v1/billing/profiles",
            "POST /api/v1/billing/profiles",
            "GET /api/v1/billing/profiles/{id}",
            "PUT /api/v1/billing/profiles/{id}",
            "DELETE /api/v1/billing/profiles/{id}",
            "GET /api/v1/billing/customers",
            "GET /api/v1/billing/customers/{customerId}",
            "PUT /api/v1/billing/customers/{customerId}",
            "DELETE /api/v1/billing/customers/{customerId}",
            "POST /api/v1/billing/customers/{customerId}/invoices/pending-lines",
            "POST /api/v1/billing/customers/{customerId}/invoices/simulate",
            "GET /api/v1/billing/invoices",
            "POST /api/v1/billing/invoices/invoice",
            "GET /api/v1/billing/invoices/{invoiceId}",
            "PUT /api/v1/billing/invoices/{invoiceId}",
            "DELETE /api/v1/billing/invoices/{invoiceId}",
            "GET /api/v1/billing/invoices/{invoiceId}/verify",
            "GET /api/v1/billing/invoices/{invoiceId}/diff/{otherId}",
            "GET /api/v1/billing/invoices/{invoiceId}/lines/{lineId}/explain",
            "GET /api/v1/billing/invoices/{invoiceId}/lines/{lineId}/verify",
            "POST /api/v1/billing/invoices/{invoiceId}/advance",
            "POST /api/v1/billing/invoices/{invoiceId}/approve",
            "POST /api/v1/billing/invoices/{invoiceId}/retry",
            "POST /api/v1/billing/invoices/{invoiceId}/snapshot-quantities",
            "POST /api/v1/billing/invoices/{invoiceId}/taxes/recalculate",
            "POST /api/v1/billing/invoices/{invoiceId}/void",
        ),
        memory=1024,
    ),
    FunctionSpec(
        "manage_apps",
        (POSTGRES, SECRETSMANAGER_WRITER),
        routes=(
            "GET /api/v1/apps",
            "GET /api/v1/apps/{id}",
            "PUT /api/v1/apps/{id}",
            "DELETE /api/v1/apps/{id}",
            "POST /api/v1/apps/custom-invoicing/{invoiceId}/draft/synchronized",
            "POST /api/v1/apps/custom-invoicing/{invoiceId}/issuing/synchronized",
            "POST /api/v1/apps/custom-invoicing/{invoiceId}/payment/status",
            "GET /api/v1/marketplace/listings",
            "GET /api/v1/marketplace/listings/{type}",
            "POST /api/v1/marketplace/listings/{type}/install",
            "POST /api/v1/marketplace/listings/{type}/install/apikey",
            "GET /api/v1/marketplace/listings/{type}/install/oauth2",
            "GET /api/v1/marketplace/listings/{type}/install/oauth2/authorize",
            "GET /api/v1/customers/{customerIdOrKey}/apps",
            "PUT /api/v1/customers/{customerIdOrKey}/apps",
            "DELETE /api/v1/customers/{customerIdOrKey}/apps/{appId}",
            "GET /api/v1/customers/{customerIdOrKey}/stripe",
            "PUT /api/v1/customers/{customerIdOrKey}/stripe",
        ),
        memory=1024,
    ),
    FunctionSpec(
        "manage_backtests",
        (POSTGRES, STEPFUNCTIONS),
        routes=(
            "POST /api/v1/plans/{planId}/backtest",
            "GET /api/v1/plans/{planId}/backtests",
            "GET /api/v1/plans/{planId}/backtests/{backtestId}",
            "GET /api/v1/plans/{planId}/backtests/{backtestId}/customers/{customerId}",
        ),
        memory=1024,
        starts="backtest",
    ),
    FunctionSpec(
        "manage_credits",
        (POSTGRES, CLICKHOUSE),
        routes=(
            f"GET {_CREDITS}/grants",
            f"POST {_CREDITS}/grants",
            f"GET {_CREDITS}/grants/{{creditGrantId}}",
            f"POST {_CREDITS}/grants/{{creditGrantId}}/settlement/external",
            f"POST {_CREDITS}/grants/{{creditGrantId}}/void",
            f"GET {_CREDITS}/balance",
            f"GET {_CREDITS}/transactions",
            f"POST {_CREDITS}/adjustments",
            f"GET {_CREDITS}/auto-top-up",
            f"PUT {_CREDITS}/auto-top-up/{{currency}}",
            f"DELETE {_CREDITS}/auto-top-up/{{currency}}",
        ),
        memory=1024,
    ),
    FunctionSpec(
        "manage_llm_costs",
        (POSTGRES, CLICKHOUSE),
        routes=(
            f"GET {_LLM_COST}/prices",
            f"GET {_LLM_COST}/prices/{{priceId}}",
            f"GET {_LLM_COST}/overrides",
            f"POST {_LLM_COST}/overrides",
            f"DELETE {_LLM_COST}/overrides/{{priceId}}",
            "POST /api/v3/openmeter/features/{featureId}/cost/query",
            "GET /api/v1/margins",
            "GET /api/v1/llm-cost/unknown-models",
        ),
        memory=1024,
    ),
    FunctionSpec(
        "inspect_events",
        (KAFKA, CLICKHOUSE, POSTGRES),
        routes=(
            "GET /api/v1/debug/conservation",
            "GET /api/v1/debug/conflicts",
            "GET /api/v1/debug/dead-letters",
            "GET /api/v1/debug/dead-letters/{letterId}",
            "POST /api/v1/debug/dead-letters/{letterId}/replay",
        ),
        memory=1024,
    ),
    FunctionSpec(
        "reserve_usage",
        (POSTGRES, CLICKHOUSE),
        routes=(
            f"GET {_RESERVATIONS}",
            f"POST {_RESERVATIONS}",
            f"GET {_RESERVATIONS}/{{reservationId}}",
            f"POST {_RESERVATIONS}/{{reservationId}}/settle",
            f"POST {_RESERVATIONS}/{{reservationId}}/release",
        ),
        memory=1024,
    ),
    FunctionSpec("describe_api", routes=("GET /api/v1/openapi.json",), timeout=10, authorized=False),
)

BALANCE_WORKER = FunctionSpec("evaluate_balances", (POSTGRES, CLICKHOUSE, KAFKA), timeout=120, memory=1024)

STREAMS_AND_SCHEDULES = (
    BALANCE_WORKER,
    FunctionSpec("sweep_entitlements", (POSTGRES,), rate="rate(1 minute)", timeout=55),
    FunctionSpec("sink_events", (KAFKA, CLICKHOUSE, POSTGRES), timeout=300, memory=2048),
    FunctionSpec("sync_llm_prices", (POSTGRES, GENAI), rate="rate(1 day)", timeout=300, memory=1024, concurrency=1),
    FunctionSpec("roll_up_usage", (CLICKHOUSE,), rate="rate(1 minute)", timeout=300, concurrency=1),
    FunctionSpec("resume_backfills", (POSTGRES,), rate="rate(5 minutes)", timeout=60),
    FunctionSpec(
        "audit_events", (KAFKA, CLICKHOUSE, POSTGRES), rate="rate(5 minutes)", timeout=300, memory=1024, concurrency=1
    ),
    FunctionSpec("audit_month", (KAFKA, CLICKHOUSE, POSTGRES), rate="cron(30 3 * * ? *)", timeout=900, memory=1024),
    FunctionSpec("audit_rollups", (KAFKA, CLICKHOUSE, POSTGRES), rate="rate(5 minutes)", timeout=300, memory=512),
    FunctionSpec("relay_outbox", (POSTGRES, EVENTBRIDGE), rate="rate(1 minute)", timeout=55, concurrency=1),
)

INVOICE_RUN_TASKS = (
    FunctionSpec("await_watermark", (KAFKA,), timeout=30),
    FunctionSpec("sweep_writings", (CLICKHOUSE, POSTGRES), timeout=900, memory=1024),
    FunctionSpec("list_customer_batches", (POSTGRES,), timeout=60),
    FunctionSpec("sync_subscriptions", (POSTGRES,), timeout=300, memory=1024),
    FunctionSpec("collect_invoices", (POSTGRES, CLICKHOUSE), timeout=600, memory=2048),
    FunctionSpec("advance_invoices", (POSTGRES, STEPFUNCTIONS), timeout=300, memory=1024, starts="invoice_lifecycle"),
)

LIFECYCLE_TASKS = (FunctionSpec("drive_invoice", (POSTGRES, CLICKHOUSE), timeout=120, memory=1024),)
"""One invoice of an app that is far away."""
DUNNING = ("advance_invoices", "drive_invoice")
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

MIGRATION = FunctionSpec(
    "migrate_databases",
    (POSTGRES, CLICKHOUSE, KAFKA),
    (Credential.POSTGRES_OWNER, Credential.BOOTSTRAP_API_KEY, Credential.API_KEY_PEPPER),
    timeout=900,
    concurrency=1,
)

OPERATIONS = (FunctionSpec("issue_api_key", (POSTGRES,), (Credential.API_KEY_PEPPER,)),)

FUNCTIONS = (
    *REQUESTS,
    *STREAMS_AND_SCHEDULES,
    *INVOICE_RUN_TASKS,
    *LIFECYCLE_TASKS,
    *BACKFILL_TASKS,
    *GRANT_TASKS,
    *BACKTEST_TASKS,
    *CREDIT_TASKS,
    *AUDIT_TASKS,
    MIGRATION,
    *OPERATIONS,
)

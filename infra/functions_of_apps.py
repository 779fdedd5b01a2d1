"""The functions of apps: installing them, their customers, and what they tell us."""

from __future__ import annotations

from infra.function_spec import POSTGRES, SECRETSMANAGER, SECRETSMANAGER_WRITER, STRIPE, STRIPE_CONNECTOR, FunctionSpec

APPS = (
    FunctionSpec(
        "manage_apps",
        (POSTGRES, SECRETSMANAGER, SECRETSMANAGER_WRITER, STRIPE, STRIPE_CONNECTOR),
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
            "POST /api/v1/customers/{customerIdOrKey}/stripe/portal",
            "POST /api/v1/stripe/checkout/sessions",
            "PUT /api/v1/apps/{id}/stripe/api-key",
        ),
        memory=1024,
    ),
    FunctionSpec(
        "receive_stripe_event",
        (POSTGRES, SECRETSMANAGER, STRIPE),
        routes=("POST /api/v1/apps/{id}/stripe/webhook",),
        memory=1024,
        open_because="Stripe has no API key of ours: its signature is checked with the app's own secret",
    ),
)

"""The functions of the portal: who manages its tokens, and what the tokens open."""

from __future__ import annotations

from infra.function_spec import CLICKHOUSE, POSTGRES, Credential, FunctionSpec

DOCUMENT_ROUTE = "GET /api/v1/portal/invoices/{invoiceId}/document"
"""Served by the function that draws invoices."""
PORTAL = (
    FunctionSpec(
        "manage_portal_tokens",
        (POSTGRES,),
        (Credential.API_KEY_PEPPER,),
        routes=(
            "POST /api/v1/portal/tokens",
            "GET /api/v1/portal/tokens",
            "POST /api/v1/portal/tokens/invalidate",
        ),
    ),
    FunctionSpec(
        "show_portal",
        (CLICKHOUSE, POSTGRES),
        routes=(
            "GET /api/v1/portal/session",
            "GET /api/v1/portal/meters/{meterSlug}/query",
            "GET /api/v1/portal/entitlements",
            "GET /api/v1/portal/entitlements/{featureKey}/history",
            "GET /api/v1/portal/subscriptions",
            "GET /api/v1/portal/invoices",
            "GET /api/v1/portal/invoices/upcoming",
            "GET /api/v1/portal/invoices/{invoiceId}",
            "GET /api/v1/portal/invoices/{invoiceId}/lines/{lineId}/explain",
            "GET /api/v1/portal/credits/balance",
            "GET /api/v1/portal/credits/transactions",
        ),
        memory=1024,
    ),
)


def is_opened_by_token(route: str) -> bool:
    """Whether portal tokens open a route, and API keys do not."""
    _, path = route.split()
    return path.startswith("/api/v1/portal/") and not path.startswith("/api/v1/portal/tokens")

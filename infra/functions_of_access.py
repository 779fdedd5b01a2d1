"""The functions of access: who asks, their keys, and what they changed."""

from __future__ import annotations

from infra.function_spec import OIDC, POSTGRES, Credential, FunctionSpec

AUTHORIZER = FunctionSpec("authorize_request", (OIDC, POSTGRES), (Credential.API_KEY_PEPPER,), timeout=10)
ACCESS = (
    AUTHORIZER,
    FunctionSpec("issue_api_key", (POSTGRES,), (Credential.API_KEY_PEPPER,)),
    FunctionSpec(
        "rotate_pepper",
        (POSTGRES,),
        (Credential.API_KEY_PEPPER, Credential.BOOTSTRAP_API_KEY),
        writes=(Credential.API_KEY_PEPPER,),
        timeout=300,
    ),
    FunctionSpec("open_namespace", (POSTGRES,)),
    FunctionSpec(
        "manage_keys",
        (POSTGRES,),
        (Credential.API_KEY_PEPPER,),
        routes=(
            "GET /api/v1/api-keys",
            "POST /api/v1/api-keys",
            "GET /api/v1/api-keys/{apiKeyId}",
            "GET /api/v1/api-keys/{apiKeyId}/quota",
            "POST /api/v1/api-keys/{apiKeyId}/rotate",
            "DELETE /api/v1/api-keys/{apiKeyId}",
        ),
    ),
    FunctionSpec("list_audit_log", (POSTGRES,), routes=("GET /api/v1/audit-log",)),
)

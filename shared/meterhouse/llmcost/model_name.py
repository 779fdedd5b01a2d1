"""Names of providers and models: what providers, gateways and programs call the same thing, brought to one spelling."""

from __future__ import annotations

import re

_PROVIDERS = {
    "aws": "amazon",
    "azure_ai": "azure",
    "azure-ai": "azure",
    "mistralai": "mistral",
    "xai": "x-ai",
    "x_ai": "x-ai",
}
_SELLERS = {"bedrock": "amazon", "vertex_ai": "google"}
_MODELS = {"deepseek-reasoner": "deepseek-r1"}
_REGION = re.compile(r"^(?:us|eu|apac|jp|au|global|us-gov)\.(?=[a-z0-9-]+\.)")
_RELEASE = re.compile(r"(?:-v\d+(?::\d+)?)$|(?:@\d{8})$|(?:-\d{8})$|(?:-20\d\d-\d\d-\d\d)$")
_POINT = re.compile(r"(?<=\d)\.(?=\d)")


def provider_id(name: str) -> str:
    """The provider's one name.

    Example: `azure_ai` -> `azure`, `vertex_ai-language-models` -> `vertex_ai`.
    """
    plain = name.strip().lower()
    plain = "vertex_ai" if plain.startswith("vertex_ai") else plain
    return _PROVIDERS.get(plain, plain)


def model_id(name: str) -> str:
    """The model's name without region, date and revision, points between digits as hyphens.

    Example: `eu.anthropic.claude-3-5-sonnet-20240620-v1:0` -> `anthropic.claude-3-5-sonnet`.
    """
    plain = _REGION.sub("", name.strip().lower())
    while (shorter := _RELEASE.sub("", plain)) != plain:
        plain = shorter
    plain = _POINT.sub("-", plain)
    return _MODELS.get(plain, plain)


def seller_id(provider: str) -> str:
    """Whose price list sells what the provider's service is: clouds are called by theirs.

    Example: `bedrock` -> `amazon`.
    """
    return _SELLERS.get(provider, provider)

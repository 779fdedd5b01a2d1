"""What goes into each Lambda layer, and what a layer may weigh."""

from __future__ import annotations

from enum import StrEnum


class Layer(StrEnum):
    """A layer of the deployed functions; every one but METERHOUSE is a dependency group of pyproject.toml."""

    CORE = "core"
    KAFKA = "kafka"
    CLICKHOUSE = "clickhouse"
    POSTGRES = "postgres"
    PAYMENTS = "payments"
    GENAI = "genai"
    PDF = "pdf"
    OIDC = "oidc"
    METERHOUSE = "meterhouse"


class Target(StrEnum):
    """Where the layers will run: Lambda on Graviton, or the Python of this machine."""

    AWS = "aws"
    LOCAL = "local"


# Lambda's own quotas: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_LAYERS = 5
MAX_UNZIPPED_BYTES = 250 * 1024 * 1024

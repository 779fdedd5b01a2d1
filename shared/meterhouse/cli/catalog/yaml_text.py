"""Documents as YAML: in the order of their records, decimals as texts with every digit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

_WIDTH = 100


def yaml_text(document: object) -> str:
    """The document in block style; a text that reads as a number, a date or a truth stands in quotes."""
    import yaml  # noqa: PLC0415 - as in `node`

    text: str = yaml.safe_dump(plain_values(document), sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text


def plain_values(value: Any) -> Any:  # noqa: ANN401 - as documents are
    """The value with decimals as texts."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dict):
        return {name: plain_values(part) for name, part in value.items()}
    if isinstance(value, list):
        return [plain_values(part) for part in value]
    return value

"""The resources of a profile's templates, synthesised here: no account and no network."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from infra.app import build_app

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROOT = Path(__file__).resolve().parents[2]


def synthesised(flags: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """All resources of the app under these flags, by logical id.

    Raises:
        ContextError: flags that are unknown, missing or out of range.
    """
    of_cdk = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    with TemporaryDirectory(prefix="meterhouse-cost-") as folder:
        context = {**of_cdk, "aws:cdk:disable-asset-staging": True, **flags}
        build_app(context, folder, is_checked=False).synth()
        return together(json.loads(path.read_text()) for path in sorted(Path(folder).glob("*.template.json")))


def together(templates: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The resources of several stacks; ids that two of them use are told apart, and none refers to another stack's."""
    found: dict[str, dict[str, Any]] = {}
    for number, template in enumerate(templates):
        for name, resource in template["Resources"].items():
            found[f"{name}.{number}" if name in found else name] = resource
    return found

"""The bill of materials of a release: CycloneDX 1.5 of every locked package, with hashes, licences and what ships.

`python -m layers.bill_of_materials FILE`. `scope` is "required" for what a deployment carries (the Lambda layers, the
pages) and "excluded" for what stays on a laptop. The same locks give the same bytes.
"""

from __future__ import annotations

import base64
import json
import sys
import uuid
from pathlib import Path
from typing import Any

from layers.catalogue import Layer
from layers.licences import NPM_LOCKS, ROOT, Licensed, npm_packages, python_packages
from layers.requirements import cyclonedx, requirements

SHIPPED_LAYERS = tuple(layer for layer in Layer if layer is not Layer.METERHOUSE)
PAGES_LOCK = NPM_LOCKS[0]


def bill_of_materials() -> dict[str, Any]:
    """The document as JSON values."""
    bill: dict[str, Any] = json.loads(cyclonedx(ROOT))
    shipped = {pin.split("==")[0] for layer in SHIPPED_LAYERS for pin in requirements(layer, ROOT).splitlines()}
    licences = {(one.name, one.version): one for one in python_packages((ROOT / "uv.lock").read_text("utf-8"))}
    python = [_told(one, licences[one["name"], one["version"]], one["name"] in shipped) for one in bill["components"]]
    bill["components"] = [*python, *(component for lock in NPM_LOCKS for component in _npm_components(lock))]
    del bill["metadata"]["timestamp"]
    content = json.dumps(bill["components"], sort_keys=True)
    bill["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}"
    return bill


def _told(component: dict[str, Any], licensed: Licensed, ships: bool) -> dict[str, Any]:
    licence = [{"expression": licensed.licence}]
    return component | {"scope": "required" if ships else "excluded", "licenses": licence}


def _npm_components(lock: Path) -> list[dict[str, Any]]:
    text = lock.read_text(encoding="utf-8")
    locked = json.loads(text)["packages"]
    return [
        _told(
            {
                "type": "library",
                "bom-ref": f"npm-{one.name}@{one.version}",
                "name": one.name,
                "version": one.version,
                "purl": f"pkg:npm/{one.name}@{one.version}",
                "hashes": [_hash(locked[f"node_modules/{one.name}"]["integrity"])],
            },
            one,
            lock == PAGES_LOCK,
        )
        for one in npm_packages(text)
    ]


def _hash(integrity: str) -> dict[str, str]:
    """An integrity of npm's is base64 after the algorithm's name: https://www.w3.org/TR/SRI/."""
    algorithm, _, digest = integrity.partition("-")
    return {"alg": algorithm.upper().replace("SHA", "SHA-"), "content": base64.b64decode(digest).hex()}


def main() -> None:
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(bill_of_materials(), indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{target}\n")


if __name__ == "__main__":
    main()

"""The licence of every locked package, and which licences may be there at all.

`python -m layers.licences` writes docs/licences.md; a package whose licence is unknown or not allowed ends it by name.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "licences.md"
NPM_LOCKS = (
    ROOT / "shared" / "meterhouse" / "portal" / "pages" / "package-lock.json",
    ROOT / "localstack" / "npm" / "package-lock.json",
    ROOT / "tests" / "bench" / "load" / "package-lock.json",
)

# What a company may ship and run unmodified beside its own code. LGPL and MPL bind the package's own files alone.
ALLOWED = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "CNRI-Python",
        "ISC",
        "LGPL-3.0-only",
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "MPL-2.0",
        "OFL-1.1",
        "PSF-2.0",
        "Zlib",
    }
)

# Older metadata says it in words. A classifier "BSD License" leaves open which: the stricter of the two is told.
_WORDS: Mapping[str, str] = {
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "CC0": "CC0-1.0",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "SIL OFL V1.1": "OFL-1.1",
    "SIL Open Font License 1.1 (OFL-1.1)": "OFL-1.1",
}

# Locked for systems or versions of Python that need not be those here; after their PyPI pages.
_ELSEWHERE: Mapping[str, str] = {
    "backports-zstd": "PSF-2.0",
    "colorama": "BSD-3-Clause",
    "httpx2-jsfetch": "BSD-3-Clause",
    "typing-extensions": "PSF-2.0",
}


class LicenceError(Exception):
    """A package's licence is unknown or not allowed; the message names both."""


@dataclass(frozen=True, slots=True, order=True)
class Licensed:
    name: str
    version: str
    licence: str
    """An SPDX expression."""

    def __post_init__(self) -> None:
        named = set(re.findall(r"[\w.+-]+", self.licence)) - {"AND", "OR"}
        if not named or named - ALLOWED:
            raise LicenceError(f"{self.name} {self.version}: {self.licence or 'no licence'} is not allowed")


def python_packages(lock: str) -> list[Licensed]:
    """Every package of a uv.lock but the project itself, with the licence that its installed metadata tells.

    Raises:
        LicenceError: one is unknown or not allowed.
    """
    listed = [one for one in tomllib.loads(lock)["package"] if "registry" in one["source"]]
    return sorted(Licensed(one["name"], one["version"], _licence_of(one["name"])) for one in listed)


def npm_packages(lock: str) -> list[Licensed]:
    """Every package of a package-lock.json.

    Raises:
        LicenceError: one is unknown or not allowed.
    """
    packages = json.loads(lock)["packages"].items()
    return sorted(
        Licensed(path.rpartition("node_modules/")[2], one["version"], one.get("license", "unknown"))
        for path, one in packages
        if path
    )


def document(python: Iterable[Licensed], npm: Iterable[Licensed]) -> str:
    """docs/licences.md."""
    lines = [
        "# Licences of all dependencies",
        "",
        "Written by `make licences` from the lock files; a test holds it against them, and refuses all but",
        f"{', '.join(sorted(ALLOWED))}.",
        "",
        "| from | package | version | licence |",
        "|---|---|---|---|",
        *(_row("PyPI", one) for one in python),
        *(_row("npm", one) for one in npm),
    ]
    return "\n".join(lines) + "\n"


def written() -> str:
    """What docs/licences.md has to say of the lock files as they are.

    Raises:
        LicenceError: one is unknown or not allowed.
    """
    npm = [one for lock in NPM_LOCKS for one in npm_packages(lock.read_text(encoding="utf-8"))]
    return document(python_packages((ROOT / "uv.lock").read_text(encoding="utf-8")), npm)


def _row(registry: str, one: Licensed) -> str:
    return f"| {registry} | {one.name} | {one.version} | {one.licence} |"


def _licence_of(name: str) -> str:
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return _ELSEWHERE.get(name, "unknown")
    if "License-Expression" in told:
        return told["License-Expression"]
    classifiers = [one.rpartition(" :: ")[2] for one in told.get_all("Classifier") or () if one.startswith("License")]
    known = [_WORDS[one] for one in classifiers if one in _WORDS]
    own = next(iter(told.get_all("License") or ()), "unknown").strip()
    return " AND ".join(sorted(set(known))) or _WORDS.get(own, own)


def main() -> None:
    try:
        DOCUMENT.write_text(written(), encoding="utf-8")
    except LicenceError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

"""The pinned requirements of a layer, and their installation for the machine that will run them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from layers.catalogue import Layer

AWS_PYTHON = "3.13"
AWS_PLATFORM = "aarch64-manylinux_2_28"
# Lambda's Python runtime brings boto3 with these; the X-Ray SDK of the tracer asks for botocore again (26 MB).
IN_THE_RUNTIME = frozenset({"boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six"})
_PLAIN = ("--frozen", "--no-emit-project", "--no-header", "--no-annotate")
INSTALLED_UV = Path(__file__).resolve().parent.parent / ".local" / "uv" / "bin" / "uv"


class UvMissingError(Exception):
    """No uv binary was found."""


def requirements(layer: Layer, project: Path) -> str:
    """The hashed pins of the layer's dependency group, without what the core layer already carries."""
    own = _export(layer, project)
    inherited = () if layer is Layer.CORE else _export(Layer.CORE, project)
    return "\n".join(pin for pin in own if pin not in inherited and pin.split("==")[0] not in IN_THE_RUNTIME)


def all_requirements(project: Path) -> str:
    """The hashed pins of every group."""
    return _uv("export", "--quiet", "--project", str(project), "--all-groups", *_PLAIN)


def cyclonedx(project: Path) -> str:
    """What is locked, as CycloneDX 1.5 with the hashes of all files; uv calls the format a preview."""
    options = ["--all-groups", "--frozen", "--format", "cyclonedx1.5", "--preview-features", "sbom-export"]
    return _uv("export", "--quiet", "--project", str(project), *options)


def install(pins: str, folder: Path) -> None:
    """Unpack the wheels of `pins` for Lambda into `folder`; nothing is compiled: no toolchain, no Docker."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(pins)
        file.flush()
        platform = ["--python-platform", AWS_PLATFORM, "--python-version", AWS_PYTHON]
        options = ["--only-binary", ":all:", "--no-deps", "--require-hashes", "--link-mode", "copy"]
        _uv("pip", "install", "--quiet", "--target", str(folder), *platform, *options, "-r", file.name)


@cache
def _export(layer: Layer, project: Path) -> tuple[str, ...]:
    text = _uv("export", "--quiet", "--project", str(project), "--only-group", layer, *_PLAIN)
    return tuple(pin.strip() for pin in text.replace("\\\n", "").splitlines() if pin.strip())


def _uv(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - uv is the project's own tool, the arguments are written in this file
        [_uv_binary(), *arguments], check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"uv {arguments[0]} failed:\n{done.stderr}")
    return done.stdout


def _uv_binary() -> str:
    """The uv that `uv run` names, the one on PATH, or the one `make` installs."""
    found = os.environ.get("UV") or shutil.which("uv") or shutil.which(INSTALLED_UV)
    if found is None:
        raise UvMissingError("uv, which builds the layers, is not on PATH: run `make layers`, which installs it")
    return found

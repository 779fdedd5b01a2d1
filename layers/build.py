"""Builds the Lambda layers without Docker, from uv.lock: `python -m layers.build aws|local`."""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from argparse import ArgumentParser
from compileall import compile_dir
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import TYPE_CHECKING

from layers.catalogue import MAX_LAYERS, MAX_UNZIPPED_BYTES, Layer, Target
from layers.requirements import UvMissingError, install, requirements

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / ".local" / "layers"
LIBRARY = ROOT / "shared" / "meterhouse"
RULES = (Path(__file__), ROOT / "layers" / "requirements.py")
UNWANTED = ("__pycache__", "tests", "test", "bin")
UNUSED = ("zstandard/_cffi.*", "pylopdf_fonts_*/NotoSerif*")
"""Files that no function reads: zstandard's second backend is 12 MB, the serif fonts are 19."""
ELSEWHERE = ("cli", "client", "pages")
"""The rooms, and the folder of the pages, that run on no Lambda: a change of them deploys nothing."""


class LayersTooLargeError(Exception):
    """The layers of one function exceed what Lambda unpacks."""


@dataclass(frozen=True, slots=True)
class BuiltLayer:
    """A layer on disk: the folder to zip, the hash of its content's recipe, its unzipped size in bytes."""

    layer: Layer
    path: Path
    content_hash: str
    size: int


def build(target: Target) -> dict[Layer, BuiltLayer]:
    """Every layer for `target`, built where its recipe changed and taken from `.local/layers` where not.

    The emulator runs functions on the Python of this project, which has the same pins of the same lock installed:
    for it a dependency layer holds the list of its pins alone, which spares a second or two in every cold start.
    """
    folder = OUTPUT / target
    folder.mkdir(parents=True, exist_ok=True)
    with _exclusively(folder / ".lock"):
        return {layer: _built(layer, target, folder) for layer in Layer}


def check_size(layers: list[BuiltLayer], owner: str) -> None:
    """Refuse what Lambda would refuse at deploy: more than five layers, or 250 MB of them.

    Raises:
        LayersTooLargeError: naming the function and the layers with their sizes.
    """
    total = sum(layer.size for layer in layers)
    if len(layers) > MAX_LAYERS or total > MAX_UNZIPPED_BYTES:
        parts = ", ".join(f"{layer.layer} {layer.size / 2**20:.0f} MiB" for layer in layers)
        raise LayersTooLargeError(f"{owner}: {len(layers)} layers, {total / 2**20:.0f} MiB ({parts})")


def _built(layer: Layer, target: Target, folder: Path) -> BuiltLayer:
    recipe = _library_hash() if layer is Layer.METERHOUSE else requirements(layer, ROOT)
    key = _digest(recipe, target, _platform(target), *(rule.read_text() for rule in RULES))
    path, stamp = folder / layer, folder / f"{layer}.key"
    if not (path.is_dir() and stamp.is_file() and stamp.read_text() == key):
        stamp.unlink(missing_ok=True)
        _make(layer, target, recipe, path)
        stamp.write_text(key)
    return BuiltLayer(layer, path, key, sum(file.stat().st_size for file in path.rglob("*") if file.is_file()))


def _make(layer: Layer, target: Target, recipe: str, path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        python = Path(scratch) / layer / "python"
        python.mkdir(parents=True)
        if layer is Layer.METERHOUSE:
            shutil.copytree(
                LIBRARY, python / LIBRARY.name, ignore=shutil.ignore_patterns(*UNWANTED, *ELSEWHERE, "*.md")
            )
        elif target is Target.AWS:
            install(recipe, python)
        else:
            (python / f"{layer}.txt").write_text(recipe)
        _strip(python)
        if target is Target.LOCAL:
            _compile(python)
        shutil.rmtree(path, ignore_errors=True)
        python.parent.rename(path)


def _strip(folder: Path) -> None:
    """Drop what no function imports, and what differs between machines."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and (path.name in UNWANTED or path.name.endswith("-stubs")):
            shutil.rmtree(path)
        elif path.suffix in {".pyc", ".pyi"} or path.name == ".lock" or any(map(path.match, UNUSED)):
            path.unlink()


def _compile(folder: Path) -> None:
    """A cold start of the emulator unzips the layers anew, with new times: byte code that asks for no time helps.

    AWS gets none: the byte code of Lambda's Python cannot be written by the one at hand.
    """
    compile_dir(folder, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)


def _library_hash() -> str:
    left_out = {"__pycache__", *ELSEWHERE}
    names = (path.relative_to(LIBRARY) for path in LIBRARY.rglob("*") if path.is_file())
    shipped = sorted(name for name in names if left_out.isdisjoint(name.parts))
    return _digest(*(f"{name}\0{_digest((LIBRARY / name).read_bytes())}" for name in shipped))


def _platform(target: Target) -> str:
    return "" if target is Target.AWS else f"{sys.platform} {sys.version}"


def _digest(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()


@contextmanager
def _exclusively(path: Path) -> Iterator[None]:
    """A test run and a deploy may build at the same time: the second waits and finds the work done."""
    with path.open("w") as lock:
        flock(lock, LOCK_EX)
        yield


def main() -> None:
    """Build the layers of the target named on the command line and print their sizes."""
    parser = ArgumentParser(prog="python -m layers.build", description=__doc__)
    parser.add_argument("target", type=Target, choices=list(Target))
    target = parser.parse_args().target
    try:
        built = build(target)
    except UvMissingError as error:
        sys.exit(str(error))
    for layer in built.values():
        sys.stdout.write(f"{layer.layer:<12} {layer.size / 2**20:7.1f} MiB  {layer.path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()

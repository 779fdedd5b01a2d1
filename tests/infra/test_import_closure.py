"""What a function imports is in its own layers: the emulator, which sees this project's packages, would not notice."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from infra.function_spec import LAYER_OF, FunctionSpec
from infra.functions import FUNCTIONS as SPECS
from layers.build import LIBRARY, build
from layers.catalogue import Layer, Target
from tests.infra.templates import FUNCTIONS

IN_THE_RUNTIME = {"boto3", "botocore", "meterhouse", *sys.stdlib_module_names}


def imports_at_load(body: list[ast.stmt]) -> Iterator[str]:
    """Modules that loading a file imports: not those inside functions, nor those for the type checker alone."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module.startswith("meterhouse"))
        elif isinstance(node, ast.Try) or (isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test)):
            yield from imports_at_load(node.body)


@cache
def imported_by(path: Path) -> frozenset[str]:
    """What loading a file imports; most files are loaded by most functions."""
    return frozenset(imports_at_load(ast.parse(path.read_text()).body))


@cache
def imports_anywhere(path: Path) -> frozenset[str]:
    """Modules a file imports at any time, those inside functions included."""
    tree = ast.parse(path.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return frozenset(
        names | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    )


def source(module: str) -> Path | None:
    path = LIBRARY.parent.joinpath(*module.split("."))
    return next((found for found in (path.with_suffix(".py"), path / "__init__.py") if found.is_file()), None)


def loaded(handler: Path) -> set[str]:
    """Every module that a cold start loads, by following the imports through the library."""
    seen: set[str] = set()
    waiting = list(imported_by(handler))
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            path = source(module) if module.startswith("meterhouse") else None
            waiting += imported_by(path) if path else ()
    return seen


@cache
def packages(layer: Layer) -> frozenset[str]:
    """Top-level modules of a layer."""
    return frozenset(path.name.split(".")[0] for path in (build(Target.AWS)[layer].path / "python").iterdir())


def available(spec: FunctionSpec) -> set[str]:
    layers = [Layer.CORE, *(LAYER_OF[t] for t in spec.technologies if t in LAYER_OF)]
    return IN_THE_RUNTIME.union(*(packages(layer) for layer in layers))


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_all_that_a_cold_start_loads_is_in_the_layers(spec: FunctionSpec) -> None:
    needed = {module.split(".")[0] for module in loaded(FUNCTIONS / spec.name / "handler.py")}

    assert needed <= available(spec)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_all_that_the_handlers_own_adapters_import_later_is_in_the_layers(spec: FunctionSpec) -> None:
    handler = FUNCTIONS / spec.name / "handler.py"
    own = [path for module in imported_by(handler) if (path := source(module))]
    needed = {module.split(".")[0] for path in own for module in imports_anywhere(path)}

    assert needed <= available(spec)

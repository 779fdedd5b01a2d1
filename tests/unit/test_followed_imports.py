"""mypy reads of the CDK what this project uses, and whatever a type of that may be made of."""

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CDK = Path(*(find_spec("aws_cdk") or pytest.fail("the CDK is not installed")).submodule_search_locations or ())
OURS = ("infra", "layers", "localstack", "tests")
OF_THE_PACKAGE_ITSELF = ("cloud_assembly_schema", "cx_api")
WHOLE = {"aws_cdk", "aws_cdk._jsii.*", "aws_cdk.interfaces.*"}
NAMED_FOR_TYPES = re.compile(r" +import aws_cdk\.([\w.]+) as _\w+")
WITHIN_FOR_TYPES = re.compile(r" +from \. import (\w+) as \1")
"""How the CDK's modules import one another, under TYPE_CHECKING."""


def source_of(module: str) -> Path:
    return CDK.joinpath(*module.split("."), "__init__.py")


def used() -> Iterator[str]:
    """Modules that are imported by name, as `aws_iam`."""
    for path in (path for folder in OURS for path in (ROOT / folder).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "aws_cdk" in text else ():
            if isinstance(node, ast.ImportFrom) and node.module == "aws_cdk":
                yield from (name.name for name in node.names if source_of(name.name).is_file())
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("aws_cdk."):
                yield (node.module or "").removeprefix("aws_cdk.")


def imported_by(module: str) -> Iterator[str]:
    for line in source_of(module).read_text(encoding="utf-8").splitlines():
        if line.startswith("    import aws_cdk.") and (named := NAMED_FOR_TYPES.fullmatch(line)):
            yield named[1]
        elif line.startswith("    from . import ") and (within := WITHIN_FOR_TYPES.fullmatch(line)):
            yield f"{module}.{within[1]}"


def test_whatever_is_used_of_the_cdk_is_followed_and_nothing_else() -> None:
    needed: set[str] = set()
    waiting = {*used(), *OF_THE_PACKAGE_ITSELF}
    while waiting:
        needed |= waiting
        waiting = {name for module in waiting for name in imported_by(module)} - needed
    needed = {name for name in needed if not name.startswith("interfaces")}

    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]["overrides"]
    (followed,) = [one["module"] for one in overrides if one.get("follow_imports") == "normal"]

    assert {*followed} == {f"aws_cdk.{name}" for name in needed} | WHOLE

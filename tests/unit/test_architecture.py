"""What the house looks like, checked: sizes, names, pages."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = sorted(
    path
    for folder in ("shared/meterhouse", "functions", "infra", "layers", "localstack")
    for path in (ROOT / folder).rglob("*.py")
)
HANDLERS = sorted((ROOT / "functions").glob("*/handler.py"))
ROOMS = sorted(path for path in (ROOT / "shared/meterhouse").iterdir() if (path / "__init__.py").is_file())


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


@cache
def functions_in(path: Path) -> list[tuple[str, int]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [(n.name, (n.end_lineno or 0) - n.lineno + 1) for n in ast.walk(tree) if isinstance(n, kinds)]


def percentile(values: list[int], share: float) -> int:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def test_no_file_holds_two_things() -> None:
    assert [path.name for path in PRODUCT if lines_of(path) > 400] == []
    sizes = [lines_of(path) for path in PRODUCT if lines_of(path)]
    assert percentile(sizes, 0.5) <= 90
    assert percentile(sizes, 0.95) <= 300


def test_no_function_is_longer_than_a_screen() -> None:
    long = [(path.name, name, size) for path in PRODUCT for name, size in functions_in(path) if size > 60]
    assert long == []
    sizes = [size for path in PRODUCT for _, size in functions_in(path)]
    assert percentile(sizes, 0.5) <= 8
    assert percentile(sizes, 0.95) <= 40


def test_handlers_are_tiny_and_never_import_each_other() -> None:
    assert HANDLERS
    for handler in HANDLERS:
        assert lines_of(handler) <= 60, handler
        assert "from functions" not in handler.read_text(encoding="utf-8")


def test_no_file_is_named_for_nothing() -> None:
    vague = {"util", "utils", "helper", "helpers", "common", "misc"}
    assert [path for path in PRODUCT if vague & {path.stem, *(parent.name for parent in path.parents)}] == []


def test_every_room_has_its_page() -> None:
    assert [room.name for room in ROOMS if not (room / "README.md").is_file()] == []


def test_the_library_has_one_name() -> None:
    assert not (ROOT / "shared/__init__.py").exists()

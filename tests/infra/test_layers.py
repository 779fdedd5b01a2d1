"""The layers that layers/build.py leaves."""

import os
import re
from importlib.metadata import version
from pathlib import Path

import pytest

from layers.build import BuiltLayer, LayersTooLargeError, build, check_size
from layers.catalogue import Layer, Target
from layers.requirements import UvMissingError, _uv_binary, requirements
from tests.infra.templates import ROOT

PIN = re.compile(r"^([A-Za-z0-9_.\-]+)(?:\[[^]]*])?==([^ ;]+)")


@pytest.fixture(scope="module")
def for_aws() -> dict[Layer, BuiltLayer]:
    return build(Target.AWS)


def test_every_layer_is_built(for_aws: dict[Layer, BuiltLayer]) -> None:
    assert set(for_aws) == set(Layer)
    assert all((layer.path / "python").is_dir() for layer in for_aws.values())


def test_compiled_code_is_for_graviton_and_python_3_13(for_aws: dict[Layer, BuiltLayer]) -> None:
    compiled = [path.name for layer in for_aws.values() for path in layer.path.rglob("*.cpython-*.so")]

    assert compiled
    assert not [name for name in compiled if not re.search(r"cpython-313-aarch64", name)]


def test_the_library_arrives_with_its_sql_and_without_byte_code(for_aws: dict[Layer, BuiltLayer]) -> None:
    python = for_aws[Layer.METERHOUSE].path / "python"

    assert (python / "meterhouse" / "kernel" / "errors.py").is_file()
    assert list(python.rglob("*.sql"))
    assert not list(for_aws[Layer.CORE].path.rglob("__pycache__"))
    assert not list(python.rglob("__pycache__"))


def test_what_speaks_with_a_deployment_is_not_in_it(for_aws: dict[Layer, BuiltLayer]) -> None:
    shipped = {path.name for layer in for_aws.values() for path in (layer.path / "python").iterdir()}

    assert not shipped & {"httpx", "rich", "typer", "yaml"}
    library = for_aws[Layer.METERHOUSE].path / "python" / "meterhouse"
    assert not [room for room in ("cli", "client") if (library / room).exists()]


def test_only_the_fonts_that_are_read_are_shipped(for_aws: dict[Layer, BuiltLayer]) -> None:
    fonts = {path.name for path in for_aws[Layer.PDF].path.rglob("Noto*")}

    assert {"NotoSansSC-Regular.otf", "NotoSansKR-Regular.otf", "NotoSansArabic[wght].ttf"} <= fonts
    assert not [name for name in fonts if "Serif" in name]


def test_what_the_runtime_brings_is_not_shipped(for_aws: dict[Layer, BuiltLayer]) -> None:
    shipped = {path.name for layer in for_aws.values() for path in (layer.path / "python").iterdir()}

    assert not shipped & {"boto3", "botocore", "s3transfer"}


def test_an_adapter_layer_repeats_nothing_of_the_core(for_aws: dict[Layer, BuiltLayer]) -> None:
    core = {path.name for path in (for_aws[Layer.CORE].path / "python").iterdir()}

    for layer in (Layer.KAFKA, Layer.CLICKHOUSE, Layer.POSTGRES, Layer.PDF):
        own = {path.name for path in (for_aws[layer].path / "python").iterdir()}
        assert not own & core, layer


def test_building_again_takes_what_is_there(for_aws: dict[Layer, BuiltLayer]) -> None:
    pinned = [layer for layer in Layer if layer is not Layer.METERHOUSE]
    before = {layer: for_aws[layer].path.stat().st_ino for layer in pinned}

    again = build(Target.AWS)

    assert {layer: again[layer].path.stat().st_ino for layer in pinned} == before
    assert [again[layer].content_hash for layer in pinned] == [for_aws[layer].content_hash for layer in pinned]


def test_for_the_emulator_a_layer_lists_pins_this_python_has_installed() -> None:
    built = build(Target.LOCAL)

    for layer in (Layer.CORE, Layer.KAFKA, Layer.CLICKHOUSE, Layer.POSTGRES):
        listed = (built[layer].path / "python" / f"{layer}.txt").read_text().splitlines()
        pins = [pin for line in listed if "win32" not in line for pin in PIN.findall(line)]
        assert pins
        assert [(name, version(name)) for name, _ in pins] == pins


def test_every_pin_is_checked_by_hash() -> None:
    pins = requirements(Layer.POSTGRES, ROOT).splitlines()

    assert pins
    assert all("--hash=sha256:" in pin for pin in pins)


def test_all_layers_but_those_of_few_functions_fit_one(for_aws: dict[Layer, BuiltLayer]) -> None:
    of_few = {Layer.PAYMENTS, Layer.GENAI, Layer.PDF, Layer.OIDC}
    check_size([built for layer, built in for_aws.items() if layer not in of_few], "sink_events")


def test_more_than_five_layers_are_refused(for_aws: dict[Layer, BuiltLayer]) -> None:
    with pytest.raises(LayersTooLargeError, match=rf"manage_everything: {len(for_aws)} layers"):
        check_size(list(for_aws.values()), "manage_everything")


def test_more_than_250_megabytes_are_refused() -> None:
    large = BuiltLayer(Layer.CORE, Path(), "", 251 * 1024 * 1024)

    with pytest.raises(LayersTooLargeError, match=r"251 MiB"):
        check_size([large], "sink_events")


def test_a_machine_without_uv_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("layers.requirements.INSTALLED_UV", tmp_path / "uv")
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setitem(os.environ, "PATH", str(tmp_path))

    with pytest.raises(UvMissingError, match="make layers"):
        _uv_binary()

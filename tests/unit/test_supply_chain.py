import json
import sys
import tomllib

import pytest

from layers.bill_of_materials import bill_of_materials
from layers.licences import DOCUMENT, NPM_LOCKS, ROOT, LicenceError, npm_packages, python_packages, written
from localstack import audit
from localstack.audit import AdvisoriesMissingError, npm_findings, pip_findings

_LOCK = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))


def test_every_locked_file_has_its_hash() -> None:
    listed = [one for one in _LOCK["package"] if "registry" in one["source"]]
    files = [file for one in listed for file in (*one.get("wheels", ()), *filter(None, [one.get("sdist")]))]
    npm = [
        one for lock in NPM_LOCKS for path, one in json.loads(lock.read_text("utf-8"))["packages"].items() if path != ""
    ]
    assert all(file["hash"].startswith("sha256:") for file in files)
    assert all(one["integrity"].startswith("sha512-") for one in npm)
    assert len(files) > len(listed) > 0
    assert npm


def test_every_dependency_that_is_asked_for_is_named_with_its_reason() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    reasons = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    asked = [pin.split("==")[0].split("[")[0] for group in groups.values() for pin in group]
    asked += [
        name
        for lock in NPM_LOCKS
        for name in json.loads((lock.parent / "package.json").read_text("utf-8"))["dependencies"]
    ]
    assert [name for name in asked if name not in reasons] == []


def test_the_page_of_licences_tells_the_lock_files_as_they_are() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == written(), "make licences"


@pytest.mark.parametrize("licence", ["AGPL-3.0-only", "MIT AND SSPL-1.0", "", None])
def test_a_licence_that_is_not_allowed_or_not_known_is_refused_by_name(licence: str | None) -> None:
    entry = {"version": "1.0.0"} | ({"license": licence} if licence is not None else {})
    with pytest.raises(LicenceError, match=r"copied 1\.0\.0"):
        npm_packages(json.dumps({"packages": {"": {}, "node_modules/copied": entry}}))


def test_a_python_package_that_is_not_installed_here_has_no_licence_until_somebody_looks() -> None:
    lock = '[[package]]\nname = "never-heard-of"\nversion = "1"\nsource = { registry = "r" }\n'
    with pytest.raises(LicenceError, match="never-heard-of 1: unknown"):
        python_packages(lock)


def test_the_bill_of_materials_tells_what_ships_apart_and_is_the_same_twice() -> None:
    bill = bill_of_materials()
    scope = {one["name"]: one["scope"] for one in bill["components"]}
    assert {name: scope[name] for name in ("psycopg", "uplot", "pytest", "aws-cdk")} == {
        "psycopg": "required",
        "uplot": "required",
        "pytest": "excluded",
        "aws-cdk": "excluded",
    }
    assert all(one["licenses"] for one in bill["components"])
    assert bill_of_materials() == bill


def test_known_vulnerabilities_are_told_a_line_each() -> None:
    broken = {"name": "jinja2", "version": "2.4", "vulns": [{"id": "PYSEC-2014-8", "fix_versions": ["2.7.2"]}]}
    sound = {"name": "zstandard", "version": "0.25.0", "vulns": []}
    assert list(pip_findings(json.dumps({"dependencies": [broken, sound]}), "")) == [
        "PyPI jinja2 2.4: PYSEC-2014-8, mended in 2.7.2"
    ]
    advice = {"range": "<1.2", "severity": "high", "via": [{"title": "Prototype pollution"}, "mixin"]}
    assert list(npm_findings(json.dumps({"vulnerabilities": {"deep": advice}}), "")) == [
        "npm deep <1.2: high, Prototype pollution; by mixin"
    ]


def test_advisories_that_cannot_be_asked_are_no_clean_bill() -> None:
    with pytest.raises(AdvisoriesMissingError, match="not found on PyPI"):
        list(pip_findings("", "ERROR: not found on PyPI"))
    with pytest.raises(AdvisoriesMissingError, match="405"):
        list(npm_findings('{"message": "405 Method Not Allowed", "error": {"summary": ""}}', ""))
    for nothing in ("", "npm error network"):
        with pytest.raises(AdvisoriesMissingError, match="ENOTFOUND"):
            list(npm_findings(nothing, "npm error code ENOTFOUND"))


def test_a_network_that_swallows_questions_does_not_keep_ci_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_PATIENCE_SECONDS", 0.05)
    with pytest.raises(AdvisoriesMissingError, match="no answer within"):
        audit._run((sys.executable, "-c", "import time; time.sleep(60)"))

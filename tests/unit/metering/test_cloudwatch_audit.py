"""What the audits tell CloudWatch."""

import json
from typing import Any

import pytest

from functions.audit_events import handler as of_hours
from functions.audit_month import handler as of_month
from meterhouse.metering.audit_events import Audit
from meterhouse.metering.cloudwatch_audit import LETTERS, METRICS, MOST_NAMESPACES, tell
from meterhouse.metering.conservation import Account
from tests.unit.platform.requests import CONTEXT

Told = list[tuple[list[list[str]], dict[str, Any]]]
FOUND = Account(accepted=9, counted=1, unmatched=2, invalid=3, duplicate=4, conflict=5, dead=6, pending=7, astray=8)


def told(capsys: pytest.CaptureFixture[str]) -> Told:
    """Dimensions and content of the lines that CloudWatch reads as metrics."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], line) for line in lines if "_aws" in line]


@pytest.mark.parametrize("module", [of_hours, of_month], ids=["hours", "month"])
def test_every_number_is_told_of_all_and_of_each_namespace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], module: Any
) -> None:
    monkeypatch.setattr(module, "audit", lambda: Audit({"acme": FOUND}, letters=2))

    assert module.handler({}, CONTEXT) == {name: getattr(FOUND, of) for name, of in METRICS.items()} | {LETTERS: 2}

    (dimensions, whole), (of_each, acme) = told(capsys)
    assert (dimensions, of_each, acme["namespace"]) == ([["service"]], [["namespace", "service"]], "acme")
    assert {*METRICS.values()} == {*Account.__dataclass_fields__}
    for name, of in METRICS.items():
        assert whole[name] == acme[name] == [getattr(FOUND, of)]
    assert (whole[LETTERS], LETTERS in acme) == ([2], False)


def test_those_in_trouble_and_the_largest_namespaces_are_told_of_for_each_costs_money(
    capsys: pytest.CaptureFixture[str],
) -> None:
    accounts = {f"n{number}": Account(accepted=number) for number in range(100)} | {"astray": Account(astray=1)}

    tell(Audit(accounts, letters=0))

    named = [line["namespace"] for dimensions, line in told(capsys) if "namespace" in dimensions[0]]
    assert len(named) == MOST_NAMESPACES
    assert named[:3] == ["astray", "n99", "n98"]


@pytest.mark.parametrize("name", ["", " ", "é\n\x07", "\ufffd" * 256], ids=["none", "blank", "unprintable", "long"])
def test_a_namespace_of_any_characters_is_a_dimension_that_cloudwatch_takes(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    tell(Audit({name: FOUND}, letters=0))

    value = told(capsys)[1][1]["namespace"]
    assert value.isascii()
    assert value.isprintable()
    assert value.strip()
    assert len(value) <= 1024

"""Faults in the files of a catalog: each with its file, its line and its field, all at once."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.cli.catalog.folder import Files, read_files
from meterhouse.cli.catalog.yaml_text import yaml_text
from meterhouse.cli.errors import Misused

FEATURE = "name: Miles\nmeterSlug: miles\n"
PLAN = """\
name: Pro
currency: USD
billingCadence: P1M
phases:
  - key: default
    name: Default
    rateCards:
      - type: flat_fee
        key: fee
        name: Fee
        price: {type: flat, amount: 10}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("catalog")


def put(file: Path, text: str | bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)


def faults(files: Files) -> list[str]:
    return [str(fault) for fault in files.faults]


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ("currency", "curency", ["3: curency: is no field here; did you mean currency?", "2: currency: is missing"]),
        ("name: Pro", "key: pro", ["2: key: is no field here: the key is the name of the file", "2: name: is missing"]),
        ("P1M", "monthly", ["4: billingCadence: 'monthly' is not a duration of whole hours"]),
        ("flat_fee", "flat", ["9: phases.default.rateCards.fee.type: 'flat' is none: one of flat_fee, usage_based"]),
        (
            "type: flat_fee",
            "name2: x",
            ["9: phases.default.rateCards.fee.type: is missing: one of flat_fee, usage_based"],
        ),
        (
            "amount: 10",
            "amount: 1e1",
            ["12: phases.default.rateCards.fee.price.amount: '1e1' is no decimal such as \"0.10\""],
        ),
        ("amount: 10", "amount: [1]", ["12: phases.default.rateCards.fee.price.amount: must be one value"]),
        (", amount: 10", "", ["12: phases.default.rateCards.fee.price.amount: is missing"]),
        (
            "amount: 10",
            "amount: 10, paymentTerm: in_advanse",
            ["12: phases.default.rateCards.fee.price.paymentTerm: 'in_advanse' is none of in_advance, in_arrears; did"],
        ),
        (
            "amount: 10}",
            "amount: 10}\n        discounts: {percentage: {percentage: 33.33333333333333333}}",
            ["13: phases.default.rateCards.fee.discounts.percentage.percentage: 33.33333333333333333 has more digits"],
        ),
        ("name: Pro", "name: Pro\ndraft: yes", ["3: draft: 'yes' is neither true nor false"]),
        ("name: Pro", "name: Pro\nname: Pro", ["3: name: is there twice, first in line 2"]),
        ("name: Pro", "name: Pro\nmetadata: [a]", ["3: metadata: must be a mapping of names to values"]),
        ("name: Pro", "name: Pro\nmetadata: {a: [b]}", ["3: metadata.a: must be one value"]),
        ("name: Pro", "name:", ["2: name: is missing"]),
        ("name: Pro", "name: [", ["4: expected ',' or ']', but got ':'"]),
        ("name: Pro", "? [a]\n: b", ["2: a name must be a text"]),
        ("name: Pro", "name: Pro\n---\na: b", ["3: but found another document"]),
        ("name: Pro", "name: \x07", ["2: the character 0x07 is not allowed"]),
        ("name: Pro", "metadata: &a {b: *a}", ["2: an alias holds itself, or there is too much"]),
    ],
)
def test_a_fault_stands_at_its_line(folder: Path, was: str, now: str, told: list[str]) -> None:
    put(folder / "plans/pro.yaml", "# sold to most\n" + PLAN.replace(was, now, 1))

    found = faults(read_files(folder))

    assert [one[: len(f"catalog/plans/pro.yaml:{line}")] for one, line in zip(found, told, strict=True)] == [
        f"catalog/plans/pro.yaml:{line}" for line in told
    ]


def test_the_same_key_twice_in_a_list_is_a_fault(folder: Path) -> None:
    put(folder / "plans/pro.yaml", PLAN + PLAN[PLAN.index("      - type") :])

    assert faults(read_files(folder)) == [
        "catalog/plans/pro.yaml:12: phases.default.rateCards.fee: is the key of an earlier one"
    ]


def test_all_faults_of_all_files_are_told_and_nothing_else_is_done(folder: Path) -> None:
    put(folder / "plans/pro.yaml", "name: Pro\n")
    put(folder / "features/miles.yaml", "nam: Miles\n")

    with pytest.raises(Misused) as refused:
        read_files(folder).require_sound()

    assert str(refused.value).splitlines() == [
        "the files have faults, and nothing was asked",
        "catalog/features/miles.yaml:1: nam: is no field here; did you mean name?",
        "catalog/features/miles.yaml:1: name: is missing",
        "catalog/plans/pro.yaml:1: currency: is missing",
        "catalog/plans/pro.yaml:1: billingCadence: is missing",
        "catalog/plans/pro.yaml:1: phases: is missing",
    ]


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("feature/a.yaml", FEATURE, "catalog/feature/a.yaml:1: is in no folder of a catalog"),
        ("a.yaml", FEATURE, "catalog/a.yaml:1: is in no folder of a catalog"),
        ("features/deep/a.yaml", FEATURE, "catalog/features/deep/a.yaml:1: is in no folder"),
        (
            "features/miles.yml",
            FEATURE,
            "catalog/features/miles.yml:1: miles: this feature is in catalog/features/miles.yaml:1",
        ),
        ("features/a.yaml", b"name: \xff\n", "catalog/features/a.yaml:1: is not UTF-8"),
        ("features/a.yaml", "- a\n", "catalog/features/a.yaml:1: must be a mapping of names to values"),
        ("features/a.yaml", "", "catalog/features/a.yaml:1: name: is missing"),
    ],
)
def test_a_file_in_the_wrong_place_or_of_another_kind_is_a_fault(
    folder: Path, file: str, text: str | bytes, told: str
) -> None:
    put(folder / "features/miles.yaml", FEATURE)
    put(folder / file, text)

    assert any(one.startswith(told) for one in faults(read_files(folder))), faults(read_files(folder))


def test_what_is_hidden_or_no_yaml_is_let_alone_and_an_empty_folder_is_kept(folder: Path) -> None:
    put(folder / "features/miles.yaml", FEATURE)
    put(folder / "README.md", "# Ours\n")
    put(folder / ".git/a.yaml", "x")
    (folder / "plans").mkdir()

    files = read_files(folder)

    assert (faults(files), set(files.entries), files.kept) == ([], {("features", "miles")}, {"features", "plans"})


def test_one_file_holds_things_by_family_and_key(folder: Path) -> None:
    del folder
    put(Path("shop.yaml"), "features:\n  miles:\n    name: Miles\n  calls:\n    nam: Calls\nplan:\n  pro: {}\nplans:\n")

    files = read_files(Path("shop.yaml"))

    assert set(files.entries) == {("features", "miles"), ("features", "calls")}
    assert files.kept == {"features", "plans"}
    assert faults(files) == [
        "shop.yaml:5: nam: is no field here; did you mean name?",
        "shop.yaml:5: name: is missing",
        "shop.yaml:6: plan: is none of meters, features, addons, plans; did you mean plans?",
    ]


def test_a_key_twice_in_one_file_is_a_fault(folder: Path) -> None:
    del folder
    put(Path("shop.yaml"), "features:\n  miles: {name: A}\n  miles: {name: B}\n")

    assert faults(read_files(Path("shop.yaml"))) == ["shop.yaml:3: miles: this feature is in shop.yaml:2 already"]


def test_no_word_is_a_truth_and_no_number_a_double(folder: Path) -> None:
    put(folder / "features/miles.yaml", "name: no\nmetadata: {since: 2026-01-01, size: 1.10, on: on}\n")

    entry = read_files(folder).entries["features", "miles"]

    assert entry.document == {"name": "no", "metadata": {"on": "on", "since": "2026-01-01", "size": "1.10"}}


NAMES = st.sampled_from(
    [
        "name",
        "currency",
        "phases",
        "rateCards",
        "price",
        "type",
        "addons",
        "metadata",
        "advancedMeterGroupByFilters",
        "key",
        "discounts",
        "tiers",
        "unitCost",
        "flat",
        "usage_based",
        "billingCadence",
        "proRatingConfig",
        "x",
    ]
)
WORDS = st.sampled_from(["flat_fee", "usage_based", "tiered", "unit", "manual", "P1M", "1.0", "", "true"]) | st.none()
ANYTHING = st.recursive(WORDS, lambda part: st.lists(part, max_size=3) | st.dictionaries(NAMES, part, max_size=5))


@given(st.dictionaries(st.sampled_from(["meters", "features", "addons", "plans"]), st.dictionaries(NAMES, ANYTHING)))
def test_whatever_a_file_holds_is_a_document_or_a_fault_with_a_line(whole: dict[str, object]) -> None:
    text = yaml_text(whole)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "shop.yaml"
        file.write_text(text)
        files = read_files(file)

    assert all(1 <= fault.place.line <= text.count("\n") + 1 for fault in files.faults)
    if not files.faults:
        assert all(yaml_text(entry.document) for entry in files.entries.values())

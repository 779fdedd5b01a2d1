"""The worked examples of names, and what else means the same."""

import json
from pathlib import Path

import pytest

from meterhouse.llmcost.model_match import matches
from meterhouse.llmcost.model_name import model_id, provider_id

_CASES = json.loads(Path(__file__).with_name("worked_examples.json").read_text(encoding="utf-8"))
NAMES = [case for case in _CASES if case["area"] == "llm_normalize"]


@pytest.mark.parametrize("case", NAMES, ids=[case["id"] for case in NAMES])
def test_a_name_has_one_spelling(case: dict[str, dict[str, str]]) -> None:
    given, expected = case["inputs"], case["expected"]

    assert (provider_id(given["provider"]), model_id(given["model"])) == (expected["provider"], expected["model"])


@pytest.mark.parametrize("case", NAMES, ids=[case["id"] for case in NAMES])
def test_the_one_spelling_is_its_own(case: dict[str, dict[str, str]]) -> None:
    expected = case["expected"]

    assert (provider_id(expected["provider"]), model_id(expected["model"])) == (
        expected["provider"],
        expected["model"],
    )


def test_neither_case_nor_space_around_it_tells_a_name_apart() -> None:
    assert (provider_id(" OpenAI "), model_id(" GPT-4o-2024-08-06 ")) == ("openai", "gpt-4o")


@pytest.mark.parametrize(
    ("match", "name", "expected"),
    [
        ({"equals": "GPT-4"}, "gpt-4", True),
        ({"equals": "gpt-4"}, "gpt-4o", False),
        ({"starts_with": "gpt-4"}, "GPT-4o", True),
        ({"ends_with": "mini"}, "gpt-4o-mini", True),
        ({"contains": "4o"}, "gpt-4o-mini", True),
        ({"regex": "^gpt-(?!.*mini)"}, "gpt-4o-mini", False),
        ({"or": [{"equals": "a"}, {"equals": "b"}]}, "b", True),
        ({"and": [{"starts_with": "a"}, {"ends_with": "b"}]}, "ac", False),
    ],
)
def test_a_condition_says_what_a_name_means(match: dict[str, object], name: str, expected: bool) -> None:
    assert matches(match, name) is expected


def test_a_condition_of_another_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match="sounds_like"):
        matches({"sounds_like": "gpt"}, "gpt")

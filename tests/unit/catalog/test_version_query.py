from urllib.parse import urlencode

import pytest

from meterhouse.catalog.version_query import key_versions
from meterhouse.kernel.errors import InvalidInput


def read(*pairs: tuple[str, str]) -> dict[str, list[int]] | None:
    return key_versions({"rawQueryString": urlencode(pairs)})


def test_versions_of_keys_are_read_as_the_contract_writes_them() -> None:
    assert read(
        ("keyVersion[pro]", "1"), ("status", "draft"), ("keyVersion[pro][]", "2"), ("keyVersion[a_1]", "3")
    ) == {
        "pro": [1, 2],
        "a_1": [3],
    }
    assert read(("key", "pro")) is None
    assert key_versions({}) is None


def test_versions_of_keys_are_read_as_the_official_sdk_writes_them() -> None:
    assert read(("keyVersion", str({"pro": [1, 2], "a_1": [3]}))) == {"pro": [1, 2], "a_1": [3]}


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("keyVersion[pro]", "x", "int_parsing"),
        ("keyVersion[pro]", "-1", "int_parsing"),
        ("keyVersion[pro]", "1" * 10, "int_parsing"),
        ("keyVersion[Pro]", "1", "key_version"),
        ("keyVersion.pro", "1", "key_version"),
        *[
            ("keyVersion", value, "key_version")
            for value in ("1", "{}", "{'pro': []}", "{'pro': [1}", "{'pro': ['1']}", "{'pro': [1], 'a': x}")
        ],
    ],
)
def test_what_is_no_version_is_refused(name: str, value: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read((name, value))
    assert [(problem.field, problem.code) for problem in refused.value.problems] == [(f"query:{name}", code)]

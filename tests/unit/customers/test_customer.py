import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.customers.model import CustomerDetails
from meterhouse.kernel.errors import InvalidInput

KEYS = st.text(min_size=1, max_size=4)


def test_usage_comes_from_the_key_and_the_subject_keys_each_once() -> None:
    details = CustomerDetails("Acme", key="acme", subject_keys=("device-1", "acme", "device-2"))
    assert details.usage_subjects == ("acme", "device-1", "device-2")


def test_a_customer_without_key_and_subject_keys_is_refused_together_with_its_other_faults() -> None:
    with pytest.raises(InvalidInput) as refused:
        CustomerDetails("Acme", currency="XXX").check()
    assert [(problem.field, problem.code) for problem in refused.value.problems] == [
        ("/usageAttribution/subjectKeys", "subject_required"),
        ("/currency", "unknown_currency"),
    ]


@pytest.mark.parametrize("details", [CustomerDetails("Acme", key="a"), CustomerDetails("Acme", subject_keys=("a",))])
def test_a_key_or_a_subject_key_suffices(details: CustomerDetails) -> None:
    details.check()


@given(key=st.none() | KEYS, subject_keys=st.lists(KEYS).map(tuple))
def test_usage_subjects_hold_what_was_named_without_repeats(key: str | None, subject_keys: tuple[str, ...]) -> None:
    subjects = CustomerDetails("Acme", key, subject_keys).usage_subjects
    assert len(set(subjects)) == len(subjects)
    assert set(subjects) == {*subject_keys, *([] if key is None else [key])}

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from meterhouse.billing.documents import (
    detailed_from_documents,
    detailed_to_documents,
    issues_from_documents,
    issues_to_documents,
    party_from_document,
    party_to_document,
    workflow_from_document,
    workflow_to_document,
)
from meterhouse.billing.invoice import Issue, Severity
from meterhouse.billing.profile import CollectionMethod, EndProration, Party, Workflow
from meterhouse.customers.model import Address
from meterhouse.kernel.duration import Duration
from meterhouse.rating.conventions import Conventions, Fractions, UpTo
from tests.unit.billing.samples import metered, rated_draft, tiers

workflows = st.builds(
    Workflow,
    collection_interval=st.sampled_from([Duration("PT1H"), Duration("P0D")]),
    auto_advance=st.booleans(),
    end_proration=st.sampled_from(list(EndProration)),
    collection_method=st.sampled_from(list(CollectionMethod)),
    default_tax_config=st.none() | st.just({"behavior": "inclusive"}),
    conventions=st.builds(Conventions, fractions=st.sampled_from(Fractions), up_to=st.sampled_from(UpTo)),
)


@given(workflows)
def test_a_workflow_comes_back_as_it_was_stored(workflow: Workflow) -> None:
    assert workflow_from_document(workflow_to_document(workflow)) == workflow


def test_parties_come_back_as_they_were_stored() -> None:
    party = Party("id", "key", "Ann", "DE1", Address(country="DE", line1="1 Way"))
    assert party_from_document(party_to_document(party)) == party
    assert party_from_document(party_to_document(replace(party, address=None))) == replace(party, address=None)


def test_issues_and_detailed_lines_come_back_as_they_were_stored() -> None:
    issues = (Issue(Severity.WARNING, "code", "component", "message", "/lines/0"),)
    assert issues_from_documents(issues_to_documents(issues)) == issues
    for line in rated_draft(metered(price=tiers())).invoice.lines:
        assert detailed_from_documents(detailed_to_documents(line.detailed)) == line.detailed

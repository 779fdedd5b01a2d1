"""What an edit by hand makes of a gathering invoice."""

from dataclasses import replace
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.billing.collection import gathering
from meterhouse.billing.edit import Edit, Edited, Terms, recognised
from meterhouse.billing.gathering_edit import gathering_edited, gathering_problems
from meterhouse.billing.invoice import Invoice, Line, ManagedBy
from meterhouse.billing.line_keys import late_key
from meterhouse.billing.line_spec import LineSpec, manual_line
from meterhouse.billing.profile import Party, Workflow
from meterhouse.catalog.known_features import KnownFeatures
from meterhouse.catalog.price import FlatPrice, PaymentTerm
from meterhouse.kernel.duration import Duration
from tests.unit.billing.samples import CUSTOMER, NOW, PROFILE, metered, pending
from tests.unit.subscriptions.samples import at

LATER = at("2024-06-02")
NOTHING_KNOWN = KnownFeatures()


def by_hand(name: str, amount: str = "40") -> LineSpec:
    price = FlatPrice(Decimal(amount), PaymentTerm.IN_ADVANCE)
    return LineSpec(name, at("2024-06-01"), at("2024-07-01"), at("2025-01-01"), price)


def staged(*lines: Line, manual: int = 0) -> Invoice:
    """Gathering lines, and so many by hand."""
    made = gathering(CUSTOMER, "USD", "01HZ0000000000000000000077", PROFILE, NOW)
    own = [manual_line(by_hand(f"Hand {n}"), f"hand-{n}", made, NOTHING_KNOWN, NOW) for n in range(manual)]
    return replace(made, lines=(*lines, *own))


def spec_of(line: Line) -> LineSpec:
    card, period = line.rate_card, line.service_period
    price, key = card.price, card.feature_key
    return LineSpec(line.name, period.start, period.end, line.invoice_at, price, key, line_id=line.id)


def edit_of(invoice: Invoice, *lines: LineSpec, **changes: object) -> Edit:
    terms = Terms(**{name: getattr(invoice.workflow, name) for name in Terms.__dataclass_fields__})
    edit = Edit(invoice.supplier, invoice.customer, terms, lines, invoice.description, invoice.metadata)
    return replace(edit, **changes)  # type: ignore[arg-type] # any of its fields


def done(invoice: Invoice, edit: Edit) -> Edited:
    ids = (f"new-{number}" for number in count(len(invoice.lines)))
    return gathering_edited(invoice, recognised(invoice, edit), NOTHING_KNOWN, lambda: next(ids), LATER)


def faults(invoice: Invoice, *lines: LineSpec, **changes: object) -> dict[str, str]:
    found = list(gathering_problems(invoice, edit_of(invoice, *lines, **changes), NOTHING_KNOWN, {}))
    told = {problem.field: problem.code for problem in found}
    assert len(told) == len(found), "a field has two faults"
    return told


@given(
    kinds=st.lists(st.sampled_from(["keep", "rename", "take back"]), min_size=4, max_size=4),
    added=st.lists(st.sampled_from("abc"), max_size=3),
)
def test_each_line_is_kept_changed_or_taken_back_and_a_repeat_changes_nothing(
    kinds: list[str], added: list[str]
) -> None:
    invoice = staged(manual=4)
    wanted = [by_hand(name) for name in added]
    for line, kind in zip(invoice.lines, kinds, strict=True):
        spec = spec_of(line)
        wanted += {"keep": [spec], "rename": [replace(spec, name="Other")], "take back": []}[kind]
    edited = done(invoice, edit_of(invoice, *wanted))
    assert {line.id for line in edited.changed} == _of(invoice, kinds, "rename")
    assert {line.id for line in edited.removed} == _of(invoice, kinds, "take back")
    assert len(edited.added) == len(added)
    after = edited.invoice
    assert {line.id for line in after.lines} == {spec.line_id for spec in wanted if spec.line_id} | {
        line.id for line in edited.added
    }
    assert all(line.is_pending and line.managed_by is ManagedBy.MANUAL for line in (*edited.changed, *edited.added))
    # its key is never asked for again
    assert all(line.is_live and not line.is_pending and line.deleted_at == LATER for line in edited.removed)
    again = done(after, edit_of(after, *wanted))
    assert (again.invoice, again.added, again.changed, again.removed) == (after, (), (), ())


def _of(invoice: Invoice, kinds: list[str], wanted: str) -> set[str]:
    return {line.id for line, kind in zip(invoice.lines, kinds, strict=True) if kind == wanted}


def test_what_says_what_is_so_already_is_the_invoice_itself() -> None:
    invoice = staged(*pending(), manual=1)
    assert done(invoice, edit_of(invoice, *map(spec_of, invoice.lines))).invoice == invoice


def test_what_is_not_by_hand_stays_as_it_is() -> None:
    [usage] = pending(metered(), as_of="2024-01-15")
    bare = replace(usage, subscription=None, key="manual/one")
    bought = replace(bare, key="credit/one", grant_id="01HZ0000000000000000000088")
    late, part = replace(bare, key=late_key(bare.key, 1)), replace(bare, whole_period=usage.service_period)
    for line in (usage, bought, late, part):
        assert faults(staged(line)) == {"/lines": "line_not_by_hand"}
        for changed in (replace(spec_of(line), name="Mine"), replace(spec_of(line), start=LATER)):
            assert faults(staged(line), changed)["/lines/0"] == "line_not_by_hand"
        assert faults(staged(line), spec_of(line)) == {}
    assert faults(staged(bare)) == {}


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("auto_advance", False, "invoicing/autoAdvance"),
        ("draft_period", Duration("P1D"), "invoicing/draftPeriod"),
        ("due_after", Duration("P1D"), "invoicing/dueAfter"),
        ("default_tax_config", {"behavior": "inclusive"}, "invoicing/defaultTaxConfig"),
    ],
)
def test_terms_that_are_written_are_those_of_the_profile(name: str, value: object, field: str) -> None:
    invoice = staged()
    other = replace(edit_of(invoice).terms, **{name: value})  # type: ignore[arg-type] # any of its fields
    assert faults(invoice, terms=other) == {f"/workflow/workflow/{field}": "gathering_invoice_follows"}
    assert faults(invoice, terms=other, said=frozenset()) == {}


def test_parties_say_what_is_shown_or_nothing() -> None:
    invoice = staged()
    assert invoice.workflow == Workflow()
    assert faults(invoice, supplier=Party(), customer=Party(name="Ann")) == {}
    assert faults(invoice, supplier=Party(name="X"), customer=Party(key="x")) == {
        "/supplier": "gathering_invoice_follows",
        "/customer": "gathering_invoice_follows",
    }

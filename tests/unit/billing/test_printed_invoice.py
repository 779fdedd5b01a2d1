# ruff: noqa: RUF001 - dashes and minus signs as they are printed
"""What an invoice says on paper, and that its bytes are the same whenever and wherever it is drawn."""

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from meterhouse.billing import pdf
from meterhouse.billing.collection import rated, with_lines
from meterhouse.billing.fonts import UNKNOWN, others_for, printable
from meterhouse.billing.invoice import Invoice, Overage
from meterhouse.billing.jinja import html_of
from meterhouse.billing.pdf import pdf_of
from meterhouse.billing.printed_invoice import DELETED, DRAFT, VOID, PrintedRow, mark_of, period_text, plain, printed
from meterhouse.billing.profile import Party, Workflow
from meterhouse.billing.state import InvoiceState
from meterhouse.catalog.discount import Discounts
from meterhouse.customers.model import Address
from meterhouse.kernel.period import Period
from tests.unit.billing.samples import NOW, draft, metered, tiers
from tests.unit.subscriptions.samples import at, fee

ISSUED = at("2024-02-01T02:00:00Z")
NAMES = "Sönner & <Söhne> Київ Αθήνα 株式会社 한국 شركة हिन्दी"


def invoice() -> Invoice:
    """Issued, with a fee, tiers under a discount, credit and tax, for a customer of many scripts."""
    made = draft(fee(), metered(price=tiers()))
    fee_line, usage_line, *_ = sorted(made.lines, key=lambda line: (line.rate_card.is_metered, line.invoice_at))[::-1]
    card = replace(fee_line.rate_card, discounts=Discounts(percentage=Decimal(10)))
    lines = [
        rated(replace(fee_line, rate_card=card), Decimal(1012), Workflow(), NOW),
        rated(usage_line, Decimal(1), Workflow(), NOW),
    ]
    made = with_lines(made, lines)
    return replace(
        made,
        state=InvoiceState.ISSUED,
        number="SANDBOX-000042",
        supplier=Party(name="House", tax_code="DE123", address=Address(country="DE", city="Berlin", line1="Linden 1")),
        customer=Party(name=NAMES, address=Address(country="JP", postal_code="100-0005", city="東京都")),
        totals=made.totals._replace(credits_total=Decimal(5), taxes_exclusive_total=Decimal("1.90")),
        issued_at=ISSUED,
        due_at=at("2024-03-02T02:00:00Z"),
    )


def test_it_says_who_owes_whom_what_for_what_and_until_when() -> None:
    found = printed(invoice())
    assert found.supplier == ("House", "Linden 1", "Berlin", "DE", "Tax code DE123")
    assert found.customer == (NAMES, "100-0005 東京都", "JP")
    assert dict(found.facts) == {
        "Invoice number": "SANDBOX-000042",
        "Status": "Issued",
        "Issued on": "1 February 2024",
        "Due on": "2 March 2024",
        "Period": "1 January 2024 – 29 February 2024",
    }
    usage, flat = found.lines
    assert usage.head == PrintedRow("Usage", "313.80")
    assert usage.note == "1 January 2024 – 31 January 2024 · 1,012 used"
    assert usage.rows[-2:] == (
        PrintedRow("Usage: usage price for tier 2", "333.67", "1,002", "0.333"),
        PrintedRow("Discount", "−33.37"),
    )
    assert (flat.head.quantity, flat.head.unit_price, flat.head.amount, flat.rows) == ("1", "20.00", "20.00", ())


def test_its_sums_lead_from_what_is_charged_to_what_is_due() -> None:
    assert printed(invoice()).sums == (
        ("Before discounts", "368.67"),
        ("Discounts", "−34.87"),
        ("Subtotal", "333.80"),
        ("Credits", "−5.00"),
        ("Tax", "1.90"),
        ("Total", "USD 330.70"),
    )


@pytest.mark.parametrize(
    ("change", "mark"),
    [
        ({}, None),
        ({"state": InvoiceState.PAID}, None),
        ({"state": InvoiceState.VOIDED, "voided_at": ISSUED}, VOID),
        ({"state": InvoiceState.DRAFT_CREATED, "issued_at": None}, DRAFT),
        ({"state": InvoiceState.ISSUING_FAILED, "issued_at": None}, DRAFT),
        ({"state": InvoiceState.DELETED, "issued_at": None}, DELETED),
    ],
)
def test_what_nobody_has_to_pay_says_so(change: dict[str, object], mark: str | None) -> None:
    changed = replace(invoice(), **change)  # type: ignore[arg-type] # any of its fields
    assert mark_of(changed) == mark
    assert (f'<span class="mark">{mark}</span>' in html_of(printed(changed)).decode()) is (mark is not None)
    assert ("Due on" in dict(printed(changed).facts)) is (mark is None)


def test_being_paid_changes_nothing_on_a_document_that_was_issued() -> None:
    assert printed(replace(invoice(), state=InvoiceState.PAID, updated_at=at("2024-05-01"))) == printed(invoice())


def test_html_escapes_what_callers_named() -> None:
    page = html_of(printed(invoice())).decode()
    assert "Sönner &amp; &lt;Söhne&gt;" in page
    assert "<Söhne>" not in page
    assert "http" not in page


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text in the order in which a PDF has it, as its fonts draw it."""
    found: list[str] = []

    def noted(text: str, fonts: Iterable[Path]) -> str:
        found.append(printable(text, fonts))
        return found[-1]

    monkeypatch.setattr(pdf, "printable", noted)
    return found


def test_an_english_invoice_with_a_discount_and_credit_has_a_font_for_each_sign(drawn: list[str]) -> None:
    english = printed(replace(invoice(), customer=Party(name="Acme Ltd")))
    pdf_of(english)
    assert not [text for text in drawn if UNKNOWN in text]
    assert {"−33.37", "−5.00"} <= set(drawn)
    assert {text for _, text in english.sums} <= set(drawn)


def test_lines_of_a_text_are_drawn_below_each_other_and_tabs_are_blanks(drawn: list[str]) -> None:
    made = invoice()
    named = replace(made.lines[0], name="Usage\r\nof the API")
    pdf_of(printed(replace(made, lines=(named,), description="Thanks,\n\ttill soon", number="A\n1")))
    assert not [text for text in drawn if UNKNOWN in text or "\n" in text]
    assert {"Usage", "of the API", "Thanks,", "    till soon", "A 1"} <= set(drawn)
    page = html_of(printed(replace(made, description="Thanks,\ntill soon"))).decode()
    assert '<p dir="auto">Thanks,\ntill soon</p>' in page
    assert "bdi, p[dir=auto] { white-space: pre-line; }" in page


def test_units_of_any_name_are_drawn(drawn: list[str]) -> None:
    made = invoice()
    left = replace(made.lines[0], overage=Overage("line", "クレジット", Decimal(3)))
    pdf_of(printed(replace(made, customer=Party(name="Acme Ltd"), lines=(left,))))
    assert [text for text in drawn if "3 クレジット that credit left" in text]


def test_the_same_invoice_is_the_same_bytes_in_another_process() -> None:
    """Hashes of texts differ from one process to the next: an order that came from them would show."""
    digests = [sha256(draw(printed(invoice()))).hexdigest() for draw in (html_of, pdf_of)]
    program = (
        "from hashlib import sha256\n"
        "from tests.unit.billing.test_printed_invoice import invoice, printed, html_of, pdf_of\n"
        "print(*(sha256(draw(printed(invoice()))).hexdigest() for draw in (html_of, pdf_of)))\n"
    )
    root = Path(__file__).resolve().parents[3]
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        env={"PYTHONPATH": f"{root / 'shared'}:{root}", "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
    )
    assert ran.stdout.split() == digests


def test_every_letter_of_the_worlds_scripts_has_a_font_and_what_has_none_a_sign() -> None:
    fonts = others_for(NAMES)
    assert printable(NAMES, fonts) == NAMES
    assert [font.stem.partition("[")[0] for font in fonts] == [
        "NotoSansArabic",
        "NotoSansDevanagari",
        "NotoSansSC-Regular",
        "NotoSansKR-Regular",
    ]
    assert others_for("Zażółć Київ Αθήνα Việt €") == []
    assert printable("a\N{LINEAR A SIGN AB001}", ()) == f"a{UNKNOWN}"


def test_days_are_told_as_days_and_instants_as_instants() -> None:
    day = Period(at("2024-01-01"), at("2024-01-02"))
    assert period_text(day) == "1 January 2024"
    hours = Period(at("2024-01-01T10:30:00Z"), at("2024-02-01"))
    assert period_text(hours) == "1 January 2024 10:30 – 1 February 2024 00:00 UTC"


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [("1234567.500", 0, "1,234,567.5"), ("0.10", 2, "0.10"), ("1E+3", 2, "1,000.00"), ("-0.00025", 2, "−0.00025")],
)
def test_numbers_keep_every_digit_that_counts(value: str, decimals: int, text: str) -> None:
    assert plain(Decimal(value), decimals) == text

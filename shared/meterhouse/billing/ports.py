"""What the use cases of this room need inside one transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from meterhouse.billing.credit_note import CreditNote
from meterhouse.billing.drive import Driven
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.late_lines import Billed
from meterhouse.billing.override import CustomerOverride, OverrideFilter, OverrideOrder
from meterhouse.billing.payment_report import PaymentReport
from meterhouse.billing.profile import Profile
from meterhouse.billing.rests import Known
from meterhouse.billing.void import Wish
from meterhouse.catalog.feature import Feature
from meterhouse.catalog.known_currencies import Currencies
from meterhouse.catalog.tax_code import DefaultTaxCodes, TaxCode
from meterhouse.customers.model import Customer
from meterhouse.kernel.period import Period
from meterhouse.ledger.ports import LedgerStore
from meterhouse.metering.late_usage import LateMark
from meterhouse.subscriptions.model import Subscription


class InvoiceOrder(StrEnum):
    CUSTOMER_NAME = "customer.name"
    ISSUED_AT = "issuedAt"
    STATUS = "status"
    CREATED_AT = "createdAt"
    UPDATED_AT = "updatedAt"
    PERIOD_START = "periodStart"


class ProfileOrder(StrEnum):
    CREATED_AT = "createdAt"
    UPDATED_AT = "updatedAt"
    DEFAULT = "default"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class InvoiceFilter:
    """None means any; instants are inclusive. `statuses` are the contract's short ones, `states` the extended."""

    statuses: Sequence[str] | None = None
    states: Sequence[str] | None = None
    customers: Sequence[str] | None = None
    issued_after: datetime | None = None
    issued_before: datetime | None = None
    period_start_after: datetime | None = None
    period_start_before: datetime | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    include_deleted: bool = False


@dataclass(frozen=True, slots=True)
class NoteFilter:
    """None means any."""

    customers: Sequence[str] | None = None
    invoices: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class PageOf:
    """A page of a list; `number` counts from 1, ties are broken by id."""

    number: int = 1
    size: int = 100
    descending: bool = False


class Invoices(Protocol):
    def lock_customers(self, customer_ids: Iterable[str]) -> None:
        """Wait until nobody else works on these customers; held until the transaction ends."""

    def find(self, invoice_id: str) -> Invoice | None: ...

    def under_way(self, customer_ids: Collection[str]) -> list[Invoice]:
        """Standard invoices of the customers that are not at their end, with their lines."""

    def page(self, wanted: InvoiceFilter, page: PageOf, order: InvoiceOrder) -> tuple[list[Invoice], int]:
        """One page with its lines, and how many invoices there are on all."""

    def add_gathering(self, invoices: Collection[Invoice]) -> None:
        """Add those that do not exist; those that do take on the workflow that their new lines are charged by."""

    def save(self, driven: Collection[Driven]) -> None:
        """Write invoices, without their lines, and the steps they took.

        Raises:
            Conflict: `invoice_number_taken`: one has the number of another of its app.
        """

    def take_numbers(self, scope: str, count: int) -> range:
        """`count` numbers nobody else gets; a rollback gives them back."""


class Lines(Protocol):
    def pending(self, customer_ids: Collection[str]) -> list[Line]: ...

    def settled_by_credit(self, gathering_id: str, keys: Collection[str]) -> list[Line]:
        """Those of these keys that credit alone settled, which are on no other invoice than the gathering one."""

    def by_ids(self, line_ids: Collection[str]) -> list[Line]: ...

    def live(self, keys: Collection[str]) -> list[Line]:
        """The live lines of these business keys."""

    def of_grants(self, grant_ids: Collection[str]) -> list[Line]:
        """The live line that pays for each credit grant."""

    def unpaid_for_good(self, grant_ids: Collection[str]) -> AbstractSet[str]:
        """Those of the credit grants whose line is on an uncollectible or voided invoice."""

    def taken_off(self, invoice_id: str) -> list[Line]:
        """Lines of an invoice that were deleted by hand."""

    def due(self, customer_ids: Collection[str], as_of: datetime) -> list[Line]:
        """Pending lines to be invoiced whose `invoice_at` has come, by customer, currency and `invoice_at`."""

    def due_to_credit(self, customer_ids: Collection[str], as_of: datetime) -> list[Line]:
        """Pending lines on no invoice, of credit alone or in units, whose `invoice_at` has come, in the same order."""

    def related(self, lines: Collection[Line]) -> list[Line]:
        """Live lines on standard invoices that charge, or would have, for the full periods of metered `lines`."""

    def family(self, line: Line) -> list[Line]:
        """All lines that were rated for the full period of a metered line, itself among them, voided ones too."""

    def known_of(self, subscription_ids: Collection[str]) -> Known:
        """What became of the lines of the subscriptions."""

    def add(self, lines: Collection[Line]) -> int:
        """Add lines; one that exists keeps what it has. How many there were not."""

    def update(self, lines: Collection[Line]) -> None: ...

    def remove(self, line_ids: Collection[str]) -> None:
        """Remove pending lines."""


class LateUsageMarks(Protocol):
    def marks(self, subjects: Iterable[str]) -> list[LateMark]:
        """What became known late of the subjects' usage."""


class BilledUsage(Protocol):
    """What was billed of usage, beside what it came to since."""

    def to_compare(self, customer_ids: Collection[str], now: datetime) -> Mapping[str, datetime]:
        """Customers whose billed usage is to be compared, marks or none, and from when on."""

    def of(self, customer_ids: Collection[str], after: datetime) -> list[Billed]:
        """Their live lines for usage of periods that end after an instant, by their making."""

    def compared(self, line_ids: Collection[str], at: datetime) -> None:
        """Note that what these lines charge for was compared; nothing is owed of it any more."""

    def owe(self, line_ids: Collection[str], at: datetime) -> None:
        """Note that something is to be given back of what these lines charge for."""


class CreditNotes(Protocol):
    def find(self, note_id: str) -> CreditNote | None: ...

    def of_invoices(self, invoice_ids: Collection[str]) -> list[CreditNote]:
        """In the order in which they were issued."""

    def to_tell(self, customer_ids: Collection[str], at: datetime) -> list[CreditNote]:
        """Those of the customers that their apps are to be told of by `at`."""

    def deleted_to_tell(self, after: str, limit: int) -> list[str]:
        """Deleted customers with notes that apps are still to be told of: at most `limit` after `after`, in order."""

    def page(self, wanted: NoteFilter, page: PageOf) -> tuple[list[CreditNote], int]: ...

    def add(self, note: CreditNote) -> None: ...

    def save(self, note: CreditNote) -> None:
        """Write its state, and what its app said of it; nothing else of it changes."""


class Profiles(Protocol):
    def find(self, profile_id: str) -> Profile | None: ...

    def default(self) -> Profile | None: ...

    def page(self, page: PageOf, order: ProfileOrder, *, include_archived: bool) -> tuple[list[Profile], int]: ...

    def add(self, profile: Profile) -> None:
        """Add it; one of this id that exists stays as it is."""

    def save(self, profile: Profile) -> None: ...

    def unset_default(self, at: datetime) -> None: ...

    def is_used(self, profile_id: str) -> bool:
        """Whether an invoice under way was made from it."""


class Overrides(Protocol):
    def of_customers(self, customer_ids: Collection[str]) -> Mapping[str, CustomerOverride]:
        """By customer id; those without one are left out."""

    def pinned(self, customer_ids: Collection[str]) -> Mapping[str, Profile]:
        """The profile pinned to each customer; those who follow the default are left out."""

    def page(
        self, wanted: OverrideFilter, default_id: str, page: PageOf, order: OverrideOrder
    ) -> tuple[list[Customer], int]:
        """One page of live customers, and how many there are on all; `default_id` is the default profile's."""

    def save(self, override: CustomerOverride) -> None: ...

    def remove(self, customer_id: str) -> bool:
        """Whether there was one."""

    def is_pinned(self, profile_id: str) -> bool:
        """Whether a live customer is pinned to the profile."""


class BilledCustomers(Protocol):
    def by_ids(self, customer_ids: Iterable[str]) -> Mapping[str, Customer]: ...

    def ids_after(self, after: str, limit: int) -> list[str]:
        """At most `limit` ids of live customers that follow `after`, in order."""


class BilledSubscriptions(Protocol):
    def billable(self, after_customer: str | None, up_to_customer: str) -> list[Subscription]:
        """Those of the customers in (`after_customer`, `up_to_customer`]."""

    def of_customer(self, customer_id: str) -> list[Subscription]: ...


class BilledFeatures(Protocol):
    def by_ids(self, feature_ids: Collection[str]) -> Mapping[str, Feature]:
        """Features by id, archived ones too; unknown ids are left out."""

    def by_keys(self, keys: Collection[str]) -> Mapping[str, Feature]:
        """For each key the live feature, or the one archived last; unknown keys are left out."""


class TaxCodes(Protocol):
    def by_ids(self, code_ids: Collection[str]) -> Mapping[str, TaxCode]:
        """Codes by id, deleted ones too."""

    def defaults(self) -> DefaultTaxCodes | None: ...


class PaymentReports(Protocol):
    def has(self, invoice_id: str, key: str) -> bool: ...

    def last(self, invoice_id: str) -> datetime | None:
        """When the last thing happened that was reported and moved the invoice."""

    def add(self, invoice_id: str, report: PaymentReport, recorded_at: datetime, *, is_applied: bool) -> None: ...


class Voidings(Protocol):
    """How callers want invoices voided whose apps were asked to do so, until it is known that these did not."""

    def of(self, invoice_ids: Collection[str]) -> Mapping[str, Wish]:
        """By invoice."""

    def keep(self, invoice_id: str, wish: Wish) -> None:
        """In the place of what was wished before."""

    def forget(self, invoice_id: str) -> None: ...


class ParkedInvoices(Protocol):
    def parked(self, invoice_ids: Collection[str]) -> Collection[str]:
        """Those that must not go on, because the audit of the books found something."""


class BillingStore(Protocol):
    @property
    def invoices(self) -> Invoices: ...
    @property
    def lines(self) -> Lines: ...
    @property
    def late_usage(self) -> LateUsageMarks: ...
    @property
    def billed_usage(self) -> BilledUsage: ...
    @property
    def credit_notes(self) -> CreditNotes: ...
    @property
    def profiles(self) -> Profiles: ...
    @property
    def overrides(self) -> Overrides: ...
    @property
    def customers(self) -> BilledCustomers: ...
    @property
    def subscriptions(self) -> BilledSubscriptions: ...
    @property
    def features(self) -> BilledFeatures: ...
    @property
    def findings(self) -> ParkedInvoices: ...
    @property
    def tax_codes(self) -> TaxCodes: ...
    @property
    def currencies(self) -> Currencies: ...
    @property
    def payment_reports(self) -> PaymentReports: ...
    @property
    def voidings(self) -> Voidings: ...
    @property
    def credit(self) -> LedgerStore: ...


class UsageReader(Protocol):
    def is_progressive(self, namespace: str, feature: Feature) -> bool:
        """Whether the usage of a part of a period can be charged: later events add to it, and never replace it."""

    def quantities(
        self, namespace: str, feature: Feature, period: Period, subjects: Mapping[str, Collection[str]]
    ) -> Mapping[str, Decimal]:
        """What each customer used of the feature's meter in the period, in one query for all of them.

        `subjects` are each customer's; a customer without usage may be left out.

        Raises:
            InvalidInput: the feature has no meter.
            Unavailable: the usage store does not answer.
        """

"""Billing profiles: exactly one default a namespace; the first one comes by itself, with the sandbox as its app."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from meterhouse.billing.app import AppDirectory
from meterhouse.billing.app_listing import LISTINGS, TASKS
from meterhouse.billing.installed_app import InstalledApp
from meterhouse.billing.ports import BillingStore, PageOf, ProfileOrder
from meterhouse.billing.profile import Party, Profile, ProfileSpec, Workflow
from meterhouse.billing.tax_codes import unknown_codes
from meterhouse.customers.model import Address
from meterhouse.kernel.cadence import exceeds_a_century
from meterhouse.kernel.errors import Conflict, NotFound, Problem, Problems
from meterhouse.kernel.ids import derived_ulid
from meterhouse.platform import clock, ids
from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.work import Begin, Work

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SANDBOX_SUPPLIER = Party(name="Sandbox supplier", address=Address(country="US"))


@dataclass(frozen=True, slots=True)
class AppChoice:
    """Ids of the apps a profile names for its three tasks."""

    tax: str
    invoicing: str
    payment: str

    @property
    def ids(self) -> frozenset[str]:
        return frozenset((self.tax, self.invoicing, self.payment))


def sandbox_id(namespace: str) -> str:
    """The id of a namespace's sandbox app."""
    return derived_ulid(_EPOCH, "app", namespace, "sandbox")


def default_profile(work: Work[BillingStore], namespace: str, now: datetime) -> Profile:
    """The default profile, made on first use under a derived id; the caller commits."""
    found = work.store.profiles.default()
    if found is not None:
        return found
    spec = ProfileSpec("Sandbox", _SANDBOX_SUPPLIER, Workflow(), is_default=True)
    profile_id = derived_ulid(_EPOCH, "billing_profile", namespace, "default")
    work.store.profiles.add(Profile(profile_id, spec, sandbox_id(namespace), now, now))
    made = work.store.profiles.default()
    if made is None:
        raise Conflict("the default billing profile is being changed", "default_profile")
    return made


class ProfileService:
    def __init__(
        self,
        begin: Begin[BillingStore],
        apps: AppDirectory,
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
    ) -> None:
        self._begin = begin
        self._apps = apps
        self._now = now
        self._new_id = new_id

    def page(
        self, namespace: str, page: PageOf, order: ProfileOrder, *, include_archived: bool = False
    ) -> tuple[list[Profile], int]:
        with self._begin(namespace) as work:
            default_profile(work, namespace, self._now())
            found = work.store.profiles.page(page, order, include_archived=include_archived)
            work.commit()
        return found

    def default(self, namespace: str) -> Profile:
        with self._begin(namespace) as work:
            found = default_profile(work, namespace, self._now())
            work.commit()
        return found

    def get(self, namespace: str, profile_id: str) -> Profile:
        """A profile, a deleted one too.

        Raises:
            NotFound: there is none of this id.
        """
        with self._begin(namespace) as work:
            default_profile(work, namespace, self._now())
            found = _found(work, profile_id)
            work.commit()
        return found

    def create(self, namespace: str, spec: ProfileSpec, choice: AppChoice) -> Profile:
        """Add a profile; a new default takes the place of the old one.

        Raises:
            InvalidInput: the supplier is incomplete, an app is unknown or cannot do it, or collection would never come.
        """
        now = self._now()
        profile = Profile(self._new_id(), spec, choice.invoicing, now, now)
        with self._begin(namespace) as work:
            # held against an app's end, too, which would not see a profile that is not saved yet
            work.lock("billing_profiles")
            chosen = choice_problems(choice, self._apps.installed(namespace, choice.ids))
            _check(spec, [*chosen, *_code_problems(work, spec)])
            default_profile(work, namespace, now)
            if spec.is_default:
                work.store.profiles.unset_default(now)
            work.store.profiles.add(profile)
            self._publish(work, "billing_profile.created", profile)
            work.commit()
        return profile

    def replace(self, namespace: str, profile_id: str, spec: ProfileSpec) -> Profile:
        """Put `spec` in place of the old one; invoices that exist keep their copies.

        Raises:
            InvalidInput: the supplier is incomplete, there is no such tax code, or collection would never come.
            NotFound: there is no such profile.
            Conflict: it is deleted, or would leave the namespace without a default.
        """
        now = self._now()
        with self._begin(namespace) as work:
            work.lock("billing_profiles")
            _check(spec, _code_problems(work, spec))
            default_profile(work, namespace, now)
            before = _live(work, profile_id)
            if before.spec.is_default and not spec.is_default:
                raise Conflict("a default is moved by making another profile the default", "default_profile")
            if spec.is_default and not before.spec.is_default:
                work.store.profiles.unset_default(now)
            profile = replace(before, spec=spec, updated_at=now)
            work.store.profiles.save(profile)
            self._publish(work, "billing_profile.updated", profile)
            work.commit()
        return profile

    def delete(self, namespace: str, profile_id: str) -> None:
        """Delete softly; deleting again changes nothing.

        Raises:
            NotFound: there is no such profile.
            Conflict: it is the default, a customer is pinned to it, or an invoice under way was made from it.
        """
        now = self._now()
        with self._begin(namespace) as work:
            work.lock("billing_profiles")
            default_profile(work, namespace, now)
            before = _found(work, profile_id)
            if before.deleted_at is not None:
                return
            if before.spec.is_default:
                raise Conflict("the default profile cannot be deleted", "default_profile")
            if work.store.overrides.is_pinned(profile_id):
                raise Conflict("a customer is pinned to this profile", "profile_pinned")
            if work.store.profiles.is_used(profile_id):
                raise Conflict("an invoice under way was made from this profile", "profile_in_use")
            profile = replace(before, updated_at=now, deleted_at=now)
            work.store.profiles.save(profile)
            self._publish(work, "billing_profile.deleted", profile)
            work.commit()

    def apps_of(self, namespace: str, profiles: Iterable[Profile]) -> Mapping[str, InstalledApp]:
        """The apps of profiles by id, uninstalled ones too."""
        return self._apps.installed(namespace, {profile.app_id for profile in profiles})

    def _publish(self, work: Work[BillingStore], kind: str, profile: Profile) -> None:
        subject = f"billing_profile/{profile.id}"
        work.publish(DomainEvent(self._new_id(), kind, subject, profile.updated_at, {"profileId": profile.id}))


def _found(work: Work[BillingStore], profile_id: str) -> Profile:
    found = work.store.profiles.find(profile_id)
    if found is None:
        raise NotFound("billing profile", profile_id)
    return found


def _live(work: Work[BillingStore], profile_id: str) -> Profile:
    found = _found(work, profile_id)
    if found.deleted_at is not None:
        raise Conflict(f"billing profile {profile_id} is deleted", "profile_deleted")
    return found


def supplier_problems(supplier: Party) -> Iterator[Problem]:
    """What a document's supplier lacks."""
    if not supplier.name:
        yield Problem("/supplier/name", "required", "a supplier has a name")
    if supplier.address is None or not supplier.address.country:
        yield Problem("/supplier/addresses/0/country", "required", "a supplier has a country")


def choice_problems(choice: AppChoice, installed: Mapping[str, InstalledApp]) -> Iterator[Problem]:
    """What speaks against the apps of a profile: one app has to do all three tasks."""
    for task, capability in TASKS.items():
        chosen: str = getattr(choice, task)
        app = installed.get(chosen)
        if app is None or app.deleted_at is not None:
            yield Problem(f"/apps/{task}", "unknown_app", f"there is no app {chosen!r}")
        elif capability not in LISTINGS[app.type].capabilities:
            yield Problem(f"/apps/{task}", "app_lacks_capability", f"app {chosen} cannot {capability.value}")
        elif chosen != choice.invoicing:
            yield Problem(f"/apps/{task}", "several_apps", f"the app of invoicing is {choice.invoicing}; it does all")


def _code_problems(work: Work[BillingStore], spec: ProfileSpec) -> Sequence[Problem]:
    config = spec.workflow.default_tax_config
    return unknown_codes([(config, "/workflow/invoicing/defaultTaxConfig")], work.store.tax_codes)


def _check(spec: ProfileSpec, further: Iterable[Problem] = ()) -> None:
    problems = Problems()
    for problem in (*supplier_problems(spec.supplier), *further):
        problems.add(problem.field, problem.code, problem.message)
    anchored = spec.workflow.anchored
    if anchored is not None and exceeds_a_century(anchored.cadence):
        field = "/workflow/collection/alignment/recurringPeriod/interval"
        problems.add(field, "interval_too_long", f"{anchored.cadence.iso()} is longer than 100 years")
    problems.raise_if_any("the billing profile is not valid")

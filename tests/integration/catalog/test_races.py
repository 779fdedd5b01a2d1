"""Changes of the catalog at once, each on a connection of its own: the rules hold as if one followed another."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from threading import Barrier

import pytest

from meterhouse.catalog.addon_service import AddonSale, AddonService
from meterhouse.catalog.feature import FeatureSpec
from meterhouse.catalog.feature_service import FeatureService
from meterhouse.catalog.plan_addon import PlanAddonTerms
from meterhouse.catalog.plan_addon_service import PlanAddonService
from meterhouse.catalog.plan_sale import PlanSale
from meterhouse.catalog.plan_service import PlanService
from meterhouse.catalog.ports import CatalogStore, PlanAddonFilter, Slice, VersionFilter, VersionOrder
from meterhouse.catalog.version import Status
from meterhouse.kernel.errors import Conflict, InvalidInput
from meterhouse.platform import clock
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.work import Begin
from tests.integration.catalog.given import catalog
from tests.unit.catalog.samples import AIRLINE, LOUNGE, TERMINAL

ALL = Slice(VersionOrder.VERSION)
TERMS = PlanAddonTerms("default")
FEATURES = {"miles": "miles", "departures": "departures", "lounge": None}

Change = Callable[[Begin[CatalogStore]], object]


@pytest.fixture
def begin(database: Database, namespace: str) -> Begin[CatalogStore]:
    """The catalog with all features that the samples name."""
    begun = begins(database, catalog)
    for key, meter in FEATURES.items():
        FeatureService(begun).create(namespace, FeatureSpec(key, key, meter))
    return begun


@pytest.fixture
def at_once(database_settings: PostgresSettings) -> Callable[..., list[str]]:
    """What became of changes that were begun at the same time: "done", or the code of the refusal."""

    def run(*changes: Change) -> list[str]:
        barrier = Barrier(len(changes))

        def one(change: Change) -> str:
            own = Database(lambda: database_settings)
            try:
                barrier.wait(60)
                change(begins(own, catalog))
            except Conflict as refused:
                return refused.code
            except InvalidInput as refused:
                return refused.problems[0].code
            finally:
                own.close()
            return "done"

        with ThreadPoolExecutor(len(changes)) as threads:
            return list(threads.map(one, changes))

    return run


def test_of_drafts_of_one_key_at_once_one_is_left(
    at_once: Callable[..., list[str]], begin: Begin[CatalogStore], namespace: str
) -> None:
    plans = [lambda own: PlanService(own).create(namespace, "airline", AIRLINE)] * 4
    addons = [lambda own: AddonService(own).create(namespace, "terminal", TERMINAL)] * 4

    outcomes = Counter(at_once(*plans, *addons))

    assert outcomes == {"done": 2, "plan_draft_exists": 3, "addon_draft_exists": 3}
    assert PlanService(begin).page(namespace, VersionFilter(clock.now()), ALL)[1] == 1


def test_of_publishing_and_rewriting_a_draft_at_once_what_is_sold_is_what_was_checked(
    at_once: Callable[..., list[str]], begin: Begin[CatalogStore], namespace: str
) -> None:
    broken = replace(AIRLINE, phases=(replace(AIRLINE.phases[0], rate_cards=()),))
    for _ in range(5):
        draft = PlanService(begin).create(namespace, "airline", AIRLINE).version

        published, rewritten = at_once(
            lambda own, plan=draft: PlanSale(own).publish(namespace, plan.id),
            lambda own, plan=draft: PlanService(own).replace(namespace, plan.id, lambda _: broken),
        )

        after = PlanService(begin).get(namespace, draft.id)
        if published == "done":
            assert (rewritten, after.status, after.version.spec) == ("plan_not_editable", Status.ACTIVE, AIRLINE)
        else:
            assert (published, rewritten) == ("plan_phase_without_rate_cards", "done")
            assert (after.status, after.version.spec) == (Status.DRAFT, broken)
            PlanService(begin).delete(namespace, draft.id)


def test_versions_published_at_once_and_after_one_another_are_never_on_sale_together(
    at_once: Callable[..., list[str]], begin: Begin[CatalogStore], namespace: str
) -> None:
    for _ in range(4):
        draft = PlanService(begin).create(namespace, "airline", AIRLINE).version
        outcomes = at_once(*[lambda own, plan=draft: PlanSale(own).publish(namespace, plan.id)] * 3)
        assert Counter(outcomes) == {"done": 1, "plan_not_publishable": 2}

    shown, _ = PlanService(begin).page(namespace, VersionFilter(clock.now()), ALL)
    versions = [one.version for one in shown]
    assert [one.version for one in versions] == [1, 2, 3, 4]
    for before, after in pairwise(versions):
        assert before.effective_to == after.effective_from
    assert versions[-1].effective_to is None


@pytest.fixture
def on_sale(begin: Begin[CatalogStore], namespace: str) -> tuple[str, str]:
    """The ids of a draft of a plan and of an add-on on sale that goes with it."""
    plan = PlanService(begin).create(namespace, "airline", AIRLINE).version
    addon = AddonService(begin).create(namespace, "terminal", TERMINAL).version
    AddonSale(begin).publish(namespace, addon.id)
    return plan.id, addon.id


def test_an_add_on_is_assigned_once_however_many_try(
    at_once: Callable[..., list[str]], begin: Begin[CatalogStore], namespace: str, on_sale: tuple[str, str]
) -> None:
    outcomes = at_once(*[lambda own: PlanAddonService(own).assign(namespace, *on_sale, TERMS)] * 4)

    assert Counter(outcomes) == {"done": 1, "plan_addon_exists": 3}
    assert PlanAddonService(begin).page(namespace, on_sale[0], PlanAddonFilter(), ALL)[1] == 1


def test_no_plan_goes_on_sale_with_an_add_on_that_goes_off(
    at_once: Callable[..., list[str]], begin: Begin[CatalogStore], namespace: str, on_sale: tuple[str, str]
) -> None:
    plan_id, addon_id = on_sale
    PlanAddonService(begin).assign(namespace, plan_id, addon_id, TERMS)

    published, archived = at_once(
        lambda own: PlanSale(own).publish(namespace, plan_id), lambda own: AddonSale(own).archive(namespace, addon_id)
    )

    assert archived == "done"
    plan, addon = PlanService(begin).get(namespace, plan_id), AddonService(begin).get(namespace, addon_id)
    if published == "done":
        assert plan.version.effective_from is not None
        assert addon.version.effective_to is not None
        assert plan.version.effective_from <= addon.version.effective_to
    else:
        assert (published, plan.status) == ("plan_has_incompatible_addon", Status.DRAFT)


def test_no_add_on_goes_on_sale_with_a_feature_that_is_archived(
    at_once: Callable[..., list[str]], begin: Begin[CatalogStore], namespace: str
) -> None:
    only = replace(TERMINAL, rate_cards=(LOUNGE,))
    addon = AddonService(begin).create(namespace, "terminal", only).version

    outcomes = at_once(
        lambda own: AddonSale(own).publish(namespace, addon.id),
        lambda own: FeatureService(own).archive(namespace, "lounge"),
    )

    assert outcomes in (["done", "feature_in_use"], ["rate_card_feature_archived", "done"])

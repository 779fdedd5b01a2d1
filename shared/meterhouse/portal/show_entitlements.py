"""What a customer may use and how it burnt down, as far as the token shows the meters behind it."""

from collections.abc import Collection, Sequence

from meterhouse.entitlements.check_access import Access, CheckAccess
from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.history import History
from meterhouse.entitlements.holder import Holder
from meterhouse.entitlements.show_history import HistoryAsked, ShowHistory
from meterhouse.kernel.errors import NotFound
from meterhouse.platform.work import Begin
from meterhouse.portal.caller import Caller
from meterhouse.portal.tokens import PortalStore

Entitled = tuple[Entitlement, Access]


class ShowEntitlements:
    def __init__(self, begin: Begin[PortalStore], check: CheckAccess, history: ShowHistory) -> None:
        self._begin = begin
        self._check = check
        self._history = history

    def __call__(self, caller: Caller) -> Sequence[Entitled]:
        """The active ones in order of their features; of metered ones those whose meter the token shows.

        Raises:
            Forbidden: the token is a subject's.
        """
        found = self._check.of_customer(caller.namespace, Holder(caller.customer())) or {}
        entitled = [(access.entitlement, access) for _, access in sorted(found.items())]
        shown = None if caller.scope.meters is None else self._shown_meters(caller)
        return [
            (one, access) for one, access in entitled if one is not None and (shown is None or one.meter_id in shown)
        ]

    def burn_down(self, caller: Caller, feature_key: str, asked: HistoryAsked) -> History:
        """The history of the one of a feature.

        Raises:
            NotFound: the token shows no such entitlement.
            Forbidden: as `__call__`.
            InvalidInput, Unprocessable: as `ShowHistory`.
        """
        if caller.scope.meters is not None and feature_key not in {one.feature_key for one, _ in self(caller)}:
            raise NotFound("entitlement", feature_key)
        return self._history(caller.namespace, Holder(caller.customer()), feature_key, asked)

    def _shown_meters(self, caller: Caller) -> Collection[str | None]:
        """Their ids; None: what measures nothing is shown, too."""
        with self._begin(caller.namespace) as work:
            return {None, *(meter.id for meter in work.store.meters.live() if caller.scope.shows(meter.slug))}

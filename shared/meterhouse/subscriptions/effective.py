"""The items of a phase with add-ons laid over them: cut where a quantity changes, numbered in order of time.

Nothing is stored of this, and nothing taken back: it follows from the items as agreed and the quantities over time.
Both change from now on only, so what is past stays the same, its ids and versions too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from meterhouse.catalog.price import FlatPrice
from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.rounding import EXACT
from meterhouse.subscriptions.addon import AddonCard, SubscriptionAddon
from meterhouse.subscriptions.overlay import overlaid
from meterhouse.subscriptions.phase import SubscriptionItem, SubscriptionPhase, item_id
from meterhouse.subscriptions.span import Span


@dataclass(frozen=True, slots=True)
class Overlays:
    """The add-ons of a subscription, in order of their purchase; `plan` is its billing cadence."""

    subscription_id: str
    addons: Sequence[SubscriptionAddon]
    plan: Cadence

    def over(self, phase: SubscriptionPhase) -> SubscriptionPhase:
        """The phase as the add-ons make it; items whose key none of them has stay as they are."""
        if not self.addons:
            return phase
        by_key: dict[str, list[SubscriptionItem]] = {}
        for item in phase.items:
            by_key.setdefault(item.key, []).append(item)
        for addon in self.addons:
            for card in addon.cards:
                by_key.setdefault(card.rate_card.key, [])
        items = (item for key, timeline in by_key.items() for item in self._timeline(phase, key, timeline))
        return replace(phase, items=tuple(items))

    def _timeline(
        self, phase: SubscriptionPhase, key: str, items: Sequence[SubscriptionItem]
    ) -> Sequence[SubscriptionItem]:
        layers = [layer for layer in self._layers(key) if layer.is_on(phase)]
        if not layers:
            return items
        made: list[SubscriptionItem] = []
        for base, span in _spans(phase, sorted(items, key=lambda item: (item.active_from, item.version))):
            for piece in _charged_once(_pieces(base, span, layers, self.plan)):
                made.append(self._item(phase, base, piece, version=len(made)))
        return made

    def _layers(self, key: str) -> Iterator["_Layer"]:
        for addon in self.addons:
            yield from (_Layer(addon, card) for card in addon.cards if card.rate_card.key == key)

    def _item(
        self, phase: SubscriptionPhase, base: SubscriptionItem | None, piece: "_Piece", version: int
    ) -> SubscriptionItem:
        is_first = base is not None and (base.active_from, base.version) == (piece.span.start, version)
        derived = item_id(self.subscription_id, phase.key, piece.card.key, piece.span.start, version)
        return SubscriptionItem(
            id=base.id if base is not None and is_first else derived,
            rate_card=piece.card,
            active_from=piece.span.start,
            active_to=piece.span.end,
            version=version,
            feature_id=piece.feature_id,
        )


@dataclass(frozen=True, slots=True)
class _Layer:
    """A rate card of an add-on."""

    addon: SubscriptionAddon
    card: AddonCard

    def is_on(self, phase: SubscriptionPhase) -> bool:
        return any(quantity and span.meets(phase.span) for span, quantity in self.addon.segments())


@dataclass(frozen=True, slots=True)
class _Piece:
    span: Span
    card: RateCard
    feature_id: str | None


def _spans(
    phase: SubscriptionPhase, items: Sequence[SubscriptionItem]
) -> Iterator[tuple[SubscriptionItem | None, Span]]:
    """The phase in order of time: its items of one key, and the gaps between them."""
    rest: Span | None = phase.span
    for item in items:
        if rest is not None and rest.start < item.active_from:
            yield None, Span(rest.start, item.active_from)
        yield item, item.span
        rest = None if item.active_to is None else Span(item.active_to, phase.active_to)
    if rest is not None and rest.meets(phase.span):
        yield None, rest


def _pieces(base: SubscriptionItem | None, span: Span, layers: Sequence[_Layer], plan: Cadence) -> Iterator[_Piece]:
    """The parts of the span with one rate card each; where there is neither an item nor an add-on there is none."""
    edges = {one.active_from for layer in layers for one in layer.addon.quantities}
    starts = [span.start, *sorted(edge for edge in edges if span.start < edge and span.contains(edge))]
    last: _Piece | None = None
    for start, end in zip(starts, [*starts[1:], span.end], strict=True):
        piece = _piece(base, Span(start, end), layers, plan)
        if last is not None and piece is not None and (last.card, last.span.end) == (piece.card, piece.span.start):
            last = replace(last, span=Span(last.span.start, end))
            continue
        if last is not None:
            yield last
        last = piece
    if last is not None:
        yield last


def _piece(base: SubscriptionItem | None, span: Span, layers: Sequence[_Layer], plan: Cadence) -> _Piece | None:
    card, feature_id = (None, None) if base is None else (base.rate_card, base.feature_id)
    for layer in layers:
        quantity = layer.addon.quantity_at(span.start)
        if quantity:
            feature_id = layer.card.feature_id if card is None else feature_id
            card = overlaid(card, layer.card.rate_card, quantity, plan)
    return None if card is None else _Piece(span, card, feature_id)


def _charged_once(pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """What is charged once was charged by the piece before: the next one charges what was added to it."""
    before: _Piece | None = None
    for piece in pieces:
        follows = before is not None and before.span.end == piece.span.start
        charged = _once(before.card) if before is not None and follows else Decimal(0)
        yield replace(piece, card=_less(piece.card, charged))
        before = piece


def _once(card: RateCard) -> Decimal:
    return card.price.amount if isinstance(card.price, FlatPrice) and card.billing_cadence is None else Decimal(0)


def _less(card: RateCard, charged: Decimal) -> RateCard:
    if not isinstance(card.price, FlatPrice) or card.billing_cadence is not None:
        return card
    rest = max(Decimal(0), EXACT.subtract(card.price.amount, charged))
    return replace(card, price=replace(card.price, amount=rest))

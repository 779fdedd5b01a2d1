"""The items of a phase with add-ons laid over them: cut where a quantity changes, numbered in order of time.

Nothing is stored of this, and nothing taken back: it follows from the items as agreed and the quantities over time.
Both change from now on only, so what is past stays the same, its ids and versions too; but a fee in arrears that is
not due yet moves on to the item at whose end it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.cadence import Cadence
from meterhouse.subscriptions.addon import AddonCard, SubscriptionAddon
from meterhouse.subscriptions.once import AddonFee, charging, fee_of
from meterhouse.subscriptions.overlay import overlaid
from meterhouse.subscriptions.phase import SubscriptionItem, SubscriptionPhase, item_id
from meterhouse.subscriptions.runs import runs
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
        layers = [layer for layer in self._layers(key) if layer.is_on(phase.span)]
        if not layers:
            return items
        once = _Once(phase.span, layers, _stretches(replace(phase, items=tuple(items))))
        made: list[SubscriptionItem] = []
        for base, span in _spans(phase, sorted(items, key=lambda item: (item.active_from, item.version))):
            for piece in _pieces(base, span, layers, self.plan):
                made.append(self._item(phase, base, once.charged(base, piece), version=len(made)))
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
            is_overlaid=piece.is_overlaid,
        )


@dataclass(frozen=True, slots=True)
class _Layer:
    """A rate card of an add-on."""

    addon: SubscriptionAddon
    card: AddonCard

    @property
    def fee(self) -> Decimal:
        """What one of it is charged once."""
        return fee_of(self.card.rate_card)

    def is_on(self, span: Span) -> bool:
        return any(quantity and own.meets(span) for own, quantity in self.addon.segments())


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of an item, or of a gap, with one rate card; `quantities` of the add-ons whose fee is charged once."""

    span: Span
    card: RateCard
    feature_id: str | None
    quantities: tuple[int, ...]
    is_overlaid: bool = False

    def goes_on_as(self, other: "_Piece") -> bool:
        is_like = (self.card, self.quantities) == (other.card, other.quantities)
        return is_like and self.span.end == other.span.start


@dataclass(frozen=True, slots=True)
class _Once:
    """What the pieces of one key charge once; `stretches`: by item, when it and those that charge like it are."""

    phase: Span
    layers: Sequence[_Layer]
    stretches: Mapping[str, Span]

    def charged(self, base: SubscriptionItem | None, piece: _Piece) -> _Piece:
        fees = (AddonFee(layer.addon, layer.card.rate_card) for layer in self.layers if layer.fee)
        amounts = [fee.charged(piece.span, self.phase) for fee in fees]
        if base is not None and self._is_charged_by(base, piece.span):
            amounts.append(fee_of(base.rate_card))
        card = charging(piece.card, amounts)
        return replace(piece, card=card, is_overlaid=self._is_overlaid(piece.span.end))

    def _is_charged_by(self, base: SubscriptionItem, span: Span) -> bool:
        """Whether the plan's fee is; before there is any add-on items charge as agreed, all that are alike as one."""
        stretch = self.stretches.get(base.id, base.span)
        if base.rate_card.is_in_advance:
            return span.start == stretch.start or not self._is_overlaid(span.end)
        return span.end == stretch.end or not self._is_overlaid(stretch.end)

    def _is_overlaid(self, until: datetime | None) -> bool:
        return any(layer.is_on(Span(self.phase.start, until)) for layer in self.layers)


def _stretches(phase: SubscriptionPhase) -> Mapping[str, Span]:
    return {
        item.id: Span(run[0].active_from, run[-1].active_to)
        for run in runs(phase, lambda item: item.charge)
        for item in run
    }


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
        if last is not None and piece is not None and last.goes_on_as(piece):
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
    once = (layer.addon for layer in layers if layer.fee)
    return None if card is None else _Piece(span, card, feature_id, tuple(one.quantity_at(span.start) for one in once))

"""Items that follow each other and are alike: what is charged or included by them goes on from one to the next."""

from collections.abc import Callable, Iterator

from meterhouse.subscriptions.phase import SubscriptionItem, SubscriptionPhase

Run = tuple[SubscriptionItem, ...]


def runs(phase: SubscriptionPhase, terms: Callable[[SubscriptionItem], object]) -> Iterator[Run]:
    """Items of one key without a gap between them and of equal terms; those that are never in force are left out."""
    by_key: dict[str, list[SubscriptionItem]] = {}
    for item in phase.items:
        if item.active_from != item.active_to:
            by_key.setdefault(item.key, []).append(item)
    for items in by_key.values():
        yield from _runs(sorted(items, key=lambda item: item.active_from), terms)


def _runs(items: list[SubscriptionItem], terms: Callable[[SubscriptionItem], object]) -> Iterator[Run]:
    run: Run = (items[0],)
    for item in items[1:]:
        if item.active_from == run[-1].active_to and terms(item) == terms(run[0]):
            run = (*run, item)
        else:
            yield run
            run = (item,)
    yield run

"""What has to happen to a draft at Stripe so that it holds our items and no others of ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from meterhouse.payments.stripe_items import CONTENT, ITEM, TAX, Item


@dataclass(frozen=True, slots=True)
class Known:
    """A line that Stripe has, with the metadata it was written with."""

    id: str
    amount: int
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Changes:
    """Removed are ids of Stripe's lines; changed ones keep their id.

    Nothing to do: `not changes`.
    """

    removed: tuple[str, ...] = ()
    changed: tuple[tuple[str, Item], ...] = ()
    added: tuple[Item, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.removed or self.changed or self.added)


def changes(wanted: Sequence[Item], known: Sequence[Known]) -> Changes:
    """Lines without our key are somebody else's and stay; of two with one key the first counts.

    Stripe's bulk update takes no tax settings, so an item whose own have changed is removed and added.
    """
    ours: dict[str, Known] = {}
    removed: list[str] = []
    by_key = {item.key: item for item in wanted}
    for line in known:
        key = line.metadata.get(ITEM)
        if key is None:
            continue
        item = by_key.get(key)
        if item is None or key in ours or line.metadata.get(TAX, "") != item.tax:
            removed.append(line.id)
        else:
            ours[key] = line
    changed = [(ours[item.key].id, item) for item in wanted if item.key in ours and _differs(item, ours[item.key])]
    return Changes(tuple(removed), tuple(changed), tuple(item for item in wanted if item.key not in ours))


def _differs(item: Item, line: Known) -> bool:
    return line.amount != item.amount or line.metadata.get(CONTENT) != item.content

"""The contract's `page[…]` in the query of a list of its third version."""

from collections.abc import Collection, Iterable

from meterhouse.kernel.errors import InvalidInput
from meterhouse.platform.text_filter import other_parameters

NUMBERED = ("page[size]", "page[number]")
BY_CURSOR = ("page[size]", "page[after]", "page[before]")


def refuse_other_pages(names: Iterable[str], known: Collection[str] = NUMBERED) -> None:
    """Whoever asks for a page in another way would get the first one, over and over.

    Raises:
        InvalidInput: among the parameters of a query there are others that begin so.
    """
    if faults := other_parameters(names, known, "page", "unsupported_page"):
        raise InvalidInput("pages are not asked for so here", faults)

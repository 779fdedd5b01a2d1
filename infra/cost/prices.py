"""The price list: dated, by hand, each price with the page it was read from."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

FILE = Path(__file__).resolve().parent / "prices.toml"


class NotPricedError(Exception):
    """The price list lacks something; the message names it."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one thing costs a month, and how that was reckoned."""

    part: str
    arithmetic: str
    usd: Decimal

    def document(self) -> dict[str, str]:
        return {"part": self.part, "arithmetic": self.arithmetic, "usd": f"{self.usd:.6f}"}


@dataclass(frozen=True, slots=True)
class Prices:
    noted: date
    region: str
    hours: int
    usd: Mapping[str, Decimal]
    beyond: Mapping[str, Mapping[Decimal, Decimal]]

    def line(self, part: str, price: str, *quantities: tuple[Decimal | float, str]) -> Line:
        """The product of the quantities and a price; an hour's price is taken for a month of them.

        Raises:
            NotPricedError: nobody listed that price.
        """
        if price not in self.usd:
            raise NotPricedError(f"{price!r}, for {part}: infra/cost/prices.toml does not list it")
        factors = [(Decimal(str(quantity)), unit) for quantity, unit in quantities]
        units, told = Decimal(1), [f"{float(number):,.10g} {unit}".strip() for number, unit in factors]
        for number, _ in factors:
            units *= number
        return Line(part, " x ".join([*told, f"{self.usd[price]:f}"]), self._of(price, units))

    def _of(self, price: str, units: Decimal) -> Decimal:
        usd, steps = self.usd[price], self.beyond.get(price, {})
        saved = sum(((usd - less) * max(units - limit, Decimal(0)) for limit, less in steps.items()), Decimal(0))
        return usd * units - saved

    def month(self) -> tuple[int, str]:
        return self.hours, "h"


def read_prices(path: Path = FILE) -> Prices:
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    usd = {name: Decimal(price["usd"]) for name, price in document["price"].items()}
    beyond = {
        name: {Decimal(limit): Decimal(less) for limit, less in price["beyond"].items()}
        for name, price in document["price"].items()
        if "beyond" in price
    }
    return Prices(document["noted"], document["region"], document["hours"], usd, beyond)

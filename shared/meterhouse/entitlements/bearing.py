"""Who bears usage: what is left of each grant while usage comes, and now and then is given back. Pure, exact."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import reduce
from heapq import heapify, heappop, heappush
from types import MappingProxyType

from meterhouse.kernel.rounding import EXACT

ZERO = Decimal(0)
NOTHING: Mapping[int, Decimal] = MappingProxyType({})
_add, _subtract = EXACT.add, EXACT.subtract


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum; the ambient context would keep 28 digits of it."""
    return reduce(_add, amounts, ZERO)


class Bearing:
    """Grants are numbered in burn order: the least number is burnt first.

    What was used since the last `settle` is *open*: however it came, in whatever parts and signs, it is borne as its
    sum would be. Each call costs O(log n) for each grant whose share it changes.

    Attributes:
        left: by number.
        owed: what no grant could bear; below zero: what was given back and no grant had borne.
        granted: what grants bore in the usage period.
        remaining: the sum of `left`.
        used: the open usage.
        open: what each bears of it; below zero where it was given back.
        settled: what each bore before and can be given back.
    """

    def __init__(self, left: list[Decimal], owed: Decimal, granted: Decimal, settled: Mapping[int, Decimal]) -> None:
        self.left, self.owed, self.granted, self.settled = left, owed, granted, dict(settled)
        self.remaining = total(left)
        self.used = ZERO
        self.open: dict[int, Decimal] = {}
        self._owed_before = owed
        self._queue = [number for number, rest in enumerate(left) if rest]
        self._is_queued = bytearray(map(bool, left))
        self._bearers = [-number for number in self.settled]
        self._is_bearer = set(self.settled)
        heapify(self._bearers)

    def use(self, amount: Decimal) -> None:
        """Bear `amount` more; below zero it is given back to those who bore most lately in burn order."""
        used = _add(self.used, amount)
        if amount < ZERO or self.used < ZERO:
            self.hold(used)
            return
        self.used = used
        self._bear(amount)

    def hold(self, used: Decimal) -> None:
        """Take back all that is open and bear `used` in its place."""
        self.take_back()
        self.used = used
        self._bear(used)

    def take_back(self) -> None:
        for number, amount in self.open.items():
            if amount < ZERO:
                self._settle(number, amount.copy_negate())
            self._leave(number, _add(self.left[number], amount))
        moved = total(self.open.values())
        self.granted = _subtract(self.granted, moved)
        self.remaining = _add(self.remaining, moved)
        self.owed, self.used, self.open = self._owed_before, ZERO, {}

    def settle(self) -> Mapping[int, Decimal]:
        """Let what is open stay as it is, and return it."""
        settled = self.open
        for number, amount in settled.items():
            if amount > ZERO:
                self._settle(number, amount)
        self._owed_before, self.used = self.owed, ZERO
        self.open = {}
        return settled

    def pay(self) -> Mapping[int, Decimal]:
        """Burn what is owed from what is left by now; what each paid."""
        if self.owed <= ZERO:
            return NOTHING
        self._bear(ZERO)
        return self.settle()

    def put(self, number: int, amount: Decimal) -> None:
        """Let `amount` be left of a grant, whatever was; what it bore is not given back any more."""
        before = self.left[number]
        self.settled.pop(number, None)
        self._leave(number, amount)
        self.remaining = _subtract(_add(self.remaining, amount), before)

    def begin_period(self, *, is_owed: bool) -> None:
        """Nothing is granted yet, nothing can be given back; what is owed stays if it `is_owed`."""
        self.granted = ZERO
        self.owed = self._owed_before = max(self.owed, ZERO) if is_owed else ZERO
        self.settled, self._bearers, self._is_bearer = {}, [], set()

    def _bear(self, amount: Decimal) -> None:
        before = _add(self.owed, amount)
        self.owed = self._burn(before) if before > ZERO else self._give_back(before)
        moved = _subtract(before, self.owed)
        self.granted = _add(self.granted, moved)
        self.remaining = _subtract(self.remaining, moved)

    def _burn(self, amount: Decimal) -> Decimal:
        """What is left of `amount` when nothing is left of any grant."""
        queue, left = self._queue, self.left
        while queue and amount:
            number = queue[0]
            rest = left[number]
            if rest > amount:
                left[number] = _subtract(rest, amount)
                self._share(number, amount)
                return ZERO
            heappop(queue)
            self._is_queued[number] = False
            left[number] = ZERO
            self._share(number, rest)
            amount = _subtract(amount, rest)
        return amount

    def _share(self, number: int, amount: Decimal) -> None:
        borne = self.open.get(number)
        if borne is not None:
            self.open[number] = _add(borne, amount)
        elif amount:
            self.open[number] = amount

    def _give_back(self, amount: Decimal) -> Decimal:
        """`amount` is not above zero; nor is what is returned, which nobody had borne."""
        while amount and self._bearers:
            number = -self._bearers[0]
            bore = self.settled.get(number, ZERO)
            given = min(bore, amount.copy_negate())
            if given:
                self.settled[number] = _subtract(bore, given)
                self.open[number] = given.copy_negate()
                self._leave(number, _add(self.left[number], given))
                amount = _add(amount, given)
            if given == bore:
                heappop(self._bearers)
                self._is_bearer.discard(number)
        return amount

    def _leave(self, number: int, amount: Decimal) -> None:
        self.left[number] = amount
        if amount and not self._is_queued[number]:
            heappush(self._queue, number)
            self._is_queued[number] = True

    def _settle(self, number: int, amount: Decimal) -> None:
        self.settled[number] = _add(self.settled.get(number, ZERO), amount)
        if number not in self._is_bearer:
            heappush(self._bearers, -number)
            self._is_bearer.add(number)

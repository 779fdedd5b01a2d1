"""Reading context flags (`cdk … -c flag=value`): every fault is collected and told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence


class ContextError(Exception):
    """Flags that are unknown, missing or out of range; the message names every one of them."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("context flags: " + "; ".join(faults))
        self.faults = tuple(faults)


class Flags:
    """Reads flags from the context, remembers which were asked for, and collects every fault.

    A flag that is not given has the value of the profile, and where that has none the default of whoever asks.
    """

    def __init__(self, context: Mapping[str, object]) -> None:
        self._given = {name: str(value) for name, value in context.items() if _is_ours(name)}
        self._profile: Mapping[str, str] = {}
        self._read: set[str] = set()
        self._faults: list[str] = []

    def fall_back_on(self, profile: Mapping[str, str]) -> None:
        self._profile = profile

    def fault(self, text: str) -> None:
        if text not in self._faults:
            self._faults.append(text)

    def optional(self, name: str) -> str | None:
        self._read.add(name)
        return self._given.get(name) or self._profile.get(name)

    def required(self, name: str) -> str:
        value = self.optional(name)
        if value is None:
            self.fault(f"{name} is missing")
        return value or ""

    def choice(self, name: str, allowed: Sequence[str], default: str) -> str:
        value = self.optional(name) or default
        if value not in allowed:
            self.fault(f"{name} is {value!r}, expected one of {', '.join(allowed)}")
            return default
        return value

    def number(self, name: str, default: float, low: float, high: float) -> float:
        value = self.optional(name)
        try:
            number = default if value is None else float(value)
        except ValueError:
            number = float("nan")
        if name not in self._given:
            return min(max(number, low), high)  # a profile gives way to the flags beside it
        if not low <= number <= high:
            self.fault(f"{name} is {value!r}, expected a number from {low:g} to {high:g}")
            return default
        return number

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        number = self.number(name, default, low, high)
        if not float(number).is_integer():
            self.fault(f"{name} is {number:g}, expected a whole number")
        return int(number)

    def written(self, name: str, form: re.Pattern[str], example: str) -> str | None:
        """The value as it was written, if it has this form; None where the flag is not given."""
        value = self.optional(name)
        if value is not None and not form.fullmatch(value):
            self.fault(f"{name} is {value!r}, expected {example}")
        return value

    def finish(self) -> None:
        """End the reading.

        Raises:
            ContextError: with every fault found, and every flag that nobody asked for.
        """
        unknown = sorted(self._given.keys() - self._read)
        known = ", ".join(sorted(self._read))
        faults = [*self._faults, *(f"{name} is unknown, known are {known}" for name in unknown)]
        if faults:
            raise ContextError(faults)


def _is_ours(name: str) -> bool:
    """The CDK's own context: feature flags (@aws-cdk/…), caches (vpc-provider:…) and its settings (aws:cdk:…)."""
    return ":" not in name and "/" not in name and not name.startswith("aws-cdk")

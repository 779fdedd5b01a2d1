"""A subject's name that gives way to a pseudonym, in what is stored and in what the log brings again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec import Raw
from msgspec.json import encode
from msgspec.structs import replace

from meterhouse.customers.erasure import ErasedNames, Erasure
from meterhouse.metering.batch import EventBatch, microseconds
from meterhouse.metering.matching import Matching
from meterhouse.metering.reduced_data import reduced_data

Remembered = Callable[[str], Sequence[Erasure]]
"""The erasures of a namespace that may meet their subjects again, in the order in which they were asked for."""


@dataclass(frozen=True, slots=True)
class ErasedName:
    """Of what was accepted before an instant: what came later is another subject's."""

    namespace: str
    subject: str
    pseudonym: str
    before: datetime

    @classmethod
    def of(cls, namespace: str, subject: str, erasure: Erasure) -> "ErasedName":
        return cls(namespace, subject, erasure.pseudonym, erasure.asked_at)

    @property
    def quoted(self) -> tuple[str, str]:
        """How the name and the pseudonym stand in a JSON text."""
        return encode(self.subject).decode(), encode(self.pseudonym).decode()

    def __call__(self, text: str) -> str:
        """The text, without the name where that is all of it, or one of the texts of a JSON document in it."""
        return self.pseudonym if text == self.subject else text.replace(*self.quoted)


def nobody(_namespace: str) -> Sequence[Erasure]:
    """`Remembered` where nothing is erased."""
    return ()


def pseudonymise(batch: EventBatch, remembered: Remembered, matching: Matching) -> None:
    """Events of erased subjects that the log brings again become what they became in the store.

    Of several erasures of a name the first that was asked for after an event was accepted is the event's.
    """
    erasures = {namespace: ErasedNames(remembered(namespace)) for namespace in set(batch.namespaces)}
    if not any(erasures.values()):
        return
    names: dict[tuple[str, str], list[ErasedName]] = {}
    for row, (namespace, event) in enumerate(zip(batch.namespaces, batch.events, strict=True)):
        whose = namespace, event.subject
        if whose not in names:
            names[whose] = [ErasedName.of(*whose, one) for one in erasures[namespace].of(event.subject)]
        name = next((one for one in names[whose] if batch.ingested[row] < microseconds(one.before)), None)
        if name is not None:
            kept = reduced_data(bytes(event.data), matching.get((namespace, event.type), ()), name)
            batch.events[row] = replace(event, subject=name.pseudonym, data=Raw(kept or b"null"))

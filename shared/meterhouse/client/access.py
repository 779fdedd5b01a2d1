"""Whether a customer may use a feature, told within a time."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus
from threading import BoundedSemaphore, Event, Thread
from typing import TYPE_CHECKING
from urllib.parse import quote

from meterhouse.client.http import Answer, NoAnswer
from meterhouse.client.json_text import read_json
from meterhouse.client.problem import read_refusal

if TYPE_CHECKING:
    from collections.abc import Callable

_FAIL_OPEN_HEADER = "x-meterhouse-fail-open"
_MOST_AT_ONCE = 64
"""An endpoint that hangs costs a thread for each check that waits for it."""


@dataclass(frozen=True, slots=True)
class Access:
    """The answer to one check.

    Attributes:
        is_assumed: nobody who knows has said so: the endpoint, or a store behind it, gave no answer.
        reason: why it is assumed; "" otherwise.
        balance: what is left, of a metered entitlement; so `usage` and `overage`.
        config: of a static entitlement, as it was written.
    """

    has_access: bool
    is_assumed: bool = False
    reason: str = ""
    balance: Decimal | None = None
    usage: Decimal | None = None
    overage: Decimal | None = None
    config: str | None = None

    def __bool__(self) -> bool:
        return self.has_access


class AccessChecks:
    def __init__(self, get: Callable[[str, float], Answer]) -> None:
        """`get` asks for a path, within seconds for each part of the answer."""
        self._get = get
        self._free = BoundedSemaphore(_MOST_AT_ONCE)

    def __call__(self, customer: str, feature: str, within: float, *, assume: bool) -> Access:
        """What the endpoint says within that time, name look-up and all; else what is to be assumed, marked so."""
        path = f"/api/v1/customers/{quote(customer, safe='')}/entitlements/{quote(feature, safe='')}/value"
        path += "?failOpen=true" if assume else ""
        told: list[Access | str] = []
        done = Event()

        def ask() -> None:
            try:
                told.append(_read(self._get(path, within)))
            except NoAnswer as error:
                told.append(f"no answer: {error}")
            finally:
                self._free.release()
                done.set()

        if not self._free.acquire(blocking=False):
            return Access(assume, is_assumed=True, reason=f"{_MOST_AT_ONCE} checks wait already")
        try:
            Thread(target=ask, name="meterhouse-access", daemon=True).start()
        except RuntimeError as error:
            self._free.release()
            return Access(assume, is_assumed=True, reason=str(error))
        done.wait(within)
        answer = told[0] if told else f"no answer within {within:g} s"
        return Access(assume, is_assumed=True, reason=answer) if isinstance(answer, str) else answer


def _read(answer: Answer) -> Access | str:
    """The access; a text says why there is none."""
    if answer.status != HTTPStatus.OK:
        return str(read_refusal(answer.status, answer.text))
    try:
        value = read_json(answer.text)
    except ValueError:
        value = None
    if not isinstance(value, dict) or not isinstance(value.get("hasAccess"), bool):
        return "the answer says nothing of access: is this the address of a Meterhouse endpoint?"
    is_assumed = answer.headers.get(_FAIL_OPEN_HEADER) == "true"
    config = value.get("config")
    return Access(
        value["hasAccess"],
        is_assumed,
        "a store behind the endpoint did not answer" if is_assumed else "",
        _number(value.get("balance")),
        _number(value.get("usage")),
        _number(value.get("overage")),
        config if isinstance(config, str) else None,
    )


def _number(value: object) -> Decimal | None:
    return Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None

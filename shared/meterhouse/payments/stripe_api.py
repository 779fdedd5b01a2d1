"""The `stripe` package with our errors around it. It is heavy, so it is loaded by the first call and not before."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from meterhouse.kernel.errors import Unavailable
from meterhouse.platform.settings import optional

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import stripe
    from stripe import StripeClient

T = TypeVar("T")

_TIMEOUT_SECONDS = 20
_MOST_KEYS = 50
_IN_USE, _SERVER_FAULT, _PAYMENT_REQUIRED = 409, 500, 402
_NO_SUCH_KEY, _NOT_ALLOWED = 401, 403

UNAUTHORIZED = "stripe_unauthorized"
"""Code of a refusal that is of the key, whatever was asked for."""


class StripeRefusal(Exception):  # noqa: N818 - an answer, not a fault
    """Stripe does not do it, and asking again will not help.

    Attributes:
        code: Stripe's word for the reason.
        message: Stripe's sentence, fit to be shown.
        is_of_key: whether Stripe does not take the key any more.
    """

    def __init__(self, code: str, message: str, *, is_of_key: bool = False) -> None:
        super().__init__(message)
        self.is_of_key = is_of_key
        self.code = code
        self.message = message

    @property
    def is_missing(self) -> bool:
        return self.code == "resource_missing"


@dataclass(frozen=True, slots=True)
class StripeSettings:
    """`api_base` is Stripe's own but on the local stack, where a double answers."""

    api_base: str = "https://api.stripe.com"

    @classmethod
    def from_environment(cls) -> StripeSettings:
        return cls(optional("STRIPE_API_BASE", cls().api_base))


def connect(api_key: str, settings: StripeSettings) -> StripeClient:
    """A client that repeats nothing by itself: whoever calls it is repeated as a whole."""
    import stripe  # noqa: PLC0415 - see above

    return stripe.StripeClient(
        api_key,
        base_addresses={"api": settings.api_base},
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=_TIMEOUT_SECONDS),
    )


@contextmanager
def answers() -> Iterator[None]:
    """Around calls to Stripe.

    Raises:
        StripeRefusal: it refuses.
        Unavailable: it does not answer, has a fault of its own, or is asked too often.
    """
    import stripe  # noqa: PLC0415 - loaded already by whoever has a client

    try:
        yield
    except stripe.RateLimitError as error:
        raise Unavailable("Stripe is asked too often", retry_after_seconds=2) from error
    except stripe.StripeError as error:
        status = error.http_status
        if status is None or status >= _SERVER_FAULT or status == _IN_USE:
            raise Unavailable("Stripe does not answer") from error
        message = str(error.user_message or error)
        code = UNAUTHORIZED if status in (_NO_SUCH_KEY, _NOT_ALLOWED) else error.code or "stripe_refused"
        raise StripeRefusal(code, message, is_of_key=status == _NO_SUCH_KEY) from error


def metadata_of(
    thing: stripe.Invoice | stripe.InvoiceLineItem | stripe.Refund | stripe.CreditNote,
) -> dict[str, str]:
    """Its metadata as a dict, which the package's objects are not."""
    return {} if thing.metadata is None else dict(thing.metadata.to_dict())


def once(key: str, call: Callable[[str], T]) -> T:
    """What `call` answers under an idempotency key.

    Stripe keeps an answer under its key for a day, an error too. Whoever is here has read what Stripe holds, so an
    error that is only remembered says nothing any more: the call is made under a key that follows from the first.
    A payment that was refused is an answer as good as any: nobody is charged again unasked.
    """
    import stripe  # noqa: PLC0415 - loaded already by whoever has a client

    for number in range(_MOST_KEYS):
        try:
            return call(key if number == 0 else f"{key}/{number}")
        except stripe.StripeError as error:
            is_remembered = (error.headers or {}).get("Idempotent-Replayed") == "true"
            if not is_remembered or error.http_status == _PAYMENT_REQUIRED:
                raise
    raise Unavailable("Stripe remembers too many faults; they are forgotten within a day", retry_after_seconds=3600)

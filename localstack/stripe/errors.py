"""What the double refuses, in the words of Stripe's API."""

from collections.abc import Mapping


class Refusal(Exception):  # noqa: N818 - it is an answer
    """An answer that is no success; `document` is its body."""

    def __init__(self, status: int, kind: str, message: str, **more: object) -> None:
        super().__init__(message)
        self.status = status
        self.document = {"error": {"type": kind, "message": message, **more}}


def invalid(message: str, code: str | None = None, param: str | None = None) -> Refusal:
    more = {name: value for name, value in (("code", code), ("param", param)) if value}
    return Refusal(400, "invalid_request_error", message, **more)


def missing(kind: str, name: str) -> Refusal:
    return Refusal(404, "invalid_request_error", f"No such {kind}: '{name}'", code="resource_missing", param="id")


def declined(code: str, message: str, payment_intent: Mapping[str, object]) -> Refusal:
    return Refusal(402, "card_error", message, code=code, decline_code="generic_decline", payment_intent=payment_intent)


def needs_action(message: str, payment_intent: Mapping[str, object]) -> Refusal:
    return Refusal(
        402,
        "invalid_request_error",
        message,
        code="invoice_payment_intent_requires_action",
        payment_intent=payment_intent,
    )

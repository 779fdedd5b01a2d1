"""The demo's second act: its calls are the same every time, its receiver believes signed messages alone."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from http import HTTPStatus

import pytest
from standardwebhooks import Webhook

from localstack.demo.ai_offer import THRESHOLDS, TRIAL, TRIAL_CALLS
from localstack.demo.alerts import Receiver
from localstack.demo.assistant import ASKED_EVERY
from localstack.demo.model_calls import DAYS, SEATS, calls_of, price_of, smaller
from meterhouse.client.llm_call import read_call
from tests.e2e.second_act import ONE_IN

BEGAN = datetime(2026, 10, 1, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_a_beginning_always_makes_the_same_calls_within_thirty_days() -> None:
    for seat in SEATS:
        calls = list(calls_of(seat, BEGAN))
        assert [call.response for call in calls_of(seat, BEGAN)] == [call.response for call in calls]
        assert len({call.response["id"] for call in calls}) == len(calls)
        assert all(0 <= (call.at - BEGAN).days == call.day < DAYS for call in calls)


def test_the_client_reads_as_many_tokens_as_the_price_was_reckoned_of() -> None:
    per_million = {"gpt-4.1-mini": ("0.4", "0.1", "1.6"), "claude-haiku-4-5": ("1", "0.1", "5")}
    [*calls] = (call for seat in SEATS for call in calls_of(seat, BEGAN) if call.model in per_million)
    for call in calls:
        tokens = read_call(call.response, call.provider).tokens
        told = (tokens.input, tokens.cache_read, tokens.output + tokens.reasoning)
        prices = map(Decimal, per_million[call.model])
        assert price_of(call) == sum((n * price for n, price in zip(told, prices, strict=True)), Decimal(0)) / 10**6
    assert {call.model for call in calls} == per_million.keys()


@pytest.mark.parametrize("one_in", [1, ONE_IN])
def test_the_trial_passes_each_threshold_at_another_time_and_leaves_calls_unmade(one_in: int) -> None:
    [trial] = (seat for seat in smaller(one_in) if seat.key == TRIAL)
    calls, limit = list(calls_of(trial, BEGAN)), TRIAL_CALLS // one_in
    used = [sum(call.day < day for call in calls) for day in range(ASKED_EVERY, DAYS + 1, ASKED_EVERY)]
    passed = [next(n for n, total in enumerate(used) if total * 100 > limit * percent) for percent in THRESHOLDS]
    assert len(set(passed)) == len(THRESHOLDS)
    assert max(passed) < len(used) - 1


def test_a_message_counts_once_and_only_with_a_signature_of_the_secret() -> None:
    desk, body, at = Receiver(), json.dumps({"type": "x"}), datetime.now(UTC)  # noqa: TID251 - the library's own clock
    desk.secret = SECRET

    def headers(secret: str) -> dict[str, str]:
        stamp = str(int(at.timestamp()))
        signature = Webhook(secret).sign("m1", at, body)
        return {"webhook-id": "m1", "webhook-timestamp": stamp, "webhook-signature": signature}

    assert desk.take(headers(SECRET), body.encode()) == HTTPStatus.NO_CONTENT
    assert desk.take(headers(SECRET), body.encode()) == HTTPStatus.NO_CONTENT
    assert desk.take(headers("whsec_" + "A" * 32), body.encode()) == HTTPStatus.UNAUTHORIZED
    assert (desk.messages(1, 0), desk.refused) == ([{"type": "x"}], 1)

"""What a run of the expiry carries from step to step."""

import json

from meterhouse.ledger.list_expired_credits import MOST_BATCHES, ExpiryBatch
from tests.unit.ledger.samples import CUSTOMER, T

MOST_OF_A_STATE = 256 * 1024
"""Bytes that Step Functions takes."""


def test_the_batches_of_a_run_and_what_became_of_them_fit_into_the_workflow_s_state() -> None:
    batch = ExpiryBatch("n" * 64, T.replace(microsecond=1), CUSTOMER, CUSTOMER).document()
    outcome = {"batch": batch, "error": "e" * 64, "complete": False}

    state = {"batches": [batch] * MOST_BATCHES, "outcomes": [outcome] * MOST_BATCHES}

    assert len(json.dumps(state)) < MOST_OF_A_STATE

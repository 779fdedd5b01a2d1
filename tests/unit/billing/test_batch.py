import json

import pytest

from meterhouse.billing.batch import Batch, Outcome, each_fault_its_own
from meterhouse.billing.run_sizes import LARGEST
from meterhouse.kernel.errors import InvariantBroken, Unavailable

TEN = Batch("default", "", [f"customer-{number}" for number in range(10)])


def test_a_batch_without_faults_runs_once() -> None:
    runs: list[Batch] = []

    def run(batch: Batch) -> Outcome:
        runs.append(batch)
        return Outcome(len(batch.ids))

    assert each_fault_its_own(TEN, run) == Outcome(10)
    assert runs == [TEN]


def test_one_customers_fault_is_its_own_and_no_range_is_skipped() -> None:
    done: list[tuple[str, list[str]]] = []

    def run(batch: Batch) -> Outcome:
        if "customer-3" in batch.ids:
            raise InvariantBroken("it is odd")
        done.append((batch.after, list(batch.ids)))
        return Outcome(len(batch.ids))

    outcome = each_fault_its_own(TEN, run)
    assert outcome.document() == {
        "succeeded": 9,
        "failed": [{"customerId": "customer-3", "reason": "InvariantBroken: it is odd"}],
    }
    assert sorted(customer for _, ids in done for customer in ids) == sorted(set(TEN.ids) - {"customer-3"})
    assert all(after < ids[0] for after, ids in done)
    assert ("customer-3", ["customer-4"]) in done


def test_the_answer_of_the_largest_batch_is_within_what_a_workflow_holds_however_long_its_reasons_are() -> None:
    for reason in ("x" * 10_000, "\0" * 10_000, "\N{PILE OF POO}" * 10_000, 'a "quoted" word ' * 1_000):
        failed = {f"{number:026}": reason for number in range(LARGEST.customers)}
        document = Outcome(0, failed).document()
        assert len(json.dumps(document)) < 256 * 1024
        assert all(reason.startswith(one["reason"]) and one["reason"] for one in document["failed"])


def test_a_short_reason_is_told_in_full() -> None:
    reason = "invoice 01HZ0000000000000000000001 is in payment_processing.failed: card declined"
    [told] = Outcome(0, {"ann": reason}).document()["failed"]
    assert told["reason"] == reason


def test_an_unavailable_store_is_nobodys_fault() -> None:
    def run(_batch: Batch) -> Outcome:
        raise Unavailable("try again")

    with pytest.raises(Unavailable):
        each_fault_its_own(TEN, run)


def test_a_batch_of_nobody_succeeds() -> None:
    assert each_fault_its_own(Batch("default", "", []), lambda _: Outcome(1)) == Outcome()

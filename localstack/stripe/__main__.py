"""`python -m localstack.stripe --port PORT`: the double, with one account and the key `sk_test_double`."""

import argparse
import threading
import time

from localstack.stripe.account import Account
from localstack.stripe.server import make_server, take_outbox
from localstack.stripe.service import Stripe
from localstack.stripe.webhooks import deliver

_PAUSE = 0.2


def _deliver_for_ever(account: Account) -> None:
    """What waits goes out by itself, as Stripe would post it: each event once, soon after it happened."""
    while True:
        time.sleep(_PAUSE)
        if account.of("webhook_endpoint"):
            deliver(account, take_outbox(account))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--hold", action="store_true", help="deliver events only when told to")
    options = parser.parse_args()
    stripe = Stripe()
    if not options.hold:
        threading.Thread(target=_deliver_for_ever, args=(stripe.account,), daemon=True).start()
    make_server(stripe, options.port).serve_forever()


if __name__ == "__main__":
    main()

"""Every function that answers requests, on engines of their own, where no fixture gives them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from localstack.fixtures import running_aws
from localstack.stripe.server import running_stripe
from localstack.stripe.service import Stripe
from meterhouse.platform.ids import new_id
from meterhouse.platform.namespaces import add_namespace
from meterhouse.platform.postgres import Database
from tests.bench.engines import Engines
from tests.integration.tenancy.house import House
from tests.integration.tenancy.surroundings import surroundings


@contextmanager
def houses() -> Iterator[Callable[[], House]]:
    """Opens houses, each of a namespace of its own."""
    with ExitStack() as stack:
        engines = Engines(stack)
        usage_store = stack.enter_context(engines.usage_store("outside"))
        account = stack.enter_context(running_aws())
        stripe = stack.enter_context(running_stripe(Stripe()))
        stack.enter_context(surroundings(account, engines.postgres, usage_store, engines.kafka, stripe))
        database = Database(lambda: engines.postgres)
        stack.callback(database.close)

        def opened() -> House:
            name = f"outside-{new_id().lower()}"
            add_namespace(database, name)
            return House(name)

        yield opened

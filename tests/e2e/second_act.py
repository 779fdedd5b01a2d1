"""The demo's second act, for whoever looks at its pages: an AI product, three customers, a month of calls."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import Progress

from localstack.demo import assistant
from localstack.demo.client import Client
from meterhouse.client.client import LLM_CALL
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.platform import clock

ONE_IN = 5
"""Of the demo's calls."""
DRAFTED = "inkwell"
"""Whose invoice an operator is left to approve; the others have paid."""
EVIL = "<img src=x onerror=\"document.title='owned'\">"
"""A subject's name, which a page must show and never read as markup."""
TWICE, ODD = "call-told-otherwise", "call-without-a-number"


@dataclass(frozen=True, slots=True)
class Stage:
    """A namespace of the deployed stack, with its key, after the act."""

    url: str
    key: str
    client: Client
    act: assistant.Act

    def token(self, subject: str) -> Any:
        """A new portal token, as it is told once."""
        return self.client.post("/api/v1/portal/tokens", {"subject": subject})


def staged(stack: Mapping[str, str], key: str) -> Stage:
    """The act, played; and what else an event may be but counted."""
    now, client = clock.now(), Client(stack["METERHOUSE_URL"], key)
    _bill_by_hand(client)
    with Progress(console=Console(quiet=True)) as bar:
        act = assistant.play(client, stack, key, now, bar, ONE_IN)
    for seat, drafts in act.drafts.items():
        for draft in drafts if seat != DRAFTED else ():
            assert assistant.approved(client, draft)["status"] == "paid"
    event = {"specversion": "1.0", "source": assistant.SOURCE, "type": LLM_CALL, "subject": EVIL}
    event |= {"time": format_rfc3339(now), "data": {"provider": "openai", "model": "gpt-5-mini", "input_tokens": "3"}}
    another = event["data"] | {"input_tokens": "4"}
    odd = [
        *(event | {"id": "call-told-again"} for _ in range(2)),
        event | {"id": TWICE},
        event | {"id": TWICE, "data": another},
        event | {"id": ODD, "data": another | {"input_tokens": "many"}},
        event | {"id": "page-1", "type": "page.viewed"},
    ]
    for one in odd:
        client.post("/api/v1/events", one, "application/cloudevents+json")
    return Stage(stack["METERHOUSE_URL"], key, client, act)


def _bill_by_hand(client: Client) -> None:
    """Nothing is approved by the clock: a draft is a draft until somebody looks at it."""
    [default] = [one for one in client.get("/api/v1/billing/profiles")["items"] if one["default"]]
    supplier = {"name": "Quill & Query Inc.", "addresses": [{"country": "DE"}]}
    apps = dict.fromkeys(("tax", "invoicing", "payment"), default["apps"]["payment"]["id"])
    profile = {"name": "By hand", "supplier": supplier, "default": True, "apps": apps}
    at_once = {"alignment": {"type": "subscription"}, "interval": "PT0S"}
    workflow = {"invoicing": {"autoAdvance": False}, "collection": at_once}
    client.post("/api/v1/billing/profiles", profile | {"workflow": workflow})

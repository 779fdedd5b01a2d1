"""The demo's second act, for whoever looks at its pages: an AI product, three customers, a month of calls."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
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


@contextmanager
def staged(stack: Mapping[str, str], key: str) -> Iterator[Stage]:
    """The act, played; and what else an event may be but counted."""
    with closing(Client(stack["METERHOUSE_URL"], key)) as client, Progress(console=Console(quiet=True)) as bar:
        _bill_by_hand(client)
        act = assistant.play(client, stack, key, now := clock.now(), bar, ONE_IN)
        for seat, drafts in act.drafts.items():
            for draft in drafts if seat != DRAFTED else ():
                assert assistant.approved(client, draft)["status"] == "paid"
        for event in _odd_events(now):
            client.post("/api/v1/events", event, "application/cloudevents+json")
        yield Stage(stack["METERHOUSE_URL"], key, client, act)


def _odd_events(now: datetime) -> Sequence[Mapping[str, Any]]:
    """Told twice, told otherwise, without its number, of no meter."""
    data = {"provider": "openai", "model": "gpt-5-mini", "input_tokens": "3"}
    event = {"specversion": "1.0", "source": assistant.SOURCE, "type": LLM_CALL, "subject": EVIL}
    event |= {"time": format_rfc3339(now)}
    return [
        *(event | {"id": "call-told-again", "data": data} for _ in range(2)),
        event | {"id": TWICE, "data": data},
        event | {"id": TWICE, "data": data | {"input_tokens": "4"}},
        event | {"id": ODD, "data": data | {"input_tokens": "many"}},
        event | {"id": "page-1", "data": data, "type": "page.viewed"},
    ]


def _bill_by_hand(client: Client) -> None:
    """Nothing is approved by the clock: a draft is a draft until somebody looks at it."""
    [default] = [one for one in client.get("/api/v1/billing/profiles")["items"] if one["default"]]
    supplier = {"name": "Quill & Query Inc.", "addresses": [{"country": "DE"}]}
    apps = dict.fromkeys(("tax", "invoicing", "payment"), default["apps"]["payment"]["id"])
    profile = {"name": "By hand", "supplier": supplier, "default": True, "apps": apps}
    client.post("/api/v1/billing/profiles", profile | {"workflow": {"invoicing": {"autoAdvance": False}}})

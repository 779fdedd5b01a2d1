"""A plan: what would change, what is against it, whom it touches; and the file by which a later apply knows it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from meterhouse.cli.catalog.change import Change, Changes, find_changes
from meterhouse.cli.catalog.folder import Files, Name, read_files
from meterhouse.cli.catalog.rehearsal import Trouble, find_troubles
from meterhouse.cli.catalog.remote import Remote, read_remote
from meterhouse.cli.catalog.subscribers import Subscriber, subscribers
from meterhouse.cli.catalog.yaml_text import plain_values
from meterhouse.cli.errors import Failed, Misused
from meterhouse.client.json_text import write_json

if TYPE_CHECKING:
    from pathlib import Path

    from meterhouse.cli.http import Endpoint


@dataclass(frozen=True, slots=True)
class Planned:
    files: Files
    remote: Remote
    changes: Changes
    troubles: list[Trouble]
    subscribers: dict[Name, list[Subscriber]]

    def require_possible(self) -> None:
        """Raises `Failed` while something is against the changes."""
        if self.troubles:
            raise Failed(f"{len(self.troubles)} problem(s), and nothing was changed")

    def document(self) -> dict[str, Any]:
        """The plan for programs."""
        return {
            "changes": [self._change(change) for change in self.changes.made],
            "notes": self.changes.notes,
            "problems": [
                {
                    "file": trouble.place and trouble.place.file,
                    "line": trouble.place and trouble.place.line,
                    "field": trouble.place and trouble.place.field,
                    "message": str(trouble) if trouble.place is None else trouble.message,
                }
                for trouble in self.troubles
            ],
            **self.marks(),
        }

    def marks(self) -> dict[str, str]:
        """Hashes of what was compared."""
        here = [[*name, entry.document] for name, entry in sorted(self.files.entries.items())]
        files = hashlib.sha256(write_json([sorted(self.files.kept), here]).encode()).hexdigest()
        return {"files": files, "endpoint": self.remote.fingerprint()}

    def _change(self, change: Change) -> dict[str, Any]:
        fields = [
            {"field": one.field, "old": plain_values(one.old), "new": plain_values(one.new)} for one in change.fields()
        ]
        document = {
            "thing": "/".join(change.name),
            "action": change.verb.value,
            "file": change.entry and str(change.entry.file),
            "fields": fields,
        }
        live = self.subscribers.get(change.name)
        return document if live is None else {**document, "subscriptions": live}


def plan(endpoint: Endpoint, path: Path) -> Planned:
    """Compare the files with the endpoint.

    Raises:
        Misused: the files have faults, or there are none.
    """
    if not path.exists():
        raise Misused(f"there is no {path}: meterhouse catalog pull {path} writes what is sold now")
    files = read_files(path)
    files.require_sound()
    remote = read_remote(endpoint)
    changes = find_changes(files, remote)
    return Planned(files, remote, changes, find_troubles(endpoint, changes), subscribers(endpoint, changes.made))


def write_plan(path: Path, planned: Planned) -> None:
    """Raises `Misused` where it cannot be written."""
    try:
        path.write_text(write_json(planned.document()) + "\n", encoding="utf-8")
    except OSError as error:
        raise Misused(f"{path} cannot be written: {error.strerror}") from None


def require_fresh(path: Path, planned: Planned) -> None:
    """Raise `Failed` if the files or the endpoint changed since the plan in `path` was written.

    Raises:
        Misused: it is no plan.
        Failed: it is stale.
    """
    try:
        document = json.loads(path.read_bytes())
        written = {name: document[name] for name in planned.marks()}
    except OSError as error:
        raise Misused(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise Misused(f"{path} is no plan: meterhouse catalog plan --out {path} writes one") from None
    stale = [f"the {name} changed" for name, mark in planned.marks().items() if written[name] != mark]
    if stale and planned.changes.made:
        raise Failed(f"the plan {path} is stale: {' and '.join(stale)} since it was made; nothing was changed")

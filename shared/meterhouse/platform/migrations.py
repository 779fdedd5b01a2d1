"""Ordered, checksummed migrations: `<room>/migrations/<store>/NNNN_what.sql`, numbered over all rooms.

Numbers: platform 0001, customers 0100, metering 0200, catalog 0300, entitlements 0400, subscriptions 0500, billing 0700
payments 0800, notifications 0900, portal 0950 and on.
"""

import hashlib
from dataclasses import dataclass
from importlib import resources
from typing import Protocol

from meterhouse.kernel.errors import InvariantBroken


@dataclass(frozen=True, slots=True)
class Migration:
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    def statements(self) -> list[str]:
        """The statements, for stores that take one at a time: they end with `;` at the end of a line."""
        lines = [line for line in self.sql.splitlines() if line.strip() and not line.lstrip().startswith("--")]
        return [part.strip("; ") for part in "\n".join(lines).split(";\n")]


class MigratedStore(Protocol):
    def applied(self) -> dict[str, str]:
        """Checksums of what was applied, by name."""

    def apply(self, migration: Migration) -> None:
        """Apply and record one migration."""


def migrations(store: str) -> list[Migration]:
    """All rooms' migrations for `postgres` or `clickhouse`, in order of their numbers."""
    found = [
        Migration(file.name, file.read_text(encoding="utf-8"))
        for room in resources.files("meterhouse").iterdir()
        if room.is_dir() and (folder := room / "migrations" / store).is_dir()
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    ]
    found.sort(key=lambda migration: migration.name)
    numbers = [migration.name[:4] for migration in found]
    if len(set(numbers)) != len(numbers):
        raise InvariantBroken(f"two {store} migrations carry the same number: {numbers}")
    return found


def migrate(store: MigratedStore, wanted: list[Migration]) -> list[str]:
    """Apply what is missing; the names applied. Running again applies nothing.

    Raises:
        InvariantBroken: a migration was changed after it was applied.
    """
    applied = store.applied()
    changed = [m.name for m in wanted if applied.get(m.name, m.checksum) != m.checksum]
    if changed:
        raise InvariantBroken(f"migrations changed after they were applied: {', '.join(changed)}")
    missing = [migration for migration in wanted if migration.name not in applied]
    for migration in missing:
        store.apply(migration)
    return [migration.name for migration in missing]

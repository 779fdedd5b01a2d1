"""The peppers that secrets are hashed under: the one in use, and others by which earlier hashes are still known.

Each is in use from an instant on. Whoever hashes knows a new one before that, because everybody reads them every five
minutes: no hash is kept that another process cannot find.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from meterhouse.kernel.errors import Unavailable
from meterhouse.kernel.instant import format_rfc3339, parse_rfc3339
from meterhouse.platform import aws
from meterhouse.platform.api_keys import key_hash
from meterhouse.platform.settings import required

SECRET = "API_KEY_PEPPER_SECRET_ARN"  # noqa: S105 - the name of a variable
READ_EVERY = timedelta(minutes=5)
_NAME = re.compile(r"pepper(?:_([0-9]+))?")


@dataclass(frozen=True, slots=True)
class Pepper:
    """In use from `used_from` until a later one is; the first one always was."""

    version: int
    text: str = field(repr=False)
    used_from: datetime | None = None

    def is_used(self, at: datetime) -> bool:
        return self.used_from is None or self.used_from <= at


@dataclass(frozen=True, slots=True)
class KeyHash:
    text: str
    pepper: int
    """The version of the pepper."""


@dataclass(frozen=True, slots=True)
class Peppers:
    """`all` of them, the oldest first."""

    all: Sequence[Pepper]

    def current(self, at: datetime) -> Pepper:
        return next((one for one in reversed(self.all) if one.is_used(at)), self.all[0])

    def hashed(self, key: str, at: datetime) -> KeyHash:
        """The hash to keep of a key."""
        pepper = self.current(at)
        return KeyHash(key_hash(key, pepper.text), pepper.version)

    def hashes(self, key: str) -> list[str]:
        """By which a key may have been kept."""
        return [key_hash(key, one.text) for one in self.all]


PeppersAt = Callable[[datetime], Peppers]
"""The peppers as they are known at an instant."""


def peppers_of(secret: Mapping[str, str]) -> Peppers:
    """From {"pepper", "pepper_2", "pepper_2_from", …}: the first has no number, and no instant."""
    found = [(match, text) for name, text in secret.items() if (match := _NAME.fullmatch(name))]
    read = [Pepper(int(match[1] or 1), text, _instant(secret.get(f"{match[0]}_from"))) for match, text in found]
    return Peppers(sorted(read, key=lambda one: one.version))


def secret_of(peppers: Peppers) -> dict[str, str]:
    """What `peppers_of` reads."""
    secret = {}
    for one in peppers.all:
        name = "pepper" if one.version == 1 else f"pepper_{one.version}"
        secret[name] = one.text
        if one.used_from is not None:
            secret[f"{name}_from"] = format_rfc3339(one.used_from)
    return secret


def _instant(text: str | None) -> datetime | None:
    return None if text is None else parse_rfc3339(text)


class ReadPeppers:
    """`PeppersAt` of a process: read again once they are `READ_EVERY` old, however many keys nobody knows come by."""

    def __init__(self, read: Callable[[], Mapping[str, str]]) -> None:
        self._read = read
        self._known: Peppers | None = None
        self._next = datetime.min.replace(tzinfo=UTC)

    def __call__(self, at: datetime) -> Peppers:
        """Raises: Unavailable: they cannot be read, and never were; those that were go on until the next turn."""
        if self._known is None or at >= self._next:
            try:
                self._known = peppers_of(self._read())
            except Unavailable:
                if self._known is None:
                    raise
            self._next = at + READ_EVERY
        return self._known


def kept_peppers() -> Mapping[str, str]:
    """The secret as it is now."""
    return aws.secret_now(required(SECRET))


known_peppers: PeppersAt = ReadPeppers(kept_peppers)
"""Those of this deployment."""

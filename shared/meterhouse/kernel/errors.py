# ruff: noqa: N818 - each kind is named for what the caller may do about it; an "Error" suffix would add nothing
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in what was sent. `field` is an RFC 6901 JSON pointer; "" means the whole document."""

    field: str
    code: str
    message: str


class MeterhouseError(Exception):
    """Base of every error meant for a caller. `detail` is a sentence without secrets, fit to be shown."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidInput(MeterhouseError):
    """What was sent breaks its rules; sending it again unchanged fails again."""

    def __init__(self, detail: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(detail)
        self.problems = tuple(problems)


class NotFound(MeterhouseError):
    """No such thing in the caller's namespace; what another namespace owns is not found either."""

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"{kind} {key!r} not found")
        self.kind = kind
        self.key = key


class Conflict(MeterhouseError):
    """Valid, but not in the present state. `code` names the reason for programs, `facts` what they may want to know."""

    def __init__(
        self,
        detail: str,
        code: str = "conflict",
        problems: Sequence[Problem] = (),
        facts: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.problems = tuple(problems)
        self.facts = dict(facts or {})


class Gone(MeterhouseError):
    """It was there, and was deleted for good."""

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"{kind} {key!r} was deleted")
        self.kind = kind
        self.key = key


class Unauthenticated(MeterhouseError):
    """The caller is not known: its credential is unknown, over or closed; another one is needed.

    `code`: RFC 6750's name for the reason, where a credential was presented.
    """

    def __init__(self, detail: str, code: str | None = None) -> None:
        super().__init__(detail)
        self.code = code


class Forbidden(MeterhouseError):
    """The caller is known and may not do this. `code` names the reason for programs, `scope` what would open it."""

    def __init__(self, detail: str, code: str = "forbidden", scope: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.scope = scope


class TooMany(MeterhouseError):
    """More requests than are granted; the same call may succeed after `retry_after_seconds`.

    `code` names the limit for programs, `facts` are members of the answer.
    """

    def __init__(
        self,
        detail: str,
        retry_after_seconds: int,
        code: str = "too_many_requests",
        facts: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds
        self.code = code
        self.facts = dict(facts or {})


class TooLarge(MeterhouseError):
    """More than the limit; `detail` names the limit."""


class UnsupportedMedia(MeterhouseError):
    """A content type that is not read here."""


class Unprocessable(MeterhouseError):
    """Sound, and still not to be done as it was asked for. `code` names the reason for programs."""

    def __init__(self, detail: str, code: str = "unprocessable") -> None:
        super().__init__(detail)
        self.code = code


class Unavailable(MeterhouseError):
    """Something needed does not answer; the same call may succeed after `retry_after_seconds`."""

    def __init__(self, detail: str, retry_after_seconds: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class InvariantBroken(MeterhouseError):
    """Our own data or code contradicts itself: page someone."""


class Problems:
    """Collects every fault before refusing, so that a caller learns all of them at once."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def add(self, field: str, code: str, message: str) -> None:
        self._found.append(Problem(field, code, message))

    def __len__(self) -> int:
        return len(self._found)

    def raise_if_any(self, detail: str) -> None:
        """Raise `InvalidInput` with all problems in the order they were added."""
        if self._found:
            raise InvalidInput(detail, self._found)

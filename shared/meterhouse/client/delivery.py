"""A batch of events to the endpoint, until each is accepted or known to be faulty."""

from __future__ import annotations

import gzip
import logging
import random
from http import HTTPStatus
from typing import TYPE_CHECKING

from meterhouse.client.event import Dropped, body_of
from meterhouse.client.http import NoAnswer
from meterhouse.client.problem import FieldFault, read_refusal
from meterhouse.client.retry import wait_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from meterhouse.client.event import Event
    from meterhouse.client.http import Answer
    from meterhouse.client.problem import Refusal

_LOG = logging.getLogger("meterhouse.client")
_HEADERS = {"content-type": "application/cloudevents-batch+json", "content-encoding": "gzip"}
_SUCCESS = range(200, 300)
_FAULTY = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
_TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
_LEVEL = 6


class Delivery:
    """Sends the same bytes until somebody takes them: identities make a repeat harmless.

    An answer says one of three things: accepted; these events are wrong; or anything else (not now, not with this
    key, not at this address), which is no event's fault and is tried again.
    """

    def __init__(
        self,
        post: Callable[[bytes, Mapping[str, str]], Answer],
        rest: Callable[[float], bool],
        drop: Callable[[Dropped], None],
        draw: Callable[[], float] = random.random,
    ) -> None:
        """`rest` waits so many seconds and tells whether to try again; `draw` is in [0, 1)."""
        self._post = post
        self._rest = rest
        self._drop = drop
        self._draw = draw

    def __call__(self, events: Sequence[Event]) -> None:
        """Deliver the events, or drop them one by one with the reason."""
        parts = [list(events)]
        while parts:
            part = parts.pop()
            outcome = self._outcome(part)
            if isinstance(outcome, str):
                for event in part:
                    self._drop(Dropped(event, outcome))
            elif outcome is not None:
                parts.extend(reversed(self._without_faulty(part, outcome)))

    def _outcome(self, events: list[Event]) -> Refusal | str | None:
        """None: accepted. A refusal is the events' fault; a text says why nothing more is tried."""
        body, attempt = gzip.compress(body_of(events), _LEVEL, mtime=0), 0
        while True:
            headers: Mapping[str, str] = {}
            try:
                answer = self._post(body, _HEADERS)
            except NoAnswer as error:
                reason = f"no answer: {error}"
            else:
                if answer.status in _SUCCESS:
                    return None
                refusal, headers = read_refusal(answer.status, answer.text), answer.headers
                if refusal.status == _TOO_LARGE or (refusal.status in _FAULTY and refusal.faults):
                    return refusal
                reason = str(refusal)
            wait = wait_seconds(attempt, headers)
            # later than asked for, so that clients that failed together do not come back together
            wait *= 1 + self._draw() / 2
            level = logging.INFO if attempt else logging.WARNING
            _LOG.log(level, "%d event(s) wait %.1f s: %s", len(events), wait, reason)
            if not self._rest(wait):
                return f"the client was closed before the endpoint took it; {reason}"
            attempt += 1

    def _without_faulty(self, events: list[Event], refusal: Refusal) -> list[list[Event]]:
        """What to send in the place of a request that was refused."""
        faults = _faults_by_event(refusal.faults, len(events))
        if not faults and len(events) > 1:
            # nothing says which: halves find out
            middle = len(events) // 2
            return [events[:middle], events[middle:]]
        faults = faults or {0: [*refusal.faults]}
        for index, told in faults.items():
            self._drop(Dropped(events[index], f"{refusal.status} {refusal.title}", tuple(told)))
        sound = [event for index, event in enumerate(events) if index not in faults]
        return [sound] if sound else []


def _faults_by_event(faults: Sequence[FieldFault], count: int) -> dict[int, list[FieldFault]]:
    """By place in the request; `field` is then a pointer into the event."""
    found: dict[int, list[FieldFault]] = {}
    for fault in faults:
        root, _, rest = fault.field.partition("/")
        place, slash, within = rest.partition("/")
        if root == "" and place.isascii() and place.isdigit() and len(place) < 7 and int(place) < count:  # noqa: PLR2004
            found.setdefault(int(place), []).append(FieldFault(slash + within, fault.message))
    return found

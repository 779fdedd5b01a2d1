"""What a program holds: it tracks usage and asks for access, and neither waits for a network nor fails for one."""

from __future__ import annotations

import atexit
import logging
import os
from dataclasses import replace
from datetime import UTC, datetime
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Self, TypeVar
from weakref import WeakSet

from meterhouse.client.access import Access, AccessChecks
from meterhouse.client.buffer import Buffer
from meterhouse.client.delivery import Delivery
from meterhouse.client.event import Dropped, written
from meterhouse.client.http import Answer, Endpoint, NoAnswer
from meterhouse.client.llm_call import read_call
from meterhouse.client.llm_stream import StreamedResponse
from meterhouse.client.options import NotTracked, Options
from meterhouse.kernel.ids import new_ulid

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator, Iterable, Mapping

_LOG = logging.getLogger("meterhouse.client")
_EVENTS = "/api/v1/events"
_RANDOMNESS_BYTES = 10
_GRACE = 0.5
LLM_CALL = "llm.call"
T = TypeVar("T")


class Client:
    """One program's way to one deployment; any number of threads may use it. Close it, or use it in a `with`.

    A forked child begins with an empty buffer and a thread of its own: what the parent tracked is the parent's to send.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        source: str,
        options: Options | None = None,
        on_drop: Callable[[Dropped], None] | None = None,
    ) -> None:
        """Nothing is sent before the first event.

        Args:
            url: of the deployment.
            api_key: of the namespace.
            source: says which program tells; with an event's id it is the event's identity, so it should not change.
            options: sizes and times.
            on_drop: is told of every event that will not be sent, in the thread that finds out.

        Raises:
            ValueError: an address or a key that cannot be one.
        """
        self._endpoint = Endpoint(url, api_key)
        self._source = source
        self._options = options or Options()
        self._on_drop = on_drop
        self._buffer = Buffer(self._options)
        self._deliver = Delivery(self._post, self._buffer.rest, self._drop)
        self._is_abandoned = False
        self._begin_anew()
        _clients.add(self)

    def track(
        self,
        event_type: str,
        subject: str,
        data: Mapping[str, object] | None = None,
        *,
        event_id: str | None = None,
        at: datetime | None = None,
        source: str | None = None,
    ) -> str | None:
        """Take a usage event to be sent soon; its id, or None where it was dropped.

        Args:
            event_type: which meters count it.
            subject: who used.
            data: what meters read; a `Decimal` keeps its digits.
            event_id: what names this usage and no other, so that whoever tells it twice counts it once; else a new one.
            at: when it was used; else now.
            source: instead of the client's.

        Raises:
            NotTracked: under `Options.strict` alone, in the place of None.
        """
        now = datetime.now(UTC)  # noqa: TID251 - the edge: the caller's own clock
        event_id = event_id or new_ulid(now, os.urandom(_RANDOMNESS_BYTES))
        event = None
        try:
            event = written(source or self._source, event_id, event_type, subject, at or now, data)
            for pushed_out in self._buffer.put(event):
                self._drop(Dropped(pushed_out, "the buffer was full, and newer events came"))
        except NotTracked as error:
            self._untracked(error, Dropped(event, str(error)))
            return None
        self._start()
        return event_id

    def track_openai(
        self,
        response: object,
        subject: str,
        *,
        provider: str | None = None,
        processing: str | None = None,
        event_id: str | None = None,
        properties: Mapping[str, object] | None = None,
    ) -> str | None:
        """Track a finished call of a language model; the id of its event, which is the response's, or None.

        Args:
            response: a Chat Completion, a Response or an Anthropic Message, as object or dict.
            subject: who used.
            provider: whose prices hold; else `anthropic` for a Message and `openai` for the others.
            processing: how it was processed, `batch` say; else what the response tells.
            event_id: instead of the response's, for servers whose ids repeat.
            properties: more of the event's data, such as what the call was for.

        Raises:
            NotTracked: under `Options.strict` alone.
        """
        try:
            call = read_call(response, provider)
        except NotTracked as error:
            self._untracked(error, Dropped(None, str(error)))
            return None
        call = replace(call, processing=processing or call.processing)
        data = {**(properties or {}), **call.data()}
        return self.track(LLM_CALL, subject, data, event_id=event_id or call.id, at=call.at)

    def track_openai_stream(self, chunks: Iterable[T], subject: str, **told: Any) -> Generator[T]:  # noqa: ANN401 - passed on
        """The same chunks; what they told of usage is tracked when they end, or are no more read.

        `told` is what `track_openai` takes. A chat completion needs `stream_options={"include_usage": True}`.
        """
        seen = StreamedResponse()
        try:
            for chunk in chunks:
                seen.see(chunk)
                yield chunk
        finally:
            self.track_openai(seen.response, subject, **told)

    async def track_openai_async_stream(
        self,
        chunks: AsyncIterable[T],
        subject: str,
        **told: Any,  # noqa: ANN401 - passed on
    ) -> AsyncGenerator[T]:
        """As `track_openai_stream`, for `async for`."""
        seen = StreamedResponse()
        try:
            async for chunk in chunks:
                seen.see(chunk)
                yield chunk
        finally:
            self.track_openai(seen.response, subject, **told)

    def access(self, customer: str, feature: str, *, within: float = 0.5, assume: bool = True) -> Access:
        """Whether the customer may use the feature; `assume`, marked so, where nobody says in `within` seconds."""
        return self._checks(customer, feature, within, assume=assume)

    def flush(self, timeout: float | None = None) -> bool:
        """Send what was tracked up to now; whether it was accepted, or dropped with a reason, in that time."""
        self._start()
        return self._buffer.flush(timeout)

    def close(self, timeout: float | None = None) -> bool:
        """Send what is left, within seconds; whether all was settled. What was not is dropped with the reason."""
        timeout = self._options.closes_within if timeout is None else timeout
        self._start()
        self._buffer.close(timeout)
        thread = self._thread
        if thread is None:
            # the interpreter ends, and starts no thread any more
            self._send()
        else:
            thread.join(timeout + _GRACE)
        left = self._buffer.abandon()
        for event in left:
            self._drop(Dropped(event, "the client was closed; whether the endpoint took it is not known"))
        self._is_abandoned = self._is_abandoned or bool(left)
        return not left

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin_anew(self) -> None:
        self._buffer.empty()
        self._starting = Lock()
        self._thread: Thread | None = None
        self._checks = AccessChecks(self._endpoint.get)

    def _start(self) -> None:
        if self._thread is None and not self._buffer.is_empty:
            with self._starting:
                self._start_once()

    def _start_once(self) -> None:
        if self._thread is None:
            thread = Thread(target=self._send, name="meterhouse-client", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                _LOG.warning("no thread sends events: %s", error)
                return
            self._thread = thread

    def _send(self) -> None:
        while batch := self._buffer.next_batch():
            try:
                self._deliver(batch)
            except Exception:  # noqa: BLE001 - the edge: the thread goes on with the next batch
                _LOG.exception("%d event(s) were lost by a fault of this client", len(batch))
            finally:
                self._buffer.settle()

    def _post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        within = min(self._options.answers_within, self._buffer.seconds_left())
        if within <= 0:
            raise NoAnswer("there was no time left to ask")
        return self._endpoint.post(_EVENTS, body, headers, within)

    def _untracked(self, error: NotTracked, dropped: Dropped) -> None:
        if self._options.strict:
            raise error
        self._drop(dropped)

    def _drop(self, dropped: Dropped) -> None:
        if self._is_abandoned:
            return
        _LOG.warning("dropped %s: %s", dropped.event.id if dropped.event else "an event", dropped.reason)
        try:
            if self._on_drop is not None:
                self._on_drop(dropped)
        except Exception:  # noqa: BLE001 - the program's own, which must not stop others' events
            _LOG.exception("on_drop failed")


_clients: WeakSet[Client] = WeakSet()


def _close_all() -> None:
    for client in [*_clients]:
        client.close()


def _begin_all_anew() -> None:
    for client in [*_clients]:
        client._begin_anew()  # noqa: SLF001 - the class's own


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_all_anew)

"""Look-ups of names, each in a thread of its own: whoever's name servers are dead takes no thread from another.

The system's resolver takes no deadline, so a look-up that is slower than its caller's patience is left behind. It is
joined by whoever asks for the same name meanwhile: a dead name holds one thread, however often it is asked for.
"""

from __future__ import annotations

from concurrent.futures import Future
from threading import Lock, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Resolve = Callable[[str, int], Sequence[str]]
    LookUp = Future[Sequence[str]]


class Lookups:
    def __init__(self) -> None:
        self._under_way: dict[tuple[str, int], LookUp] = {}
        self._lock = Lock()

    def of(self, resolve: Resolve, host: str, port: int) -> LookUp:
        """The addresses of a name, as soon as `resolve` tells them."""
        with self._lock:
            if (host, port) in self._under_way:
                return self._under_way[host, port]
            future: LookUp = Future()
            self._under_way[host, port] = future
        Thread(target=self._look_up, args=(future, resolve, host, port), name=f"resolve {host}", daemon=True).start()
        return future

    def _look_up(self, future: LookUp, resolve: Resolve, host: str, port: int) -> None:
        try:
            addresses = resolve(host, port)
        except BaseException as error:  # noqa: BLE001 - whoever asked is told
            self._forget(host, port)
            future.set_exception(error)
        else:
            self._forget(host, port)
            future.set_result(addresses)

    def _forget(self, host: str, port: int) -> None:
        with self._lock:
            del self._under_way[host, port]

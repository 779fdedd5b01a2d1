"""`python -m localstack.bridge --bootstrap-servers HOST:PORT --ready FILE`; the emulator is AWS_ENDPOINT_URL."""

import argparse
import logging
import signal
import threading
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from localstack.bridge.consumer import Poller
from localstack.bridge.emulator import Emulator
from localstack.bridge.mapping import KafkaMapping

log = logging.getLogger(__name__)

REFRESH_SECONDS = 2


@dataclass(slots=True)
class Worker:
    mapping: KafkaMapping
    poller: Poller
    thread: threading.Thread

    def end(self) -> None:
        self.poller.stop.set()
        self.thread.join()


@dataclass(slots=True)
class Bridge:
    """Keeps one poller at work for every mapping the emulator has."""

    emulator: Emulator
    bootstrap_servers: str
    workers: dict[str, Worker] = field(default_factory=dict)

    def reconcile(self) -> None:
        """Starts pollers of new mappings; ends those of mappings that are gone or changed."""
        wanted = self.emulator.mappings()
        for uuid, worker in list(self.workers.items()):
            if wanted.get(uuid) != worker.mapping:
                log.info("%s ends", worker.mapping)
                self.workers.pop(uuid).end()
        for uuid, mapping in wanted.items():
            if uuid not in self.workers:
                log.info("%s begins", mapping)
                self.workers[uuid] = self._begin(mapping)

    def close(self) -> None:
        for worker in self.workers.values():
            worker.poller.stop.set()
        for worker in self.workers.values():
            worker.end()

    def _begin(self, mapping: KafkaMapping) -> Worker:
        poller = Poller(mapping, self.bootstrap_servers, self.emulator.invoke, threading.Event())
        thread = threading.Thread(target=poller.run, name=mapping.group)
        thread.start()
        return Worker(mapping, poller, thread)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--ready", type=Path, required=True, help="touched once the emulator has answered")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stop = threading.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: stop.set())
    bridge = Bridge(Emulator(), options.bootstrap_servers)
    while not stop.is_set():
        try:
            bridge.reconcile()
            options.ready.touch()
        except (BotoCoreError, ClientError) as error:
            log.warning("the emulator does not answer: %s", error)
        stop.wait(REFRESH_SECONDS)
    bridge.close()


if __name__ == "__main__":
    main()

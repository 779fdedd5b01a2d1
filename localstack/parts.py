"""The parts of a stack, in the order in which they start: each may use those before it."""

import sys
from http.client import HTTPConnection, HTTPException

from localstack.aws import aws_environment, aws_part
from localstack.clickhouse.part import clickhouse_part
from localstack.kafka import kafka_part
from localstack.node import find_node
from localstack.pages import PAGES, ensure_packages
from localstack.part import Part
from localstack.postgres import postgres_part
from localstack.settings import HOST, Port, Stack

NAMES = ("postgres", "clickhouse", "kafka", "aws", "bridge", "stripe", "gateway")


def stores(stack: Stack) -> tuple[Part, ...]:
    """The servers that hold data; with Docker, compose.yaml has them instead."""
    return (
        postgres_part(stack.postgres, stack.state / "postgres"),
        clickhouse_part(stack.clickhouse, stack.state / "clickhouse"),
        kafka_part(stack.kafka),
    )


def cloud(stack: Stack) -> tuple[Part, ...]:
    """What stands in for AWS and for Stripe; must run before the application is deployed."""
    return aws_part(stack), bridge_part(stack), stripe_part(stack.stripe)


def bridge_part(stack: Stack) -> Part:
    """The Kafka event source mapping."""
    ready = stack.state / "run" / "bridge.ready"
    return Part(
        name="bridge",
        command=(
            *(sys.executable, "-m", "localstack.bridge"),
            *("--bootstrap-servers", stack.kafka_bootstrap_servers, "--ready", str(ready)),
        ),
        env=aws_environment(stack),
        prepare=lambda: ready.unlink(missing_ok=True),
        healthy=ready.exists,
    )


def stripe_part(port: Port) -> Part:
    """The double of Stripe."""
    return Part(
        name="stripe",
        port=port,
        command=(sys.executable, "-m", "localstack.stripe", "--port", str(port.number)),
        healthy=lambda: _speaks_http(port.number),
    )


def gateway_part(stack: Stack, api_host: str) -> Part:
    """The plain URL in front of the API that was deployed under `api_host`."""
    return Part(
        name="gateway",
        port=stack.api,
        command=(
            *(sys.executable, "-m", "localstack.gateway", "--port", str(stack.api.number)),
            *("--upstream-port", str(stack.aws.number), "--host", api_host),
            *("--pages", str(PAGES), "--frame-ancestors", stack.frame_ancestors),
        ),
        prepare=_ensure_packages,
        healthy=lambda: _speaks_http(stack.api.number),
    )


def _ensure_packages() -> None:
    ensure_packages(find_node())


def _speaks_http(port: int) -> bool:
    connection = HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("HEAD", "/")
        connection.getresponse()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return True

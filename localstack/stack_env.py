"""The file that tells clients where the stack is and how to enter it."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path

from localstack.aws import aws_client, aws_environment
from localstack.settings import Stack


def write_stack_env(stack: Stack, outputs: Mapping[str, str]) -> Path:
    """Writes `stack.env` below the state folder: `set -a; . .local/stack.env` makes it a shell's environment.

    Args:
        stack: the stack.
        outputs: the deployment's outputs; ApiEndpoint, InvoiceRunArn, BootstrapApiKeySecretArn, EventBusName.
    """
    secrets = aws_client("secretsmanager", aws_environment(stack))
    bootstrap = secrets.get_secret_value(SecretId=outputs["BootstrapApiKeySecretArn"])["SecretString"]
    values = {
        "METERHOUSE_URL": stack.api_url,
        "METERHOUSE_API_KEY": json.loads(bootstrap)["key"],
        "INVOICE_RUN_ARN": outputs["InvoiceRunArn"],
        "EVENT_BUS_NAME": outputs["EventBusName"],
        "KAFKA_BOOTSTRAP_SERVERS": stack.kafka_bootstrap_servers,
        "CLICKHOUSE_URL": stack.clickhouse_url,
        "STRIPE_URL": stack.stripe_url,
        "POSTGRES_PORT": str(stack.postgres.number),
        **aws_environment(stack),
    }
    path = stack.state / "stack.env"
    path.touch(mode=0o600)
    path.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items()))
    return path


def read_stack_env(stack: Stack) -> dict[str, str]:
    """What `write_stack_env` wrote.

    Raises:
        FileNotFoundError: the stack was never up.
    """
    lines = (stack.state / "stack.env").read_text().splitlines()
    pairs = (line.partition("=") for line in lines)
    return {name: "".join(shlex.split(value)) for name, _, value in pairs}

"""AWS on this machine: the ministack emulator as a part, and how to speak to it."""

import shutil
import sys
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any

from localstack.part import Part
from localstack.settings import HOST, Stack

ACCOUNT = "000000000000"
REGION = "us-east-1"
DAY = 24 * 60 * 60


def aws_part(stack: Stack) -> Part:
    """The emulator. It keeps everything in memory: a new process is a new, empty AWS account."""
    scratch = stack.state / "aws"

    def prepare() -> None:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)

    return Part(
        name="aws",
        port=stack.aws,
        command=(sys.executable, "-m", "ministack"),
        env={
            **aws_environment(stack),
            "BIND_HOST": HOST,
            "GATEWAY_PORT": str(stack.aws.number),
            "TMPDIR": str(scratch),
            # A second listener on a fixed port that nothing here uses.
            "IOT_MTLS_ENABLED": "0",
            # A laptop is left alone over lunch; a cold function costs a second.
            "LAMBDA_WARM_TTL_SECONDS": str(DAY),
        },
        prepare=prepare,
        healthy=lambda: _healthy(stack.aws.number),
    )


def aws_environment(stack: Stack) -> Mapping[str, str]:
    """The environment in which the AWS CLI, the CDK and every SDK speak to the emulator of this stack."""
    return {
        "AWS_ENDPOINT_URL": stack.aws_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def aws_client(service: str, environment: Mapping[str, str]) -> Any:  # noqa: ANN401 - boto3 has no types
    """A boto3 client of the emulator, whatever the user's own AWS profile and proxies say.

    Args:
        service: as boto3 names it.
        environment: `aws_environment` of the stack, or what `read_stack_env` read.
    """
    import boto3  # noqa: PLC0415 - 400 ms that `status` and `down` need not pay
    from botocore.config import Config  # noqa: PLC0415 - as above

    session = boto3.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_REGION"],
    )
    return session.client(service, endpoint_url=environment["AWS_ENDPOINT_URL"], config=Config(proxies={}))


def function_log(environment: Mapping[str, str], name: str) -> list[str]:
    """The latest lines a function logged; none when it was not called yet, or there is no such function."""
    logs = aws_client("logs", environment)
    try:
        found = logs.filter_log_events(logGroupName=f"/aws/lambda/meterhouse-{name}", limit=10_000)
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [event["message"].rstrip() for event in found["events"]]


def _healthy(port: int) -> bool:
    connection = HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == 200  # noqa: PLR2004 - HTTP
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()

"""Deploys the CDK app to the emulator, unless what is there was made from the very same sources."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from localstack.aws import ACCOUNT, REGION, aws_client, aws_environment
from localstack.cors import tell_cors
from localstack.node import CDK_LOCK, ensure_cdk, find_node, node_environment
from localstack.settings import CLICKHOUSE_LOGIN, DATABASE, HOST, POSTGRES_OWNER, ROOT, Login, Stack

SOURCES = ("infra", "functions", "layers", "shared", "cdk.json", "uv.lock")
POSTGRES_OWNER_SECRET = "local/postgres-owner"  # noqa: S105 - a name
CLICKHOUSE_SECRET = "local/clickhouse"  # noqa: S105 - a name
_NOT_DEPLOYED = frozenset({"__pycache__", "pages"})
"""The gateway serves the pages as they lie there."""
_OUTDATED = "changed after they were applied"
_REMEDY = (
    "The stores here were made by an earlier version, whose migrations were edited before a release: `make clean`\n"
)
_STEP = re.compile(r"\|\s*(\d+)/(\d+)\s*\|")

Progress = Callable[[int, int], None]


class DeployFailedError(Exception):
    """The CDK ended with an error; the message is the end of its output."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the stacks put out, by output name."""

    outputs: Mapping[str, str]
    fresh: bool
    """False: nothing had changed, nothing was deployed."""


def deploy(stack: Stack, progress: Progress) -> Deployment:
    """Brings the emulator to the state of the sources.

    Args:
        stack: whose emulator.
        progress: called with (done, total) resources.

    Raises:
        DeployFailedError: the CDK failed.
    """
    note = stack.state / "deployed.json"
    sources = _digest(CDK_LOCK.read_text(), *_context(stack), *_sources())
    account = _account(stack)
    with suppress(FileNotFoundError, ValueError):
        known = json.loads(note.read_text())
        if (known["account"], known["sources"]) == (account, sources):
            return Deployment(known["outputs"], fresh=False)
    note.unlink(missing_ok=True)
    _put_secret(stack, POSTGRES_OWNER_SECRET, POSTGRES_OWNER)
    _put_secret(stack, CLICKHOUSE_SECRET, CLICKHOUSE_LOGIN)
    cdk = str(ensure_cdk(find_node()))
    outputs = stack.state / "outputs.json"
    if account is None:
        _run(stack, (cdk, "bootstrap", f"aws://{ACCOUNT}/{REGION}"), _empty_folder(stack), progress)
    # The CDK keeps every asset it ever staged.
    shutil.rmtree(stack.state / "cdk.out", ignore_errors=True)
    _run(
        stack,
        (
            *(cdk, "deploy", "--all", "--require-approval", "never", "--progress", "events"),
            *("--output", str(stack.state / "cdk.out"), "--outputs-file", str(outputs), *_context(stack)),
        ),
        ROOT,
        progress,
    )
    found = {name: value for one in json.loads(outputs.read_text()).values() for name, value in one.items()}
    tell_cors(stack, stack.state / "cdk.out", found["ApiEndpoint"])
    note.write_text(json.dumps({"account": _account(stack), "sources": sources, "outputs": found}))
    return Deployment(found, fresh=True)


def _context(stack: Stack) -> tuple[str, ...]:
    values = {
        "target": "local",
        "kafkaBootstrapServers": stack.kafka_bootstrap_servers,
        "postgresHost": HOST,
        "postgresPort": str(stack.postgres.number),
        "postgresDatabase": DATABASE,
        "postgresSslMode": "disable",
        "postgresOwnerSecret": POSTGRES_OWNER_SECRET,
        "clickhouseUrl": stack.clickhouse_url,
        "clickhouseDatabase": DATABASE,
        "clickhouseSecret": CLICKHOUSE_SECRET,
        "stripeUrl": stack.stripe_url,
        "notificationsEmailFrom": "meterhouse@example.com",
        "webhookLocalHosts": f"localhost,{HOST}",
        # The emulator does not fill in <aws.scheduler.scheduled-time>; a run is started by hand here.
        "invoiceSchedule": "off",
        **_people(stack),
    }
    return tuple(argument for name, value in values.items() for argument in ("--context", f"{name}={value}"))


def _people(stack: Stack) -> Mapping[str, str]:
    if stack.oidc_issuer is None:
        return {}
    return {"oidcIssuer": stack.oidc_issuer, "oidcAudience": "meterhouse", "oidcNamespaceClaim": "meterhouse_namespace"}


def _put_secret(stack: Stack, name: str, login: Login) -> None:
    secrets = aws_client("secretsmanager", aws_environment(stack))
    text = json.dumps({"username": login.username, "password": login.password})
    try:
        secrets.create_secret(Name=name, SecretString=text)
    except secrets.exceptions.ResourceExistsException:
        secrets.put_secret_value(SecretId=name, SecretString=text)


def _account(stack: Stack) -> str | None:
    """What tells one life of the emulator from the next: the id of its CDK toolkit stack, None before bootstrap."""
    formation = aws_client("cloudformation", aws_environment(stack))
    with suppress(formation.exceptions.ClientError):
        return str(formation.describe_stacks(StackName="CDKToolkit")["Stacks"][0]["StackId"])
    return None


def _empty_folder(stack: Stack) -> Path:
    """Where `cdk bootstrap` finds no app, and so spends no ten seconds on synthesising one."""
    folder = stack.state / "bootstrap"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _run(stack: Stack, command: tuple[str, ...], cwd: Path, progress: Progress) -> None:
    log = stack.state / "log" / "deploy.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = inherited | dict(node_environment(find_node())) | dict(aws_environment(stack))
    tail: deque[str] = deque(maxlen=40)
    with (
        log.open("a") as copy,
        subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
    ):
        try:
            for line in process.stdout or ():
                copy.write(line)
                tail.append(line)
                if step := _STEP.search(line):
                    progress(int(step[1]), int(step[2]))
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        said = "".join(tail)
        raise DeployFailedError(f"cdk {command[1]} failed ({log}):\n{said}{_REMEDY if _OUTDATED in said else ''}")


def _sources() -> Iterator[str]:
    """Names and content hashes of everything a deployment is made of."""
    for source in SOURCES:
        start = ROOT / source
        for path in sorted(start.rglob("*")) if start.is_dir() else [start]:
            if path.is_file() and _NOT_DEPLOYED.isdisjoint(path.parts):
                yield f"{path.relative_to(ROOT)} {hashlib.sha256(path.read_bytes()).hexdigest()}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()

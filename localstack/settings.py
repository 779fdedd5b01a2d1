"""Where a stack keeps its state and on which ports its parts listen."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
DATABASE = "meterhouse"


@dataclass(frozen=True, slots=True)
class Port:
    number: int
    variable: str
    """The environment variable that moves this port."""


@dataclass(frozen=True, slots=True)
class Login:
    """Credentials of a server that only this machine can reach; they guard nothing but the code path."""

    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Stack:
    """One local stack. Several run side by side when state folder and ports differ."""

    state: Path
    api: Port
    aws: Port
    postgres: Port
    clickhouse: Port
    kafka: Port
    stripe: Port
    frame_ancestors: str = field(default="'self'", kw_only=True)
    """Whose pages may embed the customer's page, as the Content-Security-Policy words it."""
    oidc_issuer: str | None = field(default=None, kw_only=True)
    """Whose tokens let people in."""

    @property
    def aws_url(self) -> str:
        return f"http://{HOST}:{self.aws.number}"

    @property
    def clickhouse_url(self) -> str:
        return f"http://{HOST}:{self.clickhouse.number}"

    @property
    def kafka_bootstrap_servers(self) -> str:
        return f"{HOST}:{self.kafka.number}"

    @property
    def stripe_url(self) -> str:
        return f"http://{HOST}:{self.stripe.number}"

    @property
    def api_url(self) -> str:
        return f"http://{HOST}:{self.api.number}"


POSTGRES_SUPERUSER = Login("postgres", "local-postgres")
POSTGRES_OWNER = Login("meterhouse_owner", "local-owner")
CLICKHOUSE_LOGIN = Login("meterhouse", "local-clickhouse")

DEFAULT_PORTS = {"API": 8888, "AWS": 4566, "POSTGRES": 15432, "CLICKHOUSE": 18123, "KAFKA": 19092, "STRIPE": 12111}


def read_stack(environ: Mapping[str, str] = os.environ) -> Stack:
    """The stack the environment describes.

    `METERHOUSE_STATE` moves the state folder, `METERHOUSE_PORT_<PART>` one port, `METERHOUSE_PORT_BASE` all six
    (base, base + 1, ...). `METERHOUSE_FRAME_ANCESTORS` says who may embed the customer's page,
    `METERHOUSE_OIDC_ISSUER` whose tokens let people in.

    Raises:
        SystemExit: a variable does not hold a port number.
    """
    base = environ.get("METERHOUSE_PORT_BASE")
    ports = {}
    for offset, (part, default) in enumerate(DEFAULT_PORTS.items()):
        variable = f"METERHOUSE_PORT_{part}"
        if base and variable not in environ:
            ports[part.lower()] = Port(_port_number("METERHOUSE_PORT_BASE", base) + offset, variable)
        else:
            ports[part.lower()] = Port(_port_number(variable, environ.get(variable, str(default))), variable)
    state = Path(environ.get("METERHOUSE_STATE", ROOT / ".local")).resolve()
    ancestors, issuer = environ.get("METERHOUSE_FRAME_ANCESTORS", "'self'"), environ.get("METERHOUSE_OIDC_ISSUER")
    return Stack(state=state, frame_ancestors=ancestors, oidc_issuer=issuer, **ports)


def _port_number(variable: str, text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536 - len(DEFAULT_PORTS):
        raise SystemExit(f"{variable}={text!r} is no port number")
    return int(text)

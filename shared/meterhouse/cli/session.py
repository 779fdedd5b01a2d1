"""What every command gets: the endpoint, and where its outcome goes."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from meterhouse.cli.errors import Misused
from meterhouse.cli.http import Endpoint
from meterhouse.cli.operator import ACCESS_KEY, AwsAccess, Operator
from meterhouse.cli.settings import Settings, read_settings, stack_env
from meterhouse.cli.terminal import tell
from meterhouse.client.json_text import write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RETRIES = 2
RETRIES_VARIABLE = "METERHOUSE_RETRIES"


@dataclass(frozen=True, slots=True)
class Given:
    """The options that every command takes."""

    url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    json: bool = False

    def over(self, other: Given) -> Given:
        """These, and what `other` has beyond them."""
        return Given(self.url or other.url, self.api_key or other.api_key, self.json or other.json)


class Session:
    """One command's run."""

    def __init__(self, given: Given, environ: Mapping[str, str] = os.environ) -> None:
        self.json = given.json
        self._given = given
        self._environ = environ
        self._open = ExitStack()

    def close(self) -> None:
        self._open.close()

    @cached_property
    def settings(self) -> Settings:
        return read_settings(self._given.url, self._given.api_key, self._environ, Path.cwd())

    @cached_property
    def endpoint(self) -> Endpoint:
        return self.patient(RETRIES)

    @cached_property
    def operator(self) -> Operator:
        """Functions of the deployment, by the environment's AWS credentials, else those of the local stack."""
        environ = self._environ if ACCESS_KEY in self._environ else stack_env(Path.cwd())
        return Operator(AwsAccess.of(environ), tell)

    def patient(self, retries: int) -> Endpoint:
        """An endpoint that is tried `retries` times more, unless the environment says otherwise."""
        text = self._environ.get(RETRIES_VARIABLE) or str(retries)
        if not (text.isascii() and text.isdigit()):
            raise Misused(f"{RETRIES_VARIABLE}={text!r} is no number of retries")
        return self._open.enter_context(closing(Endpoint(self.settings, int(text[:6]), tell)))

    def answer(self, document: object, show: Callable[[], None]) -> None:
        """Print the outcome: the document for programs, or else what `show` draws."""
        if self.json:
            sys.stdout.write(write_json(document) + "\n")
        else:
            show()

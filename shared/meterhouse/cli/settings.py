"""Which endpoint to speak to, and with which key."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from meterhouse.cli.errors import Misused
from meterhouse.client.address import is_address, is_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

URL = "METERHOUSE_URL"
API_KEY = "METERHOUSE_API_KEY"
STACK_ENV = ".local/stack.env"


@dataclass(frozen=True, slots=True)
class Settings:
    url: str
    api_key: str = field(repr=False)


def read_settings(url: str | None, api_key: str | None, environ: Mapping[str, str], folder: Path) -> Settings:
    """What was typed, else the environment, else the local stack's file below `folder`.

    The file's key is used with the file's URL alone, so that it is sent to no one else.

    Raises:
        Misused: an address or a key is missing, or none.
    """
    stack = stack_env(folder)
    chosen = _sound_url(url or environ.get(URL) or stack.get(URL))
    key = api_key or environ.get(API_KEY)
    if not key and chosen == stack.get(URL, "").rstrip("/"):
        key = stack.get(API_KEY)
    if not key:
        raise Misused(f"no API key: give --api-key or set {API_KEY}")
    if not is_key(key):
        raise Misused("the API key holds characters that no header can carry")
    return Settings(chosen, key)


def stack_env(folder: Path) -> dict[str, str]:
    """What the local stack's file below `folder` says; nothing where there is none."""
    try:
        pairs = (line.partition("=") for line in (folder / STACK_ENV).read_text(encoding="utf-8").splitlines())
        return {name: "".join(shlex.split(value)) for name, _, value in pairs}
    except (OSError, ValueError):
        return {}


def _sound_url(url: str | None) -> str:
    if not url:
        raise Misused(f"no endpoint: give --url, set {URL}, or stand in a folder with {STACK_ENV}")
    if not is_address(url):
        raise Misused(f"{url!r} is no address: http:// or https:// and a host, no query")
    return url.rstrip("/")

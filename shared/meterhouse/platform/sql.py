"""Named queries in `.sql` files: `-- name: find_meter` starts a query, lines of `--` after it describe it."""

import re
from functools import cache
from importlib import resources

_NAME = re.compile(r"^-- name: (\w+)[ \t]*$", re.MULTILINE)


@cache
def queries(package: str, file: str) -> dict[str, str]:
    """The queries of `sql/<file>` in a room's package, by name.

    Example: `queries("meterhouse.metering", "meters.sql")["find_meter"]`.
    """
    text = (resources.files(package) / "sql" / file).read_text(encoding="utf-8")
    parts = _NAME.split(text)[1:]
    return {name: body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}

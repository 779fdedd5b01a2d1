"""Changes the pepper that API keys and portal tokens are hashed under, while requests run; invoked by the operator."""

from typing import Any

from meterhouse.kernel.instant import format_rfc3339
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.rotate_pepper import PepperUse, RotatePepper
from meterhouse.platform.task import operation, whole

rotation = RotatePepper(Database(PostgresSettings.from_environment))


@operation
def handler(event: dict[str, Any]) -> dict[str, Any]:
    """{} tells which peppers there are and how many secrets of keys are hashed under each, as does every answer.

    {"to": version} makes the next; {"retire": version, "closing": secrets} forgets one, at the cost of so many at most.
    """
    if "to" in event:
        rotation.rotate(whole(event, "to"))
    elif "retire" in event:
        rotation.retire(whole(event, "retire"), whole({"closing": 0, **event}, "closing"))
    return {"peppers": [_told(use) for use in rotation.uses()]}


def _told(use: PepperUse) -> dict[str, Any]:
    since = use.pepper.used_from
    return {"version": use.pepper.version, "usedFrom": since and format_rfc3339(since), "secrets": use.secrets}

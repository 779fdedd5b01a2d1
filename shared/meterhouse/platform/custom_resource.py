"""The protocol of a Lambda-backed CloudFormation custom resource: the answer is PUT to a URL that came with the event.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes.html
"""

import json
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

from meterhouse.kernel.errors import MeterhouseError
from meterhouse.platform.logging import logger

_TIMEOUT_SECONDS = 30
_LONGEST_REASON = 1000
"""An answer may hold 4096 bytes in all."""


def fulfilled(event: dict[str, Any], run: Callable[[], dict[str, Any]], *, resource_id: str) -> dict[str, Any]:
    """Do `run` for a custom resource that is created or updated, and tell CloudFormation; deleting does nothing.

    An event without `ResponseURL` is an invocation by hand: `run`'s answer is returned and its error raised. For
    CloudFormation a failure is told, not raised, for Lambda would start the function again.
    """
    if "ResponseURL" not in event:
        return run()
    try:
        result = {} if event["RequestType"] == "Delete" else run()
        status, reason = "SUCCESS", ""
    except Exception as error:  # noqa: BLE001 - CloudFormation must hear of any failure, or waits an hour
        logger.exception("custom resource failed")
        result = {}
        status, reason = (
            "FAILED",
            str(error)
            if isinstance(error, MeterhouseError)
            else f"{type(error).__name__}: see the log of the function",
        )
    answer = {
        "Status": status,
        "Reason": reason[:_LONGEST_REASON],
        "PhysicalResourceId": resource_id,
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    _put(event["ResponseURL"], answer)
    return result


def _put(url: str, answer: dict[str, str]) -> None:
    # An empty content type: the URL is signed for one.
    request = Request(url, json.dumps(answer).encode(), {"content-type": ""}, method="PUT")  # noqa: S310 - of CloudFormation
    with urlopen(request, timeout=_TIMEOUT_SECONDS):  # noqa: S310 - as above
        pass

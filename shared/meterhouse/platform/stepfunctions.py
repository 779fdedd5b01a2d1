"""AWS Step Functions, to start workflows."""

import json
from collections.abc import Mapping

from meterhouse.platform import aws
from meterhouse.platform.settings import required

_STARTED_BEFORE = "ExecutionAlreadyExists"


class StepFunctions:
    """The workflow whose ARN is in an environment variable."""

    def __init__(self, variable: str) -> None:
        self._variable = variable

    def start(self, name: str, given: Mapping[str, str]) -> None:
        """Start the execution of this name; nothing happens if there was one in the last 90 days.

        Raises:
            Unavailable: Step Functions does not answer, or refuses.
        """
        asked = {"stateMachineArn": required(self._variable), "name": name, "input": json.dumps(given)}
        try:
            aws.call("states", "AWSStepFunctions.StartExecution", asked, version="1.0")
        except aws.Refused as refusal:
            if refusal.code != _STARTED_BEFORE:
                raise

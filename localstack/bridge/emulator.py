"""The emulator's side: which Kafka mappings exist, and the call of a function."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from localstack.bridge.delivery import FunctionFailedError, UnavailableError
from localstack.bridge.mapping import KafkaMapping, read_mapping

log = logging.getLogger(__name__)

KAFKA_ARN = "arn:aws:kafka:"
RESOURCE_TYPE = "AWS::Lambda::EventSourceMapping"

Properties = dict[str, Mapping[str, Any]]
"""Template properties of mappings by their UUID."""


class Emulator:
    """AWS's Lambda and CloudFormation APIs at the endpoint of the environment."""

    def __init__(self) -> None:
        # A function may run for 15 minutes, and a retry is the delivery's decision.
        patient = Config(
            read_timeout=910, connect_timeout=5, retries={"total_max_attempts": 1}, max_pool_connections=50
        )
        self._lambda = boto3.client("lambda", config=patient)
        self._stacks = boto3.client("cloudformation", config=patient)
        self._known: dict[tuple[str, object], Properties] = {}

    def mappings(self) -> dict[str, KafkaMapping]:
        """The enabled Kafka mappings by UUID; one that cannot be read is logged and left out."""
        listed = [
            item
            for page in self._lambda.get_paginator("list_event_source_mappings").paginate()
            for item in page["EventSourceMappings"]
            if item.get("EventSourceArn", "").startswith(KAFKA_ARN) and item.get("State") == "Enabled"
        ]
        declared = self._declared() if listed else {}
        found = {}
        for item in listed:
            try:
                found[item["UUID"]] = read_mapping(item, declared.get(item["UUID"], {}))
            except ValueError as error:
                log.error("%s", error)  # noqa: TRY400 - the sentence says it all
        return found

    def invoke(self, function: str, body: bytes) -> bytes:
        """Calls the function and returns its answer; see `delivery.Invoke`."""
        try:
            response = self._lambda.invoke(FunctionName=function, Payload=body)
            answer: bytes = response["Payload"].read()
        except (ClientError, BotoCoreError) as error:
            log.warning("%s was not called: %s", function, error)
            raise UnavailableError from error
        if "FunctionError" in response:
            log.warning("%s failed: %s", function, answer.decode(errors="replace")[:2000])
            raise FunctionFailedError(_message(answer))
        return answer

    def _declared(self) -> Properties:
        """Those of every stack; one at rest is read once for each of its states: hundreds of resources stand there."""
        known: dict[tuple[str, object], Properties] = {}
        properties: Properties = {}
        for page in self._stacks.get_paginator("list_stacks").paginate():
            for stack in page["StackSummaries"]:
                if stack["StackStatus"].startswith("DELETE"):
                    continue
                state = stack["StackId"], stack.get("LastUpdatedTime")
                found = self._known.get(state)
                if found is None:
                    found = self._declared_in(stack["StackName"])
                if stack["StackStatus"].endswith("_COMPLETE"):
                    known[state] = found
                properties |= found
        self._known = known
        return properties

    def _declared_in(self, stack: str) -> Properties:
        resources = self._stacks.describe_stack_resources(StackName=stack)["StackResources"]
        mappings = [resource for resource in resources if resource["ResourceType"] == RESOURCE_TYPE]
        if not mappings:
            return {}
        body = self._stacks.get_template(StackName=stack)["TemplateBody"]
        template = json.loads(body) if isinstance(body, str) else body
        return {
            resource["PhysicalResourceId"]: template["Resources"][resource["LogicalResourceId"]]["Properties"]
            for resource in mappings
            if resource["LogicalResourceId"] in template["Resources"]
        }


def _message(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return "the function failed"

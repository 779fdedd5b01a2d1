"""The bridge as `make up` runs it: its own process, real broker, real emulator, a mapping made by CloudFormation."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from localstack.aws import aws_client, aws_environment, aws_part, function_log
from localstack.fixtures import free_ports
from localstack.kafka import kafka_part
from localstack.parts import bridge_part
from localstack.process import Processes
from localstack.settings import Port, Stack

HANDLER = """
import base64, pathlib, time
def handler(event, context):
    values = [base64.b64decode(record["value"]).decode() for one in event["records"].values() for record in one]
    print("got", *values)
    with open({calls!r}, "a") as calls:
        calls.write(" ".join(values) + "\\n")
    while not pathlib.Path({gate!r}).exists():
        time.sleep(0.05)
"""


def template(calls: Path, gate: Path) -> str:
    mapping = {
        "FunctionName": {"Fn::GetAtt": ["Sink", "Arn"]},
        "EventSourceArn": "arn:aws:kafka:us-east-1:000000000000:cluster/local/1",
        "Topics": ["events"],
        "AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": "sink"},
        "StartingPosition": "TRIM_HORIZON",
        "MaximumBatchingWindowInSeconds": 0,
    }
    function = {
        "FunctionName": "meterhouse-sink",
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Role": "arn:aws:iam::000000000000:role/sink",
        "Timeout": 30,
        "Code": {"ZipFile": HANDLER.format(calls=str(calls), gate=str(gate))},
    }
    resources = {
        "Sink": {"Type": "AWS::Lambda::Function", "Properties": function},
        "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping},
    }
    return json.dumps({"Resources": resources})


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    ports = [Port(port.number, f"METERHOUSE_PORT_{n}") for n, port in enumerate(free_ports(6))]
    stack = Stack(tmp_path, *ports)
    processes = Processes(tmp_path)
    parts = (kafka_part(stack.kafka), aws_part(stack), bridge_part(stack))
    try:
        for part in parts:
            processes.start(part)
        yield stack
    finally:
        for part in reversed(parts):
            processes.stop(part.name)


@pytest.fixture
def producer(stack: Stack) -> Producer:
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap_servers})
    admin.create_topics([NewTopic("events", 1)])["events"].result(60)
    return Producer({"bootstrap.servers": stack.kafka_bootstrap_servers})


def create(stack: Stack) -> tuple[Path, Path]:
    """Deploys the function with its mapping.

    Returns:
        The file in which what it is called with appears at once, and that without which no call ends.
    """
    calls, gate = stack.state / "calls", stack.state / "gate"
    formation: Any = aws_client("cloudformation", aws_environment(stack))
    formation.create_stack(StackName="probe", TemplateBody=template(calls, gate))
    formation.get_waiter("stack_create_complete").wait(StackName="probe", WaiterConfig={"Delay": 1})
    return calls, gate


def committed(stack: Stack) -> int:
    consumer = Consumer({"bootstrap.servers": stack.kafka_bootstrap_servers, "group.id": "sink"})
    try:
        return int(consumer.committed([TopicPartition("events", 0)], timeout=60)[0].offset)
    finally:
        consumer.close()


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)


def test_a_deployed_mapping_is_found_and_fed(stack: Stack, producer: Producer) -> None:
    create(stack)[1].touch()
    producer.produce("events", value=b"one")
    producer.flush(60)
    eventually(lambda: committed(stack) == 1)
    eventually(lambda: "got one" in function_log(aws_environment(stack), "sink"))


def test_a_bridge_killed_during_a_call_delivers_again(stack: Stack, producer: Producer) -> None:
    calls, gate = create(stack)
    producer.produce("events", value=b"one")
    producer.flush(60)
    eventually(calls.exists)
    processes = Processes(stack.state)
    bridge = processes.find("bridge")
    assert bridge is not None
    bridge.kill()
    assert committed(stack) < 0
    gate.touch()
    processes.start(bridge_part(stack))
    eventually(lambda: committed(stack) == 1)
    assert calls.read_text() == "one\none\n"

"""The event source mapping of sink_events."""

import json

from tests.infra.templates import Resource, Synthesis, listed, role_of


def mapping_of(synthesis: Synthesis) -> Resource:
    """Properties of the one mapping whose source is Kafka."""
    mappings = synthesis.all("AWS::Lambda::EventSourceMapping").values()
    (found,) = [m["Properties"] for m in mappings if "Topics" in m["Properties"]]
    properties: Resource = found
    return properties


def test_batches_are_as_large_as_lambda_takes_within_seconds(target: Synthesis) -> None:
    mapping = mapping_of(target)

    assert mapping["BatchSize"] == 10_000
    assert 1 <= mapping["MaximumBatchingWindowInSeconds"] <= 5


def test_mapping_commits_in_the_group_the_watermark_is_read_from(target: Synthesis) -> None:
    mapping = mapping_of(target)
    watermark = target.functions()["await_watermark"]["Environment"]["Variables"]

    assert mapping["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"] == watermark["KAFKA_CONSUMER_GROUP"]
    assert mapping["Topics"] == [watermark["KAFKA_EVENTS_TOPIC"]]
    assert mapping["StartingPosition"] == "TRIM_HORIZON"


def test_mapping_has_dead_letters_and_tries_long_enough_for_a_store_to_come_back(target: Synthesis) -> None:
    mapping = mapping_of(target)
    sink = target.functions()["sink_events"]["Environment"]["Variables"]

    destination = mapping["DestinationConfig"]["OnFailure"]["Destination"]
    assert destination == f"kafka://{sink['KAFKA_DEAD_LETTER_TOPIC']}"
    assert mapping["ProvisionedPollerConfig"]["MinimumPollers"] >= 1
    assert mapping["MaximumRetryAttempts"] >= 1_000


def test_on_demand_mapping_asks_for_nothing_that_only_provisioned_mode_has(
    aws_with_every_option: Synthesis,
) -> None:
    mapping = mapping_of(aws_with_every_option)

    assert not mapping.keys() & {"ProvisionedPollerConfig", "DestinationConfig", "MaximumRetryAttempts"}


def test_pollers_sign_in_by_scram_where_the_brokers_ask_for_it(aws: Synthesis, local: Synthesis) -> None:
    access = mapping_of(aws)["SourceAccessConfigurations"]

    assert [entry["Type"] for entry in access] == ["SASL_SCRAM_512_AUTH"]
    assert "SourceAccessConfigurations" not in mapping_of(local)


def test_a_poller_may_hold_a_batch_for_the_whole_timeout_of_the_sink(target: Synthesis) -> None:
    assert target.functions()["sink_events"]["Timeout"] <= 14 * 60


def test_pollers_may_do_what_aws_asks_of_a_role_that_reads_msk(aws: Synthesis) -> None:
    from moto.iam.aws_managed_policies import aws_managed_policies_data  # noqa: PLC0415 - loads all of AWS

    policy = json.loads(aws_managed_policies_data)["AWSLambdaMSKExecutionRole"]["Document"]
    (asked,) = (set(statement["Action"]) for statement in policy["Statement"])
    statements = aws.statements(role_of(aws.functions()["sink_events"]))
    allowed = {action for one in statements if one["Effect"] == "Allow" for action in listed(one["Action"])}

    assert asked - allowed == {"logs:CreateLogGroup"}, "the stack makes the log group"

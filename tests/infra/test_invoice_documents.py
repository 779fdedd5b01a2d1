"""The bucket of invoices' documents: nobody reads it but one function, and nothing in it is ever written over."""

from infra.document_queue import DEAD_LETTERS, FINAL, QUEUE
from tests.infra.templates import Resource, Synthesis, listed, role_of
from tests.infra.test_balance_queue import arn, queue

WORKER = "render_invoice"
OF_THE_ARCHIVE = ("archive_events", "rebuild_usage", "export_namespace", "await_watermark")
ERASER = "erase_subjects"


def bucket(synthesis: Synthesis) -> tuple[str, Resource]:
    """Logical id and the whole resource."""
    variables = synthesis.functions()[WORKER]["Environment"]["Variables"]
    logical_id = variables["INVOICE_DOCUMENTS_BUCKET"]["Ref"]
    return logical_id, synthesis.application[logical_id]


def test_the_bucket_is_private_encrypted_versioned_and_outlives_its_stack(target: Synthesis) -> None:
    _, found = bucket(target)
    properties = found["Properties"]

    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert found["DeletionPolicy"] == "Retain"


def test_nobody_may_write_over_an_object_or_speak_in_the_clear(target: Synthesis) -> None:
    logical_id, _ = bucket(target)
    [policy] = [
        one["Properties"]["PolicyDocument"]["Statement"]
        for one in target.all("AWS::S3::BucketPolicy").values()
        if one["Properties"]["Bucket"] == {"Ref": logical_id}
    ]
    denied = {str(statement["Condition"]): listed(statement["Action"]) for statement in policy}

    assert {statement["Effect"] for statement in policy} == {"Deny"}
    assert denied["{'Null': {'s3:if-none-match': 'true'}}"] == ["s3:PutObject"]
    assert denied["{'Bool': {'aws:SecureTransport': 'false'}}"] == ["s3:*"]


def test_the_archive_is_read_and_written_by_some_functions_and_destroyed_by_one(target: Synthesis) -> None:
    for name in (*OF_THE_ARCHIVE, ERASER):
        bucket_id = target.functions()[name]["Environment"]["Variables"]["ARCHIVE_BUCKET"]["Ref"]
        of_s3 = [one for one in target.statements(role_of(target.functions()[name])) if "s3:" in str(one["Action"])]

        assert {action for one in of_s3 for action in listed(one["Action"])} == {
            "s3:GetObject",
            "s3:PutObject",
            "s3:ListBucket",
            *(("s3:DeleteObjectVersion", "s3:ListBucketVersions") if name == ERASER else ()),
        }
        assert all(bucket_id in str(one["Resource"]) for one in of_s3)
        assert target.application[bucket_id]["Properties"]["LifecycleConfiguration"]["Rules"][0]["Transitions"]


def test_one_function_reads_and_writes_its_objects_and_deletes_none(target: Synthesis) -> None:
    allowed = {
        name: {
            action
            for statement in target.statements(role_of(function))
            for action in listed(statement["Action"])
            if action.startswith("s3:")
        }
        for name, function in target.functions().items()
    }

    assert allowed.pop(WORKER) == {"s3:GetObject", "s3:PutObject", "s3:ListBucket"}
    assert not any(actions for name, actions in allowed.items() if name not in (*OF_THE_ARCHIVE, ERASER))


def test_what_is_issued_or_voided_is_drawn_through_a_queue_with_dead_letters_that_ring(
    target: Synthesis, aws: Synthesis
) -> None:
    rule = target.named("AWS::Events::Rule", Name=QUEUE)["Properties"]
    queue_id, found = queue(target, QUEUE)

    assert rule["EventPattern"] == {"source": ["meterhouse"], "detail-type": list(FINAL)}
    assert [to["Arn"] for to in rule["Targets"]] == [arn(queue_id)]
    assert found["RedrivePolicy"]["deadLetterTargetArn"] == arn(queue(target, DEAD_LETTERS)[0])
    assert found["VisibilityTimeout"] == 6 * target.functions()[WORKER]["Timeout"]
    alarm = aws.named("AWS::CloudWatch::Alarm", AlarmName="meterhouse-DocumentDeadLetters")["Properties"]
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": DEAD_LETTERS}]

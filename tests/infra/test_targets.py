"""Both targets synthesise: aws without a finding of cdk-nag or cfn-lint, local without a type the emulator lacks."""

import json

import pytest

from tests.infra.templates import Synthesis

# What ministack 1.5 does not deploy.
NOT_IN_MINISTACK = {
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::EIP",
    "AWS::EC2::NatGateway",
    "AWS::RDS::DBProxy",
    "AWS::MSK::Cluster",
    "AWS::MSK::ServerlessCluster",
    "AWS::Events::Archive",
    "AWS::Events::Connection",
    "AWS::Events::ApiDestination",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::WAFv2::WebACLAssociation",
}


def kinds(synthesis: Synthesis, stack: str) -> dict[str, int]:
    counted: dict[str, int] = {}
    for resource in synthesis.stacks[stack]["Resources"].values():
        counted[resource["Type"]] = counted.get(resource["Type"], 0) + 1
    return counted


def test_cdk_nag_has_no_finding_left(aws: Synthesis, aws_with_every_option: Synthesis) -> None:
    for synthesis in (aws, aws_with_every_option):
        report = synthesis.outdir / "validation-report.json"
        plugins = json.loads(report.read_text())["pluginReports"] if report.exists() else []
        assert [violation for plugin in plugins for violation in plugin["violations"]] == []


# The CDK writes out what a template's references order already.
ORDERED_TWICE = "W3005"


@pytest.mark.parametrize("options", ["aws", "aws_with_every_option"])
def test_every_template_is_one_by_the_schemas_of_cloudformation(options: str, request: pytest.FixtureRequest) -> None:
    from cfnlint.api import ManualArgs, lint  # noqa: PLC0415 - seconds that the workers without this ring need not spend

    synthesis: Synthesis = request.getfixturevalue(options)
    settings = ManualArgs(regions=["us-east-1"], ignore_checks=[ORDERED_TWICE])
    for name, stack in synthesis.stacks.items():
        assert [(name, found.rule.id, found.message) for found in lint(json.dumps(stack), config=settings)] == []


def test_the_local_target_deploys_the_application_and_its_routes_alone(local: Synthesis) -> None:
    assert set(local.stacks) == {"MeterhouseApplication", "MeterhouseRoutes"}


def test_the_local_target_has_no_type_the_emulator_lacks(local: Synthesis) -> None:
    for stack in local.stacks:
        assert not kinds(local, stack).keys() & NOT_IN_MINISTACK


# New code comes by degrees in AWS alone: the emulator has no CodeDeploy.
OF_THE_SHIFT = {
    *("AWS::Lambda::Alias", "AWS::Lambda::Version", "AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup"),
    "AWS::CloudWatch::Alarm",
}


def test_the_application_is_the_same_in_both_targets(aws: Synthesis, local: Synthesis) -> None:
    for stack in local.stacks:
        ours, theirs = kinds(local, stack), kinds(aws, stack)
        for kind in OF_THE_SHIFT:
            theirs.pop(kind, None)
        theirs["AWS::IAM::Role"] = theirs.get("AWS::IAM::Role", 0) - (stack == "MeterhouseApplication")
        assert theirs == ours | {"AWS::IAM::Role": ours.get("AWS::IAM::Role", 0)}


def test_a_stack_stays_below_the_limits_of_cloudformation(aws: Synthesis) -> None:
    for stack in aws.stacks.values():
        assert len(stack["Resources"]) < 500
        assert len(json.dumps(stack)) < 1_000_000

"""No role may do more than its function does; each exception stands here with its reason."""

import re
from typing import Any

import pytest

from tests.infra.templates import Resource, Synthesis, listed

WITHOUT_RESOURCES = {
    "xray:PutTraceSegments": "X-Ray takes no resource",
    "xray:PutTelemetryRecords": "X-Ray takes no resource",
    "xray:GetSamplingRules": "X-Ray takes no resource",
    "xray:GetSamplingTargets": "X-Ray takes no resource",
    "ec2:CreateNetworkInterface": "Lambda attaches a function in a VPC with it",
    "ec2:DescribeNetworkInterfaces": "Lambda attaches a function in a VPC with it",
    "ec2:DescribeSubnets": "Lambda attaches a function in a VPC with it",
    "ec2:DeleteNetworkInterface": "Lambda attaches a function in a VPC with it",
    "ec2:AssignPrivateIpAddresses": "Lambda attaches a function in a VPC with it",
    "ec2:UnassignPrivateIpAddresses": "Lambda attaches a function in a VPC with it",
    "ec2:DescribeVpcs": "the pollers look up the brokers' network with it",
    "ec2:DescribeSecurityGroups": "the pollers look up the brokers' network with it",
    "logs:CreateLogDelivery": "log delivery of Step Functions takes no resource",
    "logs:GetLogDelivery": "log delivery of Step Functions takes no resource",
    "logs:UpdateLogDelivery": "log delivery of Step Functions takes no resource",
    "logs:DeleteLogDelivery": "log delivery of Step Functions takes no resource",
    "logs:ListLogDeliveries": "log delivery of Step Functions takes no resource",
    "logs:PutResourcePolicy": "log delivery of Step Functions takes no resource",
    "logs:DescribeResourcePolicies": "log delivery of Step Functions takes no resource",
    "logs:DescribeLogGroups": "log delivery of Step Functions takes no resource",
}
ROLES_OF = {"scheduler.amazonaws.com": 1, "states.amazonaws.com": 7}
"""Of the schedules, and of each workflow."""
SECRET_VALUE = re.compile(r"(password|secret|token|pepper|private_?key|api_?key)$", re.IGNORECASE)


def allowed_statements(synthesis: Synthesis) -> list[dict[str, Any]]:
    """Every Allow of the application's policies."""
    return [
        statement
        for resource in synthesis.application.values()
        if resource["Type"] == "AWS::IAM::Policy"
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]


def test_no_action_is_a_wildcard(target: Synthesis) -> None:
    actions = [action for statement in allowed_statements(target) for action in listed(statement["Action"])]

    assert [action for action in actions if "*" in action] == []


def test_every_resource_is_named_but_where_the_service_takes_none(target: Synthesis) -> None:
    unnamed = {
        action
        for statement in allowed_statements(target)
        if "*" in listed(statement["Resource"])
        for action in listed(statement["Action"])
    }

    assert unnamed <= set(WITHOUT_RESOURCES)


def test_no_application_role_carries_a_managed_policy_but_codedeploy_s(target: Synthesis) -> None:
    for resource in target.application.values():
        if resource["Type"] == "AWS::IAM::Role" and "codedeploy.amazonaws.com" not in str(resource["Properties"]):
            assert "ManagedPolicyArns" not in resource["Properties"]


def test_function_code_may_not_use_the_network_rights_lambda_needs(aws: Synthesis) -> None:
    denials = [
        statement
        for resource in aws.application.values()
        if resource["Type"] == "AWS::IAM::Policy"
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny" and "lambda:SourceFunctionArn" in str(statement["Condition"])
    ]

    assert len(denials) == len(aws.functions())


def test_no_environment_holds_a_secret(target: Synthesis) -> None:
    for name, function in target.functions().items():
        for variable, value in function["Environment"]["Variables"].items():
            assert not SECRET_VALUE.search(variable), f"{name}: {variable}"
            assert "resolve:secretsmanager" not in str(value), f"{name}: {variable}"


def test_generated_secrets_are_in_no_template_output(target: Synthesis) -> None:
    outputs = target.stacks["MeterhouseApplication"]["Outputs"]

    assert not [name for name, output in outputs.items() if "resolve:secretsmanager" in str(output)]


def test_outputs_are_those_the_local_stack_reads(target: Synthesis) -> None:
    outputs = set(target.stacks["MeterhouseApplication"]["Outputs"])

    assert outputs >= {"ApiEndpoint", "InvoiceRunArn", "BootstrapApiKeySecretArn", "EventBusName"}


@pytest.mark.parametrize("service", ROLES_OF)
def test_schedules_and_workflows_start_named_functions_alone(target: Synthesis, service: str) -> None:
    roles = [name for name, role in target.all("AWS::IAM::Role").items() if service in trusted(role)]

    assert len(roles) == ROLES_OF[service]
    started = [s for role in roles for s in target.statements(role) if "lambda:InvokeFunction" in listed(s["Action"])]
    for statement in started:
        assert all(resource["Fn::GetAtt"][1] == "Arn" for resource in listed(statement["Resource"]))


def trusted(role: Resource) -> list[str]:
    document = role["Properties"]["AssumeRolePolicyDocument"]
    return [str(statement["Principal"].get("Service")) for statement in document["Statement"]]
